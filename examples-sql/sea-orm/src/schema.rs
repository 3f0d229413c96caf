//! The tables as SeaORM entities, and the way between rows and what the domain knows. All in one file, as in the siblings,
//! and so longer than others: each entity is a module, because SeaORM names all of them `Entity`.

use shared::domain::Timestamp;
use shared::repository::StoreError;

/// The column is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(column: &str) -> StoreError {
    StoreError::Internal(format!("{column} holds what this program does not write").into())
}

fn time(millis: i64, column: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(millis).ok_or_else(|| unexpected(column))
}

/// The table `users`.
pub(crate) mod users {
    use super::{time, unexpected};
    use sea_orm::ActiveValue::Set;
    // The macros below expect the whole of it in scope.
    use sea_orm::entity::prelude::*;
    use shared::domain::{PasswordHash, User, UserId};
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
            Ok(Self {
                id: UserId::parse(&row.id).ok_or_else(|| unexpected("users.id"))?,
                name: row.name,
                email: row.email,
                password_hash: PasswordHash::from_phc(row.password_hash),
                role: row.role.into(),
                version: row.version,
                credentials_version: row.credentials_version,
                created_at: time(row.created_at, "users.created_at")?,
                updated_at: time(row.updated_at, "users.updated_at")?,
            })
        }
    }
}

/// The table `products`.
pub(crate) mod products {
    use super::{time, unexpected};
    use sea_orm::ActiveValue::Set;
    use sea_orm::FromJsonQueryResult;
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};
    use shared::domain::{Product, ProductId};
    use shared::repository::StoreError;

    /// A row.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "products")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        #[sea_orm(unique)]
        pub sku: String,
        pub name: String,
        pub category: String,
        pub price_cents: i64,
        pub stock: i64,
        pub attributes: Attributes,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}

    /// The flexible part, a column of JSON: SeaORM asks for a type of this crate to read and write one.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, FromJsonQueryResult)]
    pub struct Attributes(shared::domain::Attributes);

    impl From<&Product> for ActiveModel {
        fn from(product: &Product) -> Self {
            Self {
                id: Set(product.id.to_string()),
                sku: Set(product.sku.clone()),
                name: Set(product.name.clone()),
                category: Set(product.category.clone()),
                price_cents: Set(product.price_cents),
                stock: Set(product.stock),
                attributes: Set(Attributes(product.attributes.clone())),
                version: Set(product.version),
                created_at: Set(product.created_at.as_millis()),
                updated_at: Set(product.updated_at.as_millis()),
            }
        }
    }

    impl TryFrom<Model> for Product {
        type Error = StoreError;

        fn try_from(row: Model) -> Result<Self, StoreError> {
            Ok(Self {
                id: ProductId::parse(&row.id).ok_or_else(|| unexpected("products.id"))?,
                sku: row.sku,
                name: row.name,
                category: row.category,
                price_cents: row.price_cents,
                stock: row.stock,
                attributes: row.attributes.0,
                version: row.version,
                created_at: time(row.created_at, "products.created_at")?,
                updated_at: time(row.updated_at, "products.updated_at")?,
            })
        }
    }
}

/// The table `orders`.
pub(crate) mod orders {
    use super::{order_lines, time, unexpected};
    use sea_orm::ActiveValue::Set;
    use sea_orm::entity::prelude::*;
    use shared::domain::{Customer, Order, OrderId, UserId};
    use shared::repository::StoreError;

