//! What the sources of a layer must not mention. Words are those that the compiler sees: comments may say anything,
//! and what a macro is given counts.

use super::{FRAMEWORKS, STORES, sources};
use lab::compare::source::SourceFile;
use proc_macro2::{TokenStream, TokenTree};
use std::fs;
use std::path::Path;
use std::str::FromStr;
use syn::visit_mut::VisitMut;

/// One token of a source, with what stands before it and after it.
struct Word {
    text: String,
    line: usize,
    before: String,
    after: String,
}

/// Words of this list that mean something else in a store, each for the reason above it.
const MEANT_OTHERWISE: [(&str, &str); 3] = [
    // What MongoDB calls the schema that it holds documents to.
    ("examples-nosql/mongodb/src/migrations.rs", "validator"),
    ("examples-nosql/mongodb/src/schema.rs", "validator"),
    // DynamoDB is spoken to by HTTP: the client that its SDK sends with.
    ("examples-nosql/dynamodb/src/connection.rs", "http"),
];

/// Store crates mention neither HTTP nor DTOs nor validation.
pub fn stores_know_no_http(root: &Path) -> Vec<String> {
    let forbidden = ["StatusCode", "dto", "problem", "Problem", "http", "validator", "Validate"];
    let mut findings = Vec::new();
    let mut files: Vec<SourceFile> = STORES.iter().flat_map(|sibling| sources(root, *sibling)).collect();
    // What stands beside the databases of a crate belongs to each of them.
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    for file in files {
        for word in words_outside_tests(&file) {
            let is_meant = !MEANT_OTHERWISE.contains(&(file.path.as_str(), word.text.as_str()));
            if is_meant && forbidden.contains(&word.text.as_str()) {
                findings.push(format!("{}:{} mentions `{}`", file.path, word.line, word.text));
            }
        }
    }
    findings
}

/// Where numbers of `shared` are prices and quantities: what is sold for a demonstration, and to try the stores.
const OF_SALES: [&str; 2] = ["demo/products.rs", "store_contract/sales.rs"];

/// In `shared`, numbers that are codes of HTTP errors (400 to 451, 500 to 511, RFC 9110 and its registry) occur in
/// `problem.rs` only. Times (`from_millis(500)`) and the numbers of [`OF_SALES`] are not codes.
pub fn only_problem_rs_knows_statuses(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for file in sources(root, ("shared/src", None)) {
        if file.path == "shared/src/problem.rs" {
            continue;
        }
        let is_of_sales = OF_SALES.contains(&file.relative.as_str());
        for word in words_outside_tests(&file) {
            let number = word.text.trim_end_matches("u16").trim_end_matches('_').parse::<u16>();
            let is_code = number.is_ok_and(|number| matches!(number, 400..=451 | 500..=511));
            let is_other = is_of_sales || word.before.starts_with("from_");
            if word.text == "StatusCode" || is_code && !is_other {
                findings.push(format!("{}:{} mentions `{}`", file.path, word.line, word.text));
            }
        }
    }
    findings
}

/// Files below `handlers/` whose functions are no such handlers, each for the reason above it.
const NO_HANDLERS: [&str; 2] = [
    // The names of the others.
    "handlers/mod.rs",
    // Pages and the documents of the contract, which no service has.
    "handlers/system.rs",
];

/// Handlers have three steps, extract, call one service method, respond: no decision and no `unwrap` in between.
pub fn handlers_have_three_steps(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for sibling in FRAMEWORKS.iter() {
        let files = sources(root, *sibling)
            .into_iter()
            .filter(|file| file.relative.starts_with("handlers/") && !NO_HANDLERS.contains(&file.relative.as_str()));
        let files: Vec<SourceFile> = files.collect();
        if files.is_empty() {
            findings.push(format!("{}/handlers has no handler", sibling.0));
        }
        files.iter().for_each(|file| check_handlers(&file.path, &file.text, &mut findings));
    }
    findings
}

fn check_handlers(path: &str, text: &str, findings: &mut Vec<String>) {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    for item in &file.items {
        let syn::Item::Fn(handler) = item else { continue };
        if !matches!(handler.vis, syn::Visibility::Public(_)) {
            continue;
        }
        let (block, name) = (&handler.block, &handler.sig.ident);
        let words = words(quote(block));
        for word in &words {
            if ["if", "match", "unwrap", "expect"].contains(&word.text.as_str()) {
                findings.push(format!("{path}:{} `{name}` has `{}`: no rule lives in a handler", word.line, word.text));
            }
        }
        // `app.services.users.create(…)`: whoever calls a service goes through this field.
        let calls = words.iter().filter(|word| word.text == "services" && word.after == ".").count();
        if calls != 1 {
            findings.push(format!("{path} `{name}` calls {calls} service methods instead of one"));
        }
    }
}

fn quote(syntax: &impl quote::ToTokens) -> TokenStream {
    syntax.to_token_stream()
}

/// Files have at most 400 lines, or say among their first ones why not.
pub fn files_are_short(root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    let mut unread = vec![root.to_owned()];
    while let Some(folder) = unread.pop() {
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if entry.file_type().unwrap().is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    unread.push(path);
                }
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).unwrap();
                let lines = text.lines().count();
                let says_why = |line: &str| line.contains("Longer than 400 lines because");
                if lines > 400 && !text.lines().take(20).any(says_why) {
                    let path = path.strip_prefix(root).unwrap_or(&path).display();
                    findings.push(format!(
                        "{path} has {lines} lines: split it, or say `Longer than 400 lines because …` at its top"
                    ));
                }
            }
        }
    }
    findings.sort();
    findings
}

fn words_outside_tests(file: &SourceFile) -> Vec<Word> {
    let mut syntax = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
    WithoutTests.visit_file_mut(&mut syntax);
    words(quote(&syntax))
}

struct WithoutTests;

impl VisitMut for WithoutTests {
    fn visit_file_mut(&mut self, file: &mut syn::File) {
        file.items.retain(|item| !matches!(item, syn::Item::Mod(module) if is_test(&module.attrs)));
        syn::visit_mut::visit_file_mut(self, file);
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        attributes.retain(|attribute| !attribute.path().is_ident("doc"));
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let test = TokenStream::from_str("cfg(test)").unwrap().to_string();
    attributes.iter().any(|attribute| quote(&attribute.meta).to_string() == test)
}

fn words(tokens: TokenStream) -> Vec<Word> {
    let mut flat = Vec::new();
    flatten(tokens, &mut flat);
    let text = |index: Option<usize>| index.and_then(|index| flat.get(index)).map_or("", |(text, _)| text).to_owned();
    flat.iter()
        .enumerate()
        .map(|(index, (word, line))| Word {
            text: word.clone(),
            line: *line,
            before: text(index.checked_sub(1)),
            after: text(Some(index + 1)),
        })
        .collect()
}

/// Brackets are left out: `from_millis(500)` is `from_millis` followed by `500`.
fn flatten(tokens: TokenStream, flat: &mut Vec<(String, usize)>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => flatten(group.stream(), flat),
            other => flat.push((other.to_string(), other.span().start().line)),
        }
    }
}
