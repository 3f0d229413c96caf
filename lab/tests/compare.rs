//! The comparison, on the small tree below `fixtures/` and on texts of its own: it must be right whatever the real
//! sources look like today.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use lab::compare::extract::{Function, functions};
use lab::compare::highlight::Highlighter;
use lab::compare::lines::{Mark, rows};
use lab::compare::render::{Options, render};
use lab::compare::source::{IMPLEMENTATIONS, Kind, SourceFile, read_folder};
use lab::compare::{CompareError, Comparison, Side, compare};
use std::path::Path;
use std::process::{Command, Output};
use unicode_width::UnicodeWidthStr;

fn fixture(name: &str) -> Side {
    let (kind, folder) = match name {
        "axum" => (Kind::Framework, "framework-axum/src"),
        "rocket" => (Kind::Framework, "framework-rocket/src"),
        "diesel" => (Kind::Store, "examples-sql/diesel/src"),
        _ => (Kind::Store, "examples-sql/sea-orm/src"),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    Side::new(name, kind, &read_folder(&root, folder, None).unwrap()).unwrap()
}

fn fixtures(left: &str, right: &str, operation: Option<&str>) -> Result<Comparison, CompareError> {
    compare(&fixture(left), &fixture(right), operation)
}

fn in_one_file(text: &str) -> Vec<Function> {
    functions(&SourceFile::new("some/src", "users.rs", text.to_owned())).unwrap()
}

fn compare_texts(left: &str, right: &str) -> Vec<(Mark, String, String)> {
    let (left, right) = (in_one_file(left), in_one_file(right));
    let marked = |line: Option<lab::compare::lines::Line>| {
        let Some(line) = line else { return "-".to_owned() };
        let mut text = line.text;
        for range in line.changed.iter().rev() {
            text.insert(range.end, ']');
            text.insert(range.start, '[');
        }
        text
    };
    let rows = rows(left.first(), right.first());
    rows.into_iter().map(|row| (row.mark, marked(row.left), marked(row.right))).collect()
}

fn lab(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lab")).args(arguments).env_remove("COLUMNS").output().unwrap()
}

#[test]
fn a_function_is_cut_out_with_comment_and_attributes_and_nothing_else() {
    let axum = fixture("axum");
    let create = axum.functions.iter().find(|function| function.operation() == "users::create").unwrap();
    assert_eq!(create.location(), "framework-axum/src/handlers/users.rs:11");
    assert_eq!(create.lines[0], "/// `POST /users`: an admin makes a user.");
    assert_eq!(create.lines[1], "#[instrument(skip_all)]");
    assert_eq!(create.lines.last().unwrap(), "}");
    assert_eq!(create.lines.len(), 15);
    assert!(create.public);
    let cursor = axum.functions.iter().find(|function| function.name == "cursor").unwrap();
    assert_eq!(cursor.lines[0], "// The page's cursor, axum's way.");
    assert!(!cursor.public);
}

#[test]
fn parameters_are_called_what_they_bind() {
    let text = "fn f(State(services): State<S>, mut id: u8, (a, _): (u8, u8), Query(Page { limit, .. }): Q, &b: &u8) {}
                impl T { fn g(&self, c: u8) {} }";
    let found = in_one_file(text);
    assert_eq!(found[0].parameters, ["services", "id", "a", "_", "limit", "b"]);
    assert_eq!(found[1].parameters, ["self", "c"]);
}

#[test]
fn methods_know_their_type_and_trait_and_tests_are_left_out() {
    let text = "impl<'a> a::UserRepository for &'a b::Users<T> { fn insert() {} }
                trait Clock { fn now(&self) -> u64; }
                mod inner { pub fn deep() {} }
                #[cfg(test)] mod tests { fn hidden() {} }
                #[test] fn hidden_too() {}";
    let found = in_one_file(text);
    let names: Vec<_> = found.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["insert", "now", "deep"]);
    assert_eq!((found[0].owner.as_deref(), found[0].implements.as_deref()), (Some("Users"), Some("UserRepository")));
    assert_eq!((found[1].owner.as_deref(), found[1].implements.as_deref()), (Some("Clock"), None));
}

