//! What every store must do, as tests: the meaning of [`crate::repository`]'s comments.
//!
//! Each store crate runs all of them in its `tests/contract.rs`, each case on a database of its own. They are here and
//! not beside one store, so that no store can have a test that another one lacks. Behind the feature `store-contract`:
//! nothing of this is in a server. The file is long because the list of the cases is.

mod admins;
mod cancelling;
mod dice;
mod model;
mod order_updates;
mod orders;
mod placing;
mod product_values;
mod product_writes;
mod products;
mod races;
mod reads;
mod sales;
mod sequences;
mod shop;
mod steps;
mod stock;
mod writes;

use crate::context::RequestContext;
use crate::demo;
use crate::domain::{EmailKey, Role, User, UserId};
use crate::repository::{Repositories, StoreError, StoreOptions, UserQuery, UserRepository};
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Barrier;

/// How a case ends: what was found otherwise than expected, in words.
pub type Outcome = Result<(), String>;

/// A case while it runs.
pub type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// One test. It needs an empty store and a runtime of tokio with several threads.
#[derive(Clone, Copy)]
pub struct Case {
    /// A sentence about what holds.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(Repositories) -> Running,
}

macro_rules! cases {
    ($($module:ident: $($name:ident),+ $(,)?;)+) => {
        vec![$($(Case { name: stringify!($name), run: |repositories| Box::pin($module::$name(Fixture::new(repositories))) }),+),+]
    };
}

