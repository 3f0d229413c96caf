//! What a server must be before anything is kept there: its set-up, its scripts, the number of the layout.
//!
//! There is no schema to make: a key is there once something is in it. To bring the layout of an older program up to date is
//! the work of `scripts/upgrade.lua`.
//!
//! Longer than 200 lines for the words in which each wrong set-up is refused.

use crate::schema::{Keys, LAYOUT};
use crate::scripts::{SCRIPTS, UPGRADE};
use redis::aio::MultiplexedConnection;
use redis::{ErrorKind, InfoDict, RedisError, ServerErrorKind};
use std::collections::HashMap;

/// What Redis must survive without losing what was acknowledged; the URL's option `durability`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The end of Redis and of the machine: each write is in the log, and the log on the disk, before its answer.
    Always,
    /// As a rule the end of Redis; the end of the machine takes the last seconds with it.
    Everysec,
    /// Whatever the server is set up for; it is not looked at.
    Unchecked,
}

impl Durability {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "always" => Some(Self::Always),
            "everysec" => Some(Self::Everysec),
            "unchecked" => Some(Self::Unchecked),
            _ => None,
        }
    }
}

/// Why a server is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// It cannot be reached, or failed.
    #[error(transparent)]
    Driver(#[from] RedisError),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    TimedOut,
    /// Nobody needs it any more.
    #[error("the store is closed")]
    Closed,
    /// It is set up in another way than it must be.
    #[error("{found}")]
    SetUp { found: String, advice: &'static str },
}

impl Fault {
    /// What to do about it at start.
    pub(crate) fn advice(&self) -> &'static str {
        match self {
            Self::SetUp { advice, .. } => advice,
            Self::Driver(error) => match error.kind() {
                ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => NOT_PERMITTED,
                ErrorKind::Server(ServerErrorKind::BusyLoading) => "it still reads its data: try again in a while",
                ErrorKind::Server(ServerErrorKind::ReadOnly) => REPLICA,
                _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => NOT_PERMITTED,
                _ => NOT_THERE,
            },
            Self::TimedOut | Self::Closed => NOT_THERE,
        }
    }
}

fn set_up<T>(found: impl Into<String>, advice: &'static str) -> Result<T, Fault> {
    Err(Fault::SetUp { found: found.into(), advice })
}

const NOT_THERE: &str = "is Redis running there? `infra/services up redis` starts one on this machine";
const NOT_PERMITTED: &str = "check the user and the password in the URL, and what this user may do";
const OLD: &str = "take Redis 7.0 or newer, or Valkey";
const REPLICA: &str = "give the address of the primary: a replica takes no writes";
const EVICTION: &str = "Redis must not throw users away when its memory is full: \
    `CONFIG SET maxmemory-policy noeviction`, or start it with --maxmemory-policy noeviction";
const NO_LOG: &str = "what is acknowledged must survive the end of Redis: `CONFIG SET appendonly yes` and \
    `CONFIG SET appendfsync always`, or start it with --appendonly yes --appendfsync always";
const LATE_LOG: &str = "what is acknowledged must survive the end of the machine: `CONFIG SET appendfsync always` and \
    `CONFIG SET no-appendfsync-on-rewrite no`, or start it with --appendonly yes --appendfsync always; or accept with \
    ?durability=everysec in the URL that the last seconds may be lost";
const UNKNOWN_LOG: &str = "permit CONFIG GET; or accept with ?durability=everysec in the URL that the last seconds may be \
    lost";
const NEWER: &str = "use the version of this program that wrote it, or choose another ?prefix=";
const FOREIGN: &str = "it belongs to another program: choose another ?prefix=";

/// Looks at the server's set-up and makes it know the scripts. Done for each new connection, not only at start: a server
/// that was started again may be set up otherwise than before, and knows no script.
///
/// # Errors
/// [`Fault`].
pub(crate) async fn check(connection: &MultiplexedConnection, durability: Durability) -> Result<(), Fault> {
    let (info, mut config) = (redis::cmd("INFO"), redis::cmd("CONFIG"));
    config.arg("GET").arg("*append*");
    let mut scripts = redis::pipe();
    for script in SCRIPTS {
        scripts.add_command(script.load_command()).ignore();
    }
    // What is sent at once over one connection goes out together and takes one round trip. A pipeline of all of it would
    // fail as a whole where CONFIG is forbidden, as managed services have it.
    let (mut first, mut second, mut third) = (connection.clone(), connection.clone(), connection.clone());
    let (info, config, loaded) = tokio::join!(
        info.query_async::<InfoDict>(&mut first),
        config.query_async::<HashMap<String, String>>(&mut second),
        scripts.exec_async(&mut third),
    );
    let info = info?;
    check_server(&info)?;
    match (durability, config) {
        (Durability::Unchecked, _) => {}
        (_, Ok(config)) => check_log(durability, &config)?,
        (_, Err(error)) if error.is_io_error() => return Err(error.into()),
        (_, Err(_)) => check_log_unseen(durability, &info)?,
    }
    Ok(loaded?)
}

