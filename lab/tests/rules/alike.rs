//! Sibling crates have the same files, and in them the same functions in the same order with the same parameters.

use super::sources;
use lab::compare::extract::{Function, functions};
use lab::compare::source::SourceFile;
use std::path::Path;

/// Files that a crate may lack, each for the reason beside it.
const NOT_NEEDED: [(&str, &str); 1] = [
    // Memory begins empty at each start: there is no schema to bring up to date.
    ("examples-nosql/memory/src", "migrations.rs"),
];

/// Every crate has the files of every other, but for those of [`NOT_NEEDED`].
pub fn same_files(root: &Path, folders: &[&str]) -> Vec<String> {
    let paths =
        |folder: &&str| -> Vec<String> { sources(root, folder).iter().map(|file| relative(file, folder)).collect() };
    let all: Vec<Vec<String>> = folders.iter().map(paths).collect();
    let mut findings = Vec::new();
    for (folder, own) in folders.iter().zip(&all) {
        for (sibling, others) in folders.iter().zip(&all) {
            let needed = |path: &&String| !NOT_NEEDED.contains(&(*folder, path.as_str()));
            for path in others.iter().filter(|path| !own.contains(path)).filter(needed) {
                findings.push(format!("{folder}/{path} is missing: {sibling} has it"));
            }
        }
    }
    findings
}

/// The public functions of each file of `handlers/` are those of the first crate, in its order, with its parameters.
pub fn same_handlers(root: &Path, folders: &[&str]) -> Vec<String> {
    same_functions(root, folders, |path| path.starts_with("handlers/"), |function| function.public)
}

/// The methods that implement the traits of `shared` are those of the first crate in its order, with its parameters.
pub fn same_store_methods(root: &Path, folders: &[&str]) -> Vec<String> {
    let is_of_shared = |name: &String| name == "Store" || name.ends_with("Repository");
    same_functions(root, folders, |_| true, |function| function.implements.as_ref().is_some_and(is_of_shared))
}

fn same_functions(
    root: &Path,
    folders: &[&str],
    is_compared: fn(&str) -> bool,
    counts: impl Fn(&Function) -> bool,
) -> Vec<String> {
    let Some((first, siblings)) = folders.split_first() else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let mut compared = 0;
    for model in sources(root, first) {
        let path = relative(&model, first);
        if !is_compared(&path) {
            continue;
        }
        let expected = signatures(&model, &counts);
        compared += expected.len();
        for sibling in siblings {
            // A missing file is `same_files`' to report.
            let Some(file) = sources(root, sibling).into_iter().find(|file| relative(file, sibling) == path) else {
                continue;
            };
            let found = signatures(&file, &counts);
            if found != expected {
                findings.push(difference(&model.path, &expected, &file.path, &found));
            }
        }
    }
    if compared == 0 {
        findings.push(format!("{first} has no function to compare its siblings with"));
    }
    findings
}

fn relative(file: &SourceFile, folder: &str) -> String {
    file.path[folder.len() + 1..].to_owned()
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
