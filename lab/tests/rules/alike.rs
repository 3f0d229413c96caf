//! Sibling crates have the same files, and in them the same functions in the same order with the same parameters.

use super::{Sibling, place, sources};
use lab::compare::extract::{Function, functions};
use lab::compare::source::SourceFile;
use std::collections::BTreeSet;
use std::path::Path;

/// The files that every store has.
const OF_EVERY_STORE: [&str; 8] =
    ["connection.rs", "lib.rs", "migrations.rs", "orders.rs", "products.rs", "reports.rs", "schema.rs", "users.rs"];

/// Files that a sibling lacks, each for the reason above it.
const LACKING: [(&str, &str); 1] = [
    // Memory begins empty at each start: there is no schema to bring up to date.
    ("examples-nosql/memory/src", "migrations.rs"),
];

/// Files that a sibling has alone, each for the reason above it.
const ALONE: &[(&str, &str)] = &[
    // Where a crate has several databases, each has its `open` in a file of its own.
    ("examples-sql/diesel/src", "mod.rs"),
    ("examples-sql/sea-orm/src", "mod.rs"),
    // What its two servers have in common; SQLite's connections are threads, and have a pool of another kind.
    ("examples-sql/diesel/src", "pool.rs"),
    // What its two servers have in common and SQLite does not need: a network that can be cut.
    ("examples-sql/sea-orm/src", "network.rs"),
    // These drivers call back with what they send; SeaORM and Redis are told at the call what is recorded.
    ("examples-sql/diesel/src", "query_log.rs"),
    ("examples-nosql/mongodb/src", "query_log.rs"),
    ("examples-nosql/dynamodb/src", "query_log.rs"),
    // MongoDB lets no transaction wait for another one: beginning anew, and queues so that it is rarely needed.
    ("examples-nosql/mongodb/src", "transaction.rs"),
    // Its URL, which is none of the driver's: region, endpoint and credentials.
    ("examples-nosql/dynamodb/src", "address.rs"),
    // What its database is given to run are programs: a list of them, beside their texts.
    ("examples-nosql/redis/src", "scripts.rs"),
    // A transaction is one request there, made of items and conditions, where others have statements between two.
    ("examples-nosql/dynamodb/src", "transaction.rs"),
    // Its transactions cancel each other where others wait for a lock: when to come again, and whose turn it is.
    ("examples-nosql/dynamodb/src", "contention.rs"),
    ("examples-nosql/dynamodb/src", "queues.rs"),
    // Its driver takes requests, not statements: those that several files send.
    ("examples-nosql/dynamodb/src", "requests.rs"),
    // What a row is elsewhere are an item's attributes there, one by one, and lists and maps within them.
    ("examples-nosql/dynamodb/src", "schema/orders.rs"),
    ("examples-nosql/dynamodb/src", "schema/products.rs"),
];

/// Every sibling has the files of every other, but for those of [`LACKING`] and [`ALONE`].
pub fn same_files(root: &Path, siblings: &[Sibling]) -> Vec<String> {
    let paths = |sibling: &Sibling| -> BTreeSet<String> {
        let files = sources(root, *sibling).into_iter().map(|file| file.relative);
        files.filter(|path| !ALONE.contains(&(sibling.0, path.as_str()))).collect()
    };
    let all: Vec<BTreeSet<String>> = siblings.iter().map(paths).collect();
    let mut findings = Vec::new();
    for (sibling, own) in siblings.iter().zip(&all) {
        for (other, others) in siblings.iter().zip(&all) {
            let needed = |path: &&String| !LACKING.contains(&(sibling.0, path.as_str()));
            for path in others.difference(own).filter(needed) {
                findings.push(format!("{}/{path} is missing: {} has it", place(*sibling), place(*other)));
            }
        }
    }
    findings
}

/// Every store has the files of [`OF_EVERY_STORE`], also where all of them would lack one.
pub fn files_of_every_store(root: &Path, stores: &[Sibling]) -> Vec<String> {
    let mut findings = Vec::new();
    for store in stores {
        let files = sources(root, *store);
        let is_there = |path: &str| files.iter().any(|file| file.relative == path);
        let needed = OF_EVERY_STORE.iter().filter(|path| !LACKING.contains(&(store.0, path)));
        let missing = needed.filter(|path| !is_there(path));
        findings.extend(missing.map(|path| format!("{}/{path} is missing: every store has it", place(*store))));
    }
    findings
}

/// The public functions of each file of `handlers/` are those of the first crate, in its order, with its parameters.
pub fn same_handlers(root: &Path, siblings: &[Sibling]) -> Vec<String> {
    same_functions(root, siblings, |path| path.starts_with("handlers/"), |function| function.public)
}

/// The methods that implement the traits of `shared` are those of the first crate in its order, with its parameters.
pub fn same_store_methods(root: &Path, siblings: &[Sibling]) -> Vec<String> {
    let is_of_shared = |name: &String| name == "Store" || name.ends_with("Repository");
    same_functions(root, siblings, |_| true, |function| function.implements.as_ref().is_some_and(is_of_shared))
}

fn same_functions(
    root: &Path,
    siblings: &[Sibling],
    is_compared: fn(&str) -> bool,
    counts: impl Fn(&Function) -> bool,
) -> Vec<String> {
    let Some((first, others)) = siblings.split_first() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut compared = 0;
    for model in sources(root, *first) {
        if !is_compared(&model.relative) {
            continue;
        }
        let expected = signatures(&model, &counts);
        compared += expected.len();
        for sibling in others {
            // A missing file is `same_files`' to report. One may stand beside the folders of the databases and in one.
            let files = sources(root, *sibling).into_iter().filter(|file| file.relative == model.relative);
            let found: Vec<(String, Vec<String>)> =
                files.map(|file| (file.path.clone(), signatures(&file, &counts))).collect();
            let Some((path, _)) = found.last() else { continue };
            let all: Vec<String> = found.iter().flat_map(|(_, signatures)| signatures.clone()).collect();
            if all != expected {
                findings.push(difference(&model.path, &expected, path, &all));
            }
        }
    }
    if compared == 0 {
        findings.push(format!("{} has no function to compare its siblings with", place(*first)));
    }
    findings
}

/// `create(services, caller, body)`, one a function.
fn signatures(file: &SourceFile, counts: impl Fn(&Function) -> bool) -> Vec<String> {
    let found = functions(file).unwrap_or_else(|error| panic!("{error}"));
    let counted = found.iter().filter(|function| counts(function));
    // An underscore before a name says that the parameter is not used here; it is the same parameter.
    let names = |function: &Function| -> Vec<String> {
        function.parameters.iter().map(|name| name.trim_start_matches('_').to_owned()).collect()
    };
    counted.map(|function| format!("{}({})", function.name, names(function).join(", "))).collect()
}

fn difference(model_path: &str, model: &[String], path: &str, found: &[String]) -> String {
    let (model_text, found_text) = (model.join("\n") + "\n", found.join("\n") + "\n");
    let diff = similar::TextDiff::from_lines(&model_text, &found_text);
    format!("{}", diff.unified_diff().context_radius(100).header(model_path, path))
}
