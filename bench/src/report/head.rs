//! What was measured, where, and how far it can be trusted.

use super::figures::Figures;
use super::number::{bytes, counted, percent, seconds};
use crate::result::{Kind, Results};
use crate::statistics::ROUNDS_TO_TELL;
use chrono::DateTime;

/// The report's heading.
#[must_use]
pub fn title(results: &Results) -> String {
    let variants = results.subjects.iter().filter(|subject| subject.kind == Kind::Variant).count();
    format!("What does each cost? {} compared", counted(variants, "variant"))
}

/// What was built, where and when: names and values.
#[must_use]
pub fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let machine = &results.machine;
    let changes = if results.commit.has_changes { ", with changes that are in no commit" } else { "" };
    let mut facts = vec![
        ("Commit", format!("{}{changes}", results.commit.id)),
        ("Processor", format!("{}, {}", machine.cpu, counted(machine.cores, "core"))),
        ("Memory", bytes(machine.memory_bytes as f64)),
        ("System", machine.system.clone()),
    ];
    let governor = machine.governor.clone().unwrap_or_else(|| "unknown: the system does not say".to_owned());
    facts.push(("Clock governor", governor));
    facts.extend(
        machine.hypervisor.clone().map(|name| ("Hypervisor", format!("{name}: neighbours may take time away"))),
    );
    facts.push(("When", when(results)));
    facts.push(("Profile", results.settings.profile.clone()));
    facts
}

fn when(results: &Results) -> String {
    let parse = |text: &str| DateTime::parse_from_rfc3339(text).ok();
    let (Some(start), Some(end)) = (parse(&results.started_at), parse(&results.finished_at)) else {
        return results.started_at.clone();
    };
    let took = (end - start).num_seconds().max(0);
    format!("{}, in {}", start.format("%-d %B %Y, %H:%M UTC"), seconds(took as f64))
}

/// Whether the machine was quiet, and which differences mean nothing.
#[must_use]
pub fn noise(figures: &Figures<'_>) -> String {
    let noise = &figures.results.noise;
    let mut seen: Vec<String> = Vec::new();
    seen.extend(noise.busy_share.map(|share| format!("others used {} of its cores", percent(share))));
    seen.extend(noise.stolen_share.map(|share| format!("its hypervisor gave {} to neighbours", percent(share))));
    seen.push(format!("the same piece of work varied by {}", percent(noise.spread)));
    let verdict = if noise.is_noisy { "The machine was noisy" } else { "The machine was quiet" };
    // Rounded up: a limit must not look smaller than it is.
    let least = if noise.is_noisy { 10.0 } else { 1.0 };
    let floor = (figures.noise_floor() * 100.0).ceil().max(least);
    format!("{verdict} ({}): differences below {floor:.0} % mean nothing.", seen.join(", "))
}

/// What a reader must know beside the noise: a run that was cut off, too few rounds.
#[must_use]
pub fn warnings(results: &Results) -> Vec<String> {
    let mut warnings = Vec::new();
    if !results.is_complete {
        warnings.push("The run was cut off: not all that was planned was timed.".to_owned());
    }
    if results.settings.rounds < ROUNDS_TO_TELL {
        let rounds = counted(results.settings.rounds, "round");
        warnings
            .push(format!("Only {rounds}: how much they vary is not known, and larger differences may be chance too."));
    }
    warnings
}
