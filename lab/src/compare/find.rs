//! Finds the functions that belong together, and those that somebody means by a name.

use crate::compare::CompareError;
use crate::compare::extract::Function;
use std::collections::{BTreeSet, HashMap};

/// Functions that stand beside each other, before their lines are compared.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) left: Option<&'a Function>,
    pub(super) right: Option<&'a Function>,
}

impl<'a> Candidate<'a> {
    fn either(&self) -> Option<&'a Function> {
        self.left.or(self.right)
    }
}

/// Functions belong together if they have the same name in the same file. If one file has several of that name (`new`
/// of two types), the first belongs to the first and so on: the types' names may differ between the sides.
pub(super) fn pair_up<'a>(left: &'a [Function], right: &'a [Function]) -> Vec<Candidate<'a>> {
    let left = with_keys(left);
    let right = with_keys(right);
    let right_by_key: HashMap<_, _> = right.iter().cloned().collect();
    let left_keys: BTreeSet<_> = left.iter().map(|(key, _)| key).collect();
    let mut pairs: Vec<(Key<'a>, Candidate<'a>)> = left
        .iter()
        .map(|(key, function)| (*key, Candidate { left: Some(function), right: right_by_key.get(key).copied() }))
        .collect();
    let mut before: Option<Key<'a>> = None;
    for (key, function) in right {
        if !left_keys.contains(&key) {
            let position = before.as_ref().and_then(|before| pairs.iter().position(|(other, _)| other == before));
            let position = position.map_or(0, |position| position + 1);
            pairs.insert(position, (key, Candidate { left: None, right: Some(function) }));
        }
        before = Some(key);
    }
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

type Key<'a> = (&'a [String], &'a str, usize);

fn with_keys(functions: &[Function]) -> Vec<(Key<'_>, &Function)> {
    let mut seen: HashMap<(&[String], &str), usize> = HashMap::new();
    functions
        .iter()
        .map(|function| {
            let (module, name) = (function.module_path.as_slice(), function.name.as_str());
            let count = seen.entry((module, name)).or_default();
            *count += 1;
            ((module, name, *count), function)
        })
        .collect()
}

pub(super) fn matching<'a>(pairs: &[Candidate<'a>], asked: &str) -> Vec<Candidate<'a>> {
    let mut modules: Vec<&str> = asked.split("::").collect();
    let name = modules.pop().unwrap_or_default();
    let matches = |function: &Function| {
        let module_path: Vec<&str> = function.module_path.iter().map(String::as_str).collect();
        function.name == name && module_path.ends_with(&modules)
    };
    pairs.iter().filter(|pair| pair.either().is_some_and(matches)).copied().collect()
}

pub(super) fn one_module_only(asked: &str, found: &[Candidate<'_>]) -> Result<(), CompareError> {
    let full_name = |function: &Function| format!("{}::{}", function.module_path.join("::"), function.name);
    let full_names: BTreeSet<String> = found.iter().filter_map(Candidate::either).map(full_name).collect();
    if full_names.len() < 2 {
        return Ok(());
    }
    let short_names = names(found);
    let candidates = if short_names.len() == full_names.len() { short_names } else { Vec::from_iter(full_names) };
    Err(CompareError::AmbiguousOperation { asked: asked.to_owned(), candidates })
}

/// The names of the functions, each once, in their order.
pub(super) fn names(pairs: &[Candidate<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in pairs.iter().filter_map(Candidate::either).map(Function::operation) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
