//! How the lab starts and stops: ports, demo data, children.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::ffi::OsStr;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};
use support::{ADMIN, Lab, client, command, folder, is_running, refusal, sign_in, signal, users};

/// Settings of a variant that would keep it from starting, or from being seen to start.
const HOSTILE: [(&str, &str); 15] = [
    ("DEMO_PASSWORD_HASH", "plain"),
    ("LOG", "warn"),
    ("LOG_FORMAT", "none"),
    ("WORKERS", "0"),
    ("POOL_SIZE", "0"),
    ("CORS_ORIGIN", "*"),
    ("TRACE", "perhaps"),
    ("SEED_DEMO", "perhaps"),
    ("LISTEN", "everywhere"),
    ("DATABASE_URL", "nowhere"),
    ("STORE_TIMEOUT_MS", "0"),
    ("JWT_SECRET", "short"),
    ("JWT_SECRET_FILE", "/nowhere"),
    ("ADMIN_EMAIL", "nobody"),
    ("ADMIN_PASSWORD", "short"),
];

#[test]
fn a_taken_port_of_the_page_is_one_sentence_with_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refusal(&["--lab-listen", &address, "--first-port", "0"]);
    assert!(said.contains(&address) && said.contains("--lab-listen") && said.contains("in use"), "{said}");
}

#[test]
fn a_taken_port_of_a_variant_is_one_sentence_with_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refusal(&["--lab-listen", "127.0.0.1:0", "--first-port", &port]);
    assert!(said.contains("axum-diesel-sqlite") && said.contains(&port), "{said}");
    assert!(said.contains("--first-port") && said.contains("in use"), "{said}");
}

#[test]
fn a_first_port_without_two_more_above_it_is_refused() {
    let said = refusal(&["--lab-listen", "127.0.0.1:0", "--first-port", "65535"]);
    assert!(said.contains("--first-port 65535"), "{said}");
}

#[test]
fn a_folder_whose_name_is_not_utf_8_is_refused_and_not_made() {
    let folder = folder();
    let data = folder.path().join(OsStr::from_bytes(b"caf\xe9"));
    let output = command(&data).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("caf\\xE9") && said.contains("UTF-8") && said.contains("--data"), "{said}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_first_start_shows_a_password_once_and_the_second_keeps_the_users() {
    let (folder, other_folder) = (folder(), folder());
    let mut lab = Lab::start(folder.path());
    let password = lab.password.clone().expect("the first start prints the password");
    assert_eq!(lab.printed.matches(&password).count(), 1, "{}", lab.printed);
    let token = sign_in(lab.url("axum"), &password).await;
    let first = users(lab.url("axum"), &token).await;
    assert_eq!(first.len(), 201, "200 users and the admin");
    assert_eq!(first[0][1..], ["Demo Admin", ADMIN]);
    assert!(first.iter().any(|user| user[1..] == ["Alan Baker", "alan.baker@example.com"]), "{first:?}");
    signal("INT", &lab.id().to_string());
    lab.wait();
    for log in std::fs::read_dir(folder.path().join("logs")).unwrap() {
        let log = std::fs::read_to_string(log.unwrap().path()).unwrap();
        assert!(log.contains("listening on") && !log.contains(&password), "{log}");
    }

    let lab = Lab::start(folder.path());
    assert_eq!(lab.password, None, "{}", lab.printed);
    assert!(lab.printed.contains("as shown by the first start"), "{}", lab.printed);
    let token = sign_in(lab.url("rocket"), &password).await;
    assert_eq!(users(lab.url("rocket"), &token).await, first);

    let elsewhere = Lab::start(other_folder.path());
    let password = elsewhere.password.clone().unwrap();
    let token = sign_in(elsewhere.url("actix"), &password).await;
    assert_eq!(users(elsewhere.url("actix"), &token).await, first, "the same users wherever they are made");
}