/// All cases.
pub fn cases() -> Vec<Case> {
    cases! {
        reads:
            ping_answers,
            an_empty_store_lists_nothing,
            list_is_in_the_order_of_ids,
            list_gives_at_most_the_limit,
            list_continues_after_an_id,
            list_filters_by_role,
            pages_join_up_while_others_insert,
            find_gives_the_user_of_the_id,
            find_by_email_ignores_case,
            values_come_back_exactly,
            texts_come_back_exactly;
        writes:
            insert_refuses_a_taken_email,
            insert_refuses_the_same_user_again,
            of_50_inserts_of_one_email_one_succeeds,
            of_50_inserts_at_once_all_succeed,
            update_writes_every_field,
            update_with_another_version_changes_nothing,
            update_of_an_unknown_user_is_a_conflict,
            of_50_updates_of_one_version_one_succeeds,
            update_refuses_a_taken_email,
            update_keeps_its_own_email_in_another_case,
            update_gives_the_old_email_free,
            of_20_users_who_take_one_email_one_succeeds,
            delete_removes_the_user_and_gives_its_email_free,
            delete_with_another_version_changes_nothing,
            delete_of_an_unknown_user_is_a_conflict,
            of_50_deletes_of_one_user_one_succeeds,
            of_an_update_and_a_delete_at_once_one_succeeds;
        admins:
            the_last_admin_is_not_deleted,
            the_last_admin_is_not_demoted,
            the_last_admin_can_be_changed_otherwise,
            another_version_is_told_before_the_last_admin,
            one_of_two_admins_can_be_deleted,
            one_of_two_admins_can_be_demoted,
            a_new_admin_lets_the_first_one_go,
            two_admins_who_delete_each_other_leave_one,
            two_admins_who_demote_each_other_leave_one,
            an_admin_who_is_deleted_while_the_other_is_demoted_leaves_one;
        products:
            an_empty_store_has_no_products,
            products_are_listed_in_the_order_of_ids,
            products_are_listed_up_to_the_limit,
            products_are_listed_after_an_id,
            products_are_listed_by_the_bytes_of_their_category,
            pages_of_products_join_up_while_others_insert,
            products_are_found_by_their_ids;
        product_values:
            limits_of_products_come_back_exactly,
            texts_of_products_come_back_exactly,
            attributes_come_back_exactly,
            numbers_in_attributes_come_back_exactly;
        product_writes:
            insert_refuses_a_taken_sku,
            insert_refuses_the_same_product_again,
            of_50_inserts_of_one_sku_one_succeeds,
            update_writes_every_field_of_a_product,
            update_of_a_product_with_another_version_changes_nothing,
            update_of_an_unknown_product_is_a_conflict,
            of_50_updates_of_one_version_of_a_product_one_succeeds,
            update_refuses_a_taken_sku,
            update_keeps_its_own_sku,
            update_gives_the_old_sku_free,
            of_20_products_that_take_one_sku_one_succeeds,
            delete_removes_the_product_and_gives_its_sku_free,
            delete_of_a_product_with_another_version_changes_nothing,
            delete_of_an_unknown_product_is_a_conflict,
            of_50_deletes_of_one_product_one_succeeds,
            of_an_update_and_a_delete_of_a_product_at_once_one_succeeds;
        placing:
            placing_takes_the_stock_of_each_line,
            placing_takes_the_last_unit_and_no_more,
            placing_tells_all_shortages_and_takes_nothing,
            a_refused_placing_leaves_its_key_free,
            nobody_places_no_order,
            a_key_is_used_once_by_a_customer,
            the_same_order_is_placed_once,
            orders_without_a_key_are_many,
            an_order_outlives_its_products,
            a_user_with_an_order_is_not_deleted,
            a_user_with_orders_is_told_so_last,
            placing_changes_no_user;
        cancelling:
            cancelling_gives_the_stock_back,
            cancelling_gives_back_to_the_products_that_are_left,
            stock_that_comes_back_may_exceed_what_an_admin_may_set,
            paying_and_shipping_touch_no_stock;
        orders:
            an_empty_store_has_no_orders,
            orders_come_back_as_they_were_placed,
            limits_of_orders_come_back_exactly,
            texts_of_orders_come_back_exactly,
            an_order_has_its_customers_name_of_today,
            orders_of_a_customer_are_listed_in_the_order_of_ids,
            orders_are_listed_after_an_id_up_to_the_limit,
            orders_are_listed_by_the_status_they_have_come_to,
            pages_of_orders_join_up_while_others_are_placed;
        order_updates:
            update_moves_an_order_and_nothing_else_of_it,
            update_of_an_order_with_another_version_changes_nothing,
            update_of_an_unknown_order_is_a_conflict,
            of_50_updates_of_one_version_of_an_order_one_succeeds;
        sales:
            an_empty_store_reports_no_sales,
            sales_are_paid_or_shipped,
            a_category_without_a_sale_left_is_absent,
            an_order_counts_once_in_each_of_its_categories,
            shares_of_the_revenue_add_up_to_what_was_paid,
            large_sales_are_added_exactly,
            the_highest_revenue_comes_first_then_the_category_by_bytes,
            sales_are_of_the_day_on_which_the_order_was_placed,
            a_sale_keeps_the_category_that_its_product_had,
            orders_that_are_paid_at_once_all_count;
        stock:
            of_60_orders_for_the_last_50_units_no_unit_is_sold_twice,
            orders_in_opposite_line_order_do_not_block_each_other,
            one_key_30_times_at_once_is_one_order,
            one_order_20_times_at_once_is_placed_once,
            an_order_cancelled_20_times_at_once_gives_back_once,
            of_paying_and_cancelling_at_once_one_succeeds,
            of_shipping_and_cancelling_at_once_one_succeeds,
            placing_and_cancelling_at_once_keep_the_books;
        races:
            of_deleting_a_user_and_placing_its_order_at_once_one_succeeds,
            renaming_a_user_and_placing_its_orders_at_once_succeed,
            of_deleting_a_product_and_placing_an_order_of_it_at_once_one_succeeds,
            no_order_is_lost_in_an_update_of_its_product,
            of_20_changes_of_price_none_changes_an_order;
        sequences:
            a_sequence_of_operations_is_as_the_model_says_1,
            a_sequence_of_operations_is_as_the_model_says_2,
            a_sequence_of_operations_is_as_the_model_says_3;
    }
}

/// How tests open a store: with so many connections, and time enough for a busy machine.
#[must_use]
pub fn options(connections: usize) -> StoreOptions {
    StoreOptions { connections, timeout: Duration::from_secs(10) }
}

/// The URL of a database of a test's own on the server that the tests use: `development_url` is the store crate's
/// function that says where `infra/services up` starts it. A variable such as `POSTGRES_URL` names another server, with
/// `{database}` where the name of the database goes.
#[must_use]
pub fn database_url(variable: &str, development_url: fn(&str) -> String) -> String {
    let name = format!("stackdiff_test_{}", uuid::Uuid::now_v7().simple());
    match std::env::var(variable) {
        Ok(template) => template.replace("{database}", &name),
        Err(_) => development_url(&name),
    }
}

