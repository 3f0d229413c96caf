//! A result, or two of them, as HTML for the middle of a page: the one place where the lab asks crate `bench` for that.

use bench::compare;
use bench::report;
use bench::result::Results;

pub(crate) use bench::report::STYLE;

/// Tables and charts of one result.
///
/// # Errors
/// Why it cannot be drawn, in a sentence.
pub(crate) fn one(results: &Results) -> Result<String, String> {
    report::fragment(results).map_err(|error| error.to_string())
}

/// Which differences between two results are more than noise.
///
/// # Errors
/// Why they cannot be compared, in a sentence.
pub(crate) fn two(before: &Results, after: &Results) -> Result<String, String> {
    let comparison = compare::compare(before, after).map_err(|error| error.to_string())?;
    compare::fragment(&comparison).map_err(|error| error.to_string())
}