#[tokio::test]
async fn free_ports_are_taken_and_the_variants_are_ready_on_them() {
    let folder = folder();
    let lab = Lab::start(folder.path());
    let names: Vec<_> = lab.variants.iter().map(|(framework, _)| framework.as_str()).collect();
    assert_eq!(names, ["axum", "actix", "rocket"]);
    assert_eq!(lab.statuses().await.len(), support::VARIANTS);
    for (framework, url) in &lab.variants {
        let status = lab.status(&format!("{framework}-diesel-sqlite")).await;
        assert_eq!(format!("http://{}", status["address"].as_str().unwrap()), *url);
        assert_eq!(status["status"], "ready");
    }
    let mut addresses: Vec<_> = lab.variants.iter().map(|(_, url)| url.as_str()).chain([lab.page.as_str()]).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 4, "{addresses:?}");
}

#[tokio::test]
async fn a_quiet_log_level_in_the_environment_does_not_hide_the_variants() {
    let folder = folder();
    let lab = Lab::run(command(folder.path()).env("LOG", "warn"));
    assert_eq!(lab.process_ids().await.len(), 3);
}

#[tokio::test]
async fn settings_in_the_environment_are_not_the_variants() {
    let folder = folder();
    let lab = Lab::run(command(folder.path()).envs(HOSTILE));
    assert_eq!(lab.process_ids().await.len(), 3);
    let token = sign_in(lab.url("axum"), lab.password.as_ref().unwrap()).await;
    assert_eq!(users(lab.url("actix"), &token).await.len(), 201, "nobody but the demo users");
}

#[test]
fn the_data_can_be_read_by_nobody_else() {
    let folder = folder();
    let data = folder.path().join("new/data");
    let _lab = Lab::start(&data);
    let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["..", ".", "logs"].map(mode), [0o700; 3]);
    assert_eq!(["axum-diesel-sqlite.db", "demo-password.hash", "logs/axum-diesel-sqlite.log"].map(mode), [0o600; 3]);
}

/// Ends a lab by what `end` does to it: the variants end too.
async fn everything_ends(how: &str, end: impl FnOnce(&mut Lab)) {
    let folder = folder();
    // In a process group of its own, as a terminal gives each command: Ctrl-C reaches the lab and the variants alike.
    let mut lab = Lab::run(command(folder.path()).process_group(0));
    let process_ids = lab.process_ids().await;
    assert!(process_ids.len() == 3 && process_ids.iter().all(|id| is_running(*id)), "{process_ids:?}");
    // A client that keeps its connection open, as a browser does, holds nothing up.
    let (client, url) = (client(), format!("{}/api/hello", lab.url("rocket")));
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);

    let begun = Instant::now();
    end(&mut lab);
    while process_ids.iter().any(|id| is_running(*id)) {
        assert!(begun.elapsed() < Duration::from_secs(10), "{how}: {process_ids:?} still run");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("{how}: all has ended after {} ms", begun.elapsed().as_millis());
    for (_, url) in &lab.variants {
        assert!(client.get(url).send().await.is_err(), "{url} still answers");
    }
}

fn interrupt(lab: &mut Lab, target: &str) {
    signal("INT", target);
    let (status, printed) = lab.wait();
    assert!(status.success(), "{status}: {printed}");
    assert!(printed.contains("stopped; the data is kept in"), "{printed}");
}

#[tokio::test]
async fn ctrl_c_in_the_terminal_ends_the_lab_and_all_variants() {
    everything_ends("Ctrl-C to all", |lab| interrupt(lab, &format!("-{}", lab.id()))).await;
}

#[tokio::test]
async fn ctrl_c_to_the_lab_alone_ends_all_variants_too() {
    everything_ends("Ctrl-C to the lab alone", |lab| interrupt(lab, &lab.id().to_string())).await;
}

#[tokio::test]
async fn a_lab_that_is_killed_takes_its_variants_along() {
    everything_ends("kill -9 of the lab", Lab::kill).await;
}
