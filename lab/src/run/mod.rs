//! The lab itself: demo data, one process a variant, and the page.

mod databases;
mod demo;
pub(crate) mod log;
pub(crate) mod process;
mod sample;
pub(crate) mod variants;

use crate::benchmarks::run::Benchmarks;
use crate::page::{self, Lab};
use clap::{Args, ValueEnum};
use demo::DemoPassword;
use process::{Launch, Secrets};
use server::{DatabaseUrls, Framework, Store};
use shared::config::{Secret, SettingsError};
use shared::repository::prepare_private_folder;
use shared::services::SetupError;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use variants::Variants;

/// How the lab is run.
#[derive(Args, Clone, Debug)]
pub struct LabSettings {
    /// Address of the lab page, on this machine
    #[arg(long, env = "LAB_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7878", value_parser = parse_loopback)]
    pub lab_listen: SocketAddr,
    /// Port of the first variant; the others follow it. 0 takes free ones
    #[arg(long, env = "LAB_FIRST_PORT", value_name = "PORT", default_value_t = 3001)]
    pub first_port: u16,
    /// Folder for the databases and logs; it is created if it is not there
    #[arg(long, env = "LAB_DATA", value_name = "FOLDER", default_value = "data")]
    pub data: PathBuf,
    /// A server that already runs on this machine, also one of your own in another language, to show beside the variants;
    /// repeat it for more
    #[arg(long, value_name = "NAME=URL", value_parser = parse_attached)]
    pub attach: Vec<(String, SocketAddr)>,
    /// Folder of the benchmark's results, which the page shows
    #[arg(long, value_name = "FOLDER", default_value = "bench/results")]
    pub bench_results: PathBuf,
    /// Program to run for a benchmark instead of the lab itself: tests of the page have one
    #[arg(long, value_name = "PROGRAM", hide = true)]
    pub bench_program: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take a comment here for the text of the help page")]
    pub databases: DatabaseUrls,
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
    /// Two servers have one name.
    #[error("there is a variant {0} already; give the server another name with --attach")]
    Attached(String),
    /// The file of the demo password holds something else.
    #[error("{} holds no hash of a password; delete the folder to start afresh, or choose another with --data", .0.display())]
    Hash(PathBuf),
    /// No password can be hashed.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// No secret can be made.
    #[error(transparent)]
    Secret(#[from] SettingsError),
    /// A variant did not start.
    #[error("{0}")]
    Variant(String),
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
    let listener = TcpListener::bind(settings.lab_listen)
        .map_err(|source| LabError::Page { listen: settings.lab_listen, source })?;
    let mut launches = launches(settings)?;
    names_differ(settings, &launches)?;
    let names: Vec<String> = launches.iter().filter(|launch| launch.store == FIRST_STORE).map(Launch::name).collect();
    try_ports(&launches)?;
    let folder_error = |source| LabError::Folder { folder: settings.data.clone(), source };
    prepare_private_folder(&settings.data.join("logs")).map_err(folder_error)?;
    name_databases(settings, &mut launches)?;

    println!("Stackdiff lab\n");
    let demo = demo::password(&settings.data).await?;
    say_how_to_sign_in(settings, &demo);
    let secrets = Secrets { token: Secret::random(32)?, demo_hash: demo.hash };
    let variants = Variants::new(launches, settings.attach.clone(), secrets);
    for name in &names {
        variants.start(name).await.map_err(|error| LabError::Variant(error.to_string()))?;
    }
    let address = listener.local_addr()?;
    say_what_runs(settings, address, &variants)?;

    let benchmarks = Benchmarks::new(settings.bench_results.clone(), settings.bench_program.clone());
    let lab = Arc::new(Lab { variants, benchmarks });
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let page = tokio::spawn(page::serve(listener, lab.clone(), stopped));
    server::interrupted().await;
    println!("\nstopping ...");
    let _ = stop.send(());
    tokio::join!(lab.variants.stop_all(), lab.benchmarks.end());
    page.abort();
    println!("stopped; the data is kept in {}", settings.data.display());
    Ok(())
}

/// The store whose variants run from the beginning; the page starts the others.
const FIRST_STORE: Store = Store::DieselSqlite;

/// Every variant with its port and its data. Each has a database of its own, with the same demo data in it, so that a
/// request that changes something can be sent to all of them and answered alike.
fn launches(settings: &LabSettings) -> Result<Vec<Launch>, LabError> {
    let data = settings.data.to_str().ok_or_else(|| LabError::FolderName(settings.data.clone()))?;
    let others = Store::built_in().into_iter().filter(|store| *store != FIRST_STORE);
    let mut launches = Vec::new();
    for store in std::iter::once(FIRST_STORE).chain(others) {
        for framework in Framework::value_variants() {
            let mut launch = Launch {
                framework: *framework,
                store,
                database_url: String::new(),
                listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), settings.port(launches.len())?),
                log_path: PathBuf::new(),
            };
            let name = launch.name();
            launch.database_url = format!("sqlite://{data}/{name}.db");
            launch.log_path = settings.data.join("logs").join(format!("{name}.log"));
            launches.push(launch);
        }
    }
    Ok(launches)
}

