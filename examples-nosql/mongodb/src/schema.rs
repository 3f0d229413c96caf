//! The collections, and the way between their documents and what the domain knows.
//!
//! Field names are in camel case, as MongoDB's own are.
//!
//! Longer than 400 lines because all collections are here, each with what the server holds it to.

use crate::connection::failure;
use mongodb::bson::{
    Bson, DateTime, Document, RawDeserializer, RawDocument, Uuid, deserialize_from_slice, doc, serialize_to_document,
};
use mongodb::error::Error;
use mongodb::options::{Collation, CollationStrength, Hint, IndexOptions};
use mongodb::{Cursor, IndexModel};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use shared::domain::{
    AttributeValue, Attributes, CategorySales, Customer, Order, OrderId, OrderLine, OrderStatus, PasswordHash, Product,
    ProductId, Role, Timestamp, User, UserId,
};
use shared::repository::StoreError;

/// The collection of the users.
pub(crate) const USERS: &str = "users";

/// The collection of the products.
pub(crate) const PRODUCTS: &str = "products";

/// The collection of the orders.
pub(crate) const ORDERS: &str = "orders";

/// The collection with the document that whoever takes an admin away writes to; see `users.rs`.
pub(crate) const GUARDS: &str = "guards";

/// The `_id` of that document.
pub(crate) const LAST_ADMIN: &str = "last_admin";

/// What a document of a collection is to the domain.
pub(crate) trait Stored: DeserializeOwned {
    /// The collection.
    const COLLECTION: &str;
    /// What it holds.
    type Value;

    /// # Errors
    /// [`StoreError::Internal`] if this program cannot have written it.
    fn value(self) -> Result<Self::Value, StoreError>;
}

/// A document of the collection `users`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserDocument {
    /// Subtype 4, "UUID": 16 bytes that sort as the canonical text does. As text it would take 36 in every index.
    #[serde(rename = "_id")]
    id: Uuid,
    name: String,
    /// As typed. There is no second field in lower case: the index compares without regard to case.
    email: String,
    password_hash: String,
    role: Role,
    version: i64,
    credentials_version: i64,
    created_at: DateTime,
    updated_at: DateTime,
    /// Set by the first order, absent before, and never taken back; see `orders.rs`. Only read here: whoever changes a user
    /// leaves it as it is.
    #[serde(default, skip_serializing)]
    #[expect(dead_code, reason = "it is in filters; here it is only known, so that its being there is no surprise")]
    has_orders: bool,
}

impl UserDocument {
    /// The change that makes the stored document this one, as far as the fields of the domain go.
    ///
    /// # Errors
    /// The driver's; none for these fields.
    pub(crate) fn change(&self) -> Result<Document, Error> {
        let mut fields = serialize_to_document(self)?;
        fields.remove("_id");
        Ok(doc! { "$set": fields })
    }
}

impl From<&User> for UserDocument {
    fn from(user: &User) -> Self {
        Self {
            id: uuid(user.id.as_bytes()),
            name: user.name.clone(),
            email: user.email.clone(),
            password_hash: user.password_hash.as_phc().to_owned(),
            role: user.role,
            version: user.version,
            credentials_version: user.credentials_version,
            created_at: date(user.created_at),
            updated_at: date(user.updated_at),
            has_orders: false,
        }
    }
}

impl Stored for UserDocument {
    const COLLECTION: &str = USERS;
    type Value = User;

    fn value(self) -> Result<User, StoreError> {
        Ok(User {
            id: UserId::from_bytes(self.id.bytes()),
            name: self.name,
            email: self.email,
            password_hash: PasswordHash::from_phc(self.password_hash),
            role: self.role,
            version: self.version,
            credentials_version: self.credentials_version,
            created_at: timestamp(self.created_at, "users.createdAt")?,
            updated_at: timestamp(self.updated_at, "users.updatedAt")?,
        })
    }
}

/// A document of the collection `products`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProductDocument {
    #[serde(rename = "_id")]
    id: Uuid,
    sku: String,
    name: String,
    category: String,
    price_cents: i64,
    stock: i64,
    /// A document in the document: fields of their own, which a query could ask for as for any other.
    #[serde(serialize_with = "numbers_as_doubles")]
    attributes: Attributes,
    version: i64,
    created_at: DateTime,
    updated_at: DateTime,
}

