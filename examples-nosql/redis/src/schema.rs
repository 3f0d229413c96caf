//! The keys, the way between a user's hash and a user, and how the query log shows what is sent.

use crate::migrations::Script;
use redis::{Arg, Cmd};
use shared::domain::{EmailKey, PasswordHash, Role, Timestamp, User, UserId};
use shared::repository::StoreError;
use shared::telemetry::Statement;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

/// The layout that this program reads and writes. A change of it gets the next number, and code that brings the older
/// one up to date.
pub(crate) const LAYOUT: &str = "1";

/// The names of the keys of one database. Each begins with the prefix in braces: to Redis Cluster that is a hash tag, by
/// which all of them are in one slot, as a script needs them.
pub(crate) struct Keys {
    /// What all of them begin with.
    pub(crate) all: String,
    /// What the hash of each user begins with; its id follows.
    pub(crate) user_prefix: String,
    /// A sorted set: the ids of all users.
    pub(crate) users: String,
    /// A sorted set each: the ids of the users of this role.
    pub(crate) role_user: String,
    pub(crate) role_admin: String,
    /// A hash: who has which address.
    pub(crate) by_email: String,
    /// A string: the number of the layout.
    pub(crate) layout: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        let key = |name: &str| format!("{{{prefix}}}:{name}");
        Self {
            all: key(""),
            user_prefix: key("user:"),
            users: key("users"),
            role_user: key("users:role:user"),
            role_admin: key("users:role:admin"),
            by_email: key("users:by-email"),
            layout: key("layout"),
        }
    }

    /// The hash of a user.
    pub(crate) fn user(&self, id: UserId) -> String {
        format!("{}{id}", self.user_prefix)
    }

    /// The sorted set to page through.
    pub(crate) fn listing(&self, role: Option<Role>) -> &str {
        match role {
            None => &self.users,
            Some(Role::User) => &self.role_user,
            Some(Role::Admin) => &self.role_admin,
        }
    }

    /// What the scripts that write are given as `KEYS`: every key that a change of this user can touch.
    pub(crate) fn of_change<'a>(&'a self, user: &'a str) -> [&'a str; 5] {
        [user, &self.users, &self.role_user, &self.role_admin, &self.by_email]
    }

    /// A key as the query log shows it: whose it is stays out of it.
    pub(crate) fn pattern(&self, key: &str) -> String {
        if key.starts_with(&self.user_prefix) { format!("{}<id>", self.user_prefix) } else { key.to_owned() }
    }
}

/// Gives a command the fields of a user as arguments, in the order in which the scripts expect them.
pub(crate) fn write(user: &User, command: &mut Cmd) {
    command
        .arg(user.id.to_string())
        .arg(&user.name)
        .arg(&user.email)
        .arg(user.email_key().as_str())
        .arg(user.password_hash.as_phc())
        .arg(user.role.as_str())
        .arg(user.version)
        .arg(user.credentials_version)
        .arg(user.created_at.as_millis())
        .arg(user.updated_at.as_millis());
}

/// The user that a hash holds.
///
/// # Errors
/// [`StoreError::Internal`] if it is not one that this program wrote.
pub(crate) fn read(mut hash: HashMap<String, String>) -> Result<User, StoreError> {
    let mut field = |name: &'static str| hash.remove(name).ok_or_else(|| unexpected(name));
    let (email, email_key) = (field("email")?, field("email_key")?);
    // The scripts take the key from here when they give an address free.
    if EmailKey::of(&email).as_str() != email_key {
        return Err(unexpected("email_key"));
    }
    Ok(User {
        id: UserId::parse(&field("id")?).ok_or_else(|| unexpected("id"))?,
        name: field("name")?,
        email,
        password_hash: PasswordHash::from_phc(field("password_hash")?),
        role: Role::parse(&field("role")?).ok_or_else(|| unexpected("role"))?,
        version: integer(&field("version")?).ok_or_else(|| unexpected("version"))?,
        credentials_version: integer(&field("credentials_version")?)
            .ok_or_else(|| unexpected("credentials_version"))?,
        created_at: time(&field("created_at")?).ok_or_else(|| unexpected("created_at"))?,
        updated_at: time(&field("updated_at")?).ok_or_else(|| unexpected("updated_at"))?,
    })
}

/// The one way to write a number that this program has: scripts compare versions as text, to which `1` and `01` differ.
fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

fn time(text: &str) -> Option<Timestamp> {
    integer(text).and_then(Timestamp::from_millis)
}

/// The field is named and its value is not: what is in it may be anything, a password hash too.
pub(crate) fn unexpected(field: &str) -> StoreError {
    StoreError::Internal(format!("user.{field} holds what this program does not write").into())
}

/// A command as the query log shows it, made from what is sent: a script by its file's name, and of an id and of every
/// argument only what kind of thing it is.
pub(crate) fn statement(command: &Cmd, keys: &Keys) -> Statement {
    let words = command.args_iter().map(|argument| match argument {
        Arg::Simple(bytes) => String::from_utf8_lossy(bytes),
        _ => Cow::Borrowed("?"),
    });
    let words: Vec<_> = words.collect();
    let script = words.iter().find_map(|word| Script::meant_by(word));
    let mut shown = Vec::new();
    match (&*words, script) {
        ([name, _, count, rest @ ..], Some(script)) if name.starts_with("EVALSHA") => {
            shown.extend([name.to_string(), script.name.to_owned(), count.to_string()]);
            let (of_script, arguments) = rest.split_at_checked(count.parse().unwrap_or(0)).unwrap_or((&[], rest));
            shown.extend(of_script.iter().map(|key| keys.pattern(key)));
            shown.extend(arguments.iter().map(|_| "?".to_owned()));
        }
        ([name, load, _], Some(script)) => shown.extend([name.to_string(), load.to_string(), script.name.to_owned()]),
        // In every other command all arguments are keys.
        (words, _) => shown.extend(words.iter().map(|word| keys.pattern(word))),
    }
    let ids = shown.iter().filter(|word| word.ends_with("<id>")).map(|_| "text");
    let arguments = script.filter(|_| shown.iter().any(|word| word == "?")).map_or(&[][..], |script| script.arguments);
    let parameters = ids.chain(arguments.iter().copied()).collect();
    Statement { statement: shown.join(" "), parameters, duration: Duration::ZERO }
}
