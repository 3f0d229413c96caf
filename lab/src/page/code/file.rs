//! A whole file, so that what stands around a function can be read too.

use super::cells::CodeLine;
use crate::compare::columns::{ColumnsError, closest};
use crate::compare::counted;
use crate::compare::extract::Function;
use crate::compare::library::Library;
use crate::compare::lines::displayed_lines;
use crate::compare::way::file_address;
use askama::Template;

#[derive(Template)]
#[template(path = "code-file.html")]
pub(super) struct FilePage {
    path: String,
    count: String,
    lines: Vec<CodeLine>,
    /// The files of the same path in the crates of the same kind.
    siblings: Vec<(String, String)>,
}

impl FilePage {
    fn view(&self) -> &'static str {
        "/code"
    }
}

pub(super) fn page(library: &Library, path: &str) -> Option<FilePage> {
    let found = library.crates.iter().find_map(|crate_| Some((crate_, crate_.file(path)?)));
    let (crate_, file) = found?;
    // The highlighter takes functions; a file is one that begins at its first line.
    let whole = Function {
        path: file.path.clone(),
        module_path: file.module_path.clone(),
        name: String::new(),
        owner: None,
        implements: None,
        public: true,
        parameters: Vec::new(),
        first_line: 1,
        lines: file.text.lines().map(ToOwned::to_owned).collect(),
    };
    let tokens = library.tokens(&whole);
    let lines = displayed_lines(&whole);
    let code = lines.iter().zip(tokens.iter()).map(|(line, tokens)| CodeLine::plain(line, tokens));
    let siblings = library.of_kind(crate_.side.kind).filter(|sibling| sibling.side.name != crate_.side.name);
    let siblings = siblings.filter_map(|sibling| {
        let file = sibling.file_at(&file.relative)?;
        Some((sibling.side.name.clone(), file_address(&file.path, None)))
    });
    Some(FilePage {
        path: file.path.clone(),
        count: counted(lines.len(), "line"),
        lines: code.collect(),
        siblings: siblings.collect(),
    })
}

pub(super) fn unknown(library: &Library, asked: String) -> ColumnsError {
    let known: Vec<String> =
        library.crates.iter().flat_map(|crate_| &crate_.files).map(|file| file.path.clone()).collect();
    ColumnsError::UnknownFile { closest: closest(&asked, &known), asked }
}
