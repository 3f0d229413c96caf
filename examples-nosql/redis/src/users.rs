//! Users, each kept in a hash, with sorted sets of their ids beside them.

use crate::connection::Database;
use crate::schema::{Hash, read_user, unexpected, write_user};
use crate::scripts::{DELETE_USER, FIND_USER_BY_EMAIL, INSERT_USER, LIST, UPDATE_USER};
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{EmailKey, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// [`UserRepository`] over the `redis` crate.
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
    async fn list(&self, context: &RequestContext, query: &UserQuery) -> Result<Vec<User>, StoreError> {
        let keys = &self.database.keys;
        let mut command = LIST.command(&[keys.listing(query.role)]);
        // "(" is "greater than", "-" is "from the first", "+" is "to the last".
        let begin = query.after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        command.arg(&keys.user_prefix).arg(begin).arg("+").arg(query.limit);
        let hashes: Vec<Hash> = self.database.run(context, &LIST, command).await?;
        hashes.into_iter().map(read_user).collect()
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = INSERT_USER.command(&keys.of_user_change(&keys.user(user.id)));
        write_user(user, &mut command);
        outcome(&self.database.run::<String>(context, &INSERT_USER, command).await?)
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.database.keys.user(id));
        let hash: Hash = self.database.query(context, command).await?;
        // Redis has no empty hashes: one without fields is one that is not there.
        if hash.is_empty() { Ok(None) } else { read_user(hash).map(Some) }
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let keys = &self.database.keys;
        let mut command = FIND_USER_BY_EMAIL.command(&[&keys.by_email]);
        command.arg(&keys.user_prefix).arg(email_key.as_str());
        let hash: Option<Hash> = self.database.run(context, &FIND_USER_BY_EMAIL, command).await?;
        hash.map(read_user).transpose()
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = UPDATE_USER.command(&keys.of_user_change(&keys.user(user.id)));
        write_user(user, &mut command);
        command.arg(expected_version);
        outcome(&self.database.run::<String>(context, &UPDATE_USER, command).await?)
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let (user, orders) = (keys.user(id), keys.orders_of(id, None));
        let mut command = DELETE_USER.command(&[&keys.of_user_change(&user)[..], &[&orders]].concat());
        command.arg(id.to_string()).arg(expected_version);
        outcome(&self.database.run::<String>(context, &DELETE_USER, command).await?)
    }
}

/// What a script that writes came to. These are answers and no errors of Redis: its own count of errors is for faults.
fn outcome(word: &str) -> Result<(), StoreError> {
    match word {
        "OK" => Ok(()),
        "EMAIL_TAKEN" => Err(StoreError::EmailTaken),
        "VERSION_CONFLICT" => Err(StoreError::VersionConflict),
        "LAST_ADMIN" => Err(StoreError::LastAdmin),
        "HAS_ORDERS" => Err(StoreError::HasOrders),
        _ => Err(unexpected("user", "role or email_key")),
    }
}
