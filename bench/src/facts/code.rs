//! Lines of code: what somebody reads who wants to know what a variant does.
//!
//! Lines are counted that hold a token, so neither blank ones nor comments. What a variant does not compile is left out:
//! tests, and in a crate for several databases what belongs to the others. General counters know neither; Rust's own
//! tokens do.

use super::crates::{Part, Workspace};
use super::{FactError, read};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::path::{Path, PathBuf};

/// Lines of code of a framework's crate and a store's crate: Rust, and the SQL and Lua that stores send. No blank lines, no
/// comments, no tests.
///
/// # Errors
/// [`FactError::NoCrate`], or a file that cannot be read.
pub fn lines_of_code(workspace: &Workspace, framework: &str, store: &str) -> Result<u64, FactError> {
    workspace.parts(framework, store)?.iter().map(lines_of_crate).sum()
}

fn lines_of_crate(part: &Part<'_>) -> Result<u64, FactError> {
    let mut lines = 0;
    let mut modules = vec![(part.folder().join("src/lib.rs"), part.folder().join("src"))];
    while let Some((file, children)) = modules.pop() {
        let code = RustCode::of(&file, part)?;
        lines += code.lines;
        for name in code.modules {
            let (own_file, own_folder) = (children.join(format!("{name}.rs")), children.join(&name));
            modules.push(if own_file.exists() {
                (own_file, own_folder)
            } else {
                (own_folder.join("mod.rs"), own_folder)
            });
        }
    }
    for folder in ["src", "migrations"] {
        for file in files(&part.folder().join(folder), part)? {
            let extension = file.extension().and_then(|extension| extension.to_str());
            let comments = match extension {
                Some("sql") => Comments { line: "--", block: ("/*", "*/") },
                Some("lua") => Comments { line: "--", block: ("--[[", "]]") },
                _ => continue,
            };
            lines += comments.lines_of_code(&read(&file)?);
        }
    }
    Ok(lines)
}

/// All files below a folder, but for folders that are called like a feature that is off.
fn files(folder: &Path, part: &Part<'_>) -> Result<Vec<PathBuf>, FactError> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    let failed = |source| FactError::File { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !path.is_dir() {
            found.push(path);
        } else if !part.is_off(name) {
            found.extend(files(&path, part)?);
        }
    }
    Ok(found)
}

/// What one file of Rust holds.
struct RustCode {
    lines: u64,
    /// The modules that it names and that have files of their own.
    modules: Vec<String>,
}

impl RustCode {
    fn of(file: &Path, part: &Part<'_>) -> Result<Self, FactError> {
        let text = read(file)?;
        let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| FactError::Format {
            what: file.display().to_string(),
            reason: error.to_string(),
        })?;
        let mut scan = Scan { part, lines: BTreeSet::new(), modules: Vec::new() };
        scan.tokens(tokens);
        let Scan { lines, modules, .. } = scan;
        // Text of several lines may hold blank ones.
        let is_blank = |line: &usize| text.lines().nth(line - 1).is_none_or(|line| line.trim().is_empty());
        Ok(Self { lines: lines.iter().filter(|line| !is_blank(line)).count() as u64, modules })
    }
}

/// A walk through the tokens of a file.
struct Scan<'a> {
    part: &'a Part<'a>,
    lines: BTreeSet<usize>,
    modules: Vec<String>,
}

