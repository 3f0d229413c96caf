//! `results.schema.json` against what is written.

use crate::fixtures::results;
use bench::result::{Load, Results, Verified};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const SCHEMA: &str = include_str!("../../results.schema.json");

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(&schema()).unwrap()
}

fn file() -> Value {
    serde_json::to_value(results()).unwrap()
}

/// Every object that a value is made of, with the object of the schema that describes it.
fn described(value: &Value) -> Vec<(Map<String, Value>, Map<String, Value>)> {
    let schema = schema();
    let parts = &schema["$defs"];
    let one_of = |name: &str, tag: &str, wanted: &Value| {
        let list = parts[name]["oneOf"].as_array().unwrap();
        list.iter().find(|one| one["properties"][tag]["const"] == wanted[tag]).unwrap().clone()
    };
    let mut pairs = vec![(value.clone(), schema.clone())];
    for name in ["commit", "machine", "noise", "settings"] {
        pairs.push((value[name].clone(), parts[name].clone()));
    }
    for subject in value["subjects"].as_array().unwrap() {
        pairs.push((subject.clone(), parts["subject"].clone()));
        pairs.push((subject["verified"].clone(), one_of("verified", "state", &subject["verified"])));
    }
    for run in value["runs"].as_array().unwrap() {
        pairs.push((run.clone(), parts["run"].clone()));
        pairs.push((run["load"].clone(), one_of("load", "mode", &run["load"])));
        if !run["latency"].is_null() {
            pairs.push((run["latency"].clone(), parts["latency"].clone()));
        }
    }
    pairs
        .into_iter()
        .map(|(value, schema)| (value.as_object().unwrap().clone(), schema.as_object().unwrap().clone()))
        .collect()
}

#[test]
fn a_full_file_is_valid() {
    let errors: Vec<String> = validator().iter_errors(&file()).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn the_fixture_has_every_kind_of_load_and_verdict() {
    let Results { subjects, runs, .. } = results();
    assert!(runs.iter().any(|run| run.load == Load::Closed) && runs.iter().any(|run| run.load != Load::Closed));
    assert!(subjects.iter().any(|subject| matches!(subject.verified, Verified::Passed { .. })));
    assert!(subjects.iter().any(|subject| matches!(subject.verified, Verified::Failed { .. })));
    assert!(subjects.iter().any(|subject| subject.verified == Verified::NotApplicable));
}

/// What older files of this format do not have.
const CAME_LATER: [&str; 3] = ["file_memory_bytes", "pool_size", "rounds_at_most"];

/// The fields of a struct and the properties of its schema are the same, and each must be there: `null` where nothing is known.
#[test]
fn the_schema_knows_each_field_and_nothing_else() {
    for (value, schema) in described(&file()) {
        let mut fields: Vec<&String> = value.keys().collect();
        let mut properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut required: Vec<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        fields.sort();
        properties.sort();
        required.sort_unstable();
        assert_eq!(fields, properties);
        fields.retain(|field| required.contains(&field.as_str()) || !CAME_LATER.contains(&field.as_str()));
        assert_eq!(fields, required);
    }
}

#[test]
fn the_schema_is_strict_and_says_what_each_field_is() {
    fn check(schema: &Value, place: &str) {
        if let Some(list) = schema.as_array() {
            list.iter().for_each(|one| check(one, place));
        }
        let Some(object) = schema.as_object() else { return };
        if object.get("type") == Some(&json!("object")) {
            // A map has a schema for its values.
            let additional = &schema["additionalProperties"];
            assert!(*additional == json!(false) || additional.is_object(), "{place} lets everything through");
        }
        for (name, property) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let words = property["description"].as_str().unwrap_or_default();
            assert!(words.ends_with('.'), "{place}/{name} is not described");
        }
        for (name, part) in object {
            check(part, &format!("{place}/{name}"));
        }
    }
    check(&schema(), "");
}

#[test]
fn a_wrong_file_is_invalid() {
    let validator = validator();
    let check = |pointer: &str, wrong: Value| {
        let mut file = file();
        *file.pointer_mut(pointer).unwrap_or_else(|| panic!("the fixture has no {pointer}")) = wrong.clone();
        assert!(!validator.is_valid(&file), "{pointer} may be {wrong}");
    };
    check("/format", json!(2));
    check("/started_at", json!("yesterday"));
    check("/noise/busy_share", json!(1.5));
    check("/settings/profile", json!("fast"));
    check("/settings/rounds", json!(0));
    check("/subjects/0/kind", json!("winner"));
    check("/subjects/0/verified", json!({ "state": "passed" }));
    check("/subjects/0/verified", json!({ "state": "passed", "cases": 1, "failures": [] }));
    check("/runs/0/load", json!({ "mode": "open" }));
    check("/runs/0/load", json!({ "mode": "closed", "rate": 5 }));
    check("/runs/0/requests", json!(-1));
    check("/runs/0/requests", json!(0.5));
    check("/runs/0/requests_per_second", json!(null));
    check("/runs/0/latency", json!({ "p50": 1 }));
    check("/runs/0", json!({}));
    let mut more = file();
    more["remark"] = json!("");
    assert!(!validator.is_valid(&more));
    let mut less = file();
    less["runs"][0].as_object_mut().unwrap().remove("failure");
    assert!(!validator.is_valid(&less));
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let text = serde_json::to_string(&results()).unwrap();
    assert_eq!(serde_json::from_str::<Results>(&text).unwrap(), results());
}

/// What is kept in `bench/results` must be read as long as this format is.
#[test]
fn the_results_that_are_kept_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    assert!(!files.is_empty());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator().iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
        assert!(serde_json::from_str::<Results>(&text).is_ok(), "{}", path.display());
    }
}
