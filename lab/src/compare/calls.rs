//! What a function calls, read from its tokens.
//!
//! Tokens and not the syntax tree: calls also stand inside macros (`tokio::select!`), which the tree keeps as tokens.

use crate::compare::extract::Function;
use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use std::collections::HashSet;

/// One call: `self.users.insert(…)` has the parts `self`, `users`, `insert`. What is called on the result of something
/// else (`).await?.map(…)`) begins with an empty part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The names before the parentheses, whether a dot or two colons part them.
    pub parts: Vec<String>,
    /// Whether colons stand before the last part, so that it is a function's path and no method on a value.
    pub is_path: bool,
    /// The line of the file where it begins.
    pub line: usize,
}

impl Call {
    /// The parts as they are compared.
    pub(super) fn names(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }
}

/// The functions that a function names.
pub(super) struct Named {
    /// Those that it calls.
    pub(super) calls: Vec<Call>,
    /// Those that it may pass on.
    pub(super) given: Vec<String>,
}

impl Named {
    pub(super) fn new(function: &Function) -> Self {
        Self { calls: calls(function), given: given_names(function) }
    }
}

/// The calls in the body of a function, in the order in which they stand there. Text that is not Rust has none.
#[must_use]
pub fn calls(function: &Function) -> Vec<Call> {
    let mut found = Vec::new();
    collect(tokens(function), function.first_line, &mut found);
    found
}

/// The names among the parameters of a function, those of their types included.
pub(super) fn parameter_names(function: &Function) -> Vec<String> {
    let mut words = Vec::new();
    for token in tokens(function) {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => break,
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {
                push_words(group.stream(), &mut words);
            }
            _ => {}
        }
    }
    words.into_iter().map(|(word, _)| word).collect()
}

/// Where this path (`handlers::users::create`) first stands in a file: how many words are before it, and its line.
pub(super) fn place_of_path(text: &str, path: &[&str]) -> Option<(usize, usize)> {
    let mut words = Vec::new();
    push_words(text.parse().ok()?, &mut words);
    let names: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
    let place = names.windows(path.len()).position(|window| window == path)?;
    words.get(place).map(|(_, line)| (place, *line))
}

fn tokens(function: &Function) -> TokenStream {
    function.lines.join("\n").parse().unwrap_or_default()
}

fn push_words(stream: TokenStream, words: &mut Vec<(String, usize)>) {
    for token in stream {
        match token {
            TokenTree::Ident(name) => words.push((name.to_string(), name.span().start().line)),
            TokenTree::Group(group) => push_words(group.stream(), words),
            _ => {}
        }
    }
}

/// The names that a function passes on as they are and that it does not bind itself: `failure` of `map_err(failure)`. If a
/// function is called so, it is that one.
fn given_names(function: &Function) -> Vec<String> {
    let (mut given, mut others) = (Vec::new(), HashSet::new());
    collect_names(tokens(function), &mut given, &mut others);
    given.retain(|name| !others.contains(name));
    given
}

/// Sorts names into those that are an argument of a call by themselves, and all others but for what is called.
fn collect_names(stream: TokenStream, given: &mut Vec<String>, others: &mut HashSet<String>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let is_sign = |token: Option<&TokenTree>, wanted: char| matches!(token, Some(TokenTree::Punct(sign)) if sign.as_char() == wanted);
    let is_list = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| tokens.get(before));
        match token {
            TokenTree::Ident(name) if !is_list(tokens.get(index + 1)) && !is_sign(before, '.') => {
                others.insert(name.to_string());
            }
            // `Some(user)` and `let (user, order)` bind names.
            TokenTree::Group(group) if is_list(Some(token)) && before.is_some_and(is_called) => {
                let arguments: Vec<TokenTree> = group.stream().into_iter().collect();
                for argument in arguments.split(|token| is_sign(Some(token), ',')) {
                    match argument {
                        [TokenTree::Ident(name)] => given.push(name.to_string()),
                        argument => collect_names(argument.iter().cloned().collect(), given, others),
                    }
                }
            }
            TokenTree::Group(group) => collect_names(group.stream(), given, others),
            _ => {}
        }
    }
}

/// Whether parentheses behind this are those of a call of a function or a method.
fn is_called(token: &TokenTree) -> bool {
    const WORDS: [&str; 6] = ["let", "in", "for", "if", "match", "return"];
    matches!(token, TokenTree::Ident(name) if {
        let name = name.to_string();
        name.starts_with(|first: char| first == '_' || first.is_lowercase()) && !WORDS.contains(&name.as_str())
    })
}

/// What stands before a token, as far as it says what the token is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Dot,
    Colon,
    Colons,
    /// A name that follows is defined, not called.
    Fn,
    /// What follows in brackets is an attribute.
    Hash,
}

