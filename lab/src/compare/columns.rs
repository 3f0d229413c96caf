//! One to five crates beside each other: which functions stand in which column, and how their lines compare.

use crate::compare::about::About;
use crate::compare::align::{Cell, CellMark};
use crate::compare::extract::Function;
use crate::compare::follow::Entry;
use crate::compare::groups::{Group, groups};
use crate::compare::library::{Crate, Library};
use crate::compare::render::{Options, render};
use crate::compare::source::Kind;
use crate::compare::{Comparison, Pair, counted, lines};
use std::fmt::Write;

/// More columns than this would be too narrow to read.
pub const COLUMNS_MAX: usize = 5;

/// So many are shown if nobody says how many: they fit a screen without scrolling sideways.
pub const COLUMNS_USUAL: usize = 3;

/// The width of the plain text, in letters: two columns of code with their numbers.
const TEXT_WIDTH: usize = 170;

/// What is looked at.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    /// An operation, in each crate the part that it has of it.
    Operation(&'a Entry),
    /// Functions by their name: `users::insert`, `extractors::JsonBody`, `extractors::JsonBody::from_request`.
    Named(&'a str),
}

/// Why there is nothing to show. Each says what there is instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// Nothing is called that.
    #[error("there is no operation or function `{asked}`")]
    UnknownSubject {
        /// What was asked for.
        asked: String,
        /// What is called almost so.
        closest: Option<String>,
    },
    /// No crate is called that.
    #[error("there is no crate `{asked}`")]
    UnknownColumn {
        /// What was asked for.
        asked: String,
        /// What is called almost so.
        closest: Option<String>,
    },
    /// No file is there.
    #[error("there is no file `{asked}`")]
    UnknownFile {
        /// What was asked for.
        asked: String,
        /// What is called almost so.
        closest: Option<String>,
    },
    /// There is no room for so many.
    #[error("{0} columns are too many: choose at most {COLUMNS_MAX}")]
    TooMany(usize),
}

impl ColumnsError {
    /// The name that was probably meant.
    #[must_use]
    pub fn closest(&self) -> Option<&str> {
        match self {
            Self::UnknownSubject { closest, .. }
            | Self::UnknownColumn { closest, .. }
            | Self::UnknownFile { closest, .. } => closest.as_deref(),
            Self::TooMany(_) => None,
        }
    }
}

/// A column: a crate and what it has of the subject.
pub struct Column<'a> {
    /// The crate.
    pub crate_: &'a Crate,
    /// Its functions, in the order of the calls, or in that of the files; after them their helpers.
    pub functions: Vec<&'a Function>,
    /// How many of these are no helpers.
    pub(super) main: usize,
    /// Methods of a store that are reached by way of another service, with that service's method.
    pub indirect: Vec<(&'a Function, &'a Function)>,
    /// What the file of one of these functions says of it at its head.
    pub about: Option<About>,
}

impl Column<'_> {
    /// Lines of code, comments and blank ones included.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.functions.iter().map(|function| function.lines.len()).sum()
    }
}

/// The columns and what stands in them.
pub struct Columns<'a> {
    /// From left to right.
    pub columns: Vec<Column<'a>>,
    /// The groups of each kind of crate, from top to bottom. Kinds stand beside each other and are not compared.
    pub kinds: Vec<Vec<Group<'a>>>,
}

impl Library {
    /// The operation or the functions of this name.
    ///
    /// # Errors
    /// [`ColumnsError::UnknownSubject`].
    pub fn subject<'a>(&'a self, asked: &'a str) -> Result<Subject<'a>, ColumnsError> {
        if let Some(entry) = self.entry_named(asked) {
            return Ok(Subject::Operation(entry));
        }
        if asked.contains("::") && self.crates.iter().any(|crate_| !named(crate_, asked).is_empty()) {
            return Ok(Subject::Named(asked));
        }
        let operations = self.entries.iter().map(|entry| entry.operation.id.clone());
        let functions = self.crates.iter().flat_map(|crate_| crate_.side.functions.iter().map(Function::operation));
        let known: Vec<String> = operations.chain(functions).collect();
        Err(ColumnsError::UnknownSubject { asked: asked.to_owned(), closest: closest(asked, &known) })
    }

