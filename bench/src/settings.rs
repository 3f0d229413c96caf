//! The command line, and the plan that it asks for.

use crate::error::BenchError;
use crate::workload::Workload;
use clap::{Args, Subcommand, ValueEnum};
use server::{DatabaseUrls, Framework, Store};
use shared::repository::Synchronous;
use std::path::PathBuf;

/// How the benchmark is run.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BenchArguments {
    /// Work on results that are there already, instead of timing
    #[command(subcommand)]
    pub command: Option<BenchCommand>,
    /// Under three minutes: three frameworks over SQLite, three workloads
    #[arg(long, conflicts_with = "full")]
    pub quick: bool,
    /// Hours: 1 to 256 connections, 10,000 and 1,000,000 users, each run five times
    #[arg(long)]
    pub full: bool,
    /// Only these variants, such as axum-diesel-sqlite, or all of a framework or store; by default all that are built
    /// in but those over the memory, which keep nothing
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub variants: Vec<String>,
    /// Only these workloads
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_enum)]
    pub workloads: Vec<Workload>,
    /// Connections at the same time
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub connections: Vec<u16>,
    /// Users in the database; databases of several sizes take turns
    #[arg(long, value_name = "COUNT", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub users: Vec<u32>,
    /// How often each run is made; the medians are shown
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: Option<u16>,
    /// Where rounds in a closed loop differ much, go on until they do not, up to so many; by default twice as many as without, or none
    /// more where --rounds is given
    #[arg(long, value_name = "COUNT", conflicts_with = "quick", value_parser = clap::value_parser!(u16).range(1..=200))]
    pub rounds_at_most: Option<u16>,
    /// How long each run takes
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub seconds: Option<u16>,
    /// How long each subject is warmed up before each run; this is not counted
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=600))]
    pub warm_up: u16,
    /// Threads that serve requests, of each server; by default one a core
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Database connections of each pool; by default each store's own number
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub pool_size: Option<u16>,
    /// What closes the loop, where both can: oha takes several times the processor time for each request that wrk takes, on
    /// the same cores as the servers
    #[arg(long, value_name = "NAME", value_enum, default_value_t)]
    pub generator: GeneratorKind,
    /// What SQLite's commits wait for: full for the disk, normal for the system only, so that a power cut may cost the last ones
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub sqlite_synchronous: Synchronous,
    /// What the servers log, as their --log
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    /// Beside the variants, time these other ways to do the same (axum-sea-orm-sqlite, actix-diesel-r2d2, flask ...; without-log:
    /// the variants over the first store once more, without a line for each request), or all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub peers: Vec<String>,
    /// Build each variant alone, too, to tell the size of its executable
    #[arg(long)]
    pub sizes: bool,
    /// Build each variant alone from nothing, to tell how long that takes
    #[arg(long)]
    pub build_times: bool,
    /// The load generator oha; by default the one in target/bench-tools, which is built if it is not there, or in the PATH
    #[arg(long, env = "OHA", value_name = "PROGRAM")]
    pub oha: Option<PathBuf>,
    /// The program with the yardsticks; by default it is built from the source beside this
    #[arg(long, env = "BASELINES", value_name = "PROGRAM")]
    pub baselines: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,
    /// How progress is told
    #[arg(long, value_name = "HOW", value_enum, default_value_t)]
    pub progress: ProgressStyle,
    /// Folder for the results
    #[arg(long, value_name = "FOLDER", default_value = "bench/results")]
    pub results: PathBuf,
    /// Stop when standard input ends: a parent process that dies takes its children along
    #[arg(long, hide = true)]
    pub stop_on_stdin_close: bool,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take a comment here for the text of the help page")]
    pub databases: DatabaseUrls,
}

/// What can be done with results.
#[derive(Clone, Debug, Subcommand)]
pub enum BenchCommand {
    /// Says which differences between two results exceed the noise
    Compare {
        /// The earlier result file
        before: PathBuf,
        /// The later one
        after: PathBuf,
    },
    /// Makes the HTML report of a result file anew
    Report {
        /// The result file
        results: PathBuf,
    },
}

/// What sends requests in a closed loop. At a fixed rate it is always `oha`, and what `oha` cannot draw (many callers, each
/// with its own token; what is never the same twice) is always sent by `wrk`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GeneratorKind {
    /// `wrk`
    #[default]
    Wrk,
    /// `oha`
    Oha,
}

