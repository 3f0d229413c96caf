//! The keys, the way between a hash and what the domain knows, and how the query log shows what is sent.
//!
//! Longer than 200 lines: what is written and how it is read again is best seen together.

use crate::scripts::Script;
use redis::{Arg, Cmd};
use serde::{Deserialize, Serialize};
use shared::domain::{
    Customer, Day, EmailKey, Order, OrderId, OrderLine, OrderStatus, PasswordHash, Product, ProductId, Role, Timestamp,
    User, UserId,
};
use shared::repository::StoreError;
use shared::telemetry::Statement;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

/// The layout that this program reads and writes. A change of it gets the next number, and `upgrade.lua` what brings the
/// older ones up to date.
pub(crate) const LAYOUT: &str = "2";

/// What a hash holds, as the driver gives it.
pub(crate) type Hash = HashMap<String, String>;

/// The names of the keys of one database. Each begins with the prefix in braces: to Redis Cluster that is a hash tag, by
/// which all of them are in one slot, as a script needs them.
pub(crate) struct Keys {
    /// What all of them begin with.
    pub(crate) all: String,
    /// A string: the number of the layout.
    pub(crate) layout: String,
    /// What the keys of each user begin with; its id follows.
    pub(crate) user_prefix: String,
    /// A sorted set: the ids of all users.
    pub(crate) users: String,
    /// A sorted set each: the ids of the users of this role.
    pub(crate) role_user: String,
    pub(crate) role_admin: String,
    /// A hash: who has which address.
    pub(crate) by_email: String,
    /// What the hash of each product begins with; its id follows.
    pub(crate) product_prefix: String,
    /// A sorted set: the ids of all products.
    pub(crate) products: String,
    /// A sorted set: the category of each product, a NUL and its id.
    pub(crate) by_category: String,
    /// A hash: which product has which SKU.
    pub(crate) by_sku: String,
    /// What the hash of each order begins with; its id follows.
    pub(crate) order_prefix: String,
    /// A sorted set: the days on which orders were created that were paid, by when they begin.
    pub(crate) sales: String,
    /// What the hash of a day's sales begins with; the day follows.
    pub(crate) sales_prefix: String,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        let key = |name: &str| format!("{{{prefix}}}:{name}");
        Self {
            all: key(""),
            layout: key("layout"),
            user_prefix: key("user:"),
            users: key("users"),
            role_user: key("users:role:user"),
            role_admin: key("users:role:admin"),
            by_email: key("users:by-email"),
            product_prefix: key("product:"),
            products: key("products"),
            by_category: key("products:by-category"),
            by_sku: key("products:by-sku"),
            order_prefix: key("order:"),
            sales: key("sales"),
            sales_prefix: key("sales:"),
        }
    }

    /// The keys of which there is one, with what type each has.
    pub(crate) fn single(&self) -> [(&str, &'static str); 9] {
        [
            (&self.layout, "string"),
            (&self.users, "zset"),
            (&self.role_user, "zset"),
            (&self.role_admin, "zset"),
            (&self.by_email, "hash"),
            (&self.products, "zset"),
            (&self.by_category, "zset"),
            (&self.by_sku, "hash"),
            (&self.sales, "zset"),
        ]
    }

    /// The hash of a user.
    pub(crate) fn user(&self, id: UserId) -> String {
        format!("{}{id}", self.user_prefix)
    }

    /// The sorted set of users to page through.
    pub(crate) fn listing(&self, role: Option<Role>) -> &str {
        match role {
            None => &self.users,
            Some(Role::User) => &self.role_user,
            Some(Role::Admin) => &self.role_admin,
        }
    }

    /// What the scripts that write a user are given as `KEYS`: every key that such a change can touch.
    pub(crate) fn of_user_change<'a>(&'a self, user: &'a str) -> [&'a str; 5] {
        [user, &self.users, &self.role_user, &self.role_admin, &self.by_email]
    }

    /// The hash of a product.
    pub(crate) fn product(&self, id: ProductId) -> String {
        format!("{}{id}", self.product_prefix)
    }

    /// What the scripts that write a product are given as `KEYS`, likewise.
    pub(crate) fn of_product_change<'a>(&'a self, product: &'a str) -> [&'a str; 4] {
        [product, &self.products, &self.by_category, &self.by_sku]
    }

    /// The hash of an order.
    pub(crate) fn order(&self, id: OrderId) -> String {
        format!("{}{id}", self.order_prefix)
    }

    /// A sorted set: the ids of a customer's orders, all or those with a status.
    pub(crate) fn orders_of(&self, customer: UserId, status: Option<OrderStatus>) -> String {
        let user = self.user(customer);
        status.map_or_else(|| format!("{user}:orders"), |status| format!("{user}:orders:{}", status.as_str()))
    }

    /// A hash: which of a customer's orders was placed with which idempotency key.
    pub(crate) fn idempotency_keys_of(&self, customer: UserId) -> String {
        format!("{}:orders:by-key", self.user(customer))
    }

    /// A hash: what was sold of the orders that were created on this day.
    pub(crate) fn sales_of(&self, day: Day) -> String {
        format!("{}{day}", self.sales_prefix)
    }

    /// A key as the query log shows it: whose it is stays out of it.
    pub(crate) fn pattern(&self, key: &str) -> String {
        for prefix in [&self.user_prefix, &self.product_prefix, &self.order_prefix] {
            if let Some(rest) = key.strip_prefix(prefix.as_str()) {
                return format!(
                    "{prefix}<id>{}",
                    rest.split_once(':').map_or(String::new(), |(_, of)| format!(":{of}"))
                );
            }
        }
        if key.starts_with(&self.sales_prefix) { format!("{}<day>", self.sales_prefix) } else { key.to_owned() }
    }
}