impl Scan<'_> {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Punct(sign) if sign.as_char() == '#' => {
                    let inner = tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'));
                    match tokens.next_if(
                        |next| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket),
                    ) {
                        Some(TokenTree::Group(attribute)) => match self.attribute(attribute.stream()) {
                            Attribute::Comment => {}
                            Attribute::Off if inner.is_some() => return,
                            Attribute::Off => skip(&mut tokens),
                            Attribute::Code => {
                                self.note(token.span());
                                self.group(&attribute);
                            }
                        },
                        _ => self.note(token.span()),
                    }
                }
                TokenTree::Group(group) => self.group(group),
                TokenTree::Ident(word) if word == "mod" => {
                    self.note(token.span());
                    let Some(name) = tokens.next() else { return };
                    self.note(name.span());
                    if tokens.peek().is_some_and(|next| matches!(next, TokenTree::Punct(end) if end.as_char() == ';')) {
                        self.modules.push(name.to_string());
                    }
                }
                _ => self.note(token.span()),
            }
        }
    }

    fn group(&mut self, group: &proc_macro2::Group) {
        self.note(group.span_open());
        self.note(group.span_close());
        self.tokens(group.stream());
    }

    fn note(&mut self, span: Span) {
        self.lines.extend(span.start().line..=span.end().line);
    }

    fn attribute(&self, attribute: TokenStream) -> Attribute {
        let mut tokens = attribute.into_iter();
        match (tokens.next(), tokens.next()) {
            // `///` and `//!` come as this.
            (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(_))) if name == "doc" => Attribute::Comment,
            (Some(TokenTree::Ident(name)), Some(TokenTree::Group(condition))) if name == "cfg" => {
                if self.holds(condition.stream()) { Attribute::Code } else { Attribute::Off }
            }
            _ => Attribute::Code,
        }
    }

    /// Whether a condition of `cfg` holds for the variant on this machine.
    fn holds(&self, condition: TokenStream) -> bool {
        let mut tokens = condition.into_iter();
        let name = tokens.next().map(|name| name.to_string()).unwrap_or_default();
        let second = tokens.next();
        let inner = match &second {
            Some(TokenTree::Group(group)) => parts_of(group.stream()),
            _ => Vec::new(),
        };
        match name.as_str() {
            "test" => false,
            "unix" => cfg!(unix),
            "windows" => cfg!(windows),
            "feature" => tokens.next().is_some_and(|name| self.part.has(name.to_string().trim_matches('"'))),
            "all" => inner.into_iter().all(|part| self.holds(part)),
            "any" => inner.into_iter().any(|part| self.holds(part)),
            "not" => !inner.into_iter().any(|part| self.holds(part)),
            _ => true,
        }
    }
}

/// What an attribute is to the count.
enum Attribute {
    Comment,
    /// A condition that does not hold.
    Off,
    Code,
}

/// The parts of a list with commas.
fn parts_of(list: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in list {
        match &token {
            TokenTree::Punct(sign) if sign.as_char() == ',' => parts.push(TokenStream::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.extend([token.clone()])),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Goes past what an attribute stands before: an item, a statement, an arm of a `match`, a field.
fn skip(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
    // Further attributes of the same.
    while tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '#')).is_some() {
        tokens.next();
    }
    // An item has commas between its angle brackets; these end with a semicolon, whatever braces they have.
    let first = tokens.peek().map(ToString::to_string).unwrap_or_default();
    let is_item =
        ["pub", "fn", "async", "impl", "struct", "enum", "trait", "mod", "use", "const", "static", "type", "let"]
            .contains(&first.as_str());
    let mut needs_semicolon = false;
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Ident(word) => {
                needs_semicolon |= ["use", "static", "type", "let"].iter().any(|name| word == name);
            }
            TokenTree::Punct(sign) if sign.as_char() == ';' || (sign.as_char() == ',' && !is_item) => return,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !needs_semicolon => {
                let next = tokens.peek().map(ToString::to_string);
                // A pattern with braces is not the end of an arm, and a comma may come after the end of one.
                if next.as_deref() != Some("=") {
                    tokens.next_if(|next| !is_item && next.to_string() == ",");
                    return;
                }
            }
            _ => {}
        }
    }
}

/// How a language that is not Rust marks comments.
struct Comments {
    line: &'static str,
    block: (&'static str, &'static str),
}

impl Comments {
    fn lines_of_code(&self, text: &str) -> u64 {
        let (mut lines, mut in_block) = (0, false);
        for mut line in text.lines().map(str::trim) {
            let mut is_code = false;
            while !line.is_empty() {
                if in_block {
                    let Some((_, after)) = line.split_once(self.block.1) else { break };
                    (line, in_block) = (after.trim(), false);
                } else if let Some(after) = line.strip_prefix(self.block.0) {
                    (line, in_block) = (after, true);
                } else if line.starts_with(self.line) {
                    break;
                } else {
                    // What stands before a comment is code, and what stands behind it may be.
                    is_code = true;
                    let Some(begin) = line.find(self.block.0) else { break };
                    line = line.get(begin..).unwrap_or_default();
                }
            }
            lines += u64::from(is_code);
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::super::crates::tests::workspace;
    use super::{Comments, lines_of_code};
    use std::path::Path;

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Lines of a framework's crate with this text, beside a store's crate without any.
    fn lines(text: &str) -> u64 {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "framework-axum/src/lib.rs", text);
        write(folder.path(), "store-memory/src/lib.rs", "");
        lines_of_code(&workspace(folder.path()), "axum", "memory").unwrap()
    }

    #[test]
    fn comments_and_blank_lines_do_not_count() {
        let text = r##"//! Who I am.

/* a
   block */
/// What it does.
#[must_use]
pub fn text() -> &'static str {
    // Why.
    let a = 1; // one

    r#"// a line

       /* of text */"#
}
"##;
        assert_eq!(lines(text), 6, "#[must_use], fn, let, two lines of text, }}");
    }

