//! Users, kept as items of one table.

use crate::connection::{Database, failure};
use crate::requests::{Replaced, get, list, replace};
use crate::schema::{
    self, BY_EMAIL, BY_ROLE, INDEX_KEY_BYTES_MAX, Item, USERS, claim_key, customer_key, number, text, user_key,
};
use crate::transaction::Transaction;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::Select;
use shared::context::RequestContext;
use shared::domain::{EmailKey, User, UserId};
use shared::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// [`UserRepository`] over Amazon's SDK.
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
        let client = self.database.client(context);
        let users = client.query().table_name(&self.database.table).consistent_read(true);
        let users = users.expression_attribute_values(":users", text(USERS));
        let users = match query.role {
            None => users.key_condition_expression("pk = :users"),
            Some(role) => users
                .index_name(BY_ROLE.0)
                .select(Select::AllAttributes)
                .key_condition_expression("pk = :users AND begins_with(role_id, :role)")
                .expression_attribute_values(":role", text(schema::role_prefix(role))),
        };
        let start = query.after.map(|after| schema::start_key(after, query.role));
        let read = |item: &Item| {
            let user = schema::user(item)?;
            Ok(query.role.is_none_or(|role| user.role == role).then_some(user))
        };
        self.database.run(list(users, start, query.limit, read)).await
    }

    async fn insert(&self, context: &RequestContext, user: &User) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let mut transaction = Transaction::new(&self.database.table);
                // An id is never made twice: a user with this id is this user, inserted before.
                transaction.put_new(schema::item(user), StoreError::EmailTaken)?;
                transaction.put_new(schema::claim(&user.email_key(), user.id), StoreError::EmailTaken)?;
                transaction.count_admins(None, Some(user.role))?;
                transaction.send(&client).await
            })
            .await
    }

    async fn find(&self, context: &RequestContext, id: UserId) -> Result<Option<User>, StoreError> {
        let client = self.database.client(context);
        self.database.run(self.stored(&client, id)).await
    }

    async fn find_by_email(&self, context: &RequestContext, email_key: &EmailKey) -> Result<Option<User>, StoreError> {
        // DynamoDB takes neither for the key of an index, so nobody has such an address.
        if email_key.as_str().is_empty() || email_key.as_str().len() > INDEX_KEY_BYTES_MAX {
            return Ok(None);
        }
        let client = self.database.client(context);
        let look_up = client
            .query()
            .table_name(&self.database.table)
            .consistent_read(true)
            .index_name(BY_EMAIL.0)
            .select(Select::AllAttributes)
            .key_condition_expression("pk = :users AND email_key = :email_key")
            .expression_attribute_values(":users", text(USERS))
            .expression_attribute_values(":email_key", text(email_key.as_str()));
        self.database
            .run(async {
                let found = look_up.send().await.map_err(failure)?;
                let user = found.items().first().map(schema::user).transpose()?;
                // As in a page of one role: whoever has given up the address in between is not who was asked for.
                Ok(user.filter(|user| user.email_key() == *email_key))
            })
            .await
    }

    /// An ordinary change is one `PutItem`, whose condition says that it is one: the claim and the number of admins stay
    /// as they are. If it is not, the refusal brings the stored item along, which tells what else is to be changed.
    async fn update(&self, context: &RequestContext, user: &User, expected_version: i64) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let stored = match self.replace(&client, user, expected_version).await? {
                    Replaced::Done => return Ok(()),
                    Replaced::Refused(stored) => stored.as_ref().map(schema::user).transpose()?,
                };
                let stored = stored.filter(|stored| stored.version == expected_version);
                let stored = stored.ok_or(StoreError::VersionConflict)?;
                // Versions only rise, so what `stored` says holds for as long as it has this version.
                let mut transaction = Transaction::new(&self.database.table);
                transaction.put_over(schema::item(user), expected_version)?;
                transaction.count_admins(Some(stored.role), Some(user.role))?;
                let (old_key, new_key) = (stored.email_key(), user.email_key());
                if old_key != new_key {
                    transaction.put_new(schema::claim(&new_key, user.id), StoreError::EmailTaken)?;
                    transaction.release(claim_key(&old_key))?;
                }
                transaction.send(&client).await
            })
            .await
    }

    async fn delete(&self, context: &RequestContext, id: UserId, expected_version: i64) -> Result<(), StoreError> {
        let client = self.database.client(context);
        self.database
            .run(async {
                let stored = self.stored(&client, id).await?.filter(|stored| stored.version == expected_version);
                let stored = stored.ok_or(StoreError::VersionConflict)?;
                let mut transaction = Transaction::new(&self.database.table);
                transaction.delete(user_key(id), expected_version)?;
                transaction.count_admins(Some(stored.role), None)?;
                transaction.release(claim_key(&stored.email_key()))?;
                transaction.forbid(customer_key(id), StoreError::HasOrders)?;
                transaction.send(&client).await
            })
            .await
    }
}

impl Users {
    async fn stored(&self, client: &Client, id: UserId) -> Result<Option<User>, StoreError> {
        let found = get(client, &self.database.table, user_key(id)).await?;
        found.as_ref().map(schema::user).transpose()
    }

    /// Writes a user over the one of this version, if that has the same address and role.
    async fn replace(&self, client: &Client, user: &User, expected_version: i64) -> Result<Replaced, StoreError> {
        let put = client
            .put_item()
            .table_name(&self.database.table)
            .set_item(Some(schema::item(user)))
            .condition_expression("version = :expected AND email_key = :email_key AND role_id = :role_id")
            .expression_attribute_values(":expected", number(expected_version))
            .expression_attribute_values(":email_key", text(user.email_key().as_str()))
            .expression_attribute_values(":role_id", text(schema::role_id(user.role, user.id)));
        replace(put).await
    }
}
