//! The comparison benchmark: what does each variant cost?
//!
//! | module | what it is |
//! | --- | --- |
//! | [`result`] | what a run leaves: the JSON file |
//! | [`statistics`] | medians with their spread |
//! | [`progress`] | what a run says while it goes on |
//! | [`facts`] | what can be said of a variant and of the machine without timing a request |
//! | [`report`] | one HTML page with charts, made of such a file |
//! | [`compare`] | two such files: which differences are more than noise |
//!
//! It sees `server`, whose variants it starts as processes, and `contract`, whose suite each must pass before it is timed.

pub mod compare;
pub mod facts;
pub mod progress;
pub mod report;
pub mod result;
pub mod statistics;
