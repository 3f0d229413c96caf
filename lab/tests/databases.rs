//! The variants whose databases are servers: each keeps its data in a database of its own, which nobody else's lab touches.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

#[cfg(not(feature = "all-stores"))]
#[tokio::test]
async fn databases_that_were_left_out_are_said_with_the_commands_that_bring_them() {
    let folder = support::folder();
    let lab = support::Lab::start(folder.path());
    let page = support::client().get(&lab.page).send().await.unwrap().text().await.unwrap();
    for part in ["More databases", "cargo run -p lab --features all-stores", "infra/services up", "DynamoDB"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert_eq!(lab.change("axum-mongodb", "start").await.status(), 404);
    assert!(!lab.data().join("logs/axum-mongodb.log").exists());
}

#[cfg(feature = "all-stores")]
mod on_servers {
    use crate::support::databases::{of_lab, on_servers, url};
    use crate::support::{Lab, client, command, folder, sign_in, users};
    use serde_json::{Value, json};
    use server::{Database, Store};
    use shared::repository::StoreOptions;
    use std::net::TcpListener;
    use std::time::Duration;

    async fn url_of(lab: &Lab, variant: &str) -> String {
        let status = lab.status(variant).await;
        assert_eq!(status["status"], "ready", "{status}");
        format!("http://{}", status["address"].as_str().unwrap())
    }

    async fn start(lab: &Lab, variant: &str, change: &str) -> String {
        let answer = lab.change(variant, change).await;
        assert_eq!(answer.status(), 204, "{variant}: {}", answer.text().await.unwrap());
        url_of(lab, variant).await
    }

    async fn create(url: &str, token: &str, email: &str) {
        let user = json!({ "name": "New", "email": email, "password": "a good password", "role": "user" });
        let request = client().post(format!("{url}/api/users")).bearer_auth(token).json(&user);
        assert_eq!(request.send().await.unwrap().status(), 201, "{url}");
    }

    /// What a variant sent to its database for a page of users.
    async fn statements(url: &str, token: &str) -> Vec<String> {
        let list = client().get(format!("{url}/api/users?limit=5")).bearer_auth(token).header("X-Request-Id", "look");
        assert_eq!(list.send().await.unwrap().status(), 200, "{url}");
        let trace = client().get(format!("{url}/trace/look")).send().await.unwrap();
        let trace: Value = trace.json().await.unwrap();
        let statements = trace["statements"].as_array().unwrap().iter();
        statements.map(|statement| statement["statement"].as_str().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_variant_over_each_store_has_the_demo_users_tells_what_it_asks_and_starts_afresh() {
        let folder = folder();
        let lab = Lab::start(folder.path());
        let token = sign_in(lab.url("axum"), lab.password.as_ref().unwrap()).await;
        let expected = users(lab.url("axum"), &token).await;
        for (store, framework) in on_servers().into_iter().zip(["axum", "actix", "rocket"].into_iter().cycle()) {
            let variant = format!("{framework}-{store}");
            assert_eq!(lab.status(&variant).await["status"], "stopped", "{variant}");
            let url = start(&lab, &variant, "start").await;
            assert_eq!(users(&url, &token).await, expected, "{variant}");
            let asked = match store.database() {
                Database::Mongodb => "\"find\": \"users\"",
                Database::Redis => "list.lua",
                Database::Dynamodb => "Query ",
                _ => "SELECT ",
            };
            let statements = statements(&url, &token).await;
            assert!(statements.iter().any(|statement| statement.contains(asked)), "{variant}: {statements:?}");

            create(&url, &token, "new@example.com").await;
            assert_eq!(users(&url, &token).await.len(), 202, "{variant}");
            let url = start(&lab, &variant, "start-afresh").await;
            assert_eq!(users(&url, &token).await, expected, "{variant}");
        }
        assert_eq!(of_lab(lab.data()).len(), on_servers().len(), "a database each");
    }

    #[tokio::test]
    async fn labs_with_other_folders_do_not_meet_and_start_afresh_what_is_their_own() {
        let (folder, other_folder) = (folder(), folder());
        let (lab, other) = (Lab::start(folder.path()), Lab::start(other_folder.path()));
        let token = sign_in(lab.url("axum"), lab.password.as_ref().unwrap()).await;
        let other_token = sign_in(other.url("axum"), other.password.as_ref().unwrap()).await;
        for store in on_servers() {
            let variant = format!("axum-{store}");
            let (url, other_url) = (start(&lab, &variant, "start").await, start(&other, &variant, "start").await);
            create(&url, &token, "mine@example.com").await;
            create(&other_url, &other_token, "theirs@example.com").await;
            let other_url = start(&other, &variant, "start-afresh").await;
            assert_eq!(users(&other_url, &other_token).await.len(), 201, "{variant}");
            let emails = users(&url, &token).await;
            let has = |email: &str| emails.iter().any(|[_, _, known]| known == email);
            assert!(emails.len() == 202 && has("mine@example.com") && !has("theirs@example.com"), "{variant}");
        }
    }

    #[tokio::test]
    async fn what_a_lab_of_a_test_made_is_gone_at_its_end_and_nothing_else() {
        let options = StoreOptions { connections: 1, timeout: Duration::from_secs(10) };
        let folder = folder();
        let lab = Lab::start(folder.path());
        start(&lab, "axum-redis", "start").await;
        start(&lab, "axum-diesel-postgres", "start").await;
        let made = of_lab(lab.data());
        assert_eq!(made.len(), 2);
        // As another lab would have it: the same but for eight letters.
        let name = format!("stackdiff_{:08x}_axum_redis", std::process::id());
        let foreign = url(Store::Redis, &name);
        drop(Store::Redis.open(&foreign, options).await.unwrap());
        drop(lab);
        let (_, own) = made.iter().find(|(store, _)| *store == Store::Redis).unwrap();
        let own = own.split("prefix=").nth(1).unwrap().split('&').next().unwrap();
        let left = [name.as_str(), own].map(|prefix| redis_keys(&foreign, &name, prefix));
        Store::Redis.remove(&foreign, options).await.unwrap();
        assert!(left[0] > 0 && left[1] == 0, "of the other lab and of this one: {left:?}");
    }

    /// How many keys begin with a prefix, asked of the server itself.
    fn redis_keys(url: &str, name: &str, prefix: &str) -> usize {
        let server = url.replace(&format!("?prefix={name}"), "");
        let output = std::process::Command::new("redis-cli")
            .args(["-u", &server, "--raw", "KEYS", &format!("{{{prefix}}}*")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| !line.is_empty()).count()
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_said_with_the_command_that_starts_it() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let folder = folder();
        let redis = format!("redis://:secret@{closed}/0?prefix={{database}}");
        let lab = Lab::run(command(folder.path()).args(["--redis-url", &redis]));
        for framework in ["axum", "actix", "rocket"] {
            assert_eq!(lab.status(&format!("{framework}-redis")).await["status"], "no database");
        }
        assert_eq!(lab.status("axum-mongodb").await["status"], "stopped");
        let page = client().get(&lab.page).send().await.unwrap().text().await.unwrap();
        let said = |service: &str| {
            let command = format!(">does not answer; <code>infra/services up {service}</code>");
            page.split(&command).next().unwrap().ends_with("class=\"needs\"")
        };
        assert!(said("redis") && !said("mongodb"), "{page}");
        // Whoever asks all the same is told what to do, without the password.
        let answer = lab.change("axum-redis", "start").await;
        assert_eq!(answer.status(), 500);
        let error = answer.text().await.unwrap();
        assert!(error.contains("infra/services up redis") && !error.contains("secret"), "{error}");
        // What did not start for want of its database is no failure of the variant's.
        assert_eq!(lab.status("axum-redis").await["status"], "no database");
    }
}