/// Gives a command the fields of a user as arguments, in the order in which the scripts expect them.
pub(crate) fn write_user(user: &User, command: &mut Cmd) {
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
pub(crate) fn read_user(mut hash: Hash) -> Result<User, StoreError> {
    let unexpected = |name| unexpected("user", name);
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

/// Gives a command the fields of a product as arguments, likewise.
///
/// # Errors
/// None that this program knows of: [`StoreError::Internal`] if attributes cannot be written as JSON.
pub(crate) fn write_product(product: &Product, command: &mut Cmd) -> Result<(), StoreError> {
    command
        .arg(product.id.to_string())
        .arg(&product.sku)
        .arg(&product.name)
        .arg(&product.category)
        .arg(product.price_cents)
        .arg(product.stock)
        .arg(json(&product.attributes)?)
        .arg(product.version)
        .arg(product.created_at.as_millis())
        .arg(product.updated_at.as_millis());
    Ok(())
}

/// The product that a hash holds.
///
/// # Errors
/// As [`read_user`].
pub(crate) fn read_product(mut hash: Hash) -> Result<Product, StoreError> {
    let unexpected = |name| unexpected("product", name);
    let mut field = |name: &'static str| hash.remove(name).ok_or_else(|| unexpected(name));
    Ok(Product {
        id: ProductId::parse(&field("id")?).ok_or_else(|| unexpected("id"))?,
        sku: field("sku")?,
        name: field("name")?,
        category: field("category")?,
        price_cents: integer(&field("price_cents")?).ok_or_else(|| unexpected("price_cents"))?,
        stock: integer(&field("stock")?).ok_or_else(|| unexpected("stock"))?,
        attributes: serde_json::from_str(&field("attributes")?).map_err(|_| unexpected("attributes"))?,
        version: integer(&field("version")?).ok_or_else(|| unexpected("version"))?,
        created_at: time(&field("created_at")?).ok_or_else(|| unexpected("created_at"))?,
        updated_at: time(&field("updated_at")?).ok_or_else(|| unexpected("updated_at"))?,
    })
}

/// A line as JSON: the lines are one field of their order, because they never change and are never looked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    product_id: String,
    name: String,
    category: String,
    unit_price_cents: i64,
    quantity: i64,
    total_cents: i64,
    revenue_cents: i64,
}

/// Gives a command the fields of an order as arguments, likewise. A key is one character at least: empty is none.
///
/// # Errors
/// As [`write_product`].
pub(crate) fn write_order(order: &Order, command: &mut Cmd) -> Result<(), StoreError> {
    let line = |line: &OrderLine| Line {
        product_id: line.product_id.to_string(),
        name: line.name.clone(),
        category: line.category.clone(),
        unit_price_cents: line.unit_price_cents,
        quantity: line.quantity,
        total_cents: line.total_cents,
        revenue_cents: line.revenue_cents,
    };
    command
        .arg(order.id.to_string())
        .arg(order.customer.id.to_string())
        .arg(order.status.as_str())
        .arg(json(&order.lines.iter().map(line).collect::<Vec<_>>())?)
        .arg(order.subtotal_cents)
        .arg(order.discount_cents)
        .arg(order.total_cents)
        .arg(order.idempotency_key.as_deref().unwrap_or_default())
        .arg(order.version)
        .arg(order.created_at.as_millis())
        .arg(order.updated_at.as_millis());
    Ok(())
}

/// The order that a hash holds, and the name that its customer has.
///
/// # Errors
/// As [`read_user`]; also if there is no such customer.
pub(crate) fn read_order((mut hash, name): (Hash, Option<String>)) -> Result<Order, StoreError> {
    let unexpected = |name| unexpected("order", name);
    let mut field = |name: &'static str| hash.remove(name).ok_or_else(|| unexpected(name));
    let lines: Vec<Line> = serde_json::from_str(&field("lines")?).map_err(|_| unexpected("lines"))?;
    let line = |line: Line| {
        Ok(OrderLine {
            product_id: ProductId::parse(&line.product_id).ok_or_else(|| unexpected("lines"))?,
            name: line.name,
            category: line.category,
            unit_price_cents: line.unit_price_cents,
            quantity: line.quantity,
            total_cents: line.total_cents,
            revenue_cents: line.revenue_cents,
        })
    };
    Ok(Order {
        id: OrderId::parse(&field("id")?).ok_or_else(|| unexpected("id"))?,
        customer: Customer {
            id: UserId::parse(&field("customer_id")?).ok_or_else(|| unexpected("customer_id"))?,
            name: name.ok_or_else(|| unexpected("customer_id"))?,
        },
        status: OrderStatus::parse(&field("status")?).ok_or_else(|| unexpected("status"))?,
        lines: lines.into_iter().map(line).collect::<Result<_, StoreError>>()?,
        subtotal_cents: integer(&field("subtotal_cents")?).ok_or_else(|| unexpected("subtotal_cents"))?,
        discount_cents: integer(&field("discount_cents")?).ok_or_else(|| unexpected("discount_cents"))?,
        total_cents: integer(&field("total_cents")?).ok_or_else(|| unexpected("total_cents"))?,
        idempotency_key: Some(field("idempotency_key")?).filter(|key| !key.is_empty()),
        version: integer(&field("version")?).ok_or_else(|| unexpected("version"))?,
        created_at: time(&field("created_at")?).ok_or_else(|| unexpected("created_at"))?,
        updated_at: time(&field("updated_at")?).ok_or_else(|| unexpected("updated_at"))?,
    })
}

/// Scripts pass JSON on as the text that it is: Redis' own `cjson` would write numbers and empty arrays in other ways.
fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.into()))
}

/// The one way to write a number that this program has: scripts compare versions as text, to which `1` and `01` differ.
pub(crate) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

fn time(text: &str) -> Option<Timestamp> {
    integer(text).and_then(Timestamp::from_millis)
}

/// The field is named and its value is not: what is in it may be anything, a password hash too.
pub(crate) fn unexpected(record: &str, field: &str) -> StoreError {
    StoreError::Internal(format!("{record}.{field} holds what this program does not write").into())
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
    let parts_of_keys = shown.iter().filter(|word| word.contains('<')).map(|_| "text");
    let arguments = shown.iter().filter(|word| *word == "?").count();
    let parameters = parts_of_keys.chain(script.iter().flat_map(|script| script.kinds(arguments))).collect();
    Statement { statement: shown.join(" "), parameters, duration: Duration::ZERO }
}