fn check_server(info: &InfoDict) -> Result<(), Fault> {
    let entry = |name| info.get::<String>(name).unwrap_or_default();
    // Valkey names the version of Redis that it is compatible with here.
    let version = entry("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 7) {
        return set_up(format!("it is Redis {version}"), OLD);
    }
    match (entry("role").as_str(), entry("maxmemory_policy").as_str()) {
        ("slave", _) => set_up("it is a replica", REPLICA),
        (_, "noeviction") => Ok(()),
        (_, policy) => set_up(format!("its maxmemory-policy is {policy}"), EVICTION),
    }
}

fn check_log(durability: Durability, config: &HashMap<String, String>) -> Result<(), Fault> {
    let entry = |name| config.get(name).map(String::as_str).unwrap_or_default();
    let fsync = entry("appendfsync");
    match durability {
        _ if entry("appendonly") != "yes" => set_up("it has no append-only file", NO_LOG),
        Durability::Always if fsync != "always" => set_up(format!("its appendfsync is {fsync}"), LATE_LOG),
        // With `yes`, nothing reaches the disk while the file is written anew, whatever appendfsync says.
        Durability::Always if entry("no-appendfsync-on-rewrite") != "no" => {
            set_up("its no-appendfsync-on-rewrite is yes", LATE_LOG)
        }
        Durability::Everysec if fsync == "no" => set_up("its appendfsync is no", LATE_LOG),
        _ => Ok(()),
    }
}

/// Where CONFIG is forbidden, INFO tells whether there is a log, and nothing tells when it reaches the disk.
fn check_log_unseen(durability: Durability, info: &InfoDict) -> Result<(), Fault> {
    match (durability, info.get::<String>("aof_enabled").as_deref()) {
        (Durability::Everysec, Some("1")) => Ok(()),
        (Durability::Everysec, _) => set_up("it has no append-only file", NO_LOG),
        _ => set_up("it does not tell its appendfsync", UNKNOWN_LOG),
    }
}

/// Looks whether the keys are this program's, marks them as such, and brings an older layout up to date. Any number of
/// processes may do so at once: the script runs alone.
///
/// # Errors
/// [`Fault`].
pub(crate) async fn prepare(connection: &mut MultiplexedConnection, keys: &Keys) -> Result<(), Fault> {
    let expected = keys.single();
    let mut types = redis::pipe();
    for (key, _) in expected {
        types.cmd("TYPE").arg(key);
    }
    let types: Vec<String> = types.query_async(connection).await?;
    for (found, (_, expected)) in types.iter().zip(expected) {
        if found != "none" && found != expected {
            return set_up(format!("there is a {found} where a {expected} should be"), FOREIGN);
        }
    }
    let mut upgrade = UPGRADE.command(&[&keys.layout]);
    let layout: String = upgrade.arg(LAYOUT).query_async(connection).await?;
    if layout == LAYOUT { Ok(()) } else { set_up("its keys have another layout than this program's", NEWER) }
}

/// Removes all keys of the prefix. `SCAN` and not the ids in the sorted set: it also finds what belongs to none of them. It
/// walks past all keys of the server, in steps that keep nobody waiting.
///
/// # Errors
/// [`Fault`].
pub(crate) async fn remove(connection: &mut MultiplexedConnection, keys: &Keys) -> Result<(), Fault> {
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{}*", keys.all)).arg("COUNT").arg(1_000);
        let (next, found): (u64, Vec<String>) = scan.query_async(connection).await?;
        if !found.is_empty() {
            redis::cmd("UNLINK").arg(found).exec_async(connection).await?;
        }
        if next == 0 {
            return Ok(());
        }
        cursor = next;
    }
}
