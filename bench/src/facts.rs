//! Stub.
use crate::result::{Commit, Machine, Noise};
use std::collections::BTreeMap;
use std::path::Path;
/// x
pub async fn noise() -> Noise { Noise { busy_share: None, stolen_share: None, spread: 0.0, is_noisy: false } }
/// x
pub async fn machine() -> Machine { Machine { name: "x".into(), cpu: "x".into(), cores: 2, memory_bytes: 0, system: "x".into(), governor: None, hypervisor: None } }
/// x
pub async fn commit(_: &Path) -> Commit { Commit { id: "unknown".into(), has_changes: false } }
/// x
pub async fn versions(_: &Path) -> BTreeMap<String, String> { BTreeMap::new() }
