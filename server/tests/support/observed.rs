//! What the system and its own metrics tell of a server that runs.

use super::Process;
use super::requests::send;
use contract::request::Request;
use std::collections::HashSet;

/// How many connections to this port it has, also those that are being made.
pub fn connections_to(process: &Process, port: u16) -> usize {
    let folder = format!("/proc/{}", process.id());
    // What is a symbolic link to `socket:[123]` may be closed by the time it is looked at.
    let files = std::fs::read_dir(format!("{folder}/fd")).unwrap().filter_map(Result::ok);
    let targets = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let sockets: HashSet<String> = targets
        .filter_map(|target| Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let table = std::fs::read_to_string(format!("{folder}/net/tcp")).unwrap();
    let is_one = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[2].ends_with(&format!(":{port:04X}")) && sockets.contains(fields[9])
    };
    table.lines().skip(1).filter(is_one).count()
}

/// A number of `/proc/PID/status`: `Threads`, or `VmRSS` in kB.
pub fn status(process: &Process, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// How many of its connections are at work, by its metrics.
pub async fn in_use(process: &Process) -> u64 {
    let metrics = send(process, Request::new("GET", "/metrics")).await.text();
    let gauge = metrics.lines().find(|line| line.starts_with("store_pool_connections") && line.contains("\"in_use\""));
    gauge.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}
