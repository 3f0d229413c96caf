//! Runs the cases, the differential session or the timing of sign-ins against servers that are already running.

#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use contract::client::{Client, ClientError};
use contract::session::Transcript;
use contract::{Case, CaseError, Credentials, Left, Outcome, World, cases, differential, login_timing};
use futures_util::StreamExt;
use futures_util::stream;

const ENVIRONMENT: &str = "\
Environment, the same values as the server's:
  ADMIN_EMAIL     e-mail of the configured admin, who must be the only admin
  ADMIN_PASSWORD  password of that admin
  JWT_SECRET      the secret that the server signs tokens with

Exit code: 0 if all is well, 1 if a case failed or servers differ, 2 if nothing could be run.";

/// Holds an HTTP API to its contract.
#[derive(Parser)]
#[command(after_help = ENVIRONMENT)]
struct Arguments {
    /// The server under test, such as http://127.0.0.1:3000; of several that share a database, each request is sent to
    /// one by chance
    #[arg(required_unless_present = "list")]
    urls: Vec<String>,

    /// Run only the cases whose name holds this text; repeat it for cases of several texts
    #[arg(long, value_name = "SUBSTRING", conflicts_with = "differential")]
    only: Vec<String>,

    /// List the names of the cases and run nothing
    #[arg(long)]
    list: bool,

    /// Run this many cases side by side
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    jobs: u8,

    /// Compare two or more servers, each on a database of its own that was just made
    #[arg(long)]
    differential: bool,

    /// Measure whether failed sign-ins take as long for unknown e-mail addresses as for wrong passwords
    #[arg(long, conflicts_with_all = ["differential", "only", "list"])]
    login_timing: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = if arguments.list {
        list(&arguments.only)
    } else if arguments.login_timing {
        time_logins(&arguments.urls).await
    } else if arguments.differential {
        compare(&arguments.urls).await
    } else {
        run(&arguments).await
    };
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::from(2)
    })
}

/// Prints a line. Whoever reads no further, as `head` does, ends the run.
fn say(line: std::fmt::Arguments<'_>) -> Result<(), CaseError> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| CaseError::new(format!("nobody reads this: {error}")))
}

fn list(only: &[String]) -> Result<ExitCode, CaseError> {
    for case in cases::chosen(only)? {
        say(format_args!("{}", case.name()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn credentials() -> Result<Credentials, CaseError> {
    let variable = |name: &str| {
        std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(|| {
            CaseError::new(format!("{name} is not set: start the server with {name}=… and give the same value here"))
        })
    };
    Ok(Credentials {
        admin_email: variable("ADMIN_EMAIL")?,
        admin_password: variable("ADMIN_PASSWORD")?,
        jwt_secret: variable("JWT_SECRET")?,
    })
}

/// Refuses to start where nobody listens: every case would say so.
async fn listening(url: &str) -> Result<(), CaseError> {
    let client = Client::new(url).map_err(|error| CaseError::new(error.to_string()))?;
    client.connect().await.map(|_| ()).map_err(|error| CaseError::new(format!("nothing answers at {url}: {error}")))
}

async fn run(arguments: &Arguments) -> Result<ExitCode, CaseError> {
    let cases = cases::chosen(&arguments.only)?;
    let refused = |error: ClientError| CaseError::new(error.to_string());
    let (first, others) = arguments.urls.split_first().ok_or_else(|| CaseError::new("no server was named"))?;
    let client = others.iter().try_fold(Client::new(first).map_err(refused)?, |client, url| client.or(url));
    let world = World::over(client.map_err(refused)?, credentials()?)?;
    for url in &arguments.urls {
        listening(url).await?;
    }
    let running = cases.into_iter().map(|case| timed(case, &world));
    let mut running = stream::iter(running).buffered(usize::from(arguments.jobs));
    let (mut passed, mut failed) = (0_usize, 0_usize);
    while let Some((case, outcome, time)) = running.next().await {
        match outcome {
            Ok(()) => {
                passed += 1;
                say(format_args!("ok   {} ({} ms)", case.name(), time.as_millis()))?;
            }
            Err(error) => {
                failed += 1;
                say(format_args!(
                    "FAIL {} ({} ms)\n     {}",
                    case.name(),
                    time.as_millis(),
                    error.to_string().replace('\n', "\n     ")
                ))?;
            }
        }
    }
    match world.tidy().await {
        Ok(Left { orders: 0, users: 0 }) => {}
        Ok(Left { orders, users }) => {
            eprintln!("{orders} orders stay, cancelled or shipped, and so do {users} users who placed them");
        }
        Err(error) => eprintln!("what was made could not be taken away: {error}"),
    }
    say(format_args!("{passed} passed, {failed} failed"))?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// So many pairs are timed; at some 50 ms a password this takes ten seconds.
const PAIRS: usize = 60;

async fn time_logins(urls: &[String]) -> Result<ExitCode, CaseError> {
    let [url] = urls else {
        return Err(CaseError::new("one base URL at a time with --login-timing"));
    };
    let world = World::new(url, credentials()?)?;
    listening(url).await?;
    println!("{}", login_timing::measure(&world, PAIRS).await?);
    world.tidy().await?;
    Ok(ExitCode::SUCCESS)
}

async fn timed(case: Case, world: &World) -> (Case, Outcome, Duration) {
    let start = Instant::now();
    let outcome = case.run(world).await;
    (case, outcome, start.elapsed())
}

async fn compare(urls: &[String]) -> Result<ExitCode, CaseError> {
    if urls.len() < 2 {
        return Err(CaseError::new("--differential needs two base URLs or more"));
    }
    let credentials = credentials()?;
    for url in urls {
        listening(url).await?;
    }
    let recording = urls.iter().map(|url| differential::record(url, url, &credentials));
    let transcripts: Vec<Transcript> = futures_util::future::try_join_all(recording).await?;
    let differences = differential::compare(&transcripts);
    for difference in &differences {
        say(format_args!("{difference}"))?;
    }
    let steps = transcripts.first().map_or(0, |transcript| transcript.steps.len());
    say(format_args!("{steps} steps on {} servers, {} differences", urls.len(), differences.len()))?;
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
