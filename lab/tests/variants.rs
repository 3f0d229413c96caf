//! What the page changes: variants are started, stopped and started afresh, and by nobody else's page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use support::{Lab, client, command, command_of, folder, is_running, refusal, sign_in, users};

#[tokio::test]
async fn what_one_variant_creates_the_others_do_not_see_and_a_token_is_good_at_all() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let token = sign_in(lab.url("rocket"), lab.password.as_ref().unwrap()).await;
    let user = json!({ "name": "New", "email": "new@example.com", "password": "a good password", "role": "user" });
    // The same request to each of them: none is told that the address is taken.
    for (_, url) in &lab.variants {
        let request = client().post(format!("{url}/api/users")).bearer_auth(&token).json(&user);
        assert_eq!(request.send().await.unwrap().status(), 201, "{url}");
        assert_eq!(users(url, &token).await.len(), 202, "{url}");
    }
}

#[tokio::test]
async fn every_variant_can_be_started_by_the_page_with_the_same_demo_users() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let token = sign_in(lab.url("axum"), lab.password.as_ref().unwrap()).await;
    let expected = users(lab.url("axum"), &token).await;
    for store in ["memory", "sea-orm-sqlite"] {
        let name = format!("actix-{store}");
        assert_eq!(lab.status(&name).await["status"], "stopped");
        assert_eq!(lab.change(&name, "start").await.status(), 204);
        let status = lab.status(&name).await;
        assert_eq!(status["status"], "ready", "{status}");
        assert!(status["memory_bytes"].as_u64().unwrap() > 1_000_000, "{status}");
        let url = format!("http://{}", status["address"].as_str().unwrap());
        assert_eq!(users(&url, &token).await, expected, "{store}");
        assert_eq!(sign_in(&url, lab.password.as_ref().unwrap()).await.split('.').count(), 3);
        // The walk of the users took three requests, the sign-in one; what the lab asks by itself does not count.
        assert_eq!(lab.status(&name).await["requests"], 4);
    }
    // Once more is no fault, and no second process.
    let before = lab.process_ids().await;
    assert_eq!(lab.change("actix-memory", "start").await.status(), 204);
    assert_eq!(lab.process_ids().await, before);
}

#[tokio::test]
async fn two_pages_that_start_a_variant_at_once_start_one_process() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let start = || lab.change("rocket-sea-orm-sqlite", "start");
    let (one, other, third) = tokio::join!(start(), start(), start());
    assert_eq!([one.status(), other.status(), third.status()], [204; 3]);
    assert_eq!(lab.process_ids().await.len(), 4);
}

#[tokio::test]
async fn a_page_that_goes_away_while_a_variant_starts_leaves_it_whole() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let url = format!("{}/variants/axum-memory/start", lab.page);
    let hasty = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(5)).build().unwrap();
    let _ = hasty.post(url).send().await;
    // Whether the request arrived or not, the variant can be started, and is not left as starting.
    assert_eq!(lab.change("axum-memory", "start").await.status(), 204);
    assert_eq!(lab.status("axum-memory").await["status"], "ready");
    assert_eq!(lab.process_ids().await.len(), 4);
}

#[tokio::test]
async fn a_variant_is_stopped_and_keeps_its_data_unless_it_is_started_afresh() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let name = "axum-diesel-sqlite";
    let token = sign_in(lab.url("actix"), lab.password.as_ref().unwrap()).await;
    let user = json!({ "name": "New", "email": "new@example.com", "password": "a good password" });
    let created = client().post(format!("{}/api/auth/register", lab.url("axum"))).json(&user).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let process_id = u32::try_from(lab.status(name).await["process_id"].as_u64().unwrap()).unwrap();

    assert_eq!(lab.change(name, "stop").await.status(), 204);
    assert!(!is_running(process_id));
    assert_eq!(lab.status(name).await["status"], "stopped");
    assert!(client().get(lab.url("axum")).send().await.is_err(), "it still answers");

    for (change, expected) in [("start", 202), ("start-afresh", 201)] {
        assert_eq!(lab.change(name, change).await.status(), 204, "{change}");
        let url = format!("http://{}", lab.status(name).await["address"].as_str().unwrap());
        assert_eq!(users(&url, &token).await.len(), expected, "{change}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_lab_that_was_built_anew_meanwhile_still_starts_its_variants() {
    let folder = folder();
    let executable = folder.path().join("lab");
    std::fs::copy(env!("CARGO_BIN_EXE_lab"), &executable).unwrap();
    let lab = Lab::run(&mut command_of(&executable, folder.path()));
    // What a build does: another file in its place.
    std::fs::remove_file(&executable).unwrap();
    assert_eq!(lab.change("axum-memory", "start").await.status(), 204);
    assert_eq!(lab.change("axum-diesel-sqlite", "start-afresh").await.status(), 204);
    assert_eq!(lab.process_ids().await.len(), 4);
}

#[tokio::test]
async fn all_that_run_are_started_afresh_and_no_others() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let before = lab.process_ids().await;
    let answer = client().post(format!("{}/start-afresh", lab.page)).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let after = lab.process_ids().await;
    assert!(after.len() == 3 && after.iter().all(|id| !before.contains(id)), "{before:?} {after:?}");
}

