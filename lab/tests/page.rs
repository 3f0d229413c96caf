//! The views of the lab and the docs pages of its variants, in a real browser. Pictures of them go to `target/screenshots`.
//!
//! `cargo test -p lab --test page` needs Chromium and ChromeDriver (on Debian `apt-get install -y chromium
//! chromium-driver`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod browser;
mod pages;
mod support;

use browser::Browser;
use libtest_mimic::{Arguments, Trial};
use pages::{Stage, benchmarks_page, code_page, docs_page, every_page, tester_page, variants_page};
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    // As a benchmark that times nothing: what the lab of some of these tests runs.
    if std::env::args().nth(1).is_some_and(|word| word == "bench") {
        return pages::results::stand_in();
    }
    let arguments = Arguments::from_args();
    if arguments.list {
        libtest_mimic::run(&arguments, trials(None)).exit();
    }
    let stage = Arc::new(Stage::start());
    let conclusion = libtest_mimic::run(&arguments, trials(Some(&stage)));
    // The lab, ChromeDriver and its browsers end before the process does, also after a failure.
    drop(stage);
    conclusion.exit_code()
}

macro_rules! trials {
    ($stage:expr, $($name:path),+ $(,)?) => {
        vec![$(trial(stringify!($name), $stage, $name)),+]
    };
}

fn trials(stage: Option<&Arc<Stage>>) -> Vec<Trial> {
    trials![
        stage,
        variants_page::three_variants_run_and_the_others_say_how_they_are_run,
        variants_page::a_variant_is_started_stopped_and_started_afresh_by_its_buttons,
        variants_page::a_variant_is_started_by_its_button_without_scripts,
        variants_page::a_variant_that_was_killed_is_shown_as_ended_without_a_reload,
        variants_page::a_variant_that_cannot_start_says_why,
        variants_page::a_variant_without_its_database_cannot_be_started,
        variants_page::the_page_says_that_the_lab_has_stopped,
        variants_page::new_lines_of_a_log_appear_by_themselves,
        tester_page::every_operation_sent_to_all_is_answered_identically,
        tester_page::each_typical_mistake_has_its_status_and_its_dark_layers_on_each_framework,
        tester_page::a_variant_that_was_stopped_is_said_to_be_stopped,
        tester_page::different_answers_are_marked_line_by_line,
        tester_page::a_framework_over_every_store_is_asked_at_once,
        tester_page::what_is_no_answer_is_shown_as_what_it_is,
        tester_page::a_request_is_sent_again_from_history_link_and_curl,
        tester_page::no_secret_is_kept_in_history_or_link,
        tester_page::signing_in_says_why_it_failed_and_signing_out_forgets,
        code_page::the_code_view_opens_with_five_stores_that_place_an_order,
        code_page::an_operation_is_compared_from_the_table_to_a_deep_link,
        code_page::every_operation_can_be_compared_and_shows_the_lines_of_its_files,
        code_page::the_keys_of_the_code_view_lead_on,
        code_page::the_plain_text_is_the_code_without_the_page,
        code_page::what_is_not_there_says_what_is,
        code_page::each_box_of_a_request_opens_the_code_that_runs_there,
        benchmarks_page::results_are_listed_newest_first_and_one_is_shown,
        benchmarks_page::two_results_are_compared,
        benchmarks_page::a_result_that_is_not_listed_is_not_found,
        benchmarks_page::a_lab_without_optimisation_says_how_it_is_measured,
        benchmarks_page::a_run_is_followed_from_its_plan_to_its_result,
        benchmarks_page::there_is_one_run_and_stopping_it_keeps_what_was_measured,
        benchmarks_page::a_run_is_started_seen_and_stopped_without_scripts,
        benchmarks_page::a_run_that_fails_says_why,
        benchmarks_page::a_run_ends_with_the_lab_and_keeps_what_was_measured,
        docs_page::docs_show_every_operation_and_ask_nobody_else,
        docs_page::trying_hello_in_the_docs_of_each_variant_answers_200_and_hello,
        docs_page::a_token_from_one_docs_page_is_good_on_another,
        every_page::a_problem_page_can_be_read,
        every_page::no_page_writes_to_the_console_or_asks_another_host,
        every_page::the_keyboard_focus_can_be_seen_on_every_page,
        every_page::no_page_is_wider_than_a_phone,
        every_page::every_page_is_light_or_dark_as_the_reader_prefers_with_good_contrast,
        every_page::axe_finds_no_violation_on_any_view,
        every_page::nothing_moves_by_itself_on_any_view_and_none_is_heavy,
        every_page::every_view_can_be_read_without_scripts,
        every_page::the_keys_lead_from_view_to_view,
        every_page::every_page_has_its_pictures,
    ]
}

/// One test with a browser of its own, which is closed after it.
fn trial(name: &str, stage: Option<&Arc<Stage>>, test: impl AsyncFn(&Stage, &Browser) + Send + 'static) -> Trial {
    let stage = stage.cloned();
    Trial::test(name, move || {
        let stage = stage.ok_or("nothing was started, since the tests were only to be listed")?;
        stage.runtime.block_on(async {
            let browser = Browser::open(&stage.chromedriver).await;
            test(&stage, &browser).await;
            browser.close().await;
        });
        Ok(())
    })
}
