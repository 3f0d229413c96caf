//! Lines of code: what somebody reads who wants to know what a variant does.
//!
//! Lines are counted that hold a token, so neither blank ones nor comments. What a variant does not compile is left out:
//! tests, and in a crate for several databases what belongs to the others. General counters know neither; Rust's own
//! tokens do.

mod rust;

use super::crates::{Part, Workspace};
use super::{FactError, read};
use rust::RustCode;
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
