//! The code view and the way of a request.

use super::{FRAMEWORKS, PHONE, Stage, WIDE};
use crate::browser::Browser;
use serde_json::json;
use std::path::Path;

/// The view opens with how an order is placed, by five means; all of it can be reached where there is no room for it.
pub async fn the_code_view_opens_with_five_stores_that_place_an_order(stage: &Stage, browser: &Browser) {
    for (width, height) in [(PHONE, 844), (WIDE, 900), (1920, 1080)] {
        browser.show_as(width, height, "light").await;
        stage.open(browser, &format!("{}/code", stage.lab.page)).await;
        let heads = "return [...document.querySelectorAll('#columns thead .crate')].map((head) => head.textContent)";
        let stores = json!(["diesel-postgres", "mongodb", "redis", "dynamodb", "memory"]);
        assert_eq!(browser.ask(heads).await, stores);
        assert_eq!(browser.sideways().await, [""; 0], "{width}");
        let narrowest =
            "return Math.min(...[...document.querySelectorAll('#columns thead th')].map((head) => head.offsetWidth))";
        assert!(browser.ask(narrowest).await.as_f64().unwrap() >= 300.0, "{width}: room for code");
        // To its last line and its last column, and the heads stay where they are.
        let scroll = "const region = document.querySelector('.region:has(#columns)');
            region.scrollTo(region.scrollWidth, region.scrollHeight);
            region.querySelector('tbody tr:last-child td:last-child').scrollIntoView({ block: 'end', inline: 'end' });
            const head = region.querySelector('thead th:last-child').getBoundingClientRect();
            return [head.top >= 0 && head.bottom <= innerHeight, head.right > 0 && head.right <= innerWidth + 1]";
        assert_eq!(browser.ask(scroll).await, json!([true, true]), "{width}");
    }
    browser.show_as(WIDE, 900, "light").await;
    let answers = "return [...document.querySelectorAll('#columns .fact b')].filter((question) => question.textContent === 'by what means').length";
    assert_eq!(browser.ask(answers).await, json!(5));
    browser.click("#columns summary").await;
    browser.until("document.querySelector('#columns details').open").await;
    assert_eq!(browser.violations().await, [""; 0]);
    assert_eq!(browser.ask("return document.querySelector('[aria-current=true]').id").await, "preset-5");
    browser.click("a[href='/code/orders.create']").await;
    browser.until("location.pathname === '/code/orders.create'").await;
    browser.click(".crumbs a").await;
    browser.until("location.pathname === '/code/operations'").await;
    assert_eq!(browser.console().await, [""; 0]);
}

