//! The scripts, and what a server must be before anything is kept there: its set-up, the number of the layout.
//!
//! There is no schema to make: a key is there once something is in it.

use crate::schema::{Keys, LAYOUT};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, InfoDict, RedisError, ServerErrorKind};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Keeps a new user.
pub(crate) static INSERT: Script = Script::new("insert.lua", "EVALSHA", &USER, include_str!("scripts/insert.lua"));
/// Compare-and-swap.
pub(crate) static UPDATE: Script =
    Script::new("update.lua", "EVALSHA", &USER_AND_VERSION, include_str!("scripts/update.lua"));
/// Compare-and-remove.
pub(crate) static DELETE: Script =
    Script::new("delete.lua", "EVALSHA", &["text", "integer"], include_str!("scripts/delete.lua"));
/// A page. `EVALSHA_RO` lets Redis refuse whatever a mistake in it would write.
pub(crate) static LIST: Script =
    Script::new("list.lua", "EVALSHA_RO", &["text", "text", "integer"], include_str!("scripts/list.lua"));
/// Two look-ups in one round trip.
pub(crate) static FIND_BY_EMAIL: Script =
    Script::new("find_by_email.lua", "EVALSHA_RO", &["text", "text"], include_str!("scripts/find_by_email.lua"));

static SCRIPTS: [&Script; 5] = [&INSERT, &UPDATE, &DELETE, &LIST, &FIND_BY_EMAIL];

/// As `schema::write` gives them.
const USER: [&str; 10] = ["text", "text", "text", "text", "text", "text", "integer", "integer", "integer", "integer"];
const USER_AND_VERSION: [&str; 11] =
    ["text", "text", "text", "text", "text", "text", "integer", "integer", "integer", "integer", "integer"];

/// A script that Redis runs alone, between the commands of all others.
///
/// A script and not a function (`FUNCTION LOAD`): a script is named by the hash of its text, so that during an upgrade
/// the old program and the new one each run their own. Functions belong to the server, and the last one loaded wins.
pub(crate) struct Script {
    /// The file's name.
    pub(crate) name: &'static str,
    /// What kind of thing each of its `ARGV` is.
    pub(crate) arguments: &'static [&'static str],
    command: &'static str,
    text: &'static str,
    hash: OnceLock<String>,
}

impl Script {
    const fn new(
        name: &'static str,
        command: &'static str,
        arguments: &'static [&'static str],
        text: &'static str,
    ) -> Self {
        Self { name, arguments, command, text, hash: OnceLock::new() }
    }

    fn hash(&self) -> &str {
        self.hash.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned())
    }

    /// The command that runs it on these keys; its arguments are still to be added.
    pub(crate) fn command(&self, keys: &[&str]) -> Cmd {
        redis::cmd(self.command).arg(self.hash()).arg(keys.len()).arg(keys).take()
    }

    /// The command that makes Redis know it, until Redis is started again.
    pub(crate) fn load_command(&self) -> Cmd {
        redis::cmd("SCRIPT").arg("LOAD").arg(self.text).take()
    }

    /// The one that an argument of a command means, by its hash or its text.
    pub(crate) fn meant_by(argument: &str) -> Option<&'static Self> {
        SCRIPTS.iter().copied().find(|script| argument == script.hash() || argument == script.text)
    }
}

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

/// Marks the keys as this program's and looks whether they are. Any number of processes may do so at once: the first
/// `SET ... NX` wins, and the others are told what is there.
///
/// # Errors
/// [`Fault`].
pub(crate) async fn prepare(connection: &mut MultiplexedConnection, keys: &Keys) -> Result<(), Fault> {
    let mut types = redis::pipe();
    for key in [&keys.users, &keys.role_user, &keys.role_admin, &keys.by_email, &keys.layout] {
        types.cmd("TYPE").arg(key);
    }
    let types: [String; 5] = types.query_async(connection).await?;
    for (found, expected) in types.iter().zip(["zset", "zset", "zset", "hash", "string"]) {
        if found != "none" && found != expected {
            return set_up(format!("there is a {found} where a {expected} should be"), FOREIGN);
        }
    }
    let mut mark = redis::cmd("SET");
    mark.arg(&keys.layout).arg(LAYOUT).arg("NX").arg("GET");
    match mark.query_async::<Option<String>>(connection).await? {
        Some(layout) if layout != LAYOUT => set_up("its keys have another layout than this program's", NEWER),
        _ => Ok(()),
    }
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