    /// The crates of these names.
    ///
    /// # Errors
    /// [`ColumnsError::UnknownColumn`], [`ColumnsError::TooMany`].
    pub fn columns_named(&self, names: &[&str]) -> Result<Vec<&Crate>, ColumnsError> {
        let known: Vec<String> = self.crates.iter().map(|crate_| crate_.side.name.clone()).collect();
        let crate_ = |name: &&str| {
            let unknown = || ColumnsError::UnknownColumn { asked: (*name).to_owned(), closest: closest(name, &known) };
            self.crate_named(name).ok_or_else(unknown)
        };
        if names.len() > COLUMNS_MAX {
            return Err(ColumnsError::TooMany(names.len()));
        }
        names.iter().map(crate_).collect()
    }

    /// What is shown if nobody says which columns: the frameworks for an operation, else the crates that have it.
    #[must_use]
    pub fn default_columns(&self, subject: Subject<'_>) -> Vec<&Crate> {
        let is_there = |crate_: &&Crate| match subject {
            Subject::Operation(_) => crate_.side.kind == Kind::Framework,
            Subject::Named(asked) => !named(crate_, asked).is_empty(),
        };
        self.crates.iter().filter(is_there).take(COLUMNS_USUAL).collect()
    }

    /// What these crates have of the subject.
    #[must_use]
    pub fn columns<'a>(&'a self, subject: Subject<'a>, crates: &[&'a Crate]) -> Columns<'a> {
        let column = |crate_: &&'a Crate| match subject {
            Subject::Operation(entry) => {
                let indirect = entry.indirect.iter().filter(|_| crate_.side.kind == Kind::Store);
                let indirect = indirect
                    .filter_map(|(declared, through)| Some((crate_.implementation_of(declared)?, through)))
                    .collect();
                let functions = entry.functions(self, crate_);
                let about = crate_.about(&functions);
                Column { crate_, main: functions.len(), functions, indirect, about }
            }
            Subject::Named(asked) => {
                let mut functions = named(crate_, asked);
                let main = functions.len();
                self.add_private_helpers(crate_, &mut functions);
                let about = crate_.about(&functions);
                Column { crate_, main, functions, indirect: Vec::new(), about }
            }
        };
        let columns: Vec<Column<'a>> = crates.iter().map(column).collect();
        let mut kinds: Vec<(Kind, Vec<usize>)> = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let kind = column.crate_.side.kind;
            match kinds.iter_mut().find(|known| known.0 == kind) {
                Some((_, indices)) => indices.push(index),
                None => kinds.push((kind, vec![index])),
            }
        }
        let kinds = kinds.into_iter().map(|(_, indices)| groups(&columns, &indices)).collect();
        Columns { columns, kinds }
    }

    /// Rocket's `JsonBody::from_data` is three lines that call `read`: what only the same file can call belongs to it.
    fn add_private_helpers<'a>(&self, crate_: &'a Crate, functions: &mut Vec<&'a Function>) {
        let is_private = |function: &Function| !function.lines.iter().any(|line| line.trim_start().starts_with("pub"));
        for function in functions.clone() {
            for helper in self.helpers_of_kind(&crate_.side, function, is_private) {
                if !functions.contains(&helper) {
                    functions.push(helper);
                }
            }
        }
    }
}