#[test]
fn a_file_that_is_no_rust_is_named_with_its_line() {
    let broken = SourceFile::new("some/src", "users.rs", "fn good() {}\nfn bad( {}".to_owned());
    assert!(functions(&broken).unwrap_err().to_string().starts_with("some/src/users.rs:2: "));
}

#[test]
fn a_module_is_called_as_its_file_or_its_folder() {
    let module = |path: &str| SourceFile::new("some/src", path, String::new()).module_path.join("::");
    assert_eq!(module("handlers/users.rs"), "handlers::users");
    assert_eq!(module("handlers/mod.rs"), "handlers");
    assert_eq!(module("lib.rs"), "lib");
}

#[test]
fn changed_words_are_marked_and_indentation_is_no_change() {
    let found = compare_texts(
        "fn f() {\n    let user = services.users.create(body).await?;\n    x\n}",
        "fn f() {\n    let user = services.users.insert(&body).await?;\n        x\n}",
    );
    assert_eq!(
        found[1],
        (
            Mark::Changed,
            "    let user = services.users.[create](body).await?;".to_owned(),
            "    let user = services.users.[insert]([&]body).await?;".to_owned()
        )
    );
    assert_eq!(found.iter().filter(|(mark, ..)| *mark != Mark::Same).count(), 1);
}

#[test]
fn changed_lines_stand_beside_the_lines_they_came_from() {
    let found = compare_texts(
        "fn f() {\n    let location = format!(user.id);\n    Created(location, user)\n}",
        "fn f() {\n    // One line more.\n    log();\n    let location = uri!(user.id);\n    Created(location).body(user)\n}",
    );
    let marks: Vec<_> = found.iter().map(|(mark, ..)| *mark).collect();
    assert_eq!(marks, [Mark::Same, Mark::RightOnly, Mark::RightOnly, Mark::Changed, Mark::Changed, Mark::Same]);
    assert_eq!(found[3].1, "    let location = [format]!(user.id);");
}

#[test]
fn lines_with_nothing_in_common_are_changed_as_a_whole() {
    let found = compare_texts("fn f() {\n    self.pool.run()\n}", "fn f() {\n    Entity::insert(row)\n}");
    assert_eq!(found[1], (Mark::Changed, "    [self.pool.run()]".to_owned(), "    [Entity::insert(row)]".to_owned()));
}

#[test]
fn all_operations_come_in_order_with_those_of_one_side() {
    let comparison = fixtures("axum", "rocket", None).unwrap();
    let found: Vec<_> =
        comparison.pairs.iter().map(|pair| (pair.heading(), pair.left.is_some(), pair.right.is_some())).collect();
    let expected = [
        ("hello · show", true, true),
        ("tokens · create", true, false),
        ("users · list", true, true),
        ("users · create", true, true),
        ("users · replace", false, true),
        ("users · delete", true, true),
        ("users · cursor", true, false),
    ];
    assert_eq!(found, expected.map(|(heading, left, right)| (heading.to_owned(), left, right)));
    let totals = comparison.totals();
    assert_eq!((totals.functions, totals.functions_only_left, totals.functions_only_right), (7, 2, 1));
    assert_eq!((totals.left_lines, totals.right_lines), (35, 34));
}

#[test]
fn a_store_is_compared_by_its_repository_methods_and_their_helpers() {
    let comparison = fixtures("diesel", "sea-orm", None).unwrap();
    let headings: Vec<_> = comparison.pairs.iter().map(lab::compare::Pair::heading).collect();
    assert_eq!(headings, ["users · new", "users · insert", "users · unique_email"]);
    let insert = fixtures("diesel", "sea-orm", Some("insert")).unwrap();
    assert_eq!(insert.pairs.len(), 1);
    assert_eq!(insert.pairs[0].left.as_ref().unwrap().location(), "examples-sql/diesel/src/users.rs:16");
}

