//! Configuration by flags and environment (12-factor). Secrets come by environment or file, never by flag: a command
//! line can be read by everybody on the machine.

use crate::domain::PasswordHash;
use crate::passwords::Passwords;
use crate::telemetry::LogFormat;
use crate::tokens::SECRET_MIN;
use clap::Args;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What every variant is configured by. Its framework and store are chosen by `server`.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// File that holds the secret which tokens are signed with (at least 32 bytes); or set JWT_SECRET
    #[arg(long, env = "JWT_SECRET_FILE", value_name = "FILE")]
    pub jwt_secret_file: Option<PathBuf>,
    /// Issuer that tokens carry and must carry
    #[arg(long, env = "JWT_ISSUER", value_name = "TEXT", default_value = "stackdiff")]
    pub jwt_issuer: String,
    /// Audience that tokens carry and must carry
    #[arg(long, env = "JWT_AUDIENCE", value_name = "TEXT", default_value = "stackdiff-api")]
    pub jwt_audience: String,
    /// E-mail address of the first admin, who is created at start if there is no admin
    #[arg(long, env = "ADMIN_EMAIL", value_name = "ADDRESS", value_parser = parse_email)]
    pub admin_email: Option<String>,
    /// File that holds the first admin's password (8 to 128 characters); or set ADMIN_PASSWORD
    #[arg(long, env = "ADMIN_PASSWORD_FILE", value_name = "FILE")]
    pub admin_password_file: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter such as info,sqlx=debug
    #[arg(long, env = "LOG", value_name = "FILTER", default_value = "info", value_parser = parse_filter)]
    pub log: String,
    /// How log lines look; auto is human on a terminal and JSON elsewhere
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,
    /// Keep the statements of the last 1,000 requests and show them at /trace/{request_id}
    #[arg(long, env = "TRACE", value_name = "BOOL", num_args = 0..=1, default_value_t = false, default_missing_value = "true")]
    pub trace: bool,
    /// Database connections; by default 16, and for SQLite one a core to read with
    #[arg(long, env = "POOL_SIZE", value_name = "COUNT")]
    pub pool_size: Option<NonZeroUsize>,
    /// Threads that serve requests; by default one a core
    #[arg(long, env = "WORKERS", value_name = "COUNT")]
    pub workers: Option<NonZeroUsize>,
    /// Origin whose pages may call the API, such as https://example.com; repeat it or separate by commas
    #[arg(long, env = "CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',', value_parser = parse_origin)]
    pub cors_origin: Vec<String>,
    /// Longest wait for the database, in milliseconds; then the answer is 503
    #[arg(long, env = "STORE_TIMEOUT_MS", value_name = "MS", default_value = "2000", value_parser = parse_millis)]
    pub store_timeout_ms: Duration,
    /// Longest wait for the body of a request, in milliseconds; then the answer is 408
    #[arg(long, env = "BODY_TIMEOUT_MS", value_name = "MS", default_value = "10000", value_parser = parse_millis)]
    pub body_timeout_ms: Duration,
    /// Longest wait for requests in flight at the end, in milliseconds
    #[arg(long, env = "SHUTDOWN_TIMEOUT_MS", value_name = "MS", default_value = "10000", value_parser = parse_millis)]
    pub shutdown_timeout_ms: Duration,
}

