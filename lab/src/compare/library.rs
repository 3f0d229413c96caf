//! The source of all crates, parsed once: what can be looked at, by name.

use crate::compare::calls::Named;
use crate::compare::extract::{Function, functions_of_all};
use crate::compare::fields::Fields;
use crate::compare::follow::Entry;
use crate::compare::highlight::{Highlighter, Token};
use crate::compare::lines::displayed_lines;
use crate::compare::source::{IMPLEMENTATIONS, Kind, SCRIPT, SourceFile, is_first_of};
use crate::compare::{CompareError, Side};
use crate::operations::{Contract, Operation};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A crate with its files.
pub struct Crate {
    /// Its name, its kind and its functions.
    pub side: Side,
    /// Its files, ordered by path.
    pub files: Vec<SourceFile>,
}

/// Everything that can be looked at.
pub struct Library {
    /// The crates, in the order of [`IMPLEMENTATIONS`].
    pub crates: Vec<Crate>,
    /// The operations, in the order of the first framework's routes.
    pub entries: Vec<Entry>,
    pub(super) structs: Fields,
    highlighter: Highlighter,
    of_scripts: Highlighter,
    /// What was coloured before: colouring takes longer than all the rest.
    coloured: Mutex<HashMap<Lines, Arc<Vec<Vec<Token>>>>>,
    /// What was asked for before: the same functions are on the way of every operation.
    named: Mutex<HashMap<Lines, Arc<Named>>>,
}

/// A file, the first line and how many there are.
type Lines = (String, usize, usize);

fn lines_of(function: &Function) -> Lines {
    (function.path.clone(), function.first_line, function.lines.len())
}

impl Library {
    /// What was compiled in.
    ///
    /// # Errors
    /// If a file does not parse.
    pub fn embedded() -> Result<Self, CompareError> {
        let files = IMPLEMENTATIONS.iter().map(|crate_| (crate_.name, crate_.kind, crate_.sources()));
        Self::new(files, Contract::embedded().operations.clone())
    }

    /// A library of these crates (name, kind, files) and these operations.
    ///
    /// # Errors
    /// If a file does not parse.
    pub fn new<'a>(
        crates: impl IntoIterator<Item = (&'a str, Kind, Vec<SourceFile>)>,
        operations: Vec<Operation>,
    ) -> Result<Self, CompareError> {
        let mut library = Self {
            crates: Vec::new(),
            entries: Vec::new(),
            structs: Fields::default(),
            highlighter: Highlighter::default(),
            of_scripts: Highlighter::of(SCRIPT.trim_start_matches('.')),
            coloured: Mutex::default(),
            named: Mutex::default(),
        };
        for (name, kind, files) in crates {
            let side = Side { name: name.to_owned(), kind, functions: functions_of_all(&files)? };
            if kind == Kind::Shared {
                files.iter().for_each(|file| library.structs.read(file));
            }
            library.crates.push(Crate { side, files });
        }
        let routed = |entry: Entry| {
            let place = library.of_kind(Kind::Framework).find_map(|crate_| library.route(&entry, crate_));
            // One that is routed nowhere is a mistake, and comes last.
            (place.map_or(usize::MAX, |(words, _, _)| words), entry)
        };
        let mut entries: Vec<_> = operations.into_iter().map(|operation| routed(library.entry(operation))).collect();
        entries.sort_by_key(|(place, _)| *place);
        library.entries = entries.into_iter().map(|(_, entry)| entry).collect();
        Ok(library)
    }

    /// The crates of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Crate> {
        self.crates.iter().filter(move |crate_| crate_.side.kind == kind)
    }

    /// The crates by their kinds, each kind with its name for people.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, Vec<&Crate>)> {
        let kinds = [(Kind::Framework, "Frameworks"), (Kind::Store, "Stores"), (Kind::Shared, "Shared")];
        kinds.into_iter().map(|(kind, name)| (name, self.of_kind(kind).collect()))
    }

    /// The crate of this name; that of a crate with several databases is its first store's: `diesel` is `diesel-sqlite`.
    #[must_use]
    pub fn crate_named(&self, name: &str) -> Option<&Crate> {
        let of_crate = || self.crates.iter().find(|crate_| is_first_of(&crate_.side.name, name));
        self.crates.iter().find(|crate_| crate_.side.name == name).or_else(of_crate)
    }

    /// An operation by its name in the contract (`health.live`), or by that of its handlers (`system.live`).
    #[must_use]
    pub fn entry_named(&self, name: &str) -> Option<&Entry> {
        let by_id = self.entries.iter().find(|entry| entry.operation.id == name);
        by_id.or_else(|| self.entries.iter().find(|entry| entry.handler_name() == name))
    }

    /// The functions that a function names, read once.
    pub(super) fn names_in(&self, function: &Function) -> Arc<Named> {
        let mut known = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(lines_of(function)).or_insert_with(|| Arc::new(Named::new(function))).clone()
    }

    /// The tokens of a function's displayed lines, coloured once.
    #[must_use]
    pub fn tokens(&self, function: &Function) -> Arc<Vec<Vec<Token>>> {
        let key = lines_of(function);
        let known = || self.coloured.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = known().get(&key) {
            return tokens.clone();
        }
        let lines = displayed_lines(function);
        let highlighter = if function.path.ends_with(SCRIPT) { &self.of_scripts } else { &self.highlighter };
        let tokens = Arc::new(highlighter.tokens(lines.iter().map(|line| line.text.as_str())));
        known().insert(key, tokens.clone());
        tokens
    }
}

impl Crate {
    /// The file at this path inside its source folder.
    #[must_use]
    pub fn file_at(&self, relative: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.relative == relative)
    }

    /// The file at this path from the root of the repository.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// What stands here for a method that a trait declares.
    #[must_use]
    pub fn implementation_of(&self, declared: &Function) -> Option<&Function> {
        let is_it = |function: &&Function| function.implements == declared.owner && function.name == declared.name;
        self.side.functions.iter().find(is_it)
    }
}

/// One library for all tests: without optimisation it takes a second to make.
#[cfg(test)]
pub(crate) mod tests {
    use super::Library;
    use std::sync::LazyLock;

    #[allow(clippy::unwrap_used, reason = "in a test")]
    static EMBEDDED: LazyLock<Library> = LazyLock::new(|| Library::embedded().unwrap());

    pub(crate) fn embedded() -> &'static Library {
        &EMBEDDED
    }
}