impl GeneratorKind {
    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wrk => "wrk",
            Self::Oha => "oha",
        }
    }
}

/// How progress is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProgressStyle {
    /// A bar with the time left on a terminal, else lines
    #[default]
    Auto,
    /// Lines
    Plain,
    /// JSON lines on the standard output, for programs
    Json,
}

/// A framework over a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The framework.
    pub framework: Framework,
    /// The store.
    pub store: Store,
}

impl Variant {
    /// `axum-diesel-sqlite`.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}-{}", self.framework, self.store)
    }
}

/// What is going to be timed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `quick`, `default` or `full`.
    pub profile: &'static str,
    /// The variants, in the order in which they take turns.
    pub variants: Vec<Variant>,
    /// The workloads, in their order.
    pub workloads: Vec<Workload>,
    /// Rising.
    pub connections: Vec<usize>,
    /// Rising.
    pub users: Vec<u64>,
    /// How often at least.
    pub rounds: usize,
    /// How often where rounds differ much.
    pub rounds_at_most: usize,
    /// How long.
    pub seconds: u64,
    /// Not counted.
    pub warm_up_seconds: u64,
    /// Whether latency at fixed rates is timed, too.
    pub has_fixed_rates: bool,
    /// What closes the loop.
    pub generator: GeneratorKind,
}

impl Plan {
    /// What the command line asks for.
    ///
    /// # Errors
    /// [`BenchError::Unknown`] for a variant that there is not; [`BenchError::Answer`] for fewer rounds at most than at least.
    pub fn of(arguments: &BenchArguments) -> Result<Self, BenchError> {
        let (profile, rounds, seconds) = match arguments {
            BenchArguments { quick: true, .. } => ("quick", 3, 1),
            BenchArguments { full: true, .. } => ("full", 5, 5),
            _ => ("default", 3, 3),
        };
        let rounds = arguments.rounds.map_or(rounds, usize::from);
        let rounds_at_most = match arguments {
            BenchArguments { rounds_at_most: Some(most), .. } => usize::from(*most),
            // Under three minutes, or as many as were asked for: neither is to become more.
            BenchArguments { quick: true, .. } | BenchArguments { rounds: Some(_), .. } => rounds,
            _ => rounds * 2,
        };
        if rounds_at_most < rounds {
            return Err(BenchError::Answer(format!(
                "--rounds-at-most {rounds_at_most} is less than the {rounds} rounds that are made anyway: give --rounds, too"
            )));
        }
        let or = |given: Vec<usize>, default: &[usize]| if given.is_empty() { default.to_vec() } else { given };
        let connections = arguments.connections.iter().copied().map(usize::from).collect();
        let users: Vec<u64> = arguments.users.iter().copied().map(u64::from).collect();
        let mut plan = Self {
            profile,
            variants: variants(&arguments.variants, profile == "quick")?,
            workloads: arguments.workloads.clone(),
            connections: or(
                connections,
                match profile {
                    "quick" => &[64],
                    "full" => &[1, 16, 64, 256],
                    _ => &[16, 64],
                },
            ),
            users,
            rounds,
            rounds_at_most,
            seconds: arguments.seconds.map_or(seconds, u64::from),
            warm_up_seconds: u64::from(arguments.warm_up),
            has_fixed_rates: profile != "quick",
            generator: arguments.generator,
        };
        if plan.users.is_empty() {
            plan.users = if profile == "full" { vec![10_000, 1_000_000] } else { vec![10_000] };
        }
        if plan.workloads.is_empty() {
            plan.workloads = match profile {
                "quick" => vec![Workload::Hello, Workload::ReadOne, Workload::Update],
                _ => Workload::ALL.to_vec(),
            };
        }
        plan.workloads.sort_unstable();
        plan.workloads.dedup();
        plan.connections.sort_unstable();
        plan.connections.dedup();
        plan.users.sort_unstable();
        plan.users.dedup();
        Ok(plan)
    }

    /// The workloads over a database of this size: on the larger ones, those whose cost could grow with it.
    #[must_use]
    pub fn workloads_over(&self, users: u64) -> Vec<Workload> {
        let is_smallest = self.is_smallest(users);
        let grows = [Workload::ReadOne, Workload::List, Workload::Update];
        self.workloads.iter().copied().filter(|workload| is_smallest || grows.contains(workload)).collect()
    }

    /// Whether the databases with so many users are the smallest, over which everything is timed.
    #[must_use]
    pub fn is_smallest(&self, users: u64) -> bool {
        self.users.first() == Some(&users)
    }
}

