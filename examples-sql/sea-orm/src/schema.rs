//! The tables as SeaORM entities, and the way between a row and a user.

/// The table `users`.
pub(crate) mod users {
    // The macros below expect the whole of it in scope.
    use sea_orm::ActiveValue::Set;
    use sea_orm::entity::prelude::*;
    use shared::domain::{PasswordHash, Timestamp, User, UserId};
    use shared::repository::StoreError;

    /// A row.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "users")]
    pub struct Model {
        /// Text, not `Uuid`: SeaORM keeps a `Uuid` in SQLite as 16 bytes, and a file must open in `store-diesel` as well.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub name: String,
        pub email: String,
        /// The address in lower case. `unique` also makes `Entity::find_by_email_key`.
        #[sea_orm(unique)]
        pub email_key: String,
        pub password_hash: String,
        pub role: Role,
        pub version: i64,
        pub credentials_version: i64,
        /// Milliseconds since 1970, as in every store.
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}

    /// [`shared::domain::Role`] as SeaORM's own kind of enum; any other text in the column is an error when it is read.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Role {
        #[sea_orm(string_value = "user")]
        User,
        #[sea_orm(string_value = "admin")]
        Admin,
    }

    impl From<shared::domain::Role> for Role {
        fn from(role: shared::domain::Role) -> Self {
            match role {
                shared::domain::Role::User => Self::User,
                shared::domain::Role::Admin => Self::Admin,
            }
        }
    }

    impl From<Role> for shared::domain::Role {
        fn from(role: Role) -> Self {
            match role {
                Role::User => Self::User,
                Role::Admin => Self::Admin,
            }
        }
    }

    impl From<&User> for ActiveModel {
        fn from(user: &User) -> Self {
            Self {
                id: Set(user.id.to_string()),
                name: Set(user.name.clone()),
                email: Set(user.email.clone()),
                email_key: Set(user.email_key().as_str().to_owned()),
                password_hash: Set(user.password_hash.as_phc().to_owned()),
                role: Set(user.role.into()),
                version: Set(user.version),
                credentials_version: Set(user.credentials_version),
                created_at: Set(user.created_at.as_millis()),
                updated_at: Set(user.updated_at.as_millis()),
            }
        }
    }

    impl TryFrom<Model> for User {
        type Error = StoreError;

        fn try_from(row: Model) -> Result<Self, StoreError> {
            let time = |millis, column| Timestamp::from_millis(millis).ok_or_else(|| unexpected(column));
            Ok(Self {
                id: UserId::parse(&row.id).ok_or_else(|| unexpected("id"))?,
                name: row.name,
                email: row.email,
                password_hash: PasswordHash::from_phc(row.password_hash),
                role: row.role.into(),
                version: row.version,
                credentials_version: row.credentials_version,
                created_at: time(row.created_at, "created_at")?,
                updated_at: time(row.updated_at, "updated_at")?,
            })
        }
    }

    /// The column is named and its value is not: what is in it may be anything, a password hash too.
    fn unexpected(column: &str) -> StoreError {
        StoreError::Internal(format!("users.{column} holds what this program does not write").into())
    }
}
