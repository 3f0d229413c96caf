//! The cases, one module a heading.
//!
//! A case is a function whose name is the sentence that it proves. It gets the [`World`] and returns an error that
//! explains itself.

use std::future::Future;
use std::pin::Pin;

use crate::answer::{CaseError, Outcome};
use crate::world::World;

/// Lists the functions of a module as its cases, so that a name is written once. A function that is missing here is
/// dead code, which the compiler reports.
macro_rules! cases {
    ($heading:literal; $($name:ident),* $(,)?; alone: $($alone:ident),* $(,)?) => {
        /// The cases of this heading.
        pub fn cases() -> Vec<$crate::cases::Case> {
            vec![
                $($crate::cases::Case::new(
                    concat!($heading, "::", stringify!($name)), false, |world| Box::pin($name(world))),)*
                $($crate::cases::Case::new(
                    concat!($heading, "::", stringify!($alone)), true, |world| Box::pin($alone(world))),)*
            ]
        }
    };
    ($heading:literal; $($name:ident),* $(,)?) => {
        cases!($heading; $($name),*; alone:);
    };
}

mod attributes;
mod auth;
mod bodies;
mod change_races;
mod guards;
mod headers;
mod hello;
mod idempotency;
mod lines;
mod order_lists;
mod order_races;
mod orders;
mod paging;
mod paths;
mod permissions;
mod pricing;
mod problems;
mod product_fields;
mod product_lists;
mod products;
mod query;
mod races;
mod report_days;
mod reports;
mod stock;
mod syntax;
mod system;
mod timing;
mod tokens;
mod users;
mod validation;
mod versions;
mod workflow;

type Running<'world> = Pin<Box<dyn Future<Output = Outcome> + Send + 'world>>;

/// One case.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    alone: bool,
    run: for<'world> fn(&'world World) -> Running<'world>,
}

impl Case {
    fn new(name: &'static str, alone: bool, run: for<'world> fn(&'world World) -> Running<'world>) -> Self {
        Self { name, alone, run }
    }

    /// The heading and the sentence, such as `users::create_refuses_a_taken_email`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the case. Cases of one [`World`] may run side by side: those that must be alone wait until they are.
    ///
    /// # Errors
    /// What was expected, and what came instead.
    pub async fn run(&self, world: &World) -> Outcome {
        if self.alone {
            let _turn = world.turn.write().await;
            (self.run)(world).await
        } else {
            let _turn = world.turn.read().await;
            (self.run)(world).await
        }
    }
}

/// All cases, in the order of reading.
pub fn all() -> Vec<Case> {
    [
        hello::cases(),
        auth::cases(),
        users::cases(),
        permissions::cases(),
        validation::cases(),
        tokens::cases(),
        paging::cases(),
        query::cases(),
        versions::cases(),
        bodies::cases(),
        syntax::cases(),
        guards::cases(),
        paths::cases(),
        headers::cases(),
        timing::cases(),
        problems::cases(),
        system::cases(),
        races::cases(),
        products::cases(),
        product_lists::cases(),
        product_fields::cases(),
        attributes::cases(),
        orders::cases(),
        order_lists::cases(),
        lines::cases(),
        pricing::cases(),
        stock::cases(),
        workflow::cases(),
        idempotency::cases(),
        reports::cases(),
        report_days::cases(),
        order_races::cases(),
        change_races::cases(),
    ]
    .concat()
}

/// The cases whose name holds one of these texts, or all if there is no text.
///
/// # Errors
/// For a text that no name holds: it was meant to choose.
pub fn chosen(only: &[String]) -> Result<Vec<Case>, CaseError> {
    let mut cases = all();
    if let Some(part) = only.iter().find(|part| !cases.iter().any(|case| case.name().contains(part.as_str()))) {
        return Err(CaseError::new(format!("no case has a name that holds `{part}`; --list shows all names")));
    }
    cases.retain(|case| only.is_empty() || only.iter().any(|part| case.name().contains(part.as_str())));
    Ok(cases)
}