/// BSON has several types of numbers. One for all attributes lets the server's rule be one, too.
fn numbers_as_doubles<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
    let value = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => Bson::String(text.clone()),
        AttributeValue::Number(number) => Bson::Double(number.get()),
        AttributeValue::Flag(flag) => Bson::Boolean(*flag),
    };
    serializer.collect_map(attributes.0.iter().map(|(name, attribute)| (name, value(attribute))))
}

impl From<&Product> for ProductDocument {
    fn from(product: &Product) -> Self {
        Self {
            id: uuid(product.id.as_bytes()),
            sku: product.sku.clone(),
            name: product.name.clone(),
            category: product.category.clone(),
            price_cents: product.price_cents,
            stock: product.stock,
            attributes: product.attributes.clone(),
            version: product.version,
            created_at: date(product.created_at),
            updated_at: date(product.updated_at),
        }
    }
}

impl Stored for ProductDocument {
    const COLLECTION: &str = PRODUCTS;
    type Value = Product;

    fn value(self) -> Result<Product, StoreError> {
        Ok(Product {
            id: ProductId::from_bytes(self.id.bytes()),
            sku: self.sku,
            name: self.name,
            category: self.category,
            price_cents: self.price_cents,
            stock: self.stock,
            attributes: self.attributes,
            version: self.version,
            created_at: timestamp(self.created_at, "products.createdAt")?,
            updated_at: timestamp(self.updated_at, "products.updatedAt")?,
        })
    }
}

/// A document of the collection `orders`. Its lines are in it: they are written once, with it, and read with it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrderDocument {
    #[serde(rename = "_id")]
    id: Uuid,
    customer_id: Uuid,
    /// Not kept: `$lookup` adds it to what is read.
    #[serde(default, skip_serializing)]
    customer_name: Option<String>,
    status: OrderStatus,
    lines: Vec<LineDocument>,
    subtotal_cents: i64,
    discount_cents: i64,
    total_cents: i64,
    /// Absent and not `null` without a key: the unique index has only documents with the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    version: i64,
    created_at: DateTime,
    updated_at: DateTime,
}

/// A line of an order.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineDocument {
    product_id: Uuid,
    name: String,
    category: String,
    unit_price_cents: i64,
    quantity: i64,
    total_cents: i64,
    revenue_cents: i64,
}

impl From<&Order> for OrderDocument {
    fn from(order: &Order) -> Self {
        Self {
            id: uuid(order.id.as_bytes()),
            customer_id: uuid(order.customer.id.as_bytes()),
            customer_name: None,
            status: order.status,
            lines: order.lines.iter().map(LineDocument::from).collect(),
            subtotal_cents: order.subtotal_cents,
            discount_cents: order.discount_cents,
            total_cents: order.total_cents,
            idempotency_key: order.idempotency_key.clone(),
            version: order.version,
            created_at: date(order.created_at),
            updated_at: date(order.updated_at),
        }
    }
}

impl From<&OrderLine> for LineDocument {
    fn from(line: &OrderLine) -> Self {
        Self {
            product_id: uuid(line.product_id.as_bytes()),
            name: line.name.clone(),
            category: line.category.clone(),
            unit_price_cents: line.unit_price_cents,
            quantity: line.quantity,
            total_cents: line.total_cents,
            revenue_cents: line.revenue_cents,
        }
    }
}

impl From<LineDocument> for OrderLine {
    fn from(line: LineDocument) -> Self {
        Self {
            product_id: ProductId::from_bytes(line.product_id.bytes()),
            name: line.name,
            category: line.category,
            unit_price_cents: line.unit_price_cents,
            quantity: line.quantity,
            total_cents: line.total_cents,
            revenue_cents: line.revenue_cents,
        }
    }
}

impl Stored for OrderDocument {
    const COLLECTION: &str = ORDERS;
    type Value = Order;

    fn value(self) -> Result<Order, StoreError> {
        // Whoever has orders is not deleted: an order of nobody was not written by this program.
        let name = self.customer_name.ok_or_else(|| unexpected("orders.customerId"))?;
        Ok(Order {
            id: OrderId::from_bytes(self.id.bytes()),
            customer: Customer { id: UserId::from_bytes(self.customer_id.bytes()), name },
            status: self.status,
            lines: self.lines.into_iter().map(OrderLine::from).collect(),
            subtotal_cents: self.subtotal_cents,
            discount_cents: self.discount_cents,
            total_cents: self.total_cents,
            idempotency_key: self.idempotency_key,
            version: self.version,
            created_at: timestamp(self.created_at, "orders.createdAt")?,
            updated_at: timestamp(self.updated_at, "orders.updatedAt")?,
        })
    }
}