/// The functions of a crate that somebody means by a name: a function of a module (`users::insert`), one of a type
/// (`extractors::JsonBody::from_request`), or all of a type (`extractors::JsonBody`).
fn named<'a>(crate_: &'a Crate, asked: &str) -> Vec<&'a Function> {
    let asked: Vec<&str> = asked.split("::").collect();
    let is_meant = |function: &&Function| {
        let module = || function.module_path.iter().map(String::as_str);
        let (owner, name) = (function.owner.as_deref(), function.name.as_str());
        let full = || module().chain(owner).chain([name]).collect::<Vec<_>>();
        let short = || module().chain([name]).collect::<Vec<_>>();
        let of_type = || module().chain(owner).collect::<Vec<_>>();
        full().ends_with(&asked)
            || short().ends_with(&asked)
            || owner.is_some() && asked.len() > 1 && of_type().ends_with(&asked)
    };
    crate_.side.functions.iter().filter(is_meant).collect()
}

pub(crate) fn closest(asked: &str, known: &[String]) -> Option<String> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    similar::get_close_matches(asked, &known, 1, 0.6).first().map(ToString::to_string)
}

impl Columns<'_> {
    /// Whether their lines are set beside each other. Columns of kinds that differ are not; nor are more than a few that
    /// have little in common, where each row would be as high as the longest of five lines that say different things.
    #[must_use]
    pub fn are_compared(&self) -> bool {
        let groups = || self.kinds.iter().flatten();
        let cells = |group: &Group<'_>| group.rows.iter().flatten().flatten().count();
        let same = |group: &Group<'_>| {
            let is_same = |cell: &&Cell| cell.mark == CellMark::Same;
            // What one column alone has is like nothing.
            let is_alone = group.functions.iter().flatten().count() < 2;
            if is_alone { 0 } else { group.rows.iter().flatten().flatten().filter(is_same).count() }
        };
        let are_alike = || 2 * groups().map(same).sum::<usize>() > groups().map(cells).sum::<usize>();
        self.kinds.len() < self.columns.len() && (self.columns.len() <= COLUMNS_USUAL || are_alike())
    }

    /// The plain text: two columns of a kind as `lab diff` writes them, anything else one column after the other.
    #[must_use]
    pub fn text(&self) -> String {
        if let ([left, right], [groups]) = (self.columns.as_slice(), self.kinds.as_slice()) {
            let side = |group: &Group<'_>, index: usize| group.functions.get(index).copied().flatten().cloned();
            let pair = |group: &Group<'_>| {
                let (left, right) = (side(group, 0), side(group, 1));
                Pair { rows: lines::rows(left.as_ref(), right.as_ref()), left, right }
            };
            let comparison = Comparison {
                left: left.crate_.side.name.clone(),
                right: right.crate_.side.name.clone(),
                pairs: groups.iter().map(pair).collect(),
            };
            return render(&comparison, &Options { width: TEXT_WIDTH, highlighter: None });
        }
        let mut text = String::new();
        for column in &self.columns {
            // Writing into a `String` cannot fail.
            let _ = writeln!(text, "== {}: {}\n", column.crate_.side.name, counted(column.lines(), "line"));
            for function in &column.functions {
                let _ = writeln!(text, "{} ({})", function.location(), counted(function.lines.len(), "line"));
                for line in lines::displayed_lines(function) {
                    let _ = writeln!(text, "{}", format!("{:>4} {}", line.number, line.text).trim_end());
                }
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{Columns, ColumnsError, Library};
    use crate::compare::library::tests::embedded;

    fn of<'a>(library: &'a Library, subject: &'a str, columns: &[&str]) -> Columns<'a> {
        let crates = library.columns_named(columns).unwrap();
        library.columns(library.subject(subject).unwrap(), &crates)
    }

    #[test]
    fn columns_of_a_kind_are_compared_and_kinds_stand_beside_each_other() {
        let library = embedded();
        let columns = of(library, "users.create", &["rocket", "diesel-sqlite", "axum"]);
        let shown: Vec<Vec<usize>> = columns.kinds.iter().map(|groups| groups[0].columns.clone()).collect();
        assert_eq!(shown, [vec![0, 2], vec![1]]);
        assert_eq!(columns.columns[1].functions[0].operation(), "users::insert");
        assert_eq!(columns.columns[1].indirect[0].0.name, "find");
    }

    #[test]
    fn helpers_follow_and_belong_together_by_name() {
        let library = embedded();
        let columns = of(library, "users.update", &["memory", "diesel-sqlite", "sea-orm-sqlite"]);
        let first: Vec<&str> = columns.kinds[0]
            .iter()
            .map(|group| group.functions.iter().flatten().next().unwrap().name.as_str())
            .collect();
        assert_eq!(first[..2], ["find", "update"]);
        let refusal = columns.kinds[0].iter().find(|group| group.functions[1].is_some_and(|f| f.name == "refusal"));
        assert!(refusal.unwrap().functions[0].is_none());
    }

    #[test]
    fn a_script_is_part_of_what_has_it_run() {
        let library = embedded();
        for subject in ["users.update", "users::update"] {
            let redis = &of(library, subject, &["diesel-postgres", "redis"]).columns[1];
            let script =
                redis.functions.iter().find(|function| function.operation() == "scripts::update_user").unwrap();
            assert_eq!(script.location(), "examples-nosql/redis/src/scripts/update_user.lua:1");
            assert!(library.tokens(script).iter().flatten().count() > 20, "it has colours");
        }
    }

    #[test]
    fn many_columns_are_compared_if_they_have_much_in_common() {
        let library = embedded();
        let are_compared = |columns: &[&str]| of(library, "orders::place", columns).are_compared();
        assert!(are_compared(&["diesel-postgres", "mongodb", "redis"]));
        assert!(!are_compared(&["diesel-postgres", "mongodb", "redis", "dynamodb", "memory"]));
        assert!(are_compared(&["sea-orm-sqlite", "sea-orm-postgres", "sea-orm-mysql", "diesel-mysql"]));
        assert!(!of(library, "orders.create", &["axum", "shared", "memory"]).are_compared());
    }

    #[test]
    fn functions_are_found_by_module_and_by_type() {
        let library = embedded();
        let count = |name: &str| of(library, name, &["axum", "actix"]).columns[0].functions.len();
        assert_eq!(count("extractors::JsonBody"), 1);
        assert_eq!(count("extractors::JsonBody::from_request"), 1);
        assert!(count("extractors::from_request_parts") > 3);
        let columns = of(library, "extractors::Authenticated", &["axum", "actix", "rocket"]);
        let together = columns.kinds[0][0].functions.iter().all(Option::is_some);
        assert!(together, "though the methods have different names");
        let body = of(library, "extractors::JsonBody", &["axum", "rocket"]);
        let names = |group: usize| {
            body.kinds[0][group].functions.iter().map(|f| f.map(|f| f.name.as_str())).collect::<Vec<_>>()
        };
        assert_eq!((names(0), names(1)), (vec![Some("from_request"), Some("from_data")], vec![None, Some("read")]));
    }

    #[test]
    fn unknown_names_are_answered_with_the_closest() {
        let library = embedded();
        let closest = |error: ColumnsError| error.closest().map(str::to_owned);
        assert_eq!(library.subject("users.craete").err().and_then(closest).as_deref(), Some("users.create"));
        assert_eq!(library.columns_named(&["axun"]).err().and_then(closest).as_deref(), Some("axum"));
        assert_eq!(library.columns_named(&["axum"; 6]).err(), Some(ColumnsError::TooMany(6)));
        assert!(library.subject("create").is_err() && library.subject("::").is_err() && library.subject("").is_err());
    }

    #[test]
    fn the_text_of_two_is_that_of_the_command_and_of_others_one_after_the_other() {
        let library = embedded();
        let two = of(library, "users.create", &["axum", "rocket"]).text();
        assert!(two.contains(" | ") && two.contains("1 function; axum 10 lines, rocket "), "{two}");
        let three = of(library, "users.create", &["axum", "shared", "diesel-sqlite"]).text();
        assert!(three.starts_with("== axum: 10 lines\n\nframework-axum/src/handlers/users.rs:"), "{three}");
        assert!(three.contains("== diesel-sqlite: ") && !three.contains('\u{1b}'));
    }
}
