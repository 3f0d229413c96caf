//! What can be wrong with a question, and the answer that helps to ask a better one.

use crate::compare::extract::ExtractError;
use crate::compare::source::{IMPLEMENTATIONS, Kind};
use std::fmt::Write;

/// Why there is nothing to compare. Each says what there is instead.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// No implementation is called that.
    #[error("there is no `{name}`\n{}", list_of_implementations())]
    UnknownName {
        /// What was asked for.
        name: String,
    },
    /// A framework and a store have no function in common.
    #[error(
        "`{left}` is {} and `{right}` is {}: two of a kind can be compared\n{}",
        left_kind.with_article(), right_kind.with_article(), list_of_implementations()
    )]
    DifferentKinds {
        /// The name of the left side.
        left: String,
        /// What that is.
        left_kind: Kind,
        /// The name of the right side.
        right: String,
        /// What that is.
        right_kind: Kind,
    },
    /// Neither side has such a function.
    #[error("neither {left} nor {right} has `{asked}`\n{}", list_of_operations(asked, operations))]
    UnknownOperation {
        /// What was asked for.
        asked: String,
        /// The name of the left side.
        left: String,
        /// The name of the right side.
        right: String,
        /// What there is.
        operations: Vec<String>,
    },
    /// More than one module has such a function.
    #[error("`{asked}` can be one of several; say which: {}", candidates.join(", "))]
    AmbiguousOperation {
        /// What was asked for.
        asked: String,
        /// Names that are not ambiguous.
        candidates: Vec<String>,
    },
    /// The source is not Rust. What was compiled in always is.
    #[error(transparent)]
    Extract(#[from] ExtractError),
}

fn list_of_implementations() -> String {
    let of_kind = |kind| {
        let names = IMPLEMENTATIONS.iter().filter(|implementation| implementation.kind == kind);
        names.map(|implementation| implementation.name).collect::<Vec<_>>().join(", ")
    };
    format!(
        "frameworks: {}\nstores: {}; `diesel` is `diesel-sqlite`, `sea-orm` is `sea-orm-sqlite`",
        of_kind(Kind::Framework),
        of_kind(Kind::Store)
    )
}

fn list_of_operations(asked: &str, operations: &[String]) -> String {
    let mut list = String::new();
    let known: Vec<&str> = operations.iter().map(String::as_str).collect();
    if let Some(meant) = similar::get_close_matches(asked, &known, 1, 0.85).first() {
        let _ = writeln!(list, "perhaps `{meant}`?");
    }
    list.push_str("there is: ");
    list.push_str(&if operations.is_empty() { "nothing yet".to_owned() } else { operations.join(", ") });
    list
}
