//! Holds the architecture: sibling crates are alike, dependencies go one way, layers do not mention what they must not
//! see. Each rule is tried on a small tree that breaks it, too, since a rule that finds nothing may only be blind.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod rules;

use rules::{FRAMEWORKS, STORES, alike, dependencies, place, text};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn hold(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn framework_crates_have_the_same_files() {
    hold(alike::same_files(&workspace(), &FRAMEWORKS));
}

#[test]
fn framework_crates_have_the_same_handlers_with_the_same_parameters_in_the_same_order() {
    hold(alike::same_handlers(&workspace(), &FRAMEWORKS));
}

#[test]
fn store_crates_have_the_same_files() {
    hold(alike::same_files(&workspace(), &STORES));
    hold(alike::files_of_every_store(&workspace(), &STORES));
}

#[test]
fn store_crates_have_the_same_methods_with_the_same_parameters_in_the_same_order() {
    hold(alike::same_store_methods(&workspace(), &STORES));
}

#[test]
fn dependencies_go_one_way() {
    hold(dependencies::dependencies_go_one_way(&workspace()));
}

#[test]
fn nobody_builds_the_driver_of_a_server_without_asking_for_it() {
    hold(dependencies::servers_drivers_are_asked_for(&workspace()));
}

#[test]
fn stores_know_no_http() {
    hold(text::stores_know_no_http(&workspace()));
}

#[test]
fn in_shared_only_problem_rs_knows_statuses() {
    hold(text::only_problem_rs_knows_statuses(&workspace()));
}

#[test]
fn handlers_have_three_steps() {
    hold(text::handlers_have_three_steps(&workspace()));
}

#[test]
fn files_are_short_or_say_why_not() {
    hold(text::files_are_short(&workspace()));
}

/// The manifest of a package, and `rest`.
fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nedition = \"2024\"\n{rest}")
}

/// A tree in which every rule holds, with these files changed.
fn tree(changes: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let manifest = |name: &str, dependencies: &str| manifest(name, &format!("[dependencies]\n{dependencies}"));
    let path_to = |name: &str, path: &str| format!("{name} = {{ path = \"{path}\" }}\n");
    let mut members = vec!["shared", "contract", "server", "bench", "baselines", "lab"];
    for (folder, _) in FRAMEWORKS.iter() {
        let crate_folder = folder.trim_end_matches("/src");
        members.push(crate_folder);
        write(&format!("{crate_folder}/Cargo.toml"), &manifest(crate_folder, &path_to("shared", "../shared")));
        write(&format!("{folder}/lib.rs"), "");
        write(&format!("{folder}/handlers/auth.rs"), "pub fn login(services: S) { services.auth.login() }");
        write(
            &format!("{folder}/handlers/hello.rs"),
            "/// No if, no unwrap.\npub fn show(app: A) { app.services.hello.show() }",
        );
        let users = "pub fn list(services: S, caller: C) { services.users.list(caller) }\n\
                     pub fn find(services: S, id: I) { Json(services.users.find(id)) }\nfn own() { if true {} }";
        write(&format!("{folder}/handlers/users.rs"), users);
        let orders = "pub fn create(services: S, caller: C, key: K) { services.orders.create(caller, key) }";
        write(&format!("{folder}/handlers/orders.rs"), orders);
    }
    for (folder, part) in STORES.iter() {
        let crate_folder = folder.trim_end_matches("/src");
        if !members.contains(&crate_folder) {
            members.push(crate_folder);
        }
        let name = format!("store-{}", crate_folder.split('/').next_back().unwrap());
        write(&format!("{crate_folder}/Cargo.toml"), &manifest(&name, &path_to("shared", "../../shared")));
        write(&format!("{folder}/lib.rs"), "//! No StatusCode.\n#[cfg(test)] mod tests { use dto::A; }");
        let users = "impl UserRepository for Users { fn list(&self, query: Q) {} fn insert(&self, user: U) {} }";
        let own = part.map_or_else(|| folder.to_string(), |part| format!("{folder}/{part}"));
        write(&format!("{own}/users.rs"), users);
        write(
            &format!("{own}/orders.rs"),
            "impl OrderRepository for Orders { fn place(&self, order: &O) {} fn update(&self, before: &O, after: &O) {} }",
        );
        for file in ["connection.rs", "migrations.rs", "products.rs", "reports.rs", "schema.rs"] {
            if !(own.contains("memory") && file == "migrations.rs") {
                write(&format!("{own}/{file}"), "");
            }
        }
    }
    write("shared/Cargo.toml", &manifest("shared", ""));
    write(
        "shared/src/lib.rs",
        "/// Not 404.\nconst WAIT: Duration = Duration::from_millis(500); const SIZE: u16 = 512;",
    );
    write("shared/src/problem.rs", "const NOT_FOUND: u16 = 404;");
    write("contract/Cargo.toml", &manifest("contract", ""));
    write("contract/src/lib.rs", "");
    let all = path_to("shared", "../shared")
        + &path_to("framework-axum", "../framework-axum")
        + &path_to("store-diesel", "../examples-sql/diesel");
    write("server/Cargo.toml", &manifest("server", &all));
    write("server/src/lib.rs", "");
    let seen_by_bench = ["server", "contract", "shared"].map(|name| path_to(name, &format!("../{name}"))).concat();
    write("bench/Cargo.toml", &manifest("bench", &seen_by_bench));
    write("bench/src/lib.rs", "");
    write("baselines/Cargo.toml", &manifest("baselines", ""));
    write("baselines/src/lib.rs", "");
    let seen_by_lab = path_to("server", "../server") + &path_to("bench", "../bench");
    write("lab/Cargo.toml", &manifest("lab", &seen_by_lab));
    write("lab/src/lib.rs", "");
    write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"));
    for (path, text) in changes {
        write(path, text);
    }
    root
}