/// A store under test.
#[derive(Clone)]
struct Fixture {
    repositories: Repositories,
    context: RequestContext,
}

impl Fixture {
    fn new(repositories: Repositories) -> Self {
        Self { repositories, context: RequestContext::internal("store-contract") }
    }

    fn users(&self) -> &Arc<dyn UserRepository> {
        &self.repositories.users
    }

    async fn list(&self, role: Option<Role>, after: Option<UserId>, limit: u32) -> Result<Vec<User>, String> {
        let query = UserQuery { role, after, limit };
        self.users().list(&self.context, &query).await.map_err(|error| format!("list: {error:?}"))
    }

    async fn all(&self) -> Result<Vec<User>, String> {
        self.list(None, None, 1_000).await
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, String> {
        self.users().find(&self.context, id).await.map_err(|error| format!("find: {error:?}"))
    }

    async fn find_by_email(&self, email: &str) -> Result<Option<User>, String> {
        let found = self.users().find_by_email(&self.context, &EmailKey::of(email)).await;
        found.map_err(|error| format!("find_by_email: {error:?}"))
    }

    /// These three give what happened as a word, to compare it: `"Ok"`, or the error's name.
    async fn insert(&self, user: &User) -> String {
        word(self.users().insert(&self.context, user).await)
    }

    async fn update(&self, user: &User, expected_version: i64) -> String {
        word(self.users().update(&self.context, user, expected_version).await)
    }

    async fn delete(&self, id: UserId, expected_version: i64) -> String {
        word(self.users().delete(&self.context, id, expected_version).await)
    }

    /// Inserts users that a case begins with.
    async fn given(&self, users: &[User]) -> Outcome {
        for user in users {
            same("a first insert", self.insert(user).await, "Ok".to_owned())?;
        }
        Ok(())
    }
}

/// Shortages come in any order, so the word has them in the order of their products.
fn word(result: Result<(), StoreError>) -> String {
    match result {
        Ok(()) => "Ok".to_owned(),
        Err(StoreError::OutOfStock(mut shortages)) => {
            shortages.sort_by_key(|shortage| shortage.product_id);
            format!("{:?}", StoreError::OutOfStock(shortages))
        }
        Err(error) => format!("{error:?}"),
    }
}

fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?} instead of {expected:?}")) }
}

/// Like [`same`], for what a write came to.
fn came_to(what: &str, found: String, expected: &str) -> Outcome {
    same(what, found.as_str(), expected)
}

/// User number 0, 1, ..., with ids that ascend, all of them plain users.
fn user(number: u64) -> User {
    User { role: Role::User, ..demo::user(number, demo::unusable_hash()) }
}

fn admin(number: u64) -> User {
    User { role: Role::Admin, ..user(number) }
}

/// The user as a change leaves it: with the next version.
fn changed(user: &User, change: impl FnOnce(&mut User)) -> User {
    let mut user = user.clone();
    user.version += 1;
    change(&mut user);
    user
}

/// Starts so many tasks, lets them go at the same time, and gives what each came to.
async fn at_once<F>(count: u64, task: impl Fn(u64) -> F) -> Result<Vec<String>, String>
where
    F: Future<Output = String> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(usize::try_from(count).unwrap_or(usize::MAX)));
    let start = |number| {
        let (barrier, task) = (barrier.clone(), task(number));
        tokio::spawn(async move {
            barrier.wait().await;
            task.await
        })
    };
    let mut words = Vec::new();
    for running in (0..count).map(start).collect::<Vec<_>>() {
        words.push(running.await.map_err(|error| error.to_string())?);
    }
    Ok(words)
}

/// Of writes at once, exactly one succeeded, and the others were told this.
fn one_succeeded(words: &[String], others: &str) -> Outcome {
    let succeeded = words.iter().filter(|word| *word == "Ok").count();
    let refused = words.iter().filter(|word| *word == others).count();
    let told = format!("{succeeded} succeeded and {refused} were told {others}, of {words:?}");
    if succeeded == 1 && refused == words.len() - 1 { Ok(()) } else { Err(told) }
}
