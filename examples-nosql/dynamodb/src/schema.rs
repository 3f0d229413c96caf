//! The items of the table, and the way between an item and a user.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{EmailKey, PasswordHash, Role, Timestamp, User, UserId};
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

/// The partition key of all users.
pub(crate) const USERS: &str = "USERS";

/// Key attributes of an index have at most so many bytes, and at least one.
pub(crate) const INDEX_KEY_BYTES_MAX: usize = 1_024;

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// Numbers travel as text and have 38 digits in DynamoDB, so that no digit of an `i64` is lost.
pub(crate) fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
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
    let mut item = claim_key(email_key);
    item.insert("user_id".to_owned(), text(id.to_string()));
    item
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
    let mut start = user_key(after);
    if let Some(role) = role {
        start.insert(BY_ROLE.1.to_owned(), text(role_id(role, after)));
    }
    start
}

/// A user as an item.
pub(crate) fn item(user: &User) -> Item {
    let mut item = user_key(user.id);
    item.extend(
        [
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
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    item
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

fn read_text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(unexpected(name)),
    }
}

fn read_number(item: &Item, name: &str) -> Result<i64, StoreError> {
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
    StoreError::Internal(format!("a user's {name} holds what this program does not write").into())
}
