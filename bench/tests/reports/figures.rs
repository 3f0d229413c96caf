//! Figures and fractions, without a page around them.

use crate::fixtures::results;
use bench::report::ceilings::Of;
use bench::report::figures::{Figures, Key};
use bench::report::pens::looks;
use bench::report::{tables, text};
use bench::result::{Kind, Load, Results, Run, Subject};

/// The fixture with these runs alone: subject, workload, users, connections, round, requests a second.
fn with_runs(runs: &[(&str, &str, u64, usize, usize, f64)]) -> Results {
    let mut results = results();
    let sample = results.runs.iter().find(|run| run.subject == "axum-diesel-sqlite").unwrap().clone();
    let run = |(subject, workload, users, connections, round, rate): &(&str, &str, u64, usize, usize, f64)| Run {
        subject: (*subject).to_owned(),
        workload: (*workload).to_owned(),
        users: *users,
        connections: *connections,
        round: *round,
        load: Load::Closed,
        requests: 1000,
        requests_per_second: *rate,
        ..sample.clone()
    };
    results.runs = runs.iter().map(run).collect();
    results
}

const AXUM: &str = "axum-diesel-sqlite";

#[test]
fn the_rounds_of_the_same_are_one_figure() {
    let results = with_runs(&[
        (AXUM, "hello", 10, 64, 1, 900.0),
        (AXUM, "hello", 10, 16, 1, 500.0),
        (AXUM, "hello", 10, 64, 2, 1100.0),
        (AXUM, "hello", 10, 64, 3, 1000.0),
    ]);
    let figures = Figures::of(&results);
    assert_eq!(figures.list.len(), 2);
    let rate = figures.closed(AXUM, "hello", 10, 64).unwrap().requests_per_second;
    assert_eq!((rate.median, rate.min, rate.max, rate.count), (1000.0, 900.0, 1100.0, 3));
    assert_eq!(figures.closed(AXUM, "hello", 10, 1), None);
}

#[test]
fn cost_is_that_of_a_thousand_requests() {
    let mut results = with_runs(&[(AXUM, "hello", 10, 64, 1, 900.0), (AXUM, "hello", 10, 64, 2, 900.0)]);
    for run in &mut results.runs {
        run.requests = 4000;
        run.server_cpu_seconds = Some(2.0);
        run.database_cpu_seconds = Some(1.0);
    }
    let cost = |results: &Results| Figures::of(results).closed(AXUM, "hello", 10, 64).unwrap().cost;
    assert_eq!(cost(&results).server.unwrap().median, 0.5);
    assert_eq!(cost(&results).database.unwrap().median, 0.25);
    assert_eq!(cost(&results).total.unwrap().median, 0.75);
    results.runs[1].database_cpu_seconds = None;
    assert_eq!(cost(&results).database, None, "a median of some rounds is none of the figure");
}

#[test]
fn rates_are_told_apart() {
    let mut results = with_runs(&[(AXUM, "mix", 10, 64, 1, 500.0); 3]);
    results.runs[0].load = Load::Open { rate: 500.0, of_highest: None };
    results.runs[1].load = Load::Open { rate: 1000.0, of_highest: None };
    let figures = Figures::of(&results);
    assert_eq!(figures.list.len(), 3);
    let key = |load| Key { load, ..Key::of(&results.runs[0]) };
    assert!(figures.get(&key(Load::Open { rate: 1000.0, of_highest: None })).is_some());
    assert!(figures.get(&key(Load::Open { rate: 750.0, of_highest: None })).is_none());
}

