//! Two implementations of the same operations, side by side.
//!
//! The way of the data, one module a step: [`source`] has the text of the files, [`extract`] cuts the functions out of
//! it, [`compare`] pairs those that belong together, [`lines`] lays their lines beside each other, [`highlight`]
//! colours them, [`render`] writes them to a terminal and [`command`] is the command line around all of it.
//!
//! The page goes further: [`calls`], [`library`] and [`follow`] follow each of the contract's operations from its handlers to
//! the store, [`columns`] and [`align`] set up to five crates beside each other, [`about`] reads what the head of a file says
//! of a function in it, [`way`] is the way of a request, and [`html`] cuts lines into what a template writes.
//!
//! ```
//! use lab::compare::{Side, compare};
//! use lab::compare::render::{Options, render};
//! use lab::compare::source::{Kind, SourceFile};
//!
//! let side = |name, text: &str| {
//!     let file = SourceFile::new(&format!("{name}/src"), "handlers/hello.rs", text.to_owned());
//!     Side::new(name, Kind::Framework, &[file])
//! };
//! let left = side("axum", "pub async fn show() -> Json<Hello> {}")?;
//! let right = side("actix", "pub async fn show() -> HttpResponse {}")?;
//! let comparison = compare(&left, &right, Some("hello::show"))?;
//! let text = render(&comparison, &Options { width: 120, highlighter: None });
//! assert!(text.contains("1 pub async fn show() -> Json<Hello> {}"));
//! # Ok::<(), lab::compare::CompareError>(())
//! ```

pub mod about;
pub mod align;
pub mod calls;
pub mod columns;
pub mod command;
mod error;
pub mod extract;
mod fields;
mod find;
pub mod follow;
pub mod groups;
mod helpers;
pub mod highlight;
pub mod html;
pub mod library;
pub mod lines;
pub mod render;
pub mod source;
pub mod way;
#[cfg(test)]
mod way_tests;
mod wrap;

pub use crate::compare::error::CompareError;

use crate::compare::extract::{Function, functions_of_all};
use crate::compare::find::{Candidate, matching, names, one_module_only, pair_up};
use crate::compare::lines::{Mark, Row};
use crate::compare::source::{Implementation, Kind, SourceFile};

/// One of the implementations that are compared: its name and all its functions.
#[derive(Clone, Debug)]
pub struct Side {
    /// What people call it: `axum`.
    pub name: String,
    /// What it may be compared with.
    pub kind: Kind,
    /// Its functions, file by file.
    pub functions: Vec<Function>,
}

impl Side {
    /// An implementation made of these files.
    ///
    /// # Errors
    /// If one of them does not parse.
    pub fn new(name: &str, kind: Kind, files: &[SourceFile]) -> Result<Self, CompareError> {
        Ok(Self { name: name.to_owned(), kind, functions: functions_of_all(files)? })
    }

    /// One of the implementations that were compiled in.
    ///
    /// # Errors
    /// [`CompareError::UnknownName`] if there is none of that name.
    pub fn named(name: &str) -> Result<Self, CompareError> {
        let implementation =
            Implementation::named(name).ok_or_else(|| CompareError::UnknownName { name: name.to_owned() })?;
        Self::new(implementation.name, implementation.kind, &implementation.sources())
    }

    /// Whether the function is an operation, one of those that are compared if nobody asks for one by name. For a
    /// framework these are the functions below `handlers/`; for a store, those of the files that implement one of the
    /// traits of `shared/repository.rs`, helpers included: they are part of how it is done there.
    #[must_use]
    pub fn is_operation(&self, function: &Function) -> bool {
        match self.kind {
            Kind::Framework => function.module_path.first().is_some_and(|module| module == "handlers"),
            Kind::Store => self.functions.iter().any(|other| {
                other.module_path == function.module_path
                    && other.implements.as_ref().is_some_and(|name| name == "Store" || name.ends_with("Repository"))
            }),
            Kind::Shared => true,
        }
    }
}