#[tokio::test]
async fn a_variant_that_cannot_start_says_why_and_one_that_is_not_there_is_not_found() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let database = folder.path().join("axum-sea-orm-sqlite.db");
    std::fs::write(&database, "this is no database, however long one looks at it").unwrap();
    let answer = lab.change("axum-sea-orm-sqlite", "start").await;
    assert_eq!(answer.status(), 500);
    let error = answer.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("axum-sea-orm-sqlite did not start: cannot open "), "{error}");
    let status = lab.status("axum-sea-orm-sqlite").await;
    assert_eq!(status["status"], "did not start", "{status}");
    let detail = status["detail"].as_str().unwrap();
    assert!(detail.contains("cannot open ") && detail.contains("Start afresh removes that"), "{status}");
    // What the page says: it removes what is in the way.
    assert_eq!(lab.change("axum-sea-orm-sqlite", "start-afresh").await.status(), 204);

    assert_eq!(lab.change("axum-oracle", "start").await.status(), 404);
    assert_eq!(lab.change("axum-memory", "paint").await.status(), 404);
}

#[tokio::test]
async fn a_server_of_somebody_else_is_shown_beside_the_variants_and_not_stopped() {
    let (folder, other_folder) = (folder(), folder());
    let other = Lab::start(other_folder.path());
    let lab = Lab::run(command(folder.path()).args(["--attach", &format!("mine={}", other.url("rocket"))]));
    let status = lab.status("mine").await;
    assert_eq!((status["status"].as_str(), status["process_id"].as_u64()), (Some("ready"), None), "{status}");
    assert_eq!(lab.change("mine", "stop").await.status(), 409);
    assert_eq!(lab.status("mine").await["status"], "ready");
    drop(other);
    assert_eq!(lab.status("mine").await["status"], "not ready");

    let said = refusal(&["--first-port", "0", "--attach", "axum-memory=http://127.0.0.1:4000"]);
    assert!(said.contains("axum-memory") && said.contains("--attach"), "{said}");
}

#[tokio::test]
async fn the_log_of_a_variant_can_be_followed() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    assert_eq!(client().get(format!("{}/api/hello", lab.url("axum"))).send().await.unwrap().status(), 200);
    let log = format!("{}/variants/axum-diesel-sqlite/log", lab.page);
    let page = client().get(&log).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("listening on http://"), "{page}");

    let mut lines = client().get(format!("{log}/lines")).send().await.unwrap();
    let mut seen = String::new();
    let deadline = Instant::now() + support::PATIENCE;
    for path in ["/api/hello", "/api/nothing"] {
        client().get(format!("{}{path}", lab.url("axum"))).send().await.unwrap();
        while !seen.contains(if path == "/api/hello" { "route=/api/hello" } else { "status=404" }) {
            assert!(Instant::now() < deadline, "{path} in {seen}");
            seen.push_str(&String::from_utf8_lossy(&lines.chunk().await.unwrap().unwrap()));
        }
    }
    assert!(!seen.contains("lab-page"), "{seen}");
    let unknown = client().get(format!("{}/variants/x/log", lab.page)).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn a_foreign_host_is_refused_by_the_page() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let port = lab.page.rsplit(':').next().unwrap();
    for path in ["/", "/variants", "/try", "/code", "/request", "/assets/lab.js", "/nothing"] {
        for foreign in
            ["evil.example".to_owned(), format!("evil.example:{port}"), format!("127.0.0.1.evil.example:{port}")]
        {
            let request = client().get(format!("{}{path}", lab.page)).header("Host", &foreign);
            assert_eq!(request.send().await.unwrap().status(), 403, "{foreign} {path}");
        }
    }
    for own in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let request = client().get(&lab.page).header("Host", &own);
        assert_eq!(request.send().await.unwrap().status(), 200, "{own}");
    }
}

#[tokio::test]
async fn another_site_can_change_nothing() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let stop = || client().post(format!("{}/variants/axum-diesel-sqlite/stop", lab.page));
    for (name, value) in [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", lab.url("axum")),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        assert_eq!(stop().header(name, value).send().await.unwrap().status(), 403, "{name}: {value}");
    }
    assert_eq!(lab.process_ids().await.len(), 3);
    let own = stop().header("Origin", &lab.page).header("Sec-Fetch-Site", "same-origin");
    assert_eq!(own.send().await.unwrap().status(), 204);
}