/// What the report's pipeline makes of the orders.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SalesDocument {
    #[serde(rename = "_id")]
    category: String,
    orders: i64,
    units: i64,
    revenue_cents: i64,
}

impl Stored for SalesDocument {
    const COLLECTION: &str = ORDERS;
    type Value = CategorySales;

    fn value(self) -> Result<CategorySales, StoreError> {
        let Self { category, orders, units, revenue_cents } = self;
        Ok(CategorySales { category, orders, units, revenue_cents })
    }
}

/// All that the server gives, read as documents of this kind.
///
/// # Errors
/// [`StoreError::Internal`] if this program cannot have written one of them; the driver's.
pub(crate) async fn read_all<D: Stored, T>(mut cursor: Cursor<T>) -> Result<Vec<D::Value>, StoreError> {
    let mut values = Vec::new();
    while cursor.advance().await.map_err(failure)? {
        values.push(read::<D>(cursor.current())?);
    }
    Ok(values)
}

/// A document as it came from the server.
///
/// Not `Cursor::deserialize_current`: its error quotes the value that did not fit and does not say of which field.
fn read<D: Stored>(document: &RawDocument) -> Result<D::Value, StoreError> {
    match deserialize_from_slice::<D>(document.as_bytes()) {
        Ok(document) => document.value(),
        Err(_) => Err(unexpected(&format!("{}.{}", D::COLLECTION, misfit::<D>(document)))),
    }
}

/// The field that does not fit. It is looked for when one is known not to, because keeping track of the path costs time.
fn misfit<D: Stored>(document: &RawDocument) -> String {
    let read = RawDeserializer::new(document.as_bytes()).map(serde_path_to_error::deserialize::<_, D>);
    match read {
        Ok(Err(error)) => error.path().to_string(),
        _ => "?".to_owned(),
    }
}

/// The field is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(field: &str) -> StoreError {
    StoreError::Internal(format!("{field} holds what this program does not write").into())
}

/// An id as it is kept.
pub(crate) fn uuid(id: &[u8; 16]) -> Uuid {
    Uuid::from_bytes(*id)
}

/// A time as it is kept.
pub(crate) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millis())
}

fn timestamp(date: DateTime, field: &str) -> Result<Timestamp, StoreError> {
    Timestamp::from_millis(date.timestamp_millis()).ok_or_else(|| unexpected(field))
}

/// How addresses are compared: by the rules for English at strength 2, which tells letters and accents apart and case not.
///
/// For addresses that is what `EmailKey` says, since they hold printable ASCII and nothing else, which the validator below
/// makes sure of: no two of those but `a` and `A` to `z` and `Z` are equal at this strength. Beyond ASCII it would not be:
/// a full-width letter equals the common one there, and a soft hyphen counts for nothing. Such a text cannot be kept, but
/// it can be looked for, so what is found is compared once more.
pub(crate) fn without_case() -> Collation {
    Collation::builder().locale("en").strength(CollationStrength::Secondary).build()
}

/// A collection as it must be.
pub(crate) struct Definition {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What the server refuses to keep unless it is so, whoever writes it.
    pub(crate) validator: Document,
    /// The indexes beside the one on `_id`, which every collection has.
    pub(crate) indexes: Vec<IndexModel>,
}

/// All collections that hold data, each with its rules and indexes; `guards` holds one document and has none.
pub(crate) fn definitions() -> [Definition; 3] {
    let by_email = IndexOptions::builder().name("email".to_owned()).unique(true).collation(without_case()).build();
    let with_key = doc! { "idempotencyKey": { "$exists": true } };
    let by_key = IndexOptions::builder().name("customer_key".to_owned()).unique(true);
    let by_key = by_key.partial_filter_expression(with_key).build();
    [
        Definition {
            name: USERS,
            validator: doc! { "$jsonSchema": user_rules() },
            indexes: vec![
                IndexModel::builder().keys(doc! { "email": 1 }).options(by_email).build(),
                // A page of one role is a range of this one, and so is the question whether there is another admin.
                index("role_id", BY_ROLE, false),
            ],
        },
        Definition {
            name: PRODUCTS,
            validator: doc! { "$jsonSchema": product_rules() },
            indexes: vec![index("sku", &["sku"], true), index("category_id", BY_CATEGORY, false)],
        },
        Definition {
            name: ORDERS,
            validator: doc! { "$jsonSchema": order_rules() },
            indexes: vec![
                index("customer_id", BY_CUSTOMER, false),
                index("customer_status_id", BY_CUSTOMER_AND_STATUS, false),
                IndexModel::builder().keys(keys(BY_KEY)).options(by_key).build(),
                index("status_created", &["status", "createdAt"], false),
            ],
        },
    ]
}