    /// A row.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub customer_id: String,
        pub status: Status,
        pub subtotal_cents: i64,
        pub discount_cents: i64,
        pub total_cents: i64,
        pub idempotency_key: Option<String>,
        pub version: i64,
        pub created_at: i64,
        pub updated_at: i64,
        #[sea_orm(belongs_to, from = "customer_id", to = "id")]
        pub customer: BelongsTo<super::users::Entity>,
        #[sea_orm(has_many)]
        pub lines: HasMany<order_lines::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}

    /// [`shared::domain::OrderStatus`] as SeaORM's own kind of enum.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text")]
    pub enum Status {
        #[sea_orm(string_value = "pending")]
        Pending,
        #[sea_orm(string_value = "paid")]
        Paid,
        #[sea_orm(string_value = "shipped")]
        Shipped,
        #[sea_orm(string_value = "cancelled")]
        Cancelled,
    }

    impl From<shared::domain::OrderStatus> for Status {
        fn from(status: shared::domain::OrderStatus) -> Self {
            match status {
                shared::domain::OrderStatus::Pending => Self::Pending,
                shared::domain::OrderStatus::Paid => Self::Paid,
                shared::domain::OrderStatus::Shipped => Self::Shipped,
                shared::domain::OrderStatus::Cancelled => Self::Cancelled,
            }
        }
    }

    impl From<Status> for shared::domain::OrderStatus {
        fn from(status: Status) -> Self {
            match status {
                Status::Pending => Self::Pending,
                Status::Paid => Self::Paid,
                Status::Shipped => Self::Shipped,
                Status::Cancelled => Self::Cancelled,
            }
        }
    }

    impl From<&Order> for ActiveModel {
        fn from(order: &Order) -> Self {
            Self {
                id: Set(order.id.to_string()),
                customer_id: Set(order.customer.id.to_string()),
                status: Set(order.status.into()),
                subtotal_cents: Set(order.subtotal_cents),
                discount_cents: Set(order.discount_cents),
                total_cents: Set(order.total_cents),
                idempotency_key: Set(order.idempotency_key.clone()),
                version: Set(order.version),
                created_at: Set(order.created_at.as_millis()),
                updated_at: Set(order.updated_at.as_millis()),
            }
        }
    }

    impl Model {
        /// The order of this row, of its customer's name and of its lines, in their order.
        pub fn into_order(self, customer_name: String, lines: Vec<order_lines::Model>) -> Result<Order, StoreError> {
            let customer_id = UserId::parse(&self.customer_id).ok_or_else(|| unexpected("orders.customer_id"))?;
            Ok(Order {
                id: OrderId::parse(&self.id).ok_or_else(|| unexpected("orders.id"))?,
                customer: Customer { id: customer_id, name: customer_name },
                status: self.status.into(),
                lines: lines.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
                subtotal_cents: self.subtotal_cents,
                discount_cents: self.discount_cents,
                total_cents: self.total_cents,
                idempotency_key: self.idempotency_key,
                version: self.version,
                created_at: time(self.created_at, "orders.created_at")?,
                updated_at: time(self.updated_at, "orders.updated_at")?,
            })
        }
    }
}

/// The table `order_lines`.
pub(crate) mod order_lines {
    use super::unexpected;
    use sea_orm::ActiveValue::Set;
    use sea_orm::entity::prelude::*;
    use shared::domain::{Order, OrderLine, ProductId};
    use shared::repository::StoreError;

    /// A row.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "order_lines")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub order_id: String,
        /// 0, 1, ...: where the line stands.
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i64,
        /// No relation: the product may be gone.
        pub product_id: String,
        pub name: String,
        pub category: String,
        pub unit_price_cents: i64,
        pub quantity: i64,
        pub total_cents: i64,
        pub revenue_cents: i64,
        #[sea_orm(belongs_to, from = "order_id", to = "id")]
        pub order: BelongsTo<super::orders::Entity>,
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl ActiveModel {
        /// The rows of an order's lines.
        pub fn of(order: &Order) -> impl Iterator<Item = Self> {
            (0..).zip(&order.lines).map(|(position, line)| Self {
                order_id: Set(order.id.to_string()),
                position: Set(position),
                product_id: Set(line.product_id.to_string()),
                name: Set(line.name.clone()),
                category: Set(line.category.clone()),
                unit_price_cents: Set(line.unit_price_cents),
                quantity: Set(line.quantity),
                total_cents: Set(line.total_cents),
                revenue_cents: Set(line.revenue_cents),
            })
        }
    }

    impl TryFrom<Model> for OrderLine {
        type Error = StoreError;

        fn try_from(row: Model) -> Result<Self, StoreError> {
            Ok(Self {
                product_id: ProductId::parse(&row.product_id).ok_or_else(|| unexpected("order_lines.product_id"))?,
                name: row.name,
                category: row.category,
                unit_price_cents: row.unit_price_cents,
                quantity: row.quantity,
                total_cents: row.total_cents,
                revenue_cents: row.revenue_cents,
            })
        }
    }
}