#[test]
fn what_does_not_count_is_kept_with_its_reason() {
    let rocket = "rocket-sea-orm-sqlite";
    let mut results = with_runs(&[
        (AXUM, "order", 10, 64, 1, 900.0),
        (AXUM, "order", 10, 64, 2, 990.0),
        (AXUM, "list", 10, 64, 1, 0.0),
        (rocket, "order", 10, 64, 1, 900.0),
        ("nobody", "order", 10, 64, 1, 900.0),
    ]);
    results.runs[1].failure = Some("a lost write".to_owned());
    results.runs[2].requests = 0;
    let figures = Figures::of(&results);
    assert_eq!(figures.list.len(), 1);
    assert_eq!(figures.list[0].requests_per_second.count, 1);
    let reasons: Vec<&str> = figures.left_out.iter().map(|run| run.reason.as_str()).collect();
    let expected = [
        "a lost write",
        "No request was answered as it should be.",
        "What was timed had failed the suite.",
        "The file does not say what was timed.",
    ];
    assert_eq!(reasons, expected);
    let lines = tables::left_out(&figures);
    assert!(lines[0].contains(AXUM) && lines[0].contains("a lost write") && lines[0].contains("round 2"), "{lines:?}");
}

#[test]
fn the_middle_is_64_connections_where_they_were_timed() {
    let check = |connections: &[usize], expected: Option<usize>| {
        let runs: Vec<_> = connections.iter().map(|count| (AXUM, "list", 10, *count, 1, 10.0)).collect();
        assert_eq!(Figures::of(&with_runs(&runs)).middle_connections("list"), expected, "{connections:?}");
    };
    check(&[1, 64, 256, 512], Some(64));
    check(&[256, 1, 16], Some(16));
    check(&[1, 16], Some(1));
    check(&[], None);
}

#[test]
fn a_fraction_is_of_the_ceiling_under_the_same_load() {
    let check = |runs: &[(&str, &str, u64, usize, usize, f64)], of: Of, expected: Option<(&str, f64)>| {
        let results = with_runs(runs);
        let figures = Figures::of(&results);
        let fraction = figures.fraction(&figures.list[0], of);
        let found = fraction.map(|fraction| (fraction.ceiling.name.as_str(), fraction.value.median));
        assert_eq!(found, expected, "{runs:?}");
    };
    let axum = (AXUM, "read-one", 10, 64, 1, 500.0);
    check(&[axum, ("hyper", "read-one", 10, 64, 1, 1000.0)], Of::Framework, Some(("hyper", 0.5)));
    check(&[axum, ("hyper", "read-one", 10, 16, 1, 1000.0)], Of::Framework, None);
    check(&[axum, ("hyper", "list", 10, 64, 1, 1000.0)], Of::Framework, None);
    // A ceiling of one size holds for all, one of several only for its own.
    check(&[axum, ("hyper", "read-one", 99, 64, 1, 1000.0)], Of::Framework, Some(("hyper", 0.5)));
    let two = [axum, ("hyper", "read-one", 99, 64, 1, 1000.0), ("hyper", "read-one", 98, 64, 1, 1000.0)];
    check(&two, Of::Framework, None);
    check(&[axum, ("sqlite-read", "read-one", 10, 64, 1, 2000.0)], Of::Store, Some(("sqlite-read", 0.25)));
    check(&[axum, ("sqlite-read", "read-one", 10, 64, 1, 2000.0)], Of::Framework, None);
    check(&[axum, ("hyper", "read-one", 10, 64, 1, 2000.0)], Of::Store, None);
    // A peer has a framework's ceiling but no store; a ceiling has none.
    let flask = ("flask", "read-one", 10, 64, 1, 20.0);
    check(&[flask, ("sqlite-read", "read-one", 10, 64, 1, 2000.0)], Of::Store, None);
    check(&[flask, ("hyper", "read-one", 10, 64, 1, 1000.0)], Of::Framework, Some(("hyper", 0.02)));
    check(
        &[("sqlite-read", "read-one", 10, 64, 1, 20.0), ("hyper", "read-one", 10, 64, 1, 1000.0)],
        Of::Framework,
        None,
    );
}

