//! How what is timed is started.

use crate::candidate::{Candidate, Program};
use crate::error::BenchError;
use crate::settings::Variant;
use contract::Credentials;
use server::{Database, VariantSettings};
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// Loops with one connection, or none.
const WITHOUT_POOL: [&str; 2] = ["argon2id", "sqlite-order"];

/// What all servers are given.
pub(crate) struct Launcher {
    /// The program that is a variant if its first argument is `server`.
    pub executable: PathBuf,
    /// The program `baselines`.
    pub baselines: PathBuf,
    /// The folder of the source tree.
    pub root: PathBuf,
    pub secret: String,
    /// Threads that serve requests.
    pub workers: usize,
    /// Cores of this machine: as many threads hash passwords.
    pub cores: usize,
    pub pool_size: Option<usize>,
    pub log: String,
    /// What hyper answers.
    pub answers: PathBuf,
}

impl Launcher {
    /// Connections of a subject's pool: as many as were asked for, else as its store has by itself; none where there is no pool.
    pub(crate) fn pool_of(&self, candidate: &Candidate) -> Option<usize> {
        let has_pool = match &candidate.program {
            Program::Variant(_) | Program::Unlogged(_) | Program::Peer(_) | Program::Flask => true,
            Program::Loop(name) => !WITHOUT_POOL.contains(name),
            // The first has no database; the connections of the others are as many as the load has.
            Program::Hyper | Program::Pgbench | Program::RedisBenchmark => false,
        };
        let store = candidate.store.filter(|store| has_pool && store.database() != Database::Memory)?;
        Some(self.pool_size.unwrap_or_else(|| store.default_connections()))
    }

    /// The command that starts a server of its own, on a port that the system chooses.
    pub(crate) fn command(&self, candidate: &Candidate, database_url: &str) -> Result<Command, BenchError> {
        let pool_size = self.pool_of(candidate).unwrap_or(1).to_string();
        match &candidate.program {
            Program::Variant(variant) => Ok(self.variant(*variant, database_url)),
            // The line that says where it listens is awaited.
            Program::Unlogged(variant) => Ok(self.logging(*variant, database_url, "warn,server=info")),
            Program::Hyper => {
                let mut command = Command::new(&self.baselines);
                command.args([
                    "hyper",
                    "--stop-on-stdin-close",
                    "--listen",
                    "127.0.0.1:0",
                    "--workers",
                    &self.workers.to_string(),
                    "--answers",
                ]);
                command.arg(&self.answers);
                Ok(command)
            }
            Program::Peer(name) => {
                let mut command = Command::new(&self.baselines);
                command.args([
                    "serve",
                    name,
                    "--stop-on-stdin-close",
                    "--listen",
                    "127.0.0.1:0",
                    "--workers",
                    &self.workers.to_string(),
                ]);
                command.args(["--pool-size", &pool_size, "--database-url", database_url]);
                Ok(command)
            }
            Program::Flask => {
                let mut command = Command::new(self.root.join("scripts").join("flask"));
                command.args(["--listen", "127.0.0.1:0", "--workers", &self.workers.to_string()]);
                command.args(["--pool-size", &pool_size, "--database-url", database_url]);
                command.env("JWT_SECRET", &self.secret).env("STOP_ON_STDIN_CLOSE", "1");
                Ok(command)
            }
            Program::Loop(_) | Program::Pgbench | Program::RedisBenchmark => {
                Err(BenchError::Answer(format!("{} is no server", candidate.subject.name)))
            }
        }
    }

    /// Has a server make this admin at its start.
    pub(crate) fn make_admin(command: &mut Command, admin: &Credentials) {
        command.env("ADMIN_EMAIL", &admin.admin_email).env("ADMIN_PASSWORD", &admin.admin_password);
    }

    /// A variant with nothing in its environment but what is said here.
    pub(crate) fn variant(&self, variant: Variant, database_url: &str) -> Command {
        self.logging(variant, database_url, &self.log)
    }

    /// The same, with this for its `--log`.
    fn logging(&self, variant: Variant, database_url: &str, log: &str) -> Command {
        let mut command = Command::new(&self.executable);
        for name in VariantSettings::variables() {
            command.env_remove(name);
        }
        command
            .args(["server", "--framework", &variant.framework.to_string(), "--store", &variant.store.to_string()])
            .args(["--listen", "127.0.0.1:0", "--log-format", "json", "--stop-on-stdin-close"])
            .args(["--log", log, "--workers", &self.workers.to_string()])
            .env("DATABASE_URL", database_url)
            .env("JWT_SECRET", &self.secret);
        if let Some(pool_size) = self.pool_size {
            command.args(["--pool-size", &pool_size.to_string()]);
        }
        command
    }
}

/// The folder of the source tree that `start` is in: where the workspace's `bench/Cargo.toml` is.
#[must_use]
pub(crate) fn source_root(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join("bench").join("Cargo.toml").exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Launcher;
    use crate::candidate::Candidate;
    use crate::settings::Variant;
    use crate::workload::Workload;
    use server::{Framework, Store};
    use std::path::PathBuf;

    fn launcher(pool_size: Option<usize>) -> Launcher {
        Launcher {
            executable: PathBuf::from("lab"),
            baselines: PathBuf::new(),
            root: PathBuf::new(),
            secret: String::new(),
            workers: 1,
            cores: 1,
            pool_size,
            log: "info".to_owned(),
            answers: PathBuf::new(),
        }
    }

    const VARIANT: Variant = Variant { framework: Framework::Axum, store: Store::DieselSqlite };

    #[test]
    fn without_log_is_told_so_by_the_flag_that_counts() {
        for (candidate, expected) in
            [(Candidate::variant(VARIANT), "info"), (Candidate::unlogged(VARIANT), "warn,server=info")]
        {
            let command = launcher(None).command(&candidate, "sqlite://x.db").unwrap();
            let arguments: Vec<_> = command.as_std().get_args().collect();
            let logs = arguments.windows(2).filter(|pair| pair[0] == "--log").map(|pair| pair[1]);
            assert!(logs.eq([expected]), "{arguments:?}");
        }
    }

    #[test]
    fn the_pool_that_is_told_is_the_one_that_is_started() {
        for candidate in
            [Candidate::variant(VARIANT), Candidate::peer("x", "", Store::DieselSqlite), Candidate::flask()]
        {
            assert_eq!(launcher(None).pool_of(&candidate), Some(Store::DieselSqlite.default_connections()));
            let launcher = launcher(Some(7));
            assert_eq!(launcher.pool_of(&candidate), Some(7));
            let command = launcher.command(&candidate, "sqlite://x.db").unwrap();
            let arguments: Vec<_> = command.as_std().get_args().collect();
            assert!(arguments.windows(2).any(|pair| pair[0] == "--pool-size" && pair[1] == "7"), "{arguments:?}");
        }
        let order = Candidate::of_loop("sqlite-order", "", &[Store::DieselSqlite], Workload::Order);
        let read = Candidate::of_loop("sqlite-read", "", &[Store::DieselSqlite], Workload::ReadOne);
        let pools = [Candidate::hyper(), order, read].map(|candidate| launcher(Some(7)).pool_of(&candidate));
        assert_eq!(pools, [None, None, Some(7)]);
    }
}
