//! Every operation and every crate, with lines of code.

use crate::compare::columns::{COLUMNS_USUAL, Subject};
use crate::compare::extract::Function;
use crate::compare::follow::Entry;
use crate::compare::library::{Crate, Library};
use crate::compare::source::Kind;
use crate::compare::way::file_address;
use askama::Template;
use std::collections::BTreeSet;

/// A number of lines, and the code that it counts.
struct Count {
    lines: usize,
    href: String,
    /// What the number is of, for those who hear it without its row and column.
    label: String,
}

/// An operation, or a method of a store.
struct Row {
    name: String,
    href: String,
    /// `POST /api/users`, or the trait.
    about: String,
    cells: Vec<Option<Count>>,
}

/// The operations of a module.
struct Module {
    name: String,
    rows: Vec<Row>,
}

/// The files of the crates of a kind.
struct Files {
    kind: &'static str,
    id: &'static str,
    crates: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "code.html")]
pub(super) struct TablePage {
    /// Kinds of crates, where more of them is on this page, and how many there are of each.
    kinds: Vec<(&'static str, &'static str, usize)>,
    crates: Vec<String>,
    modules: Vec<Module>,
    /// Lines of what the rows show, each function once; and of the whole crate.
    totals: Vec<(usize, usize)>,
    stores: Vec<String>,
    methods: Vec<Row>,
    files: Vec<Files>,
}

impl TablePage {
    fn view(&self) -> &'static str {
        "/code"
    }
}

/// The kinds in the order in which a request meets them.
const KINDS: [(Kind, &str, &str); 3] = [
    (Kind::Framework, "Frameworks: the handler", "#files-frameworks"),
    (Kind::Shared, "Service", "#files-shared"),
    (Kind::Store, "Stores: what it asks", "#stores-heading"),
];

pub(super) fn page(library: &Library) -> TablePage {
    let crates: Vec<&Crate> = KINDS.iter().flat_map(|(kind, _, _)| library.of_kind(*kind)).collect();
    let mut modules: Vec<Module> = Vec::new();
    for entry in &library.entries {
        let row = operation(library, entry, &crates);
        match modules.iter_mut().find(|module| module.name == entry.module) {
            Some(module) => module.rows.push(row),
            None => modules.push(Module { name: entry.module.clone(), rows: vec![row] }),
        }
    }
    let totals = crates.iter().map(|crate_| {
        let shown = library.entries.iter().flat_map(|entry| entry.functions(library, crate_));
        let once: BTreeSet<_> =
            shown.map(|function| (&function.path, function.first_line, function.lines.len())).collect();
        let whole = crate_.files.iter().map(|file| file.text.lines().count()).sum();
        (once.iter().map(|(_, _, lines)| lines).sum(), whole)
    });
    TablePage {
        kinds: KINDS.iter().map(|(kind, name, href)| (*name, *href, library.of_kind(*kind).count())).collect(),
        totals: totals.collect(),
        crates: crates.iter().map(|crate_| crate_.side.name.clone()).collect(),
        modules,
        stores: library.of_kind(Kind::Store).map(|crate_| crate_.side.name.clone()).collect(),
        methods: methods(library),
        files: files(library),
    }
}

fn operation(library: &Library, entry: &Entry, crates: &[&Crate]) -> Row {
    let id = &entry.operation.id;
    let frameworks = library.default_columns(Subject::Operation(entry));
    let cell = |crate_: &&Crate| {
        let lines = entry.functions(library, crate_).iter().map(|function| function.lines.len()).sum();
        let columns = match crate_.side.kind {
            Kind::Shared => crate_.side.name.clone(),
            kind => first_of(library, crate_, kind),
        };
        (lines > 0).then(|| Count {
            lines,
            href: format!("/code/{id}?columns={columns}"),
            label: format!("{id} in {}: {lines} lines", crate_.side.name),
        })
    };
    Row {
        name: id.clone(),
        href: format!("/code/{id}?columns={}", joined(&frameworks)),
        about: entry.operation.request_line(),
        cells: crates.iter().map(cell).collect(),
    }
}

/// This crate and then the others of its kind: it is what they are compared with.
fn first_of(library: &Library, crate_: &Crate, kind: Kind) -> String {
    let others = library.of_kind(kind).filter(|other| other.side.name != crate_.side.name);
    joined(&std::iter::once(crate_).chain(others).take(COLUMNS_USUAL).collect::<Vec<_>>())
}

fn joined(crates: &[&Crate]) -> String {
    crates.iter().map(|crate_| crate_.side.name.as_str()).collect::<Vec<_>>().join(",")
}

/// What the traits of the repository declare, with what each store does about it.
fn methods(library: &Library) -> Vec<Row> {
    let stores: Vec<&Crate> = library.of_kind(Kind::Store).collect();
    let mut declared: Vec<&Function> = library.declarations().collect();
    declared.retain(|method| stores.iter().any(|store| store.implementation_of(method).is_some()));
    let row = |method: &Function| {
        let found: Vec<Option<&Function>> = stores.iter().map(|store| store.implementation_of(method)).collect();
        let name = found.iter().flatten().next().map_or_else(String::new, |function| function.operation());
        let cell = |(store, function): (&&Crate, &Option<&Function>)| {
            let lines = function.as_ref()?.lines.len();
            let columns = first_of(library, store, Kind::Store);
            let label = format!("{name} in {}: {lines} lines", store.side.name);
            Some(Count { lines, href: format!("/code/{name}?columns={columns}"), label })
        };
        Row {
            href: format!(
                "/code/{name}?columns={}",
                joined(&stores.iter().copied().take(COLUMNS_USUAL).collect::<Vec<_>>())
            ),
            about: method.owner.clone().unwrap_or_default(),
            cells: stores.iter().zip(&found).map(cell).collect(),
            name: name.clone(),
        }
    };
    declared.into_iter().map(row).collect()
}

/// The files of each kind of crate, those of the same path in one row.
fn files(library: &Library) -> Vec<Files> {
    let of_kind = |(kind, name, id): (Kind, &'static str, &'static str)| {
        let crates: Vec<&Crate> = library.of_kind(kind).collect();
        let paths: BTreeSet<&str> =
            crates.iter().flat_map(|crate_| &crate_.files).map(|file| file.relative.as_str()).collect();
        let row = |path: &str| {
            let cell = |crate_: &&Crate| {
                let file = crate_.file_at(path)?;
                let lines = file.text.lines().count();
                let label = format!("{path} in {}: {lines} lines", crate_.side.name);
                Some(Count { lines, href: file_address(&file.path, None), label })
            };
            Row {
                name: path.to_owned(),
                href: String::new(),
                about: String::new(),
                cells: crates.iter().map(cell).collect(),
            }
        };
        Files {
            kind: name,
            id,
            crates: crates.iter().map(|crate_| crate_.side.name.clone()).collect(),
            rows: paths.into_iter().map(row).collect(),
        }
    };
    let kinds = [
        (Kind::Framework, "Frameworks", "files-frameworks"),
        (Kind::Store, "Stores", "files-stores"),
        (Kind::Shared, "Shared", "files-shared"),
    ];
    kinds.map(of_kind).into()
}
