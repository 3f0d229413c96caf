//! The tables, as maps. A user is kept as the domain knows it: there is no row to convert.

use shared::domain::{EmailKey, Role, User, UserId};
use std::collections::{BTreeMap, HashMap};

/// Every user, and who has which address. Both are changed under one lock, so that they never disagree.
#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) users: BTreeMap<UserId, User>,
    pub(crate) ids_by_email: HashMap<EmailKey, UserId>,
}

impl Tables {
    /// Whether there is an admin other than this user.
    pub(crate) fn has_admin_beside(&self, id: UserId) -> bool {
        self.users.values().any(|user| user.role == Role::Admin && user.id != id)
    }
}