/// The rule holds in the good tree, and finds exactly this in a tree with these files changed.
fn check(rule: impl Fn(&Path) -> Vec<String>, changes: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(rule(tree(&[]).path()), Vec::<String>::new(), "the good tree");
    assert_eq!(rule(tree(changes).path()), expected);
}

#[test]
fn the_rules_find_a_file_that_one_crate_lacks() {
    check(
        |root| alike::same_files(root, &FRAMEWORKS),
        &[("framework-axum/src/extract.rs", ""), ("framework-rocket/src/extract.rs", "")],
        &[
            "framework-actix/src/extract.rs is missing: framework-axum/src has it",
            "framework-actix/src/extract.rs is missing: framework-rocket/src has it",
        ],
    );
}

#[test]
fn the_rules_find_a_file_that_one_store_lacks_or_has_alone() {
    let good = tree(&[]);
    hold(alike::same_files(good.path(), &STORES));
    hold(alike::files_of_every_store(good.path(), &STORES));
    let root = tree(&[("examples-nosql/redis/src/cache.rs", "")]);
    let everywhere = STORES.len() - 1;
    assert_eq!(alike::same_files(root.path(), &STORES).len(), everywhere);
    for path in ["examples-sql/diesel/src/mysql/schema.rs", "examples-nosql/dynamodb/src/reports.rs"] {
        fs::remove_file(root.path().join(path)).unwrap();
    }
    assert_eq!(alike::same_files(root.path(), &STORES).len(), 3 * everywhere);
    assert_eq!(
        alike::files_of_every_store(root.path(), &STORES),
        [
            "examples-sql/diesel/src/mysql/schema.rs is missing: every store has it",
            "examples-nosql/dynamodb/src/reports.rs is missing: every store has it"
        ]
    );
}

#[test]
fn the_rules_find_handlers_that_drifted_apart() {
    check(
        |root| alike::same_handlers(root, &FRAMEWORKS),
        &[(
            "framework-actix/src/handlers/users.rs",
            "pub async fn find(services: Data<S>, user_id: I) {}\npub async fn list(services: Data<S>, caller: C) {}",
        )],
        &["--- framework-axum/src/handlers/users.rs\n+++ framework-actix/src/handlers/users.rs\n@@ -1,2 +1,2 @@\n\
           +find(services, user_id)\n list(services, caller)\n-find(services, id)\n"],
    );
}

#[test]
fn the_rules_find_that_there_is_nothing_to_compare() {
    let of_store = |store: &rules::Sibling| ["users", "orders"].map(|name| format!("{}/{name}.rs", place(*store)));
    let paths: Vec<String> = STORES.iter().flat_map(of_store).collect();
    let empty: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
    check(
        |root| alike::same_store_methods(root, &STORES),
        &empty,
        &["examples-nosql/memory/src has no function to compare its siblings with"],
    );
}

