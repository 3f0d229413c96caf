//! Two implementations of the same operations, side by side.
//!
//! The way of the data, one module a step: [`source`] has the text of the files, [`extract`] cuts the functions out of
//! it, [`compare`] here finds those that belong together, [`lines`] lays their lines beside each other, [`highlight`]
//! colours them, [`render`] writes them to a terminal and [`command`] is the command line around all of it.
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

pub mod command;
pub mod extract;
pub mod highlight;
pub mod lines;
pub mod render;
pub mod source;

use crate::compare::extract::{ExtractError, Function, functions_of_all};
use crate::compare::lines::{Mark, Row};
use crate::compare::source::{IMPLEMENTATIONS, Implementation, Kind, SourceFile};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;

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

/// Functions that stand beside each other, before their lines are compared.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    left: Option<&'a Function>,
    right: Option<&'a Function>,
}

impl<'a> Candidate<'a> {
    fn either(&self) -> Option<&'a Function> {
        self.left.or(self.right)
    }
}

/// Functions belong together if they have the same name in the same file. If one file has several of that name (`new`
/// of two types), the first belongs to the first and so on: the types' names may differ between the sides.
fn pair_up<'a>(left: &'a [Function], right: &'a [Function]) -> Vec<Candidate<'a>> {
    let left = with_keys(left);
    let right = with_keys(right);
    let right_by_key: HashMap<_, _> = right.iter().cloned().collect();
    let left_keys: BTreeSet<_> = left.iter().map(|(key, _)| key).collect();
    let mut pairs: Vec<(Key<'a>, Candidate<'a>)> = left
        .iter()
        .map(|(key, function)| (*key, Candidate { left: Some(function), right: right_by_key.get(key).copied() }))
        .collect();
    let mut before: Option<Key<'a>> = None;
    for (key, function) in right {
        if !left_keys.contains(&key) {
            let position = before.as_ref().and_then(|before| pairs.iter().position(|(other, _)| other == before));
            let position = position.map_or(0, |position| position + 1);
            pairs.insert(position, (key, Candidate { left: None, right: Some(function) }));
        }
        before = Some(key);
    }
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

type Key<'a> = (&'a [String], &'a str, usize);

fn with_keys(functions: &[Function]) -> Vec<(Key<'_>, &Function)> {
    let mut seen: HashMap<(&[String], &str), usize> = HashMap::new();
    functions
        .iter()
        .map(|function| {
            let (module, name) = (function.module_path.as_slice(), function.name.as_str());
            let count = seen.entry((module, name)).or_default();
            *count += 1;
            ((module, name, *count), function)
        })
        .collect()
}

fn matching<'a>(pairs: &[Candidate<'a>], asked: &str) -> Vec<Candidate<'a>> {
    let mut modules: Vec<&str> = asked.split("::").collect();
    let name = modules.pop().unwrap_or_default();
    let matches = |function: &Function| {
        let module_path: Vec<&str> = function.module_path.iter().map(String::as_str).collect();
        function.name == name && module_path.ends_with(&modules)
    };
    pairs.iter().filter(|pair| pair.either().is_some_and(matches)).copied().collect()
}

fn one_module_only(asked: &str, found: &[Candidate<'_>]) -> Result<(), CompareError> {
    let full_name = |function: &Function| format!("{}::{}", function.module_path.join("::"), function.name);
    let full_names: BTreeSet<String> = found.iter().filter_map(Candidate::either).map(full_name).collect();
    if full_names.len() < 2 {
        return Ok(());
    }
    let short_names = names(found);
    let candidates = if short_names.len() == full_names.len() { short_names } else { Vec::from_iter(full_names) };
    Err(CompareError::AmbiguousOperation { asked: asked.to_owned(), candidates })
}

/// The names of the functions, each once, in their order.
fn names(pairs: &[Candidate<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in pairs.iter().filter_map(Candidate::either).map(Function::operation) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

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
    format!("frameworks: {}\nstores: {}", of_kind(Kind::Framework), of_kind(Kind::Store))
}

fn list_of_operations(asked: &str, operations: &[String]) -> String {
    let mut list = String::new();
    let known: Vec<&str> = operations.iter().map(String::as_str).collect();
    if let Some(meant) = similar::get_close_matches(asked, &known, 1, 0.7).first() {
        let _ = writeln!(list, "perhaps `{meant}`?");
    }
    list.push_str("there is: ");
    list.push_str(&if operations.is_empty() { "nothing yet".to_owned() } else { operations.join(", ") });
    list
}
