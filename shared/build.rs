//! Turns the contract, which is written in YAML for people, into the JSON that every variant serves.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    // Asked when it runs: a clone that was moved still has the executable of this script from its former place.
    let contract = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../contract/openapi.yaml");
    println!("cargo::rerun-if-changed={}", contract.display());
    let yaml = fs::read_to_string(contract)?;
    let mut json = Vec::new();
    // Passed on event by event: a map in between would put the operations into alphabetical order.
    let deserializer = serde_yaml_ng::Deserializer::from_str(&yaml);
    serde_transcode::transcode(deserializer, &mut serde_json::Serializer::new(&mut json))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("openapi.json"), json)?;
    Ok(())
}