#[test]
fn the_rules_find_store_methods_in_another_order() {
    let drifted = "impl UserRepository for Users { fn insert(&self, user: U) {} fn list(&self, query: Q) {} }";
    check(
        |root| alike::same_store_methods(root, &STORES),
        &[("examples-sql/sea-orm/src/mysql/users.rs", drifted)],
        &["--- examples-nosql/memory/src/users.rs\n+++ examples-sql/sea-orm/src/mysql/users.rs\n@@ -1,2 +1,2 @@\n\
           +insert(self, user)\n list(self, query)\n-insert(self, user)\n"],
    );
}

#[test]
fn the_rules_find_parameters_of_orders_in_another_order() {
    let drifted =
        "impl OrderRepository for Orders { fn place(&self, order: &O) {} fn update(&self, after: &O, before: &O) {} }";
    check(
        |root| alike::same_store_methods(root, &STORES),
        &[("examples-nosql/redis/src/orders.rs", drifted)],
        &["--- examples-nosql/memory/src/orders.rs\n+++ examples-nosql/redis/src/orders.rs\n@@ -1,2 +1,2 @@\n \
           place(self, order)\n-update(self, before, after)\n+update(self, after, before)\n"],
    );
    check(
        |root| alike::same_handlers(root, &FRAMEWORKS),
        &[("framework-rocket/src/handlers/orders.rs", "pub fn create(services: S, key: K, caller: C) {}")],
        &["--- framework-axum/src/handlers/orders.rs\n+++ framework-rocket/src/handlers/orders.rs\n@@ -1 +1 @@\n\
           -create(services, caller, key)\n+create(services, key, caller)\n"],
    );
}

#[test]
fn the_rules_find_dependencies_that_go_the_wrong_way() {
    let shared =
        manifest("shared", "[dependencies]\nhyper-util = \"0.1\"\nlibsqlite3-sys = \"0.37\"\naws-config = \"1\"\n");
    let contract = manifest("contract", "[dev-dependencies]\nshared = { path = \"../shared\" }\n");
    let lab = manifest("lab", "[dependencies]\nframework-rocket = { path = \"../framework-rocket\" }\n");
    let axum = manifest(
        "framework-axum",
        "[dependencies]\nshared = { path = \"../shared\" }\naxum-extra = \"1\"\nrocket_ws = \"1\"\n\
         store-sea-orm = { path = \"../examples-sql/sea-orm\" }\n\
         [dev-dependencies]\nstore-memory = { path = \"../examples-nosql/memory\" }\n",
    );
    let diesel = manifest("store-diesel", "[dependencies]\ndiesel = \"2\"\nactix-web = \"4\"\n");
    check(
        |root| {
            let mut findings = dependencies::dependencies_go_one_way(root);
            findings.sort();
            findings
        },
        &[
            ("shared/Cargo.toml", &shared),
            ("contract/Cargo.toml", &contract),
            ("lab/Cargo.toml", &lab),
            ("framework-axum/Cargo.toml", &axum),
            ("examples-sql/diesel/Cargo.toml", &diesel),
        ],
        &[
            "contract depends on shared: contract must be able to test a backend in another language",
            "framework-axum depends on rocket_ws: a framework sees no other framework",
            "framework-axum depends on store-sea-orm: a framework never sees a store",
            "lab depends on framework-rocket: server alone sees frameworks and stores",
            "lab does not depend on server",
            "shared depends on aws-config: shared names no database driver",
            "shared depends on hyper-util: shared names no framework",
            "shared depends on libsqlite3-sys: shared names no database driver",
            "store-diesel depends on actix-web: a store never sees HTTP",
            "store-diesel does not depend on shared",
        ],
    );
}

#[test]
fn the_rules_find_benchmarks_in_the_wrong_place() {
    let seeing = |name: &str, kind: &str, seen: &[&str]| {
        let lines: String = seen.iter().map(|name| format!("{name} = {{ path = \"../{name}\" }}\n")).collect();
        manifest(name, &format!("[{kind}]\n{lines}"))
    };
    let bench = seeing("bench", "dependencies", &["server", "framework-axum", "baselines"]);
    let baselines = seeing("baselines", "dependencies", &["shared", "server"]);
    let lab = seeing("lab", "dependencies", &["server", "baselines"]);
    let contract = seeing("contract", "dev-dependencies", &["baselines"]);
    let rocket = seeing("framework-rocket", "dependencies", &["shared", "bench"]);
    check(
        |root| {
            let mut findings = dependencies::dependencies_go_one_way(root);
            findings.sort();
            findings
        },
        &[
            ("bench/Cargo.toml", &bench),
            ("baselines/Cargo.toml", &baselines),
            ("lab/Cargo.toml", &lab),
            ("contract/Cargo.toml", &contract),
            ("framework-rocket/Cargo.toml", &rocket),
        ],
        &[
            "baselines depends on server: what others are measured against shares no more with them than what an order costs",
            "bench depends on baselines: bench sees server, contract and shared alone",
            "bench depends on framework-axum: bench sees server, contract and shared alone",
            "contract depends on baselines: contract must be able to test a backend in another language",
            "framework-rocket depends on bench: lab alone sees bench",
            "lab depends on baselines: baselines is a program that is started: nobody builds on it",
        ],
    );
}

