//! The command line of one variant. Every flag has an environment variable.

use crate::variant::{Framework, Store};
use clap::Args;
use shared::config::Settings;

/// What one variant is made of.
#[derive(Args, Clone, Debug)]
pub struct VariantSettings {
    /// Framework that serves the API
    #[arg(long, env = "FRAMEWORK", value_enum)]
    pub framework: Framework,
    /// Store that keeps the data
    #[arg(long, env = "STORE", value_enum)]
    pub store: Store,
    /// Where the data is; a file of SQLite is created if it is not there. The memory store ignores it
    #[arg(long, env = "DATABASE_URL", value_name = "URL", default_value = "sqlite://data/stackdiff.db")]
    pub database_url: String,
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

impl VariantSettings {
    /// The variables that hold secrets. They are no flags, so the list of flags does not name them.
    pub const SECRET_VARIABLES: [&str; 3] = ["JWT_SECRET", "ADMIN_PASSWORD", "DEMO_PASSWORD_HASH"];

    /// What `--help` says of the settings that are no flags.
    pub const SECRETS_HELP: &str = "\
Secrets come by environment or file, never by flag:
  JWT_SECRET          Secret that tokens are signed with, at least 32 bytes; by default made anew
  ADMIN_PASSWORD      Password of the first admin, 8 to 128 characters; together with ADMIN_EMAIL
  DEMO_PASSWORD_HASH  Argon2id hash (PHC string) of the demo users' password; by default made anew

Example:
  server --framework rocket --store sea-orm-sqlite --database-url sqlite://data/x.db --listen 127.0.0.1:3000";
}