    #[test]
    fn what_is_not_compiled_does_not_count() {
        assert_eq!(lines("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n"), 2);
        assert_eq!(lines("#[cfg(test)]\n#[path = \"x.rs\"]\nmod tests;\nfn a() {}\n"), 1);
        assert_eq!(lines("#[cfg(test)]\nfn a<A, B>(a: A, b: B) {\n}\nfn b() {}\n"), 1);
        assert_eq!(lines("#[cfg(test)]\nuse a::{\n    b, c,\n};\nfn b() {}\n"), 1);
        assert_eq!(lines("fn a() {\n    #[cfg(test)]\n    let b = C {\n        d,\n    };\n    e();\n}\n"), 3);
        assert_eq!(
            lines(
                "fn a() {\n    match b {\n        #[cfg(test)]\n        C { d } => {\n        }\n        #[cfg(test)]\n        E => f(\n            1,\n        ),\n        _ => 0,\n    }\n}\n"
            ),
            5
        );
        assert_eq!(lines("#[cfg(not(test))]\nfn a() {}\n"), 2);
        assert_eq!(lines("#[cfg(all(feature = \"x\", not(test)))]\nfn a() {}\n"), 0);
        assert_eq!(lines("#![cfg(any(test, feature = \"x\"))]\nfn a() {}\n"), 0);
    }

    #[test]
    fn a_crate_is_counted_for_one_database() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| write(folder.path(), file, text);
        write("framework-axum/src/lib.rs", "mod handlers;\n");
        write("framework-axum/src/handlers/mod.rs", "mod users;\n");
        write("framework-axum/src/handlers/users.rs", "fn list() {}\n");
        write("framework-axum/src/unused.rs", "fn unused() {}\n");
        write("framework-axum/tests/faults.rs", "fn unused() {}\n");
        let library = "#[cfg(feature = \"sqlite\")]\nmod sqlite;\n#[cfg(feature = \"postgres\")]\nmod postgres;\n#[cfg(feature = \"pooled\")]\nmod pool;\nmod schema;\n";
        write("store-diesel/src/lib.rs", library);
        write("store-diesel/src/schema.rs", "fn a() {}\n");
        write("store-diesel/src/pool.rs", "fn a() {\n}\n");
        write("store-diesel/src/sqlite.rs", "mod users;\n");
        write("store-diesel/src/sqlite/users.rs", "fn a() {\n\n\n\n}\n");
        write("store-diesel/src/postgres/mod.rs", "fn a() {\n// 1\n}\n");
        write("store-diesel/migrations/sqlite/up.sql", "-- Users.\nCREATE TABLE users (\n);\n");
        write("store-diesel/migrations/postgres/up.sql", "CREATE TABLE users ();\n");
        let workspace = workspace(folder.path());
        // Three of the framework; lib.rs 2 + 1, schema 1, sqlite 1 + 2, SQL 2.
        assert_eq!(lines_of_code(&workspace, "axum", "diesel-sqlite").unwrap(), 3 + 3 + 1 + 3 + 2);
        // lib.rs 4 + 1, schema 1, pool 2, postgres 2, SQL 1.
        assert_eq!(lines_of_code(&workspace, "axum", "diesel-postgres").unwrap(), 3 + 5 + 1 + 2 + 2 + 1);
    }

    #[test]
    fn other_languages_have_other_comments() {
        let lua = Comments { line: "--", block: ("--[[", "]]") };
        let text = "-- A script.\nlocal a = 1 -- one\n\n--[[ a\nblock ]]\n--[[ x ]] return a\n";
        assert_eq!(lua.lines_of_code(text), 2);
        let sql = Comments { line: "--", block: ("/*", "*/") };
        assert_eq!(sql.lines_of_code("SELECT 1; /* a\nb */\n/* c */ -- d\nSELECT /* e */ 2;\n"), 2);
    }
}
