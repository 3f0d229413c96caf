//! The life of one process: configure, open, seed, listen, drain, close.

use crate::settings::VariantSettings;
use shared::app::{App, Parts, Services};
use shared::config::{Secret, SettingsError};
use shared::cors::Cors;
use shared::demo;
use shared::drain::Drain;
use shared::passwords::Passwords;
use shared::repository::{OpenError, StoreOptions};
use shared::services::{SetupError, create_demo_admin, create_demo_data, create_first_admin};
use shared::telemetry::{Telemetry, start_logs};
use shared::tokens::Tokens;
use std::io::Read;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Longest wait for the store to let go of its database at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Libraries that say more than an operator wants, unless the filter asks for them: actix reports each malformed request
/// as an error, so that any client could fill the log; the crates of Amazon's SDK, all that begin with `aws`, write down
/// whole answers, with the users' password hashes; the others tell of every start.
const QUIET: &str = "actix_http=off,actix_server=warn,aws=info,sea_orm_migration=warn";

/// Why a variant did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The first users could not be created.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// A metric could not be registered.
    #[error("metrics: {0}")]
    Metrics(String),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}; choose another address with --listen (port 0 takes a free one)")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system refuses threads.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}

/// Runs a variant until it is told to stop by Ctrl-C or SIGTERM. What goes wrong at start is said in one sentence.
pub fn run(variant: VariantSettings) -> ExitCode {
    let filter = format!("{QUIET},{}", variant.settings.log);
    let logs = match start_logs(&filter, variant.settings.log_format) {
        Ok(logs) => logs,
        Err(error) => return fail(&error),
    };
    log_panics();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(variant.settings.worker_count())
        .enable_all()
        .build();
    let outcome = match &runtime {
        Ok(runtime) => runtime.block_on(serve(variant)),
        Err(error) => return fail(error),
    };
    // A slow client must not hold the process: what was in flight was waited for already.
    if let Ok(runtime) = runtime {
        runtime.shutdown_timeout(Duration::from_millis(100));
    }
    drop(logs);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

async fn serve(variant: VariantSettings) -> Result<(), StartError> {
    let VariantSettings { framework, ref settings, .. } = variant;
    let (store, database_url) = variant.store.resolve(variant.database_url.as_deref())?;
    let secrets = settings.secrets(|name| std::env::var_os(name))?;
    let shutdown = CancellationToken::new();
    stop_on_signals(&shutdown);
    if variant.stop_on_stdin_close {
        let shutdown = shutdown.clone();
        on_stdin_close(move || shutdown.cancel());
    }

    let connections = settings.pool_size.map_or_else(|| store.default_connections(), NonZeroUsize::get);
    let options = StoreOptions { connections, timeout: settings.store_timeout_ms };
    let repositories = store.open(&database_url, options).await?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let passwords = Arc::new(Passwords::start(cores).map_err(StartError::Threads)?);
    let users = repositories.users.as_ref();
    if let Some((email, password)) = &secrets.admin {
        create_first_admin(users, &passwords, email, password).await?;
    }
    if variant.seed_demo {
        // Not by the log, which is kept and read by others, and may be filtered.
        if let Some(password) = create_demo_admin(users, &passwords, secrets.demo_hash).await? {
            eprintln!("demo users: sign in as {} with the password {}", demo::ADMIN_EMAIL, password.expose());
        }
        create_demo_data(&repositories).await?;
    }

    let telemetry =
        Telemetry::new(&framework.to_string(), &store.to_string(), settings.store_timeout_ms, settings.trace);
    let telemetry = Arc::new(telemetry.map_err(|error| StartError::Metrics(error.to_string()))?);
    let tokens = tokens(&variant, secrets.jwt_secret)?;
    let app = App::new(Parts {
        services: Services::new(repositories.clone(), passwords, tokens, telemetry.clone()),
        telemetry,
        drain: Drain::new(shutdown),
        cors: Cors::new(settings.cors_origin.clone()),
        body_timeout: settings.body_timeout_ms,
        shutdown_timeout: settings.shutdown_timeout_ms,
        workers: settings.worker_count(),
    });
    let listen = settings.listen;
    let on_listening = move |address: SocketAddr| {
        tracing::info!(%framework, %store, "listening on http://{address}");
    };
    let outcome = framework.serve(app, listen, on_listening).await;
    if tokio::time::timeout(CLOSE_TIMEOUT, repositories.store.close()).await.is_err() {
        tracing::warn!("the store did not close in time");
    }
    outcome.map_err(|source| StartError::Listen { listen, source })?;
    tracing::info!("stopped");
    Ok(())
}

fn tokens(variant: &VariantSettings, secret: Option<Secret>) -> Result<Tokens, SettingsError> {
    let secret = match secret {
        Some(secret) => secret,
        None => {
            tracing::warn!("JWT_SECRET is not set: made one for this start, so tokens end with this process");
            Secret::random(32)?
        }
    };
    let settings = &variant.settings;
    Ok(Tokens::new(secret.expose().as_bytes(), &settings.jwt_issuer, &settings.jwt_audience))
}

/// Begins the shutdown at the first Ctrl-C or SIGTERM; the second ends the process at once.
fn stop_on_signals(shutdown: &CancellationToken) {
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        interrupted().await;
        shutdown.cancel();
        interrupted().await;
        std::process::exit(130);
    });
}

/// Resolves at Ctrl-C or SIGTERM.
#[cfg(unix)]
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub async fn interrupted() {
    drop(tokio::signal::ctrl_c().await);
}

/// Does something when standard input ends, as it does when the parent process is gone.
pub fn on_stdin_close(then: impl FnOnce() + Send + 'static) {
    // A thread of its own: the runtime's blocking read of standard input would hold up the end of the process.
    std::thread::spawn(move || {
        let mut ignored = [0; 64];
        while std::io::stdin().read(&mut ignored).is_ok_and(|count| count > 0) {}
        then();
    });
}

/// Panics go to the log like every other fault: one line with the place, in the log's own format.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic = text, place, "a panic was caught");
    }));
}