/// Those that were asked for, by their own name or by that of a framework or store.
fn variants(names: &[String], is_quick: bool) -> Result<Vec<Variant>, BenchError> {
    let frameworks = Framework::value_variants();
    let stores = Store::built_in();
    let over =
        |store: &Store| frameworks.iter().map(|framework| Variant { framework: *framework, store: *store }).collect();
    let all: Vec<Variant> = stores.iter().flat_map(|store| -> Vec<Variant> { over(store) }).collect();
    if names.is_empty() {
        let is_meant = |store| if is_quick { store == Store::DieselSqlite } else { store != Store::Memory };
        return Ok(all.into_iter().filter(|variant| is_meant(variant.store)).collect());
    }
    let is_named = |variant: &Variant, name: &str| {
        variant.name() == name || variant.framework.to_string() == name || variant.store.to_string() == name
    };
    for name in names {
        if !all.iter().any(|variant| is_named(variant, name)) {
            let known: Vec<String> = all.iter().copied().map(Variant::name).collect();
            return Err(BenchError::Unknown {
                kind: "variant that was built in",
                given: name.clone(),
                known: known.join(", "),
            });
        }
    }
    Ok(all.into_iter().filter(|variant| names.iter().any(|name| is_named(variant, name))).collect())
}

#[cfg(test)]
mod tests {
    use super::{BenchArguments, Plan};
    use crate::workload::Workload;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: BenchArguments,
    }

    fn plan(arguments: &[&str]) -> Result<Plan, String> {
        let cli = Cli::try_parse_from(["bench"].iter().chain(arguments)).map_err(|error| error.to_string())?;
        Plan::of(&cli.arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn a_quick_run_is_three_frameworks_over_sqlite() {
        let plan = plan(&["--quick"]).unwrap();
        let names: Vec<String> = plan.variants.iter().map(|variant| variant.name()).collect();
        assert_eq!(names, ["axum-diesel-sqlite", "actix-diesel-sqlite", "rocket-diesel-sqlite"]);
        assert_eq!((plan.connections, plan.users), (vec![64], vec![10_000]));
    }

    #[test]
    fn rounds_become_more_unless_their_number_was_given() {
        let rounds = |arguments: &[&str]| plan(arguments).map(|plan| (plan.rounds, plan.rounds_at_most));
        assert_eq!(rounds(&[]), Ok((3, 6)));
        assert_eq!(rounds(&["--full"]), Ok((5, 10)));
        assert_eq!(rounds(&["--quick"]), Ok((3, 3)));
        assert_eq!(rounds(&["--rounds", "4"]), Ok((4, 4)));
        assert_eq!(rounds(&["--rounds", "4", "--rounds-at-most", "9"]), Ok((4, 9)));
        assert_eq!(rounds(&["--rounds-at-most", "3"]), Ok((3, 3)));
        assert!(rounds(&["--rounds-at-most", "2"]).unwrap_err().contains("less than the 3 rounds"));
        assert!(rounds(&["--quick", "--rounds-at-most", "9"]).is_err());
    }

    #[test]
    fn variants_are_chosen_by_name_framework_or_store() {
        let count = |names: &str| plan(&["--variants", names]).map(|plan| plan.variants.len());
        assert_eq!(count("axum-diesel-sqlite"), Ok(1));
        assert_eq!(count("diesel-sqlite"), Ok(3));
        assert_eq!(count("diesel-sqlite,axum-diesel-sqlite,rocket-sea-orm-sqlite"), Ok(4));
        let error = count("axum-sqlite").unwrap_err();
        assert!(error.contains("axum-sqlite") && error.contains("axum-diesel-sqlite"), "{error}");
    }

    #[test]
    fn workloads_are_timed_in_their_order_and_those_that_grow_on_a_larger_database() {
        let plan = plan(&["--workloads", "order,update,hello", "--users", "1000000,10000"]).unwrap();
        assert_eq!(plan.workloads_over(10_000), [Workload::Hello, Workload::Update, Workload::Order]);
        assert_eq!(plan.workloads_over(1_000_000), [Workload::Update]);
    }

    #[test]
    fn quick_and_full_exclude_each_other() {
        assert!(plan(&["--quick", "--full"]).is_err());
        assert!(plan(&["--connections", "0"]).is_err());
        assert!(plan(&["--workloads", "nothing"]).is_err());
    }
}