/// What two sides have in common and what not.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The name of the left side.
    pub left: String,
    /// The name of the right side.
    pub right: String,
    /// The functions, in the left side's order; what only the right side has stands where that side has it.
    pub pairs: Vec<Pair>,
}

/// One function on both sides, or on one.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The left side's function, if it has it.
    pub left: Option<Function>,
    /// The right side's function, if it has it.
    pub right: Option<Function>,
    /// Their lines beside each other.
    pub rows: Vec<Row>,
}

impl Pair {
    /// The function, on whichever side it is.
    #[must_use]
    pub fn either(&self) -> Option<&Function> {
        self.left.as_ref().or(self.right.as_ref())
    }

    /// The heading: `users · create`.
    #[must_use]
    pub fn heading(&self) -> String {
        self.either().map(|function| format!("{} · {}", function.module(), function.name)).unwrap_or_default()
    }
}

/// A comparison in numbers. Lines count as they stand in the source, comments and blank ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Functions that at least one side has.
    pub functions: usize,
    /// Of these, those that the right side lacks.
    pub functions_only_left: usize,
    /// Of these, those that the left side lacks.
    pub functions_only_right: usize,
    /// All lines of the left side.
    pub left_lines: usize,
    /// All lines of the right side.
    pub right_lines: usize,
    /// Lines that both sides have, and that differ.
    pub changed: usize,
    /// Lines that only the left side has.
    pub only_left: usize,
    /// Lines that only the right side has.
    pub only_right: usize,
}

impl Comparison {
    /// The comparison in numbers.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { functions: self.pairs.len(), ..Totals::default() };
        for pair in &self.pairs {
            totals.functions_only_left += usize::from(pair.right.is_none());
            totals.functions_only_right += usize::from(pair.left.is_none());
            for row in &pair.rows {
                totals.left_lines += usize::from(row.left.is_some());
                totals.right_lines += usize::from(row.right.is_some());
                match row.mark {
                    Mark::Same => {}
                    Mark::Changed => totals.changed += 1,
                    Mark::LeftOnly => totals.only_left += 1,
                    Mark::RightOnly => totals.only_right += 1,
                }
            }
        }
        totals
    }
}

/// Compares all operations of two sides, or the one that is asked for: `users::create`, or `create` if only one module
/// has it. A full name (`users::create`) may also be one of a function that is no operation, such as an extractor.
///
/// # Errors
/// [`CompareError::DifferentKinds`], [`CompareError::UnknownOperation`] and [`CompareError::AmbiguousOperation`].
pub fn compare(left: &Side, right: &Side, operation: Option<&str>) -> Result<Comparison, CompareError> {
    if left.kind != right.kind {
        return Err(CompareError::DifferentKinds {
            left: left.name.clone(),
            left_kind: left.kind,
            right: right.name.clone(),
            right_kind: right.kind,
        });
    }
    let is_operation = |pair: &Candidate<'_>| {
        pair.left.is_some_and(|function| left.is_operation(function))
            || pair.right.is_some_and(|function| right.is_operation(function))
    };
    let all = pair_up(&left.functions, &right.functions);
    let (operations, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_operation);
    let chosen = match operation {
        None => operations,
        Some(asked) => {
            let mut found = matching(&operations, asked);
            if found.is_empty() && asked.contains("::") {
                found = matching(&others, asked);
            }
            one_module_only(asked, &found)?;
            if found.is_empty() {
                return Err(CompareError::UnknownOperation {
                    asked: asked.to_owned(),
                    left: left.name.clone(),
                    right: right.name.clone(),
                    operations: names(&operations),
                });
            }
            found
        }
    };
    let pairs = chosen
        .into_iter()
        .map(|Candidate { left, right }| Pair {
            rows: lines::rows(left, right),
            left: left.cloned(),
            right: right.cloned(),
        })
        .collect();
    Ok(Comparison { left: left.name.clone(), right: right.name.clone(), pairs })
}

/// `1 line`, `2 lines`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
