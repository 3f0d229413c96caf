//! One operation, or functions by name, in one to five crates.

use super::cells::{CellView, CodeLine, Heading};
use super::facts::facts;
use crate::compare::align::{Cell, CellMark};
use crate::compare::columns::{COLUMNS_MAX, COLUMNS_USUAL, Column, Columns, ColumnsError, Subject};
use crate::compare::counted;
use crate::compare::extract::Function;
use crate::compare::follow::Entry;
use crate::compare::groups::Group;
use crate::compare::library::{Crate, Library};
use crate::compare::lines::displayed_lines;
use crate::compare::source::Kind;
use askama::Template;

/// What was asked for, found.
pub(super) struct Chosen<'a> {
    name: &'a str,
    subject: Subject<'a>,
    crates: Vec<&'a Crate>,
    is_opening: bool,
}

/// Finds it.
///
/// # Errors
/// [`ColumnsError`].
pub(super) fn chosen<'a>(library: &'a Library, name: &'a str, columns: &[&str]) -> Result<Chosen<'a>, ColumnsError> {
    let subject = library.subject(name)?;
    let crates = match columns {
        [] => library.default_columns(subject),
        names => library.columns_named(names)?,
    };
    let name = if let Subject::Operation(entry) = subject { &entry.operation.id } else { name };
    Ok(Chosen { name, subject, crates, is_opening: false })
}

impl<'a> Chosen<'a> {
    pub(super) fn columns(&'a self, library: &'a Library) -> Columns<'a> {
        library.columns(self.subject, &self.crates)
    }

    fn entry(&self) -> Option<&'a Entry> {
        match self.subject {
            Subject::Operation(entry) => Some(entry),
            Subject::Named(_) => None,
        }
    }
}

/// What the code view opens with: the method that has to be atomic, by five means.
const OPENING: &str = "orders::place";

/// Finds that.
///
/// # Errors
/// [`ColumnsError`] if there is no such method any more.
pub(super) fn opening(library: &Library) -> Result<Chosen<'_>, ColumnsError> {
    Ok(Chosen { is_opening: true, ..chosen(library, OPENING, &FIVE_STORES)? })
}

/// A set of columns that is often wanted, and its key.
pub(super) struct Preset {
    key: usize,
    name: &'static str,
    href: String,
    is_shown: bool,
}

/// The head of a column.
struct Head {
    name: String,
    lines: String,
    difference: Option<String>,
}

#[derive(Template)]
#[template(path = "compare.html")]
pub(super) struct ComparisonPage<'a> {
    name: &'a str,
    heading: String,
    entry: Option<&'a Entry>,
    /// The operations that call the method of a store that is shown.
    callers: Vec<&'a Entry>,
    is_opening: bool,
    library: &'a Library,
    presets: Vec<Preset>,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
    text: String,
    /// What is chosen in each of the form's lists.
    chosen: Vec<Option<&'a str>>,
    heads: Vec<Head>,
    /// In each row, what stands in each column: a line, or all of the column.
    rows: Vec<Vec<Vec<CellView>>>,
    has_marks: bool,
}

impl ComparisonPage<'_> {
    fn view(&self) -> &'static str {
        "/code"
    }

    /// The crates as one text: "axum, actix and rocket".
    fn names(&self) -> String {
        let names: Vec<&str> = self.heads.iter().map(|head| head.name.as_str()).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

pub(super) fn page<'a>(library: &'a Library, chosen: &'a Chosen<'a>, store: Option<&str>) -> ComparisonPage<'a> {
    let columns = chosen.columns(library);
    let names: Vec<&str> = chosen.crates.iter().map(|crate_| crate_.side.name.as_str()).collect();
    let joined = names.join(",");
    let neighbours = chosen.entry().and_then(|entry| {
        let place = library.entries.iter().position(|other| std::ptr::eq(other, entry))?;
        let address = |entry: &Entry| {
            let id = entry.operation.id.clone();
            (format!("/code/{id}?columns={joined}"), id)
        };
        let at = |place: Option<usize>| place.and_then(|place| library.entries.get(place)).map(address);
        Some((at(place.checked_sub(1)), at(Some(place + 1))))
    });
    let (previous, next) = neighbours.unwrap_or_default();
    let callers = callers(library, chosen);
    let heading = match callers.as_slice() {
        [caller] if chosen.is_opening => caller.operation.summary.clone(),
        _ => chosen.name.replacen('.', " · ", 1),
    };
    let is_compared = columns.are_compared();
    let rows = if is_compared { rows(library, chosen, &columns) } else { beside(library, chosen, &columns) };
    ComparisonPage {
        name: chosen.name,
        heading,
        entry: chosen.entry(),
        callers,
        is_opening: chosen.is_opening,
        library,
        presets: presets(library, chosen, store),
        previous,
        next,
        text: format!("/code/{}.txt?columns={joined}", chosen.name),
        chosen: (0..COLUMNS_MAX).map(|place| names.get(place).copied()).collect(),
        heads: columns
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| head(&columns, index, column, is_compared))
            .collect(),
        has_marks: rows
            .iter()
            .flatten()
            .flatten()
            .any(|cell| matches!(cell, CellView::Code(line) if !line.sign.is_empty())),
        rows,
    }
}

