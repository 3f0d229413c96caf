//! What belongs to a function: the helpers in its own file, and the scripts that it has its database run.

use crate::compare::Side;
use crate::compare::extract::Function;
use crate::compare::library::Library;
use crate::compare::source::SCRIPT;

impl Library {
    /// The functions of the same crate and file that a function calls, itself or by one of them, each before what it calls
    /// in turn; and the scripts of each, which go first. The function itself is left out.
    #[must_use]
    pub fn helpers<'a>(&self, side: &'a Side, function: &Function) -> Vec<&'a Function> {
        self.helpers_of_kind(side, function, |_| true)
    }

    /// Those for which this holds: what is called by others only is left out with them.
    pub(super) fn helpers_of_kind<'a>(
        &self,
        side: &'a Side,
        function: &Function,
        is_meant: impl Fn(&Function) -> bool,
    ) -> Vec<&'a Function> {
        let mut helpers: Vec<&Function> = Vec::new();
        // From the end to the beginning, so that what is next comes off the stack first.
        let mut waiting: Vec<&Function> = called(self, side, function).into_iter().rev().collect();
        while let Some(helper) = waiting.pop() {
            if helper != function && is_meant(helper) && !helpers.contains(&helper) {
                helpers.push(helper);
                waiting.extend(called(self, side, helper).into_iter().rev());
            }
        }
        helpers
    }
}

/// The functions of the same file that a function calls or gives away by their names, and its scripts.
fn called<'a>(library: &Library, side: &'a Side, function: &Function) -> Vec<&'a Function> {
    let named = library.names_in(function);
    let beside = || side.functions.iter().filter(|other| other.path == function.path);
    let free = |name: &str| beside().find(|other| other.owner.is_none() && other.name == name);
    let method = |name: &str| beside().find(|other| other.owner == function.owner && other.name == name);
    let of_call = |names: &[&str]| match names {
        [name] => free(name),
        ["self" | "Self", name] if function.owner.is_some() => method(name),
        _ => None,
    };
    let mut found = scripts(side, function);
    found.extend(named.calls.iter().filter_map(|call| of_call(&call.names())));
    found.extend(named.given.iter().filter_map(|name| free(name)));
    found
}

/// The scripts that a function of a store has its database run: each is in a constant of its name.
fn scripts<'a>(side: &'a Side, function: &Function) -> Vec<&'a Function> {
    let words = |line: &String, wanted: &str| {
        line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == wanted)
    };
    let is_run = |script: &&Function| {
        let constant = script.name.to_uppercase();
        !function.path.ends_with(SCRIPT) && function.lines.iter().any(|line| words(line, &constant))
    };
    side.functions.iter().filter(|script| script.path.ends_with(SCRIPT)).filter(is_run).collect()
}
