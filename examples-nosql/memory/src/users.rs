//! Users, kept in memory.

use crate::connection::Database;
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{EmailKey, Role, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::ops::Bound;
use std::sync::Arc;

/// The users in a [`Database`].
pub struct Users {
    database: Arc<Database>,
}

impl Users {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl UserRepository for Users {
    async fn list(&self, _context: &RequestContext, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let tables = self.database.read();
        let after = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let users = tables.users.range((after, Bound::Unbounded)).map(|(_, user)| user);
        // A listing by role walks past the others. An index by (role, id), as the siblings have one, would be a third
        // map to keep in step for a query that is rare.
        let users = users.filter(|user| query.role.is_none_or(|role| user.role == role));
        Ok(users.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn insert(&self, _context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let email_key = user.email_key();
        // An id is never made twice: a user with this id is this user, inserted before.
        if tables.ids_by_email.contains_key(&email_key) || tables.users.contains_key(&user.id) {
            return Err(StoreError::EmailTaken);
        }
        tables.ids_by_email.insert(email_key, user.id);
        tables.users.insert(user.id, user.clone());
        Ok(())
    }

    async fn find(&self, _context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.database.read().users.get(&id).cloned())
    }

    async fn find_by_email(&self, _context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let tables = self.database.read();
        Ok(tables.ids_by_email.get(email_key).and_then(|id| tables.users.get(id)).cloned())
    }

    async fn update(&self, _context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let stored = tables.users.get(&user.id).filter(|stored| stored.version == expected_version);
        let stored = stored.ok_or(StoreError::VersionConflict)?;
        let (old_key, new_key) = (stored.email_key(), user.email_key());
        let demoted = stored.role == Role::Admin && user.role != Role::Admin;
        if demoted && !tables.has_admin_beside(user.id) {
            return Err(StoreError::LastAdmin);
        }
        if tables.ids_by_email.get(&new_key).is_some_and(|owner| *owner != user.id) {
            return Err(StoreError::EmailTaken);
        }
        tables.ids_by_email.remove(&old_key);
        tables.ids_by_email.insert(new_key, user.id);
        tables.users.insert(user.id, user.clone());
        Ok(())
    }

    async fn delete(&self, _context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let mut tables = self.database.write();
        let stored = tables.users.get(&id).filter(|stored| stored.version == expected_version);
        let stored = stored.ok_or(StoreError::VersionConflict)?;
        let (email_key, was_admin) = (stored.email_key(), stored.role == Role::Admin);
        if was_admin && !tables.has_admin_beside(id) {
            return Err(StoreError::LastAdmin);
        }
        if tables.orders_of(id, None).next().is_some() {
            return Err(StoreError::HasOrders);
        }
        tables.ids_by_email.remove(&email_key);
        tables.users.remove(&id);
        Ok(())
    }
}
