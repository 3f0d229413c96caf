//! What makes two result files hard to compare, or impossible.

use super::CompareError;
use crate::result::{FORMAT, Machine, Results, Settings};

/// A file of another format is refused: its figures may mean something else.
///
/// # Errors
///
/// [`CompareError::Format`].
pub fn check_format(results: &Results) -> Result<(), CompareError> {
    if results.format == FORMAT {
        return Ok(());
    }
    Err(CompareError::Format { commit: short(&results.commit.id).to_owned(), found: results.format, expected: FORMAT })
}

/// `a7327145058e on xeon-platinum-2, 2026-11-23`.
#[must_use]
pub fn name(results: &Results) -> String {
    let changes = if results.commit.has_changes { " with changes" } else { "" };
    let date = results.started_at.split('T').next().unwrap_or_default();
    format!("{}{changes} on {}, {date}", short(&results.commit.id), results.machine.name)
}

fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// What a reader must know before any ratio.
#[must_use]
pub fn cautions(before: &Results, after: &Results) -> Vec<String> {
    let mut list = Vec::new();
    if !is_same_machine(&before.machine, &after.machine) {
        list.push(format!(
            "The machines differ ({} and {}): ratios between machines mean nothing.",
            machine(&before.machine),
            machine(&after.machine)
        ));
    }
    let settings = differing_settings(&before.settings, &after.settings);
    if !settings.is_empty() {
        list.push(format!("The settings differ, so a difference may come from them: {}.", settings.join("; ")));
    }
    let versions = differing_versions(before, after);
    if !versions.is_empty() {
        list.push(format!("Versions differ: {}.", versions.join("; ")));
    }
    if before.machine.governor != after.machine.governor {
        let show = |governor: &Option<String>| governor.clone().unwrap_or_else(|| "unknown".to_owned());
        let (one, other) = (show(&before.machine.governor), show(&after.machine.governor));
        list.push(format!("The processor’s clock was set by {one} and by {other}."));
    }
    for (which, results) in [("first", before), ("second", after)] {
        if results.noise.is_noisy {
            list.push(format!(
                "The machine was noisy during the {which} run: a difference may come from its neighbours."
            ));
        }
        if !results.is_complete {
            list.push(format!("The {which} run was cut off."));
        }
    }
    list
}

fn is_same_machine(one: &Machine, other: &Machine) -> bool {
    (&one.name, &one.cpu, one.cores, one.memory_bytes) == (&other.name, &other.cpu, other.cores, other.memory_bytes)
}

fn machine(machine: &Machine) -> String {
    format!("{}, {} cores", machine.cpu, machine.cores)
}

/// Those that change what is measured; what was chosen of it (variants, workloads) shows in the figures that one file lacks.
fn differing_settings(one: &Settings, other: &Settings) -> Vec<String> {
    let list = |settings: &Settings| {
        [
            ("workers", settings.workers.to_string()),
            ("pool", settings.pool_size.map_or_else(|| "each store's own".to_owned(), |size| size.to_string())),
            ("log", settings.log.clone()),
            ("seconds of each run", settings.seconds.to_string()),
            ("seconds of warm-up", settings.warm_up_seconds.to_string()),
            ("`synchronous` of SQLite", settings.sqlite_synchronous.clone()),
            ("what closed the loop", settings.generator.clone()),
            ("threads of the generator", settings.generator_threads.to_string()),
            ("rounds", settings.rounds.to_string()),
        ]
    };
    let pairs = list(one).into_iter().zip(list(other));
    let differing = pairs.filter(|((_, one), (_, other))| one != other);
    differing.map(|((name, one), (_, other))| format!("{name} {one} and {other}")).collect()
}

fn differing_versions(before: &Results, after: &Results) -> Vec<String> {
    let differing = before.versions.iter().filter_map(|(name, one)| Some((name, one, after.versions.get(name)?)));
    differing
        .filter(|(_, one, other)| one != other)
        .map(|(name, one, other)| format!("{name} {one} and {other}"))
        .collect()
}