/// Eyes that see no colour must still tell all lines of one chart apart.
#[test]
fn no_two_subjects_look_the_same_without_colour() {
    let mut results = results();
    let peer = results.subjects.iter().find(|subject| subject.kind == Kind::Peer).unwrap().clone();
    // All peers that there are, and one more.
    for number in 0..8 - results.subjects.iter().filter(|subject| subject.kind == Kind::Peer).count() {
        results.subjects.push(Subject { name: format!("peer-{number}"), ..peer.clone() });
    }
    let looks = looks(&results);
    assert_eq!(looks.len(), results.subjects.len());
    for one in &results.subjects {
        for other in &results.subjects {
            let (first, second) = (looks[one.name.as_str()], looks[other.name.as_str()]);
            let is_same = (first.shape, first.is_hollow, first.dash) == (second.shape, second.is_hollow, second.dash);
            assert!(one.name == other.name || !is_same, "{} looks like {}", one.name, other.name);
        }
    }
}

#[test]
fn the_summary_has_a_row_for_each_that_was_timed() {
    let results = results();
    let table = tables::summary(&Figures::of(&results)).unwrap();
    let rows: Vec<&String> = table.bodies.iter().flat_map(|body| &body.rows).map(|(name, _)| name).collect();
    let timed = results.subjects.iter().filter(|subject| subject.name != "rocket-sea-orm-sqlite").count();
    assert_eq!(rows.len(), timed);
    assert_eq!(
        table.bodies[0].rows.len(),
        results.subjects.iter().filter(|subject| subject.kind == Kind::Variant).count() - 1
    );
    assert_eq!(table.head.len(), 1 + results.settings.workloads.len());
    let notes = &table.bodies[0].rows[0].1[1].notes;
    assert!(
        notes.iter().any(|note| note.ends_with("of hyper"))
            && notes.iter().any(|note| note.ends_with("of sqlite-read"))
    );
}

#[test]
fn the_mix_at_a_fixed_rate_has_its_cost_as_a_whole_and_latencies_by_parts() {
    let results = results();
    let figures = Figures::of(&results);
    let open = |workload: &str| {
        let is_it = |key: &Key| key.subject == AXUM && key.workload == workload && !key.is_closed();
        figures.list.iter().find(|figure| is_it(&figure.key)).unwrap()
    };
    assert!(open("mix").latency.is_none() && open("mix").cost.total.is_some());
    for part in ["mix-read-one", "mix-update"] {
        assert!(open(part).latency.is_some() && open(part).cost.total.is_none(), "{part}");
    }
    let all = tables::all(&figures).unwrap();
    let of_mix = all.bodies.iter().find(|body| body.title.as_deref().is_some_and(|title| title.ends_with("(mix)")));
    let (_, cells) =
        of_mix.unwrap().rows.iter().find(|(name, cells)| name == AXUM && cells[2].text == "500/s").unwrap();
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    // Rounds and requests/s, five percentiles, then the server's seconds.
    assert_eq!(texts[5..10], ["–"; 5]);
    assert_ne!(texts[10], "–");
}

#[test]
fn a_terminal_s_table_has_a_gap_between_any_two_columns() {
    let mut results = results();
    // The longest names that a run can have.
    for run in &mut results.runs {
        if run.workload == "mix" {
            run.workload = "login-mix-read-one".to_owned();
        }
    }
    let text = text::text(&results);
    let mut rows = text.lines().skip_while(|line| !line.starts_with(' '));
    let head: Vec<&str> = rows.next().unwrap().split("  ").map(str::trim).filter(|word| !word.is_empty()).collect();
    assert_eq!(head, ["hello", "read-one", "list", "create", "update", "order", "report", "login-mix-read-one"]);
    let whole: Vec<&str> = rows.take_while(|row| !row.is_empty()).filter(|row| !row.contains("not timed")).collect();
    assert!(whole.len() > 5 && whole.windows(2).all(|rows| rows[0].len() == rows[1].len()), "{text}");
}