/// The operations whose services call the method of a repository that was asked for.
fn callers<'a>(library: &'a Library, chosen: &Chosen<'a>) -> Vec<&'a Entry> {
    let Subject::Named(asked) = chosen.subject else { return Vec::new() };
    let is_asked_for = |declared: &Function| {
        let stores = library.of_kind(Kind::Store).filter_map(|store| store.implementation_of(declared));
        stores.into_iter().any(|function| function.operation() == asked)
    };
    library.entries.iter().filter(|entry| entry.repository.iter().any(is_asked_for)).collect()
}

/// A relational database, a document store and a key-value store.
const SQL_BESIDE_NOSQL: [&str; COLUMNS_USUAL] = ["diesel-postgres", "mongodb", "redis"];

/// One of each kind of database, with its own means of atomicity: locked rows, a transaction that fails where it meets
/// another, a script, conditions on items, and a lock in this process.
const FIVE_STORES: [&str; COLUMNS_MAX] = ["diesel-postgres", "mongodb", "redis", "dynamodb", "memory"];

fn presets(library: &Library, chosen: &Chosen<'_>, store: Option<&str>) -> Vec<Preset> {
    let names = |crates: Vec<&Crate>| crates.iter().map(|crate_| crate_.side.name.clone()).collect::<Vec<_>>();
    let shown = names(chosen.crates.clone());
    let of_kind = |kind| names(library.of_kind(kind).take(COLUMNS_USUAL).collect());
    let named = |wanted: &[&str]| names(wanted.iter().filter_map(|name| library.crate_named(name)).collect());
    let shown_of_kind = |kind| chosen.crates.iter().copied().find(|crate_| crate_.side.kind == kind);
    let way = [
        shown_of_kind(Kind::Framework).or_else(|| library.of_kind(Kind::Framework).next()),
        library.of_kind(Kind::Shared).next(),
        shown_of_kind(Kind::Store)
            .or_else(|| library.crate_named(store?))
            .or_else(|| library.of_kind(Kind::Store).next()),
    ];
    let all = [
        ("The frameworks", of_kind(Kind::Framework)),
        ("The stores", of_kind(Kind::Store)),
        ("SQL beside NoSQL", named(&SQL_BESIDE_NOSQL)),
        ("Handler, service, store", names(way.into_iter().flatten().collect())),
        ("Five stores", named(&FIVE_STORES)),
    ];
    let preset = |(index, (name, columns)): (usize, (&'static str, Vec<String>))| Preset {
        key: index + 1,
        name,
        href: format!("/code/{}?columns={}", chosen.name, columns.join(",")),
        is_shown: columns == shown,
    };
    all.into_iter().enumerate().map(preset).collect()
}

fn head(columns: &Columns<'_>, index: usize, column: &Column<'_>, is_compared: bool) -> Head {
    let kind = columns.kinds.iter().flatten().filter(|group| group.columns.contains(&index));
    let mut differing = 0;
    let mut first = index;
    for group in kind {
        first = group.columns.first().copied().unwrap_or(index);
        let place = group.columns.iter().position(|other| *other == index).unwrap_or_default();
        let cells = group.rows.iter().filter_map(|row| row.get(place).and_then(Option::as_ref));
        differing += cells.filter(|cell| cell.mark != CellMark::Same).count();
    }
    let first = columns.columns.get(first).filter(|_| is_compared && first != index);
    Head {
        name: column.crate_.side.name.clone(),
        lines: counted(column.lines(), "line"),
        difference: first.map(|first| format!("{differing} differ from {}", first.crate_.side.name)),
    }
}

/// The rows of the table where columns are compared: what is said of the functions, and the groups of each kind below each
/// other, the kinds beside each other.
fn rows(library: &Library, chosen: &Chosen<'_>, columns: &Columns<'_>) -> Vec<Vec<Vec<CellView>>> {
    let count = columns.columns.len();
    let mut rows: Vec<Vec<CellView>> = facts(columns);
    let first = rows.len();
    for kind in &columns.kinds {
        let mut depth = first;
        for group in kind {
            depth = push_group(&mut rows, depth, count, group, library, columns);
        }
    }
    for (index, column) in columns.columns.iter().enumerate() {
        for note in notes(chosen, column) {
            let filled = |row: &&mut Vec<CellView>| matches!(row.get(index), Some(CellView::Empty));
            let first_free = rows.iter().rposition(|row| !matches!(row.get(index), Some(CellView::Empty)));
            match rows.iter_mut().skip(first_free.map_or(first, |last| last + 1)).find(filled) {
                Some(row) => put(row, index, note),
                None => put(push_row(&mut rows, count), index, note),
            }
        }
    }
    in_cells(rows)
}

/// The rows where nothing is compared: no line needs to wait for one beside it that is longer, so that the code of each
/// column is one cell.
fn beside(library: &Library, chosen: &Chosen<'_>, columns: &Columns<'_>) -> Vec<Vec<Vec<CellView>>> {
    let stack = |column: &Column<'_>| {
        let mut stack = Vec::new();
        for function in &column.functions {
            stack.push(CellView::Heading(Heading::new(function)));
            let tokens = library.tokens(function);
            let lines = displayed_lines(function);
            let code = lines.iter().zip(tokens.iter()).map(|(line, tokens)| CodeLine::plain(line, tokens));
            stack.extend(code.map(CellView::Code));
        }
        stack.extend(notes(chosen, column));
        stack
    };
    let mut rows = in_cells(facts(columns));
    rows.push(columns.columns.iter().map(stack).collect());
    rows
}