#[test]
fn an_operation_can_be_named_in_full_and_shortly_if_it_is_the_only_one() {
    for asked in ["users::list", "handlers::users::list", "list"] {
        assert_eq!(fixtures("axum", "rocket", Some(asked)).unwrap().pairs[0].heading(), "users · list");
    }
    // `routes` is no handler: its functions need their full name.
    assert_eq!(fixtures("axum", "rocket", Some("routes::create")).unwrap().pairs.len(), 1);
}

#[test]
fn a_name_that_several_modules_have_is_answered_with_the_candidates() {
    let error = fixtures("axum", "rocket", Some("create")).unwrap_err();
    assert_eq!(error.to_string(), "`create` can be one of several; say which: tokens::create, users::create");
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let unknown = fixtures("axum", "rocket", Some("users::creat")).unwrap_err().to_string();
    assert!(unknown.contains("perhaps `users::create`?"), "{unknown}");
    assert!(unknown.contains("there is: hello::show, tokens::create, users::list"), "{unknown}");
    let kinds = fixtures("axum", "diesel", None).unwrap_err().to_string();
    assert!(kinds.starts_with("`axum` is a framework and `diesel` is a store"), "{kinds}");
    assert!(kinds.contains("stores: memory, diesel-sqlite, sea-orm-sqlite"), "{kinds}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_colour_changes_no_letter() {
    let highlighter = Highlighter::default();
    for comparison in [fixtures("axum", "rocket", None).unwrap(), fixtures("diesel", "sea-orm", None).unwrap()] {
        for width in [30, 47, 79, 80, 81, 100, 120, 200, 400] {
            let plain = render(&comparison, &Options { width, highlighter: None });
            let coloured = render(&comparison, &Options { width, highlighter: Some(&highlighter) });
            assert!(!plain.contains('\u{1b}'));
            let stripped = anstream::adapter::strip_str(&coloured).to_string();
            let trimmed: Vec<_> = stripped.lines().map(str::trim_end).collect();
            assert_eq!(trimmed, plain.lines().collect::<Vec<_>>(), "at {width} columns");
            let is_code =
                |line: &&str| line.starts_with(' ') || line.starts_with(['<', '>']) && !line.contains("/src/");
            for line in plain.lines().filter(is_code) {
                assert!(line.width() <= width, "{} columns at {width}: {line}", line.width());
            }
        }
    }
}

#[test]
fn the_mark_stands_in_one_column_even_beside_wide_letters() {
    let plain = render(&fixtures("axum", "rocket", None).unwrap(), &Options { width: 120, highlighter: None });
    let numbered = |line: &&str| line.starts_with(' ');
    for line in plain.lines().filter(numbered) {
        let mut column = 0;
        let mark = line.chars().find(|character| {
            column += unicode_width::UnicodeWidthChar::width(*character).unwrap_or(0);
            column >= 60
        });
        assert!(matches!(mark, Some(' ' | '|' | '<' | '>')), "{line}");
    }
}

#[test]
fn every_letter_of_the_source_is_shown_however_narrow_the_terminal() {
    let comparison = fixtures("axum", "axum", Some("users::create")).unwrap();
    let source = comparison.pairs[0].left.as_ref().unwrap().lines.concat();
    let without_spaces = |text: &str| text.replace(char::is_whitespace, "");
    for width in [1, 30, 44, 79] {
        let narrow = render(&comparison, &Options { width, highlighter: None });
        // After the three lines of the heading and before the blank one and the totals: mark, number, code.
        let code: Vec<&str> = narrow.lines().skip(3).take_while(|line| !line.is_empty()).collect();
        let shown: String =
            code.iter().map(|line| line.replace('↳', " ").chars().skip(6).collect::<String>()).collect();
        assert_eq!(without_spaces(&shown), without_spaces(&source), "at {width} columns");
    }
}

#[test]
fn changed_words_are_underlined_on_a_terminal() {
    let highlighter = Highlighter::default();
    let comparison = fixtures("axum", "rocket", Some("users::create")).unwrap();
    let coloured = render(&comparison, &Options { width: 120, highlighter: Some(&highlighter) });
    assert!(coloured.contains("\u{1b}[4m"), "{coloured}");
}

#[test]
fn the_command_answers_what_it_cannot_do_with_exit_code_2() {
    for (arguments, message) in [
        (["diff", "axum", "warp"], "error: there is no `warp`\nframeworks: axum, actix, rocket\nstores: memory, "),
        (["diff", "axum", "diesel"], "error: `axum` is a framework and `diesel-sqlite` is a store"),
        (["diff", "axum", "shared"], "error: `axum` is a framework and `shared` is shared code"),
    ] {
        let output = lab(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(message), "{error}");
    }
    for named in ["frameworks: axum, actix, rocket", "redis, dynamodb", "`diesel` is `diesel-sqlite`"] {
        let error = String::from_utf8(lab(&["diff", "axum", "warp"]).stderr).unwrap();
        assert!(error.contains(named), "{named} in {error}");
    }
    let output = lab(&["diff", "axum", "rocket", "users::no_such_function"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("neither axum nor rocket has"));
}

#[test]
fn the_command_writes_plain_text_into_a_pipe_and_colour_when_told() {
    let piped = lab(&["diff", "axum", "rocket"]);
    assert_eq!(piped.status.code(), Some(0));
    assert!(!piped.stdout.contains(&0x1b));
    assert!(String::from_utf8(piped.stdout).unwrap().lines().last().unwrap().contains("; axum "));
    assert!(lab(&["diff", "axum", "rocket", "--color", "always"]).stdout.contains(&0x1b));
}

#[test]
fn the_stores_of_any_two_databases_are_compared_by_the_command() {
    for (left, right, operation, parts) in [
        ("diesel", "sea-orm", "users::insert", ["examples-sql/diesel/src/sqlite/users.rs:", "sea-orm-sqlite"]),
        ("diesel-postgres", "mongodb", "users::update", ["examples-sql/diesel/src/postgres/users.rs:", "mongodb"]),
        ("redis", "dynamodb", "users::find", ["examples-nosql/redis/src/users.rs:", "HGETALL"]),
        (
            "diesel-mysql",
            "diesel-sqlite",
            "find_by_email",
            ["examples-sql/diesel/src/mysql/users.rs:", "diesel-sqlite"],
        ),
        (
            "diesel-postgres",
            "mongodb",
            "orders::place",
            ["examples-sql/diesel/src/postgres/orders.rs:", "call_in_turn"],
        ),
        ("redis", "dynamodb", "orders::place", ["examples-nosql/redis/src/orders.rs:", "Transaction::new"]),
        ("memory", "sea-orm-mysql", "reports::sales", ["examples-nosql/memory/src/reports.rs:", "sea-orm-mysql"]),
        ("sea-orm-sqlite", "dynamodb", "find_many", ["examples-sql/sea-orm/src/products.rs:", "get_many"]),
    ] {
        let output = lab(&["diff", left, right, operation]);
        assert_eq!(output.status.code(), Some(0), "{left} {right} {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(parts.iter().all(|part| text.contains(part)), "{left} {right}: {parts:?} in:\n{text}");
    }
    for operation in ["products::replace", "orders::create", "reports::sales"] {
        let output = lab(&["diff", "actix", "rocket", operation]);
        assert_eq!(output.status.code(), Some(0), "{operation} {output:?}");
    }
    let help = String::from_utf8(lab(&["diff", "--help"]).stdout).unwrap();
    assert!(help.contains("orders::place") && help.contains("diesel-postgres") && help.contains("dynamodb"), "{help}");
}

#[test]
fn the_sources_that_were_compiled_in_are_those_on_disk() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for implementation in &IMPLEMENTATIONS {
        assert_eq!(implementation.sources(), read_folder(&root, implementation.folder, implementation.part).unwrap());
    }
}