fn collect(stream: TokenStream, first_line: usize, found: &mut Vec<Call>) {
    let mut before = Before::Nothing;
    let mut call: Option<Call> = None;
    // How deep in the angle brackets of a turbofish: `read::<T>(…)` is a call of `read`.
    let mut turbofish = 0_usize;
    for token in stream {
        if turbofish > 0 {
            match token {
                TokenTree::Punct(sign) if sign.as_char() == '<' => turbofish += 1,
                TokenTree::Punct(sign) if sign.as_char() == '>' => turbofish -= 1,
                _ => {}
            }
            continue;
        }
        let after = before;
        before = Before::Nothing;
        match token {
            TokenTree::Ident(name) => {
                let text = name.to_string();
                if text == "fn" {
                    before = Before::Fn;
                }
                let line = first_line + name.span().start().line - 1;
                call = match (after, call.take()) {
                    (Before::Fn, _) => None,
                    (Before::Dot | Before::Colons, Some(mut call)) => {
                        call.parts.push(text);
                        call.is_path = after == Before::Colons;
                        Some(call)
                    }
                    (Before::Dot, None) => Some(Call { parts: vec![String::new(), text], is_path: false, line }),
                    _ => Some(Call { parts: vec![text], is_path: false, line }),
                };
            }
            TokenTree::Group(_) if after == Before::Hash => call = None,
            TokenTree::Group(group) => {
                found.extend(call.take().filter(|_| group.delimiter() == Delimiter::Parenthesis));
                collect(group.stream(), first_line, found);
            }
            TokenTree::Punct(sign) => match (sign.as_char(), after) {
                ('.', _) => before = Before::Dot,
                (':', Before::Colon) => before = Before::Colons,
                (':', _) if sign.spacing() == Spacing::Joint => before = Before::Colon,
                ('<', Before::Colons) => turbofish = 1,
                ('#', _) => (before, call) = (Before::Hash, None),
                _ => call = None,
            },
            TokenTree::Literal(_) => call = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{calls, given_names, parameter_names, place_of_path};
    use crate::compare::extract::{Function, functions};
    use crate::compare::source::SourceFile;

    fn function(text: &str) -> Function {
        functions(&SourceFile::new("x/src", "x.rs", text.to_owned())).unwrap().remove(0)
    }

    fn joined(text: &str) -> Vec<String> {
        calls(&function(text)).iter().map(|call| call.parts.join(" ")).collect()
    }

    #[test]
    fn calls_are_found_in_their_order_with_all_their_parts() {
        let text = "/// Calls nobody().\n#[get(\"/a\")]\nasync fn create(app: A) -> R {\n    \
                    let user = app.services\n        .users.create(&context, new_user(1)).await?;\n    \
                    shared::body::read(user)\n}";
        assert_eq!(joined(text), ["app services users create", "new_user", "shared body read"]);
        let found: Vec<_> = calls(&function(text)).iter().map(|call| (call.line, call.is_path)).collect();
        assert_eq!(found, [(4, false), (5, false), (6, true)]);
    }

    #[test]
    fn calls_inside_closures_and_macros_are_found() {
        let text = "fn f(&self) { let ask = async { limited(self.users.find(id)) }; select! { x = self.a.b() => {} } }";
        assert_eq!(joined(text), ["limited", "self users find", "self a b"]);
    }

    #[test]
    fn what_only_looks_like_a_call_is_none() {
        assert_eq!(joined("fn f() { let a = b; (c) }"), Vec::<String>::new());
        assert_eq!(joined("fn f() { vec![1]; mac!(x); a.b.c }"), Vec::<String>::new());
        assert_eq!(joined("fn f() { g()?.h() }"), ["g", " h"]);
    }

    #[test]
    fn a_turbofish_is_no_part_of_the_name_and_a_colon_joins_nothing() {
        assert_eq!(
            joined("fn f() { body::read::<Vec<T>>(x); Page { items: users.sum() } }"),
            ["body read", "users sum"]
        );
    }

    #[test]
    fn a_function_that_is_passed_on_by_its_name_is_told_from_what_is_bound() {
        let given = |text: &str| given_names(&function(text)).join(" ");
        assert_eq!(given("fn f(a: A) { g(a).map_err(failure)?; end(a, write_error) }"), "failure write_error");
        assert_eq!(given("fn f() { let (a, b) = c(); if let Some(d) = g(a, b) { d } }"), "");
        assert_eq!(given("fn f() { x.map(|(a, b)| h(a, b)); x.map(Some) }"), "Some");
    }

    #[test]
    fn parameters_name_their_types() {
        let names =
            parameter_names(&function("#[post(\"/x\")]\nfn f(JsonBody(x): JsonBody<Create>) -> Out { g(Other) }"));
        assert_eq!(names, ["JsonBody", "x", "JsonBody", "Create"]);
    }

    #[test]
    fn a_path_is_found_inside_macros() {
        let text = "fn routes() {\n    rocket::routes![\n        handlers::users::find,\n        handlers::users::find_all,\n    ]\n}";
        assert_eq!(place_of_path(text, &["handlers", "users", "find"]), Some((4, 3)));
        assert_eq!(place_of_path(text, &["handlers", "users", "none"]), None);
    }
}