fn in_cells(rows: Vec<Vec<CellView>>) -> Vec<Vec<Vec<CellView>>> {
    rows.into_iter().map(|row| row.into_iter().map(|cell| vec![cell]).collect()).collect()
}

pub(super) fn push_row(rows: &mut Vec<Vec<CellView>>, count: usize) -> &mut Vec<CellView> {
    rows.push_mut((0..count).map(|_| CellView::Empty).collect())
}

pub(super) fn put(row: &mut [CellView], index: usize, cell: CellView) {
    if let Some(place) = row.get_mut(index) {
        *place = cell;
    }
}

/// Writes a group from row `depth` on, and gives the row after it.
fn push_group(
    rows: &mut Vec<Vec<CellView>>,
    depth: usize,
    count: usize,
    group: &Group<'_>,
    library: &Library,
    columns: &Columns<'_>,
) -> usize {
    while rows.len() < depth + 1 + group.rows.len() {
        push_row(rows, count);
    }
    for (place, (index, function)) in group.columns.iter().zip(&group.functions).enumerate() {
        let mut below = rows.iter_mut().skip(depth);
        let name = columns.columns.get(*index).map_or("", |column| column.crate_.side.name.as_str());
        let (heading, tokens) = match function {
            Some(function) => (CellView::Heading(Heading::new(function)), Some(library.tokens(function))),
            None => (CellView::Note { text: format!("Not in {name}."), links: Vec::new() }, None),
        };
        if let Some(row) = below.next() {
            put(row, *index, heading);
        }
        let (Some(function), Some(tokens)) = (function, tokens) else { continue };
        let cell = |cell: &Cell| CellView::Code(CodeLine::new(cell, &tokens, function.first_line));
        for (row, cells) in below.zip(&group.rows) {
            let shown = cells.get(place).and_then(Option::as_ref).map_or(CellView::Empty, cell);
            put(row, *index, shown);
        }
    }
    depth + 1 + group.rows.len()
}

/// What is said below the code of a column, or in its place.
fn notes(chosen: &Chosen<'_>, column: &Column<'_>) -> Vec<CellView> {
    let crate_ = &column.crate_.side;
    let mut notes = Vec::new();
    if column.functions.is_empty() {
        let text = match (chosen.subject, crate_.kind) {
            (Subject::Operation(_), Kind::Store) => "This operation itself asks the store nothing.".to_owned(),
            (Subject::Operation(_), Kind::Shared) => "The handlers answer this themselves.".to_owned(),
            (Subject::Operation(_), Kind::Framework) => format!("No handler of {} says that it is this.", crate_.name),
            (Subject::Named(_), _) => format!("Not in {}.", crate_.name),
        };
        notes.push(CellView::Note { text, links: Vec::new() });
    }
    let mut links: Vec<(String, String)> = Vec::new();
    for (function, through) in &column.indirect {
        for (function, columns) in [(*function, crate_.name.as_str()), (*through, "shared")] {
            let link = (function.operation(), format!("/code/{}?columns={columns}", function.operation()));
            if !links.contains(&link) {
                links.push(link);
            }
        }
    }
    if !links.is_empty() {
        notes.push(CellView::Note { text: "The token check may ask the store, too:".to_owned(), links });
    }
    notes
}