/// A setting that is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The secret is too short.
    #[error("{0} must be at least {SECRET_MIN} bytes long; make one with `openssl rand -hex 32`")]
    ShortSecret(&'static str),
    /// A variable holds bytes that are no text.
    #[error("{0} is not UTF-8 text; make one with `openssl rand -hex 32`")]
    NotText(&'static str),
    /// Two settings say the same thing.
    #[error("set either {0} or {1}, not both")]
    Both(&'static str, &'static str),
    /// An address without a password, or the reverse.
    #[error("{0} is set but {1} is not: set both to create the first admin, or neither")]
    Incomplete(&'static str, &'static str),
    /// The password is not one that a user could choose.
    #[error("the first admin's password must have 8 to 128 characters ({0})")]
    Password(&'static str),
    /// The hash is none.
    #[error("{0} is no Argon2id hash in PHC string format ($argon2id$v=19$...)")]
    Hash(&'static str),
    /// A file cannot be read.
    #[error("{name}: cannot read {}: {source}", path.display())]
    File {
        /// The setting.
        name: &'static str,
        /// Its value.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// Text that no log shows.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// `bytes` random bytes, in hexadecimal.
    ///
    /// # Errors
    /// [`SettingsError::Random`].
    pub fn random(bytes: usize) -> Result<Self, SettingsError> {
        let mut random = vec![0; bytes];
        getrandom::fill(&mut random).map_err(SettingsError::Random)?;
        Ok(Self(random.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// The secrets, after files and environment have been read.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// What tokens are signed with; none is made up at start.
    pub jwt_secret: Option<Secret>,
    /// The first admin's address and password.
    pub admin: Option<(String, Secret)>,
    /// The hash of the demo users' password; without one, a password is made up for them.
    pub demo_hash: Option<PasswordHash>,
}

impl Settings {
    /// Reads the secrets from the files named, or from what `environment` gives for `JWT_SECRET`, `ADMIN_PASSWORD` and
    /// `DEMO_PASSWORD_HASH`.
    ///
    /// # Errors
    /// [`SettingsError`], which names the setting and what would be right.
    pub fn secrets(&self, environment: impl Fn(&str) -> Option<OsString>) -> Result<Secrets, SettingsError> {
        let read = |variable, file: (&'static str, &Option<PathBuf>)| secret(&environment, variable, file);
        let jwt_secret = read("JWT_SECRET", ("JWT_SECRET_FILE", &self.jwt_secret_file))?;
        if jwt_secret.as_ref().is_some_and(|secret| secret.expose().len() < SECRET_MIN) {
            return Err(SettingsError::ShortSecret("JWT_SECRET"));
        }
        let password = read("ADMIN_PASSWORD", ("ADMIN_PASSWORD_FILE", &self.admin_password_file))?;
        let admin = match (self.admin_email.clone(), password) {
            (Some(email), Some(password)) => Some((email, password)),
            (None, None) => None,
            (Some(_), None) => return Err(SettingsError::Incomplete("ADMIN_EMAIL", "ADMIN_PASSWORD")),
            (None, Some(_)) => return Err(SettingsError::Incomplete("ADMIN_PASSWORD", "ADMIN_EMAIL")),
        };
        if let Some((_, password)) = &admin
            && crate::validation::new_password(password.expose()).is_err()
        {
            return Err(SettingsError::Password("ADMIN_PASSWORD"));
        }
        let demo_hash = environment("DEMO_PASSWORD_HASH").map(|phc| {
            let hash = phc.to_str().and_then(Passwords::stored);
            hash.ok_or(SettingsError::Hash("DEMO_PASSWORD_HASH"))
        });
        Ok(Secrets { jwt_secret, admin, demo_hash: demo_hash.transpose()? })
    }

    /// How many threads serve requests: as asked for, or one a core.
    pub fn worker_count(&self) -> usize {
        self.workers.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

fn secret(
    environment: impl Fn(&str) -> Option<OsString>,
    variable: &'static str,
    (name, file): (&'static str, &Option<PathBuf>),
) -> Result<Option<Secret>, SettingsError> {
    match (environment(variable), file) {
        (Some(_), Some(_)) => Err(SettingsError::Both(variable, name)),
        (Some(text), None) => text.into_string().map(Secret).map(Some).map_err(|_| SettingsError::NotText(variable)),
        (None, Some(path)) => read_file(name, path).map(Some),
        (None, None) => Ok(None),
    }
}

/// Editors end a file with a line break, which is no part of the secret.
fn read_file(name: &'static str, path: &Path) -> Result<Secret, SettingsError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| SettingsError::File { name, path: path.to_owned(), source })?;
    Ok(Secret(text.trim_end_matches(['\n', '\r']).to_owned()))
}

fn parse_email(text: &str) -> Result<String, String> {
    crate::validation::email(text).map_err(|_| "it must be an e-mail address, such as ada@example.com".to_owned())?;
    Ok(text.to_owned())
}

fn parse_millis(text: &str) -> Result<Duration, String> {
    let millis = text.parse::<u64>().ok().filter(|millis| (1..=3_600_000).contains(millis));
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| "it must be a whole number of milliseconds from 1 to 3600000".to_owned())
}

fn parse_filter(text: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(text).map_err(|_| {
        "it must be error, warn, info, debug, trace, off, or a filter such as info,sqlx=debug".to_owned()
    })?;
    Ok(text.to_owned())
}

fn parse_origin(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' ', '*'])) {
        return Ok(text.to_owned());
    }
    Err("it must be a scheme and a host without a path, such as https://example.com".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Settings, parse_email, parse_filter, parse_millis, parse_origin};
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn refusal(arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let settings = Cli::parse_from(["test"].iter().chain(arguments)).settings;
        let lookup = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        settings.secrets(lookup).err().map_or_else(String::new, |error| error.to_string())
    }

    #[test]
    fn secrets_that_are_wrong_are_refused_by_name() {
        assert_eq!(refusal(&[], &[]), "");
        assert!(refusal(&[], &[("JWT_SECRET", "short")]).starts_with("JWT_SECRET must be at least 32 bytes"));
        assert!(refusal(&["--admin-email", "a@b"], &[]).contains("ADMIN_PASSWORD"));
        assert!(refusal(&[], &[("ADMIN_PASSWORD", "12345678")]).contains("ADMIN_EMAIL"));
        assert!(refusal(&["--admin-email", "a@b"], &[("ADMIN_PASSWORD", "1234567")]).contains("8 to 128"));
        assert!(refusal(&["--jwt-secret-file", "/nowhere"], &[]).starts_with("JWT_SECRET_FILE: cannot read /nowhere"));
        assert!(refusal(&["--jwt-secret-file", "x"], &[("JWT_SECRET", "x")]).contains("not both"));
    }

    #[test]
    fn values_are_checked() {
        assert!(parse_email("ada").is_err() && parse_email("a@b").is_ok());
        assert!(parse_millis("0").is_err() && parse_millis("2s").is_err() && parse_millis("2000").is_ok());
        assert!(parse_filter("=,=").is_err() && parse_filter("info,sqlx=debug").is_ok());
        for origin in ["*", "example.com", "https://", "https://a/b", "ftp://a"] {
            assert!(parse_origin(origin).is_err(), "{origin}");
        }
        assert!(parse_origin("http://127.0.0.1:7878").is_ok());
    }
}
