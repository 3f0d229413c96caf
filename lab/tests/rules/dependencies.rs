//! Who may depend on whom, asked of cargo.

use serde::Deserialize;
use std::path::Path;
use std::process::Command;

const FRAMEWORKS: &[&str] = &["axum", "actix", "rocket", "tower-http", "hyper"];
const DRIVERS: &[&str] =
    &["diesel", "sea-orm", "sea-query", "sqlx", "rusqlite", "libsqlite3-sys", "mongodb", "redis", "aws"];

/// The drivers of the databases that are servers. They take longer to build than all the rest, so nobody gets one without
/// asking for it.
const SERVERS_DRIVERS: [&str; 11] = [
    "aws-sdk-dynamodb",
    "deadpool",
    "diesel-async",
    "mongodb",
    "mysql_async",
    "mysql_common",
    "redis",
    "sqlx-mysql",
    "sqlx-postgres",
    "tokio-postgres",
    "tokio-postgres-rustls",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// Nothing for a dependency of the code itself, else `dev` or `build`.
    kind: Option<String>,
}

/// Everything that the architecture says about dependencies, for the workspace at `root`.
pub fn dependencies_go_one_way(root: &Path) -> Vec<String> {
    let packages = packages(root);
    let own: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for name in ["shared", "server", "lab", "contract", "bench", "baselines"] {
        if !own.contains(&name) {
            findings.push(format!("the workspace has no package `{name}`"));
        }
    }
    for package in &packages {
        for dependency in &package.dependencies {
            let is_dev = dependency.kind.as_deref() == Some("dev");
            if let Some(reason) = why_not(&package.name, &dependency.name, is_dev, &own) {
                findings.push(format!("{} depends on {}: {reason}", package.name, dependency.name));
            }
        }
        if let Some(needed) = must_depend_on(&package.name)
            && !package.dependencies.iter().any(|dependency| dependency.name == needed && dependency.kind.is_none())
        {
            findings.push(format!("{} does not depend on {needed}", package.name));
        }
    }
    findings
}

/// Why a package must not depend on another; `None` if it may.
fn why_not(package: &str, dependency: &str, is_dev: bool, own: &[&str]) -> Option<&'static str> {
    let is_implementation = |name: &str| name.starts_with("framework-") || name.starts_with("store-");
    match package {
        "shared" if is_one_of(dependency, FRAMEWORKS) => Some("shared names no framework"),
        "shared" if is_one_of(dependency, DRIVERS) => Some("shared names no database driver"),
        "shared" if own.contains(&dependency) => Some("shared stands below all others"),
        "contract" if own.contains(&dependency) => Some("contract must be able to test a backend in another language"),
        // Its tests need databases that a store has made and filled.
        "baselines" if own.contains(&dependency) && !is_dev && dependency != "shared" => {
            Some("what others are measured against shares no more with them than what an order costs")
        }
        "bench" if own.contains(&dependency) && !["server", "contract", "shared"].contains(&dependency) => {
            Some("bench sees server, contract and shared alone")
        }
        _ if dependency == "baselines" => Some("baselines is a program that is started: nobody builds on it"),
        _ if dependency == "bench" && package != "lab" => Some("lab alone sees bench"),
        // Tests of a framework need something to stand on; the store in memory is the smallest.
        _ if package.starts_with("framework-") && is_dev && dependency == "store-memory" => None,
        _ if package.starts_with("framework-") && dependency.starts_with("store-") => {
            Some("a framework never sees a store")
        }
        _ if package.starts_with("framework-") && is_one_of(dependency, DRIVERS) => {
            Some("a framework never sees a database driver")
        }
        _ if package.starts_with("framework-") && is_other_framework(package, dependency) => {
            Some("a framework sees no other framework")
        }
        _ if package.starts_with("store-") && is_one_of(dependency, FRAMEWORKS) => Some("a store never sees HTTP"),
        _ if package != "server" && is_implementation(dependency) => Some("server alone sees frameworks and stores"),
        _ => None,
    }
}

fn must_depend_on(package: &str) -> Option<&'static str> {
    match package {
        "lab" => Some("server"),
        _ if package.starts_with("framework-") || package.starts_with("store-") || package == "server" => {
            Some("shared")
        }
        _ => None,
    }
}

fn is_other_framework(package: &str, dependency: &str) -> bool {
    ["axum", "actix", "rocket"]
        .iter()
        .any(|framework| !package.ends_with(framework) && is_one_of(dependency, &[framework]))
        || dependency.starts_with("framework-")
}

/// Whether a package is one of these or of their family: `sea-orm-migration` is `sea-orm`'s, `rocket_ws` `rocket`'s.
fn is_one_of(name: &str, families: &[&str]) -> bool {
    let rest = |family: &&str| name.strip_prefix(*family);
    families.iter().filter_map(rest).any(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

fn packages(root: &Path) -> Vec<Package> {
    let metadata = cargo(root, &["metadata", "--no-deps", "--format-version", "1"]);
    serde_json::from_str::<Metadata>(&metadata).unwrap().packages
}

/// What is built for `lab` and `server` if nobody names a feature has no driver of [`SERVERS_DRIVERS`] in it.
pub fn servers_drivers_are_asked_for(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for package in ["lab", "server"] {
        // Without the packages that only tests need: those are not built by who runs it.
        let tree = cargo(root, &["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"]);
        let names: Vec<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        for driver in SERVERS_DRIVERS.iter().filter(|driver| names.contains(driver)) {
            findings.push(format!("{package} builds {driver} though nobody asked for its database"));
        }
    }
    findings
}

fn cargo(root: &Path, arguments: &[&str]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(arguments).args(["--offline", "--manifest-path"]).arg(root.join("Cargo.toml"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
