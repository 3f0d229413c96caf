//! The items of the table, and the way between an item and a user. Products and orders have a file each.

mod orders;
mod products;

pub(crate) use orders::{
    customer_key, order, order_item, order_key, order_start_key, orders_of, pointer, pointer_key, pointer_to, request,
    request_for, request_key, status_attributes, status_prefix,
};
pub(crate) use products::{
    category_prefix, product, product_item, product_key, product_start_key, sku_claim, sku_claim_key,
};

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{CategorySales, Day, EmailKey, PasswordHash, Role, Timestamp, User, UserId};
use shared::repository::StoreError;
use std::collections::HashMap;

/// An item, or the key of one.
pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const PARTITION_KEY: &str = "pk";
pub(crate) const SORT_KEY: &str = "sk";
/// The index by address, and what it is sorted by.
pub(crate) const BY_EMAIL: (&str, &str) = ("by_email", "email_key");
/// The index by role and id, and what it is sorted by.
pub(crate) const BY_ROLE: (&str, &str) = ("by_role", "role_id");
/// The same index: of each collection it holds the items that have a `role_id`, and what that is, the collection decides.
/// See "One index for three questions" in `lib.rs`.
pub(crate) const BY_CATEGORY: (&str, &str) = BY_ROLE;
pub(crate) const BY_STATUS: (&str, &str) = BY_ROLE;

/// The partition key of all users.
pub(crate) const USERS: &str = "USERS";
/// The partition key of all products.
pub(crate) const PRODUCTS: &str = "PRODUCTS";
/// The partition key of all counters of sales.
pub(crate) const SALES: &str = "SALES";

/// Key attributes of an index have at most so many bytes, and at least one.
pub(crate) const INDEX_KEY_BYTES_MAX: usize = 1_024;

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Numbers travel as text and have 38 digits in DynamoDB, so that no digit of an `i64` is lost.
pub(crate) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A key in one text.
pub(crate) fn name_of(key: &Item) -> String {
    let part = |name| key.get(name).and_then(|part| part.as_s().ok()).map_or("", String::as_str);
    format!("{} {}", part(PARTITION_KEY), part(SORT_KEY))
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    Item::from([(PARTITION_KEY.to_owned(), text(pk)), (SORT_KEY.to_owned(), text(sk))])
}

/// The key of a user.
pub(crate) fn user_key(id: UserId) -> Item {
    key(USERS, id.to_string())
}

/// The key of the claim of an address.
pub(crate) fn claim_key(email_key: &EmailKey) -> Item {
    key(format!("EMAIL#{}", email_key.as_str()), "EMAIL")
}

/// The claim of an address by a user.
pub(crate) fn claim(email_key: &EmailKey, id: UserId) -> Item {
    with(claim_key(email_key), [("user_id", text(id.to_string()))])
}

/// The key of the item that counts the admins.
pub(crate) fn admins_key() -> Item {
    key("ADMINS", "ADMINS")
}

/// What the index by role is sorted by.
pub(crate) fn role_id(role: Role, id: UserId) -> String {
    format!("{}{id}", role_prefix(role))
}

/// What all of a role have in common there.
pub(crate) fn role_prefix(role: Role) -> String {
    format!("{}#", role.as_str())
}

/// What a page after this id starts with: a key of the table or, for one role, of its index. DynamoDB continues after the
/// place where the key would be; there need not be an item.
pub(crate) fn start_key(after: UserId, role: Option<Role>) -> Item {
    with(user_key(after), role.map(|role| (BY_ROLE.1, text(role_id(role, after)))))
}

/// A user as an item.
pub(crate) fn item(user: &User) -> Item {
    let attributes = [
        ("name", text(&user.name)),
        ("email", text(&user.email)),
        (BY_EMAIL.1, text(user.email_key().as_str())),
        ("password_hash", text(user.password_hash.as_phc())),
        ("role", text(user.role.as_str())),
        (BY_ROLE.1, text(role_id(user.role, user.id))),
        ("version", number(user.version)),
        ("credentials_version", number(user.credentials_version)),
        ("created_at", number(user.created_at.as_millis())),
        ("updated_at", number(user.updated_at.as_millis())),
    ];
    with(user_key(user.id), attributes)
}

/// An item as a user.
///
/// # Errors
/// [`StoreError::Internal`] if it is not one that [`item`] makes.
pub(crate) fn user(item: &Item) -> Result<User, StoreError> {
    let user = User {
        id: UserId::parse(read_text(item, SORT_KEY)?).ok_or_else(|| unexpected(SORT_KEY))?,
        name: read_text(item, "name")?.to_owned(),
        email: read_text(item, "email")?.to_owned(),
        password_hash: PasswordHash::from_phc(read_text(item, "password_hash")?.to_owned()),
        role: Role::parse(read_text(item, "role")?).ok_or_else(|| unexpected("role"))?,
        version: read_number(item, "version")?,
        credentials_version: read_number(item, "credentials_version")?,
        created_at: read_time(item, "created_at")?,
        updated_at: read_time(item, "updated_at")?,
    };
    // A change that believes in an address or a role must find the claim and the number of admins that go with it.
    if read_text(item, BY_EMAIL.1)? != user.email_key().as_str() {
        return Err(unexpected(BY_EMAIL.1));
    }
    if read_text(item, BY_ROLE.1)? != role_id(user.role, user.id) {
        return Err(unexpected(BY_ROLE.1));
    }
    Ok(user)
}

/// The key of the counters of a day and a category.
pub(crate) fn sales_key(day: Day, category: &str) -> Item {
    key(SALES, format!("{day}#{category}"))
}

/// The sort keys between which the counters of these days are, both days included. `$` follows `#`.
pub(crate) fn sales_range(from: Day, to: Day) -> (String, String) {
    (format!("{from}#"), format!("{to}$"))
}

/// What is counted for a day and a category.
pub(crate) fn sales(item: &Item) -> Result<CategorySales, StoreError> {
    let (_, category) = read_text(item, SORT_KEY)?.split_once('#').ok_or_else(|| unexpected(SORT_KEY))?;
    Ok(CategorySales {
        category: category.to_owned(),
        orders: read_number(item, "orders")?,
        units: read_number(item, "units")?,
        revenue_cents: read_number(item, "revenue_cents")?,
    })
}

/// An item of these attributes, beside those of its key.
fn with(mut key: Item, attributes: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> Item {
    key.extend(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)));
    key
}

fn read_text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(unexpected(name)),
    }
}

pub(crate) fn read_number(item: &Item, name: &str) -> Result<i64, StoreError> {
    match item.get(name) {
        Some(AttributeValue::N(number)) => number.parse().map_err(|_| unexpected(name)),
        _ => Err(unexpected(name)),
    }
}

fn read_time(item: &Item, name: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(read_number(item, name)?).ok_or_else(|| unexpected(name))
}

/// The attribute is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(name: &str) -> StoreError {
    StoreError::Internal(format!("an item's {name} holds what this program does not write").into())
}
