//! What holds for each page.

use super::{FRAMEWORKS, PHONE, Stage, WIDE, elsewhere};
use crate::browser::Browser;
use crate::browser::docs::Docs;

pub async fn a_problem_page_can_be_read(stage: &Stage, browser: &Browser) {
    for framework in FRAMEWORKS {
        stage.open(browser, &format!("{}/problems/validation", stage.lab.url(framework))).await;
        let text = browser.text().await;
        assert!(text.contains("/problems/validation") && text.contains("422"), "{text}");
        browser.click("a[href='/docs']").await;
        browser.element(".opblock").await;
        assert_eq!(browser.console().await, [""; 0]);
    }
}

pub async fn no_page_writes_to_the_console_or_asks_another_host(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        browser.requests().await;
        browser.goto(&url).await;
        // Time for what a page does by itself later: that of the variants has asked for the statuses once.
        tokio::time::sleep(std::time::Duration::from_secs(if name == "variants" { 4 } else { 1 })).await;
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let requests = browser.requests().await;
        assert!(!requests.is_empty(), "{url} was asked for");
        assert_eq!(elsewhere(&requests, &origin), [""; 0], "{url}");
        assert_eq!(browser.console().await, [""; 0], "{url}");
    }
}

pub async fn the_keyboard_focus_can_be_seen_on_every_page(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        stage.open(browser, &url).await;
        let stops = browser.focus_stops(40).await;
        let at_least = match name {
            "problem" => 1,
            "log" => 8,
            _ => 15,
        };
        assert!(stops.len() >= at_least, "{name}: {} stops", stops.len());
        let unseen: Vec<_> = stops.iter().filter(|stop| !stop.is_visible).map(|stop| &stop.name).collect();
        assert!(unseen.is_empty(), "{name}: {unseen:?}");
    }
}

pub async fn no_page_is_wider_than_a_phone(stage: &Stage, browser: &Browser) {
    browser.show_as(PHONE, 844, "light").await;
    for (name, url) in stage.pages() {
        stage.open(browser, &url).await;
        assert_eq!(browser.sideways().await, [""; 0], "{name}");
    }
    Docs::open(browser, stage.lab.url("axum")).await.execute("GET /api/hello", None).await;
    assert_eq!(browser.sideways().await, [""; 0], "docs with an answer");
}

pub async fn every_page_is_light_or_dark_as_the_reader_prefers_with_good_contrast(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        for scheme in ["light", "dark"] {
            browser.show_as(WIDE, 900, scheme).await;
            stage.open(browser, &url).await;
            assert_eq!(browser.scheme().await, scheme, "{name}");
            assert_eq!(browser.low_contrast().await, [""; 0], "{name}, {scheme}");
        }
        // Readers who change their mind need not load the page again.
        browser.show_as(WIDE, 900, "light").await;
        browser.until("!document.documentElement.classList.contains('dark-mode')").await;
        assert_eq!(browser.scheme().await, "light", "{name}");
    }
}

pub async fn every_page_has_its_pictures(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.pages() {
        let name = if FRAMEWORKS.contains(&name) { format!("docs-{name}") } else { name.to_owned() };
        for width in [WIDE, PHONE] {
            for scheme in ["light", "dark"] {
                browser.show_as(width, 900, scheme).await;
                stage.open(browser, &url).await;
                browser.screenshot(&name, width, scheme).await;
            }
        }
    }
}

pub async fn axe_finds_no_violation_on_any_view(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.views() {
        for (width, scheme) in [(WIDE, "light"), (PHONE, "dark")] {
            browser.show_as(width, 900, scheme).await;
            stage.open(browser, &url).await;
            browser.settled().await;
            assert_eq!(browser.violations().await, [""; 0], "{name}, {width}, {scheme}");
        }
    }
}

pub async fn nothing_moves_by_itself_on_any_view_and_none_is_heavy(stage: &Stage, browser: &Browser) {
    for (name, url) in stage.views() {
        for width in [WIDE, PHONE] {
            browser.show_as(width, 900, "light").await;
            stage.open(browser, &url).await;
            tokio::time::sleep(std::time::Duration::from_secs(if name == "variants" { 4 } else { 1 })).await;
            assert_eq!(browser.layout_shifts().await, [""; 0], "{name}, {width}");
        }
        let weight = browser.weight().await;
        assert!((1_000..300_000).contains(&weight), "{name}: {weight} bytes");
        println!("{name}: {weight} bytes");
    }
}

pub async fn every_view_can_be_read_without_scripts(stage: &Stage, browser: &Browser) {
    browser.allow_scripts(false).await;
    for (name, url) in stage.views() {
        stage.open(browser, &url).await;
        let text = browser.text().await;
        let expected: &[&str] = match name {
            "variants" => &["ready", "rocket", "sea-orm-sqlite", "requests"],
            "log" => &["listening on http://"],
            "tester" | "mistake" => &["/api/users", "Create a user", "needs JavaScript"],
            "order" => &["/api/orders", "Place an order", "Idempotency-Key", "More than there is"],
            "place" => &[
                "what a crash in the middle leaves",
                "examples-sql/diesel/src/postgres/orders.rs",
                "examples-nosql/mongodb/src/orders.rs",
                "examples-nosql/redis/src/scripts/place_order.lua",
                "examples-nosql/dynamodb/src/orders.rs",
                "examples-nosql/memory/src/orders.rs",
            ],
            "code" => &["users", "create", "reports.sales", "axum", "diesel"],
            "compare" => &["framework-rocket/src/handlers/users.rs", "JsonBody"],
            "stores" => &[
                "examples-nosql/mongodb/src/users.rs",
                "examples-nosql/redis/src/scripts/update_user.lua",
                "redis.call",
            ],
            "benchmarks" => &["cargo run --release", "a732714c", "rocket-diesel-sqlite", "later.json is not shown"],
            "comparison" => &["Two results compared", "axum-diesel-sqlite"],
            "layers" => &["shared/src/services/users.rs", "examples-sql/diesel/src/sqlite/users.rs"],
            _ => &["framework-rocket/src/handlers/users.rs", "examples-sql/sea-orm/src/users.rs"],
        };
        for part in expected {
            assert!(text.contains(part), "{name}: {part} in:\n{text}");
        }
        assert_eq!(browser.console().await, [""; 0], "{name}");
    }
    browser.allow_scripts(true).await;
}

pub async fn the_keys_lead_from_view_to_view(stage: &Stage, browser: &Browser) {
    stage.open(browser, &stage.lab.page).await;
    browser.press("?").await;
    browser.until("document.querySelector('#keys').open && document.activeElement.closest('#keys')").await;
    for (key, path) in [("t", "/try"), ("c", "/code"), ("r", "/request"), ("b", "/benchmarks"), ("v", "/")] {
        browser.press("g").await;
        browser.press(key).await;
        browser.until(&format!("location.pathname === '{path}'")).await;
        browser.element("h1").await;
        browser.until("document.readyState === 'complete'").await;
    }
}