/// The index for users of one role.
pub(crate) const BY_ROLE: &[&str] = &["role", "_id"];

/// The index for products of one category.
pub(crate) const BY_CATEGORY: &[&str] = &["category", "_id"];

/// The index for orders of one customer.
pub(crate) const BY_CUSTOMER: &[&str] = &["customerId", "_id"];

/// The index for orders of one customer with one status.
pub(crate) const BY_CUSTOMER_AND_STATUS: &[&str] = &["customerId", "status", "_id"];

/// The index for the order of one customer with one idempotency key.
pub(crate) const BY_KEY: &[&str] = &["customerId", "idempotencyKey"];

/// Has the server use the index on these fields. Left to itself, MongoDB takes for a page of admins what was best for a page
/// of users: it keeps one plan for both, and where nearly everybody has the role that is a walk through everybody.
pub(crate) fn through(fields: &[&str]) -> Hint {
    Hint::Keys(keys(fields))
}

fn keys(fields: &[&str]) -> Document {
    fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1))).collect()
}

fn index(name: &str, fields: &[&str], unique: bool) -> IndexModel {
    let options = IndexOptions::builder().name(name.to_owned()).unique(unique.then_some(true)).build();
    IndexModel::builder().keys(keys(fields)).options(options).build()
}

/// An object with these fields and no others; all of them must be there, but for the optional ones.
fn object(properties: Document, optional: &[&str]) -> Document {
    let required = properties.keys().filter(|field| !optional.contains(&field.as_str()));
    let required: Vec<Bson> = required.map(|field| field.as_str().into()).collect();
    doc! { "bsonType": "object", "required": required, "additionalProperties": false, "properties": properties }
}

fn user_rules() -> Document {
    let text = |shortest: i32| doc! { "bsonType": "string", "minLength": shortest };
    let roles: Vec<Bson> = [Role::User, Role::Admin].map(|role| role.as_str().into()).to_vec();
    let properties = doc! {
        "_id": { "bsonType": "binData" },
        "name": text(0),
        "email": { "bsonType": "string", "pattern": "^[!-~]+$" },
        "passwordHash": text(0),
        "role": { "enum": roles },
        "version": { "bsonType": "long" },
        "credentialsVersion": { "bsonType": "long" },
        "createdAt": { "bsonType": "date" },
        "updatedAt": { "bsonType": "date" },
        "hasOrders": { "enum": [true] },
    };
    object(properties, &["hasOrders"])
}

fn product_rules() -> Document {
    let properties = doc! {
        "_id": { "bsonType": "binData" },
        "sku": { "bsonType": "string" },
        "name": { "bsonType": "string" },
        "category": { "bsonType": "string" },
        "priceCents": { "bsonType": "long", "minimum": 0 },
        "stock": { "bsonType": "long", "minimum": 0 },
        "attributes": { "bsonType": "object", "additionalProperties": { "bsonType": ["string", "double", "bool"] } },
        "version": { "bsonType": "long" },
        "createdAt": { "bsonType": "date" },
        "updatedAt": { "bsonType": "date" },
    };
    object(properties, &[])
}

fn order_rules() -> Document {
    let cents = || doc! { "bsonType": "long", "minimum": 0 };
    let statuses: Vec<Bson> = OrderStatus::ALL.map(|status| status.as_str().into()).to_vec();
    let line = doc! {
        "productId": { "bsonType": "binData" },
        "name": { "bsonType": "string" },
        "category": { "bsonType": "string" },
        "unitPriceCents": cents(),
        "quantity": { "bsonType": "long", "minimum": 1 },
        "totalCents": cents(),
        "revenueCents": cents(),
    };
    let properties = doc! {
        "_id": { "bsonType": "binData" },
        "customerId": { "bsonType": "binData" },
        "status": { "enum": statuses },
        "lines": { "bsonType": "array", "minItems": 1, "maxItems": 20, "items": object(line, &[]) },
        "subtotalCents": cents(),
        "discountCents": cents(),
        "totalCents": cents(),
        "idempotencyKey": { "bsonType": "string" },
        "version": { "bsonType": "long" },
        "createdAt": { "bsonType": "date" },
        "updatedAt": { "bsonType": "date" },
    };
    object(properties, &["idempotencyKey"])
}
