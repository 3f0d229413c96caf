//! The code in one file of Rust, by its tokens.

use super::super::crates::Part;
use super::super::{FactError, read};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::iter::Peekable;
use std::path::Path;

/// What one file of Rust holds.
pub(super) struct RustCode {
    pub(super) lines: u64,
    /// The modules that it names and that have files of their own.
    pub(super) modules: Vec<String>,
}

impl RustCode {
    pub(super) fn of(file: &Path, part: &Part<'_>) -> Result<Self, FactError> {
        let text = read(file)?;
        let tokens: TokenStream = text.parse().map_err(|error: proc_macro2::LexError| FactError::Format {
            what: file.display().to_string(),
            reason: error.to_string(),
        })?;
        let mut scan = Scan { part, lines: BTreeSet::new(), modules: Vec::new() };
        scan.tokens(tokens);
        let Scan { lines, modules, .. } = scan;
        // Text of several lines may hold blank ones.
        let written: Vec<&str> = std::iter::once("").chain(text.lines()).collect();
        let is_blank = |line: &usize| written.get(*line).is_none_or(|line| line.trim().is_empty());
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
                TokenTree::Punct(_) if is_sign(&token, '#') => {
                    let is_inner = tokens.next_if(|next| is_sign(next, '!')).is_some();
                    // Else it is a sign in a macro's pattern, beside others on its line.
                    let Some(attribute) = next_brackets(&mut tokens) else { continue };
                    match self.attribute(attribute.stream()) {
                        Attribute::Code => self.group(&attribute),
                        Attribute::Off if is_inner => return,
                        Attribute::Off => skip(&mut tokens),
                        Attribute::Comment => {}
                    }
                }
                TokenTree::Group(group) => self.group(group),
                TokenTree::Ident(word) if word == "mod" => {
                    self.note(token.span());
                    let Some(name) = tokens.next() else { return };
                    if tokens.peek().is_some_and(|next| is_sign(next, ';')) {
                        self.modules.push(name.to_string());
                    }
                }
                _ => self.note(token.span()),
            }
        }
    }

    fn group(&mut self, group: &Group) {
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

fn is_sign(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == sign)
}

/// What is in square brackets, if that comes next.
fn next_brackets(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) -> Option<Group> {
    let is_next = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket);
    match tokens.next_if(is_next) {
        Some(TokenTree::Group(group)) => Some(group),
        _ => None,
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
            TokenTree::Punct(_) if is_sign(&token, ',') => parts.push(TokenStream::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.extend([token.clone()])),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Goes past what an attribute stands before: an item, a statement, an arm of a `match`, a field.
fn skip(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
    const ITEMS: [&str; 13] =
        ["pub", "fn", "async", "impl", "struct", "enum", "trait", "mod", "use", "const", "static", "type", "let"];
    // Further attributes of the same.
    while tokens.next_if(|next| is_sign(next, '#')).is_some() {
        tokens.next();
    }
    // An item has commas between its angle brackets; some end with a semicolon, whatever braces they have.
    let is_item = tokens.peek().is_some_and(|first| ITEMS.contains(&first.to_string().as_str()));
    let mut needs_semicolon = false;
    while let Some(token) = tokens.next() {
        let ends = match &token {
            TokenTree::Ident(word) => {
                needs_semicolon |= ["use", "static", "type", "let"].iter().any(|name| word == name);
                false
            }
            TokenTree::Punct(_) => is_sign(&token, ';') || (is_sign(&token, ',') && !is_item),
            // A pattern with braces is not the end of an arm.
            TokenTree::Group(group) => {
                let is_pattern = tokens.peek().is_some_and(|next| is_sign(next, '='));
                group.delimiter() == Delimiter::Brace && !needs_semicolon && !is_pattern
            }
            TokenTree::Literal(_) => false,
        };
        if ends {
            // A comma may come after the end of an arm.
            tokens.next_if(|next| !is_item && is_sign(next, ','));
            return;
        }
    }
}
