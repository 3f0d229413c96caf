//! The lab itself: demo data, one process a variant, and the page.

mod page;
mod variants;

use clap::Args;
use server::Store;
use shared::config::{Secret, SettingsError};
use shared::demo;
use shared::passwords::Passwords;
use shared::repository::{OpenError, prepare_private_folder};
use shared::services::{SetupError, create_demo_admin, create_demo_users};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use variants::{Launch, Variants};

/// How the lab is run.
#[derive(Args, Clone, Debug)]
pub struct LabSettings {
    /// Address of the lab page
    #[arg(long, env = "LAB_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7878")]
    pub lab_listen: SocketAddr,
    /// Port of the first variant; the others follow it. 0 takes free ones
    #[arg(long, env = "LAB_FIRST_PORT", value_name = "PORT", default_value_t = 3001)]
    pub first_port: u16,
    /// Folder for the databases and logs; it is created if it is not there
    #[arg(long, env = "LAB_DATA", value_name = "FOLDER", default_value = "data")]
    pub data: PathBuf,
}

/// Why the lab did not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The page's port cannot be had.
    #[error(
        "cannot serve the lab page on {listen}: {source}; choose another address with --lab-listen, such as --lab-listen 127.0.0.1:7879"
    )]
    Page {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A variant's port cannot be had.
    #[error(
        "cannot start {variant} on port {port}: {source}; choose other ports with --first-port (0 takes free ones)"
    )]
    Port {
        /// The variant.
        variant: String,
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// There are no ports left above the first one.
    #[error("--first-port {0} is too high: the variants need the ports that follow it")]
    TooHigh(u16),
    /// The data folder cannot be used.
    #[error("cannot use the folder {}: {source}; choose another with --data", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be named in a URL.
    #[error("cannot use the folder {0:?}: its name is not UTF-8; choose another with --data")]
    FolderName(PathBuf),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The demo data cannot be created.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No secret can be made.
    #[error(transparent)]
    Secret(#[from] SettingsError),
    /// A variant did not start.
    #[error("{variant} did not start: {reason}")]
    Variant {
        /// The variant.
        variant: String,
        /// What it said.
        reason: String,
    },
    /// The system refused something.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// Runs the lab until Ctrl-C or SIGTERM.
///
/// # Errors
/// [`LabError`], in one sentence that says what to do.
pub fn run(settings: &LabSettings) -> Result<(), LabError> {
    tokio::runtime::Runtime::new()?.block_on(serve(settings))
}

async fn serve(settings: &LabSettings) -> Result<(), LabError> {
    // Everything that can be refused is tried before anything is begun.
    let page = TcpListener::bind(settings.lab_listen)
        .map_err(|source| LabError::Page { listen: settings.lab_listen, source })?;
    let database = settings.data.join("stackdiff.db");
    let launches = launches(settings, &database)?;
    let folder_error = |source| LabError::Folder { folder: settings.data.clone(), source };
    let logs = settings.data.join("logs");
    prepare_private_folder(&logs).map_err(folder_error)?;

    println!("Stackdiff lab\n");
    create_demo_data(settings, &launches).await?;
    let secret = Secret::random(32)?;
    let variants = Arc::new(Variants::start(launches, &secret, &logs).await?);
    let address = page.local_addr()?;
    say_what_runs(settings, address, &variants);

    let (stop, stopped) = tokio::sync::oneshot::channel();
    let page = tokio::spawn(page::serve(page, variants.clone(), stopped));
    server::interrupted().await;
    println!("\nstopping ...");
    let _ = stop.send(());
    variants.stop().await;
    page.abort();
    println!("stopped; the data is kept in {}", settings.data.display());
    Ok(())
}

/// What to start: each framework over SQLite through Diesel, all on one file.
fn launches(settings: &LabSettings, database: &std::path::Path) -> Result<Vec<Launch>, LabError> {
    let database = database.to_str().ok_or_else(|| LabError::FolderName(settings.data.clone()))?;
    let mut launches = Vec::new();
    let mut held = Vec::new();
    for (index, framework) in (0..).zip(variants::frameworks()) {
        let port = match settings.first_port {
            0 => 0,
            first => first.checked_add(index).ok_or(LabError::TooHigh(first))?,
        };
        let launch = Launch {
            framework,
            store: Store::DieselSqlite,
            database_url: format!("sqlite://{database}"),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        };
        // Held until all are tried, so that a clash is found before the first variant runs.
        let listener = TcpListener::bind(launch.listen);
        held.push(listener.map_err(|source| LabError::Port { variant: launch.name(), port, source })?);
        launches.push(launch);
    }
    Ok(launches)
}

/// Creates the database and the demo users if they are not there. The password is shown at once, before anything that
/// could fail: only its hash is kept.
async fn create_demo_data(settings: &LabSettings, launches: &[Launch]) -> Result<(), LabError> {
    let Some(launch) = launches.first() else { return Ok(()) };
    let repositories = launch.store.open(&launch.database_url, 1).await?;
    let users = repositories.users.as_ref();
    println!("  sign in as      {}", demo::ADMIN_EMAIL);
    match create_demo_admin(users, &Passwords::start(1)?).await? {
        Some(password) => {
            println!("  password        {}", password.expose());
            println!(
                "                  shown this once, only its hash is kept; the {} demo users have the same one",
                demo::USERS
            );
        }
        None => println!(
            "  password        as shown by the first start (delete {} to start afresh)",
            settings.data.join("stackdiff.db").display()
        ),
    }
    create_demo_users(users).await?;
    repositories.store.close().await;
    Ok(())
}

fn say_what_runs(settings: &LabSettings, page: SocketAddr, variants: &Variants) {
    println!("  database        {}, shared by all variants\n", settings.data.join("stackdiff.db").display());
    for variant in variants.list() {
        println!("  {:15} http://{}   over {}, docs at /docs", variant.framework, variant.address, variant.store);
    }
    println!("\n  lab page        http://{page}");
    println!("  logs            {}", settings.data.join("logs").display());
    println!("  stop            Ctrl-C");
}

/// Longest wait for a variant to listen.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest wait for a variant to end by itself: Ctrl-C is over within two seconds.
const STOP_TIMEOUT: Duration = Duration::from_millis(1_500);
