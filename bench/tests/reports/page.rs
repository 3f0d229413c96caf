//! The HTML page.

use crate::fixtures::results;
use bench::report::{self, ReportError};
use bench::result::{Kind, Load, Results};
use std::path::Path;

fn page(results: &Results) -> String {
    report::html(results).unwrap()
}

/// Beside the other things that were built, for looking at.
#[test]
fn the_page_can_be_looked_at() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-report-sample.html");
    std::fs::write(target, page(&results())).unwrap();
}

#[test]
fn the_page_loads_nothing_and_runs_nothing() {
    let page = page(&results());
    for what in ["<script", "<link rel=\"stylesheet", "http://", "https://", "url(", "@import", "src=", "<img"] {
        assert!(!page.contains(what), "the page has {what}");
    }
    assert!(page.starts_with("<!doctype html>"));
}

#[test]
fn the_page_is_the_fragment_in_a_frame() {
    let fragment = report::fragment(&results()).unwrap();
    assert!(page(&results()).contains(&fragment));
    assert!(
        fragment.starts_with("\n<div class=\"bench-report\">") || fragment.starts_with("<div class=\"bench-report\">")
    );
    assert!(!fragment.contains("<main") && !fragment.contains("<body"));
}

#[test]
fn every_tag_is_closed_and_every_id_is_used_once() {
    let page = page(&results());
    for tag in [
        "div",
        "section",
        "figure",
        "figcaption",
        "details",
        "summary",
        "table",
        "tbody",
        "tr",
        "svg",
        "ul",
        "li",
        "dl",
        "p",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn every_chart_has_a_caption_words_and_its_numbers() {
    let page = page(&results());
    let figures: Vec<&str> = page.split("<figure>").skip(1).filter_map(|rest| rest.split("</figure>").next()).collect();
    assert!(figures.len() > 30, "{}", figures.len());
    for figure in figures {
        for part in ["<figcaption>", "<svg role=\"img\" aria-label=\"", "<details>", "<table>", "<th scope=\"row\">"] {
            assert!(figure.contains(part), "no {part} in {figure}");
        }
        // Whatever was drawn with a stand-in was given its colour.
        assert!(!figure.contains("#FE"), "{figure}");
    }
}

#[test]
fn the_parts_come_in_the_order_that_readers_need() {
    let page = page(&results());
    let ids = "limits who glance throughput latency fraction cost memory growth start sizes settings all again";
    let places: Vec<usize> = ids.split(' ').map(|id| page.find(&format!("id=\"{id}\"")).expect(id)).collect();
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn what_was_not_timed_is_said() {
    let page = page(&results());
    for words in [
        "not timed: failed 2 of 212 cases",
        "expected 409 Conflict, got 500 Internal Server Error",
        "3 orders that were acknowledged are not in the database",
        "with changes that are in no commit",
        "The machine was noisy",
        "differences below 14 % mean nothing",
        "cargo run --release -p lab -- bench --variants axum,actix,rocket",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

/// Leaves something out of the fixture.
type Change = fn(&mut Results);

#[test]
fn what_has_no_data_is_left_out() {
    let check = |id: &str, change: Change| {
        let mut changed = results();
        change(&mut changed);
        let page = page(&changed);
        assert!(!page.contains(&format!("id=\"{id}\"")), "there is still a section {id}");
        assert!(!page.contains("<tbody>\n</tbody>"), "there is an empty table without {id}");
        assert!(!page.contains("NaN") && !page.contains("inf "), "{id}");
    };
    check("latency", |results| results.runs.retain(|run| run.load == Load::Closed));
    check("latency", |results| results.runs.iter_mut().for_each(|run| run.latency = None));
    check("throughput", |results| results.runs.retain(|run| run.connections == 64));
    check("throughput", |results| results.runs.retain(|run| run.load != Load::Closed));
    check("glance", |results| results.runs.retain(|run| run.load != Load::Closed));
    check("fraction", |results| results.runs.retain(|run| run.subject != "hyper" && run.subject != "sqlite-read"));
    check("cost", |results| {
        for run in &mut results.runs {
            run.server_cpu_seconds = None;
            run.database_cpu_seconds = None;
        }
    });
    check("memory", |results| results.runs.iter_mut().for_each(|run| run.peak_memory_bytes = None));
    check("growth", |results| results.runs.retain(|run| run.users == 10_000));
    check("start", |results| results.runs.iter_mut().for_each(|run| run.start_millis = None));
    check("sizes", |results| {
        for subject in &mut results.subjects {
            subject.executable_bytes = None;
            subject.build_seconds = None;
            subject.lines_of_code = None;
            subject.direct_dependencies = None;
            subject.round_trips.clear();
        }
    });
    check("all", |results| results.runs.clear());
    check("throughput", |results| results.runs.truncate(1));
    check("throughput", |results| {
        results.subjects.clear();
        results.runs.clear();
        results.versions.clear();
    });
}

#[test]
fn a_run_that_was_cut_off_or_has_few_rounds_says_so() {
    let mut cut = results();
    cut.is_complete = false;
    cut.settings.rounds = 1;
    cut.runs.retain(|run| run.round == 1);
    let page = page(&cut);
    assert!(page.contains("The run was cut off") && page.contains("Only 1 round"));
    assert!(page.contains("one round, so no spread is known"));
}

#[test]
fn strange_words_are_words_and_not_markup() {
    let mut strange = results();
    strange.subjects[0].title = "<script>alert(1)</script>".to_owned();
    strange.settings.command = "bench --log '<b>\"&'".to_owned();
    strange.settings.workloads[0] = "<i>x".to_owned();
    strange.runs.iter_mut().filter(|run| run.workload == "hello").for_each(|run| run.workload = "<i>x".to_owned());
    let page = page(&strange);
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("<i>"));
}

#[test]
fn many_variants_are_shown_by_database() {
    let mut many = results();
    let copies: Vec<_> = many.subjects.iter().filter(|subject| subject.kind == Kind::Variant).cloned().collect();
    for mut subject in copies {
        let name = subject.name.replace("sqlite", "postgres");
        let runs: Vec<_> = many.runs.iter().filter(|run| run.subject == subject.name).cloned().collect();
        many.runs.extend(runs.into_iter().map(|run| bench::result::Run { subject: name.clone(), ..run }));
        subject.store = subject.store.map(|store| store.replace("sqlite", "postgres"));
        subject.name = name;
        many.subjects.push(subject);
    }
    let page = page(&many);
    assert!(page.contains("<h3>On SQLite</h3>") && page.contains("<h3>On PostgreSQL</h3>"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench-report-sample-many.html");
    std::fs::write(target, page).unwrap();
}

#[test]
fn a_file_of_another_format_is_refused() {
    let mut other = results();
    other.format = 2;
    assert!(matches!(report::html(&other), Err(ReportError::Format { found: 2 })));
}

#[test]
fn starts_are_told_by_the_number_of_users_where_there_are_several() {
    let caption = "From the start of the process to its first answer";
    let both = page(&results());
    for users in ["10,000", "1,000,000"] {
        assert!(both.contains(&format!("<figcaption>{caption}, {users} users</figcaption>")), "{users}");
    }
    let mut one = results();
    one.runs.retain(|run| run.users == 10_000);
    assert!(page(&one).contains(&format!("<figcaption>{caption}</figcaption>")));
    // The parts of a mix and the whole were sent to one process.
    one.runs.retain(|run| run.workload.starts_with("mix") && run.load != Load::Closed && run.round == 1);
    let section = page(&one).split("id=\"start\"").nth(1).unwrap().to_owned();
    assert!(section.contains("<td>1</td>") && !section.split("</section>").next().unwrap().contains("<td>3</td>"));
}

#[test]
fn the_sizes_of_pools_are_told_where_each_store_has_its_own() {
    let shown = |change: Change| {
        let mut results = results();
        change(&mut results);
        let page = page(&results);
        let (_, rest) = page.split_once("<dt>Pool of each store</dt><dd>").unwrap();
        rest.split("</dd>").next().unwrap().replace("&#39;", "'")
    };
    assert_eq!(shown(|_| {}), "4 connections");
    let by_store = shown(|results| {
        results.settings.pool_size = None;
        results.subjects.retain(|subject| ["axum-diesel-sqlite", "hyper", "sqlite-read"].contains(&&*subject.name));
        results.subjects.iter_mut().filter(|subject| subject.store.is_some()).for_each(|one| one.pool_size = Some(16));
    });
    assert_eq!(by_store, "each store's own: 4 connections of sqlite-read; 16 connections of diesel-sqlite");
    let older = shown(|results| {
        results.settings.pool_size = None;
        results.subjects.iter_mut().for_each(|subject| subject.pool_size = None);
    });
    assert_eq!(older, "each store's own");
}