#[test]
fn the_rules_find_a_servers_driver_that_nobody_asked_for() {
    let server = manifest(
        "server",
        "[features]\nredis = [\"dep:store-redis\"]\ndefault = [\"redis\"]\n\
         [dependencies]\nstore-redis = { path = \"../examples-nosql/redis\", optional = true }\n",
    );
    let store = manifest("store-redis", "[dependencies]\nredis = { path = \"driver\" }\n");
    let driver = [("examples-nosql/redis/driver/Cargo.toml", manifest("redis", "")), ("server/Cargo.toml", server)];
    let mut changes: Vec<(&str, &str)> = driver.iter().map(|(path, text)| (*path, text.as_str())).collect();
    changes.extend([("examples-nosql/redis/driver/src/lib.rs", ""), ("examples-nosql/redis/Cargo.toml", &store)]);
    check(
        dependencies::servers_drivers_are_asked_for,
        &changes,
        &[
            "lab builds redis though nobody asked for its database",
            "server builds redis though nobody asked for its database",
        ],
    );
}

#[test]
fn the_rules_find_http_in_a_store() {
    check(
        text::stores_know_no_http,
        &[("examples-sql/diesel/src/lib.rs", "use shared::dto::User;\nfn f() { fail!(StatusCode::CONFLICT) }")],
        &["examples-sql/diesel/src/lib.rs:1 mentions `dto`", "examples-sql/diesel/src/lib.rs:2 mentions `StatusCode`"],
    );
}

#[test]
fn the_rules_find_statuses_in_shared() {
    check(
        text::only_problem_rs_knows_statuses,
        &[("shared/src/services.rs", "fn f() -> u16 { 404 }\nfn g() -> u16 { 503_u16 }\nfn h() -> u16 { 200 }")],
        &["shared/src/services.rs:1 mentions `404`", "shared/src/services.rs:2 mentions `503_u16`"],
    );
    check(
        text::only_problem_rs_knows_statuses,
        &[("shared/src/demo/products.rs", "fn price() -> i64 { 400 }\nfn answer() -> StatusCode { gone() }")],
        &["shared/src/demo/products.rs:2 mentions `StatusCode`"],
    );
}

#[test]
fn the_rules_find_handlers_that_decide() {
    check(
        text::handlers_have_three_steps,
        &[(
            "framework-actix/src/handlers/auth.rs",
            "pub fn login(services: S) {\n if services.auth.ok() { services.auth.login().unwrap() }\n}\npub fn me() {}",
        )],
        &[
            "framework-actix/src/handlers/auth.rs:2 `login` has `if`: no rule lives in a handler",
            "framework-actix/src/handlers/auth.rs:2 `login` has `unwrap`: no rule lives in a handler",
            "framework-actix/src/handlers/auth.rs `login` calls 2 service methods instead of one",
            "framework-actix/src/handlers/auth.rs `me` calls 0 service methods instead of one",
        ],
    );
    check(
        text::handlers_have_three_steps,
        &[(
            "framework-rocket/src/handlers/orders.rs",
            "pub fn create(services: S) {\n match services.orders.create() { Ok(order) => order }\n}",
        )],
        &["framework-rocket/src/handlers/orders.rs:2 `create` has `match`: no rule lives in a handler"],
    );
}

#[test]
fn the_rules_find_long_files_that_do_not_say_why() {
    let long = "\n".repeat(401);
    let justified = format!("//! Longer than 400 lines because it lists things.\n{long}");
    check(
        text::files_are_short,
        &[("lab/tests/long.rs", &long), ("lab/src/justified.rs", &justified), ("target/debug/out.rs", &long)],
        &["lab/tests/long.rs has 401 lines: split it, or say `Longer than 400 lines because …` at its top"],
    );
}