/// Gives the variants whose database is a server one of their own there: `stackdiff_1a2b3c4d_axum_mongodb`.
fn name_databases(settings: &LabSettings, launches: &mut [Launch]) -> Result<(), LabError> {
    let lab = databases::name_of_lab(&settings.data)?;
    for launch in launches.iter_mut().filter(|launch| launch.store.database().service().is_some()) {
        let name = format!("stackdiff_{lab}_{}", launch.name().replace('-', "_"));
        launch.database_url = settings.databases.url(launch.store, &name);
    }
    Ok(())
}

/// Each server has a name of its own: it is told by it.
fn names_differ(settings: &LabSettings, launches: &[Launch]) -> Result<(), LabError> {
    let mut names: Vec<String> = launches.iter().map(Launch::name).collect();
    for (name, _) in &settings.attach {
        if names.contains(name) {
            return Err(LabError::Attached(name.clone()));
        }
        names.push(name.clone());
    }
    Ok(())
}

/// Tries the ports of the variants that run from the beginning, all before the first of them runs.
fn try_ports(launches: &[Launch]) -> Result<(), LabError> {
    let mut held = Vec::new();
    for launch in launches.iter().filter(|launch| launch.store == FIRST_STORE) {
        let (variant, port) = (launch.name(), launch.listen.port());
        held.push(TcpListener::bind(launch.listen).map_err(|source| LabError::Port { variant, port, source })?);
    }
    Ok(())
}

impl LabSettings {
    /// The port of the variant at this place in the list.
    fn port(&self, place: usize) -> Result<u16, LabError> {
        if self.first_port == 0 {
            return Ok(0);
        }
        let place = u16::try_from(place).ok();
        place.and_then(|place| self.first_port.checked_add(place)).ok_or(LabError::TooHigh(self.first_port))
    }
}

/// The password is shown at once, before anything that could fail: only its hash is kept.
fn say_how_to_sign_in(settings: &LabSettings, demo: &DemoPassword) {
    println!("  sign in as      {}", shared::demo::ADMIN_EMAIL);
    match &demo.password {
        Some(password) => {
            println!("  password        {}", password.expose());
            println!(
                "                  shown this once, only its hash is kept; the {} demo users have the same one",
                shared::demo::USERS
            );
        }
        None => println!(
            "  password        as shown by the first start (delete {} to start afresh)",
            settings.data.display()
        ),
    }
}

fn say_what_runs(settings: &LabSettings, page: SocketAddr, variants: &Variants) -> Result<(), LabError> {
    println!("  databases       {}, one a variant, all with the same demo data:", settings.data.display());
    println!(
        "                  {} users, {} products, {} orders",
        shared::demo::USERS,
        shared::demo::PRODUCTS,
        shared::demo::ORDERS
    );
    if variants.list().iter().any(|variant| variant.database.is_some()) {
        let lab = databases::name_of_lab(&settings.data)?;
        println!("                  on servers they are called stackdiff_{lab}_...");
    }
    println!();
    for variant in variants.list() {
        if let (Some(framework), Some(store), Some(address)) = (variant.framework, variant.store, variant.address) {
            println!("  {framework:15} http://{address}   over {store}, docs at /docs");
        }
    }
    println!("\n  lab page        http://{page}   starts the other variants too");
    println!("  logs            {}", settings.data.join("logs").display());
    println!("  stop            Ctrl-C");
    Ok(())
}

/// Longest wait for a variant to listen.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Longest wait for a variant to end by itself: Ctrl-C is over within two seconds.
const STOP_TIMEOUT: Duration = Duration::from_millis(1_500);

/// Whoever reaches the page can stop variants and remove their data, so only this machine may.
fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
    address.ok_or_else(|| "it must be an address of this machine itself, such as 127.0.0.1:7879".to_owned())
}

fn parse_attached(text: &str) -> Result<(String, SocketAddr), String> {
    let advice = "it must be a name and a server of this machine, such as mine=http://127.0.0.1:4000";
    let (name, url) = text.split_once('=').ok_or(advice)?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let address = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/').replace("localhost", "127.0.0.1"));
    let address = address.and_then(|address| address.parse::<SocketAddr>().ok());
    match address.filter(|address| is_name && address.ip().is_loopback()) {
        Some(address) => Ok((name.to_owned(), address)),
        None => Err(advice.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{parse_attached, parse_loopback};

    #[test]
    fn the_page_is_for_this_machine_alone() {
        assert!(parse_loopback("127.0.0.1:0").is_ok() && parse_loopback("[::1]:7878").is_ok());
        for text in ["0.0.0.0:7878", "[::]:7878", "10.0.0.1:80", "7878", ""] {
            assert!(parse_loopback(text).unwrap_err().contains("127.0.0.1:7879"), "{text}");
        }
    }

    #[test]
    fn servers_of_this_machine_can_be_attached_and_no_others() {
        let attached = parse_attached("flask=http://127.0.0.1:5000/").unwrap();
        assert_eq!(attached, ("flask".to_owned(), ([127, 0, 0, 1], 5000).into()));
        assert!(parse_attached("mine=http://localhost:4000").is_ok() && parse_attached("six=http://[::1]:80").is_ok());
        for text in ["", "x", "=http://127.0.0.1:1", "x=127.0.0.1:1", "x=http://10.0.0.1:80", "x=https://127.0.0.1:1"]
            .into_iter()
            .chain(["x=http://127.0.0.1", "a b=http://127.0.0.1:1", "x=http://example.com:80"])
        {
            assert!(parse_attached(text).unwrap_err().contains("mine=http://127.0.0.1:4000"), "{text}");
        }
    }
}
