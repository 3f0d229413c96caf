//! The command line of one variant. Every flag has an environment variable.

use crate::framework::Framework;
use crate::store::StoreChoice;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Command};
use shared::config::Settings;
use std::ffi::{OsStr, OsString};

/// What one variant is made of.
#[derive(Args, Clone, Debug)]
pub struct VariantSettings {
    /// Framework that serves the API
    #[arg(long, env = "FRAMEWORK", value_enum)]
    pub framework: Framework,
    /// Store that keeps the data; diesel and sea-orm alone take the database that --database-url names
    #[arg(long, env = "STORE", value_parser = StoreParser)]
    pub store: StoreChoice,
    /// Where the data is; what is missing of it is created. By default a SQLite file below data/, or the database that
    /// `infra/services up` starts on this machine
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Create the demo users at start; their password is printed once
    #[arg(long, env = "SEED_DEMO", value_name = "BOOL", num_args = 0..=1, default_value_t = false, default_missing_value = "true")]
    pub seed_demo: bool,
    /// Stop when standard input ends: a parent process that dies takes its children along
    #[arg(long, hide = true)]
    pub stop_on_stdin_close: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take a comment here for the text of the help page")]
    pub settings: Settings,
}

/// Shows the stores that were built in, and says of another one which feature brings it.
#[derive(Clone)]
struct StoreParser;

impl TypedValueParser for StoreParser {
    type Value = StoreChoice;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<StoreChoice, clap::Error> {
        StringValueParser::new().try_map(|name| StoreChoice::parse(&name)).parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue>>> {
        Some(Box::new(StoreChoice::names().into_iter().map(PossibleValue::new)))
    }
}

impl VariantSettings {
    /// The variables that hold secrets. They are no flags, so the list of flags does not name them.
    pub const SECRET_VARIABLES: [&str; 3] = ["JWT_SECRET", "ADMIN_PASSWORD", "DEMO_PASSWORD_HASH"];

    /// The variables that a variant would take settings from: whoever starts one that is to have no others removes them.
    pub fn variables() -> impl Iterator<Item = OsString> {
        let flags = Self::augment_args(Command::new("server"));
        let named: Vec<_> = flags.get_arguments().filter_map(Arg::get_env).map(OsString::from).collect();
        named.into_iter().chain(Self::SECRET_VARIABLES.map(OsString::from))
    }

    /// What `--help` says of the settings that are no flags.
    pub const SECRETS_HELP: &str = "\
Secrets come by environment or file, never by flag:
  JWT_SECRET          Secret that tokens are signed with, at least 32 bytes; by default made anew
  ADMIN_PASSWORD      Password of the first admin, 8 to 128 characters; together with ADMIN_EMAIL
  DEMO_PASSWORD_HASH  Argon2id hash (PHC string) of the demo users' password; by default made anew

Database URLs:
  sqlite://data/x.db                                  a file, made if it is not there; with ?synchronous=normal a power cut
                                                      may cost the last commits
  postgres://user:password@host:5432/database         sslmode=verify-full and sslrootcert=FILE for TLS
  mysql://user:password@host:3306/database            MariaDB, too
  mongodb://user:password@host:27017/database         a replica set; tls=true for TLS
  redis://:password@host:6379/0?prefix=name           rediss:// for TLS; Valkey, too
  dynamodb://region/table                             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; endpoint=URL for another endpoint

Example:
  server --framework rocket --store sea-orm --database-url sqlite://data/x.db --listen 127.0.0.1:3000";
}

#[cfg(test)]
mod tests {
    use super::VariantSettings;

    #[test]
    fn all_variables_of_settings_are_known() {
        let names: Vec<_> = VariantSettings::variables().filter_map(|name| name.into_string().ok()).collect();
        for name in ["FRAMEWORK", "STORE", "DATABASE_URL", "LISTEN", "SEED_DEMO", "LOG", "LOG_FORMAT", "WORKERS"]
            .into_iter()
            .chain(["JWT_SECRET", "JWT_SECRET_FILE", "ADMIN_EMAIL", "ADMIN_PASSWORD", "STORE_TIMEOUT_MS"])
            .chain(["DEMO_PASSWORD_HASH"])
        {
            assert!(names.iter().any(|known| known == name), "{name} is not in {names:?}");
        }
    }
}