pub async fn an_operation_is_compared_from_the_table_to_a_deep_link(stage: &Stage, browser: &Browser) {
    stage.open(browser, &format!("{}/code/operations", stage.lab.page)).await;
    browser.click("a[href^='/code/users.create']").await;
    browser.until("location.pathname === '/code/users.create'").await;
    let heads = "return [...document.querySelectorAll('#columns thead .crate')].map((head) => head.textContent)";
    assert_eq!(browser.ask(heads).await, json!(FRAMEWORKS));
    // Changed to the word: axum takes the state apart in the parameter, Rocket borrows it.
    let marks = "return [...document.querySelectorAll('#columns mark')].map((mark) => mark.textContent)";
    let marks = browser.ask(marks).await;
    assert!(marks.as_array().unwrap().iter().any(|mark| mark == "HttpResponse"), "{marks}");

    // Other columns by the form, and the address says all of it.
    browser.choose("#column-1", "shared").await;
    browser.choose("#column-2", "diesel-sqlite").await;
    browser.choose("#column-3", "sea-orm-sqlite").await;
    browser.click(".choice button").await;
    browser.until("location.search.includes('sea-orm')").await;
    browser.element("#columns").await;
    let address = browser.ask("return location.href").await.as_str().unwrap().to_owned();
    browser.goto("about:blank").await;
    stage.open(browser, &address).await;
    assert_eq!(browser.ask(heads).await, json!(["shared", "diesel-sqlite", "sea-orm-sqlite"]));
    let text = browser.text().await;
    for part in ["shared/src/services/users.rs:", "examples-sql/diesel/src/sqlite/users.rs:", "insert_into"] {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    assert_eq!(browser.console().await, [""; 0]);
    browser.screenshot("code-service-stores", WIDE, "light").await;
    browser.screenshot("code-service-stores", PHONE, "dark").await;
}

pub async fn every_operation_can_be_compared_and_shows_the_lines_of_its_files(stage: &Stage, browser: &Browser) {
    stage.open(browser, &format!("{}/code/operations", stage.lab.page)).await;
    let links = "return [...document.querySelectorAll('tbody th a')].map((link) => link.getAttribute('href'))";
    let links = browser.ask(links).await;
    assert!(links.as_array().unwrap().len() >= 27, "{links}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for link in links.as_array().unwrap() {
        stage.open(browser, &format!("{}{}", stage.lab.page, link.as_str().unwrap())).await;
        let locations = "return [...document.querySelectorAll('#columns td.at a')].map((at) => at.textContent)";
        let locations = browser.ask(locations).await;
        assert!(!locations.as_array().unwrap().is_empty(), "{link}");
        for location in locations.as_array().unwrap() {
            let (path, line) = location.as_str().unwrap().rsplit_once(':').unwrap();
            let text = std::fs::read_to_string(root.join(path)).unwrap();
            let line = text.lines().nth(line.parse::<usize>().unwrap() - 1).unwrap().trim();
            assert!(!line.is_empty() && browser.text().await.contains(line), "{link}: {location}: {line}");
        }
    }
}

pub async fn the_keys_of_the_code_view_lead_on(stage: &Stage, browser: &Browser) {
    stage.open(browser, &format!("{}/code/users.create", stage.lab.page)).await;
    for (key, expected) in [
        ("n", "location.pathname === '/code/users.find'"),
        ("p", "location.pathname === '/code/users.create'"),
        ("2", "document.querySelector('#columns .crate').textContent === 'memory'"),
        ("3", "[...document.querySelectorAll('#columns .crate')][1].textContent === 'mongodb'"),
        ("4", "[...document.querySelectorAll('#columns .crate')][1].textContent === 'shared'"),
        ("5", "[...document.querySelectorAll('#columns .crate')][4].textContent === 'memory'"),
        ("1", "document.querySelector('#columns .crate').textContent === 'axum'"),
    ] {
        browser.until("document.readyState === 'complete' && document.querySelector('#columns')").await;
        browser.press(key).await;
        browser.until(expected).await;
    }
}

pub async fn the_plain_text_is_the_code_without_the_page(stage: &Stage, browser: &Browser) {
    stage.open(browser, &format!("{}/code/users.delete?columns=axum,rocket", stage.lab.page)).await;
    let address = browser.ask("return document.querySelector('#text').href").await;
    let text = crate::support::client().get(address.as_str().unwrap()).send().await.unwrap();
    assert_eq!(text.headers()["content-type"], "text/plain; charset=utf-8");
    let text = text.text().await.unwrap();
    for part in
        ["framework-axum/src/handlers/users.rs", "framework-rocket/src/handlers/users.rs", "services.users.delete"]
    {
        assert!(text.contains(part), "{part} in:\n{text}");
    }
    assert!(!text.contains('<') || text.contains("Result<"), "{text}");
}

pub async fn what_is_not_there_says_what_is(stage: &Stage, browser: &Browser) {
    for (path, expected) in [
        ("/code/users.creat", "users.create"),
        ("/code/orders.create?columns=axum,actix,rocket,shared,memory,redis", "6 columns are too many"),
        ("/code/users.create?columns=axum,express", "rocket"),
        ("/request?variant=axum-oracle", "axum-oracle"),
        ("/try?operation=users.paint", "users.paint"),
    ] {
        stage.open(browser, &format!("{}{path}", stage.lab.page)).await;
        let text = browser.text().await;
        assert!(text.contains(expected), "{path}: {expected} in:\n{text}");
        assert_eq!(browser.violations().await, [""; 0], "{path}");
    }
}

pub async fn each_box_of_a_request_opens_the_code_that_runs_there(stage: &Stage, browser: &Browser) {
    let mut variants = vec![
        ("axum-diesel-sqlite", "framework-axum", "examples-sql/diesel"),
        ("rocket-memory", "framework-rocket", "examples-nosql/memory"),
    ];
    if cfg!(feature = "all-stores") {
        variants.push(("actix-sea-orm-postgres", "framework-actix", "examples-sql/sea-orm/src/postgres"));
        variants.push(("axum-redis", "framework-axum", "examples-nosql/redis/src/scripts/update_user.lua"));
    }
    for (variant, framework, store) in variants {
        let page = format!("{}/request?variant={variant}&operation=users.update", stage.lab.page);
        stage.open(browser, &page).await;
        let layers = "return [...document.querySelectorAll('#way [data-layer]')].map((stop) => stop.dataset.layer)";
        assert_eq!(browser.ask(layers).await, json!(["auth", "validation", "service", "store"]));
        let places =
            "return [...document.querySelectorAll('#way .places li')].filter((place) => place.querySelector('code'))
            .map((place) => [place.querySelector('a').href, place.querySelector('code').textContent])";
        let places = browser.ask(places).await;
        let places = places.as_array().unwrap();
        for folder in [framework, "shared/src/services", "shared/src/repository.rs", store] {
            assert!(
                places.iter().any(|place| place[1].as_str().unwrap().starts_with(folder)),
                "{folder} in {places:?}"
            );
        }
        for place in places {
            let file = place[1].as_str().unwrap().rsplit_once(':').unwrap().0;
            stage.open(browser, place[0].as_str().unwrap()).await;
            let text = browser.text().await;
            assert!(text.contains(file), "{place}: {text}");
        }
    }
    assert_eq!(browser.console().await, [""; 0]);
}
