//! A user: somebody who signs in.

use super::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May read users and change itself.
    User,
    /// May change everybody.
    Admin,
}

impl Role {
    /// As the contract, the token and every store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The inverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "user" => Some(Self::User),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// An e-mail address without regard to case: what is unique among users.
///
/// ASCII folding is all it takes, because the contract's addresses (HTML's rule) are ASCII.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailKey(String);

impl EmailKey {
    /// The key of an address as typed.
    pub fn of(email: &str) -> Self {
        Self(email.to_ascii_lowercase())
    }

    /// The folded text, as stores keep it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A password's Argon2id hash in PHC string format. Its `Debug` shows nothing of it, so that no log can.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string, as made by [`crate::passwords::Passwords::hash`] or read from a store.
    pub fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for a store to keep.
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(..)")
    }
}

/// A user as services and stores know it; what a client sees of it is [`crate::dto::UserResponse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Made by the service.
    pub id: UserId,
    /// Trimmed, 1 to 100 characters.
    pub name: String,
    /// As typed; unique by [`EmailKey`].
    pub email: String,
    /// Argon2id.
    pub password_hash: PasswordHash,
    /// What the user may do.
    pub role: Role,
    /// 1, 2, ...: raised by each change; the entity tag.
    pub version: i64,
    /// 1, 2, ...: raised by a change of password or role, which ends the tokens issued before.
    pub credentials_version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// What is unique among users.
    pub fn email_key(&self) -> EmailKey {
        EmailKey::of(&self.email)
    }
}

#[cfg(test)]
mod tests {
    use super::{EmailKey, PasswordHash};

    #[test]
    fn addresses_that_differ_in_case_have_one_key() {
        assert_eq!(EmailKey::of("Ada@Example.COM"), EmailKey::of("ada@example.com"));
    }

    #[test]
    fn debug_output_hides_the_hash() {
        assert_eq!(format!("{:?}", PasswordHash::from_phc("secret".into())), "PasswordHash(..)");
    }
}
