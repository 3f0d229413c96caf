//! Users, each kept in a hash, with sorted sets of their ids beside them.

use crate::connection::Database;
use crate::migrations::{DELETE, FIND_BY_EMAIL, INSERT, LIST, UPDATE};
use crate::schema::{read, unexpected, write};
use async_trait::async_trait;
use shared::context::RequestContext;
use shared::domain::{EmailKey, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::collections::HashMap;
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
        // "(" is "greater than", "-" is "from the first".
        let begin = query.after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        command.arg(&keys.user_prefix).arg(begin).arg(query.limit);
        let hashes: Vec<HashMap<String, String>> = self.database.run(context, &LIST, command).await?;
        hashes.into_iter().map(read).collect()
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = INSERT.command(&keys.of_change(&keys.user(user.id)));
        write(user, &mut command);
        outcome(&self.database.run::<String>(context, &INSERT, command).await?)
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let mut command = redis::cmd("HGETALL");
        command.arg(self.database.keys.user(id));
        let hash: HashMap<String, String> = self.database.query(context, command).await?;
        // Redis has no empty hashes: one without fields is one that is not there.
        if hash.is_empty() { Ok(None) } else { read(hash).map(Some) }
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        let keys = &self.database.keys;
        let mut command = FIND_BY_EMAIL.command(&[&keys.by_email]);
        command.arg(&keys.user_prefix).arg(email_key.as_str());
        let hash: Option<HashMap<String, String>> = self.database.run(context, &FIND_BY_EMAIL, command).await?;
        hash.map(read).transpose()
    }

    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = UPDATE.command(&keys.of_change(&keys.user(user.id)));
        write(user, &mut command);
        command.arg(expected_version);
        outcome(&self.database.run::<String>(context, &UPDATE, command).await?)
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let keys = &self.database.keys;
        let mut command = DELETE.command(&keys.of_change(&keys.user(id)));
        command.arg(id.to_string()).arg(expected_version);
        outcome(&self.database.run::<String>(context, &DELETE, command).await?)
    }
}

/// What a script that writes came to. These are answers and no errors of Redis: its own count of errors is for faults.
fn outcome(word: &str) -> Result<(), StoreError> {
    match word {
        "OK" => Ok(()),
        "EMAIL_TAKEN" => Err(StoreError::EmailTaken),
        "VERSION_CONFLICT" => Err(StoreError::VersionConflict),
        "LAST_ADMIN" => Err(StoreError::LastAdmin),
        _ => Err(unexpected("role or email_key")),
    }
}
