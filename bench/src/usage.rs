//! What processes use: processor time and memory, as Linux says it (proc(5)). On other systems nobody says, and the figures
//! are absent.

use std::net::SocketAddr;

/// Processor time, in seconds, and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system time since the start, with that of children that have ended.
    pub cpu_seconds: f64,
    /// The most main memory in use since the start (`VmHWM`), in bytes.
    pub peak_memory_bytes: u64,
    /// Main memory that holds pages of files now, most of all the executable's (`RssFile`), in bytes.
    pub file_memory_bytes: u64,
}

/// Of one process alone.
#[cfg(target_os = "linux")]
#[must_use]
pub fn of_process(id: u32) -> Option<Usage> {
    let process = procfs::process::Process::new(i32::try_from(id).ok()?).ok()?;
    let (peak_memory_bytes, file_memory_bytes) = memory(&process)?;
    Some(Usage { cpu_seconds: cpu_seconds(&process.stat().ok()?), peak_memory_bytes, file_memory_bytes })
}

/// Of a process with all below it: PostgreSQL has one for each connection. Memory is added up, shared pages too.
#[cfg(target_os = "linux")]
#[must_use]
pub fn of_tree(root: u32) -> Option<Usage> {
    let root = i32::try_from(root).ok()?;
    let all: Vec<_> = procfs::process::all_processes()
        .ok()?
        .flatten()
        .filter_map(|process| process.stat().ok().map(|stat| (process, stat)))
        .collect();
    let mut tree = vec![root];
    let mut place = 0;
    while let Some(parent) = tree.get(place).copied() {
        tree.extend(all.iter().filter(|(_, stat)| stat.ppid == parent).map(|(_, stat)| stat.pid));
        place += 1;
    }
    let members = all.iter().filter(|(_, stat)| tree.contains(&stat.pid));
    members.fold(None, |sum: Option<Usage>, (process, stat)| {
        let sum = sum.unwrap_or_default();
        let (peak, files) = memory(process).unwrap_or_default();
        Some(Usage {
            cpu_seconds: sum.cpu_seconds + cpu_seconds(stat),
            peak_memory_bytes: sum.peak_memory_bytes + peak,
            file_memory_bytes: sum.file_memory_bytes + files,
        })
    })
}

/// The peak, and what holds files now, in bytes.
#[cfg(target_os = "linux")]
fn memory(process: &procfs::process::Process) -> Option<(u64, u64)> {
    let status = process.status().ok()?;
    Some((status.vmhwm? * 1024, status.rssfile? * 1024))
}

#[cfg(target_os = "linux")]
fn cpu_seconds(stat: &procfs::process::Stat) -> f64 {
    let children = u64::try_from(stat.cutime + stat.cstime).unwrap_or_default();
    let ticks = u32::try_from(stat.utime + stat.stime + children).unwrap_or(u32::MAX);
    let per_second = u32::try_from(procfs::ticks_per_second()).unwrap_or(100);
    f64::from(ticks) / f64::from(per_second)
}

/// What listens for a container, and passes on: the database's own time is not in it.
#[cfg(target_os = "linux")]
const FORWARDERS: [&str; 6] = ["docker-proxy", "rootlesskit", "rootlessport", "slirp4netns", "pasta", "conmon"];

/// The process that listens on this port of this machine, if it is one that may be looked at, and the server itself.
#[cfg(target_os = "linux")]
#[must_use]
pub fn listening_on(address: SocketAddr) -> Option<u32> {
    use procfs::net::{TcpNetEntry, TcpState, tcp, tcp6};
    use procfs::process::{FDTarget, all_processes};
    let is_it = |entry: &TcpNetEntry| entry.state == TcpState::Listen && entry.local_address.port() == address.port();
    let entries = tcp().ok().into_iter().flatten().chain(tcp6().ok().into_iter().flatten());
    let inodes: Vec<u64> = entries.filter(is_it).map(|entry| entry.inode).collect();
    let holds = |process: &procfs::process::Process| {
        let descriptors = process.fd().ok().into_iter().flatten().flatten();
        descriptors.into_iter().any(|descriptor| match descriptor.target {
            FDTarget::Socket(inode) => inodes.contains(&inode),
            _ => false,
        })
    };
    // Children inherit the socket: the one that began is the oldest.
    let holders = all_processes().ok()?.flatten().filter(holds);
    let first = holders.min_by_key(|process| process.pid)?;
    let name = first.stat().ok()?.comm;
    let forwards = FORWARDERS.iter().any(|forwarder| name.starts_with(forwarder));
    u32::try_from(first.pid).ok().filter(|_| !forwards)
}

/// Nobody says.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn of_process(_id: u32) -> Option<Usage> {
    None
}

/// Nobody says.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn of_tree(_root: u32) -> Option<Usage> {
    None
}

/// Nobody says.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn listening_on(_address: SocketAddr) -> Option<u32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{listening_on, of_process, of_tree};

    #[test]
    fn this_process_uses_something() {
        let own = of_process(std::process::id()).unwrap();
        assert!(own.file_memory_bytes > 100_000 && own.peak_memory_bytes > own.file_memory_bytes);
        assert!(of_tree(std::process::id()).unwrap().cpu_seconds >= own.cpu_seconds);
        assert_eq!(of_process(u32::MAX / 2), None);
    }

    #[test]
    fn whoever_listens_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(listening_on(address), Some(std::process::id()));
        drop(listener);
        assert_eq!(listening_on(address), None);
    }
}
