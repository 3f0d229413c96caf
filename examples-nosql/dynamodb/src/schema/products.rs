//! The way between an item and a product.

use super::{
    BY_CATEGORY, Item, PRODUCTS, SORT_KEY, key, number, read_number, read_text, read_time, text, unexpected, with,
};
use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::{AttributeValue as Attribute, Attributes, Number, Product, ProductId};
use shared::repository::StoreError;

/// Between a category and an id: a control character, which no category holds, so that `begins_with` of one category finds
/// none of another.
const SEPARATOR: char = '\u{1f}';

/// The key of a product.
pub(crate) fn product_key(id: ProductId) -> Item {
    key(PRODUCTS, id.to_string())
}

/// The key of the claim of a SKU.
pub(crate) fn sku_claim_key(sku: &str) -> Item {
    key(format!("SKU#{sku}"), "SKU")
}

/// The claim of a SKU by a product.
pub(crate) fn sku_claim(sku: &str, id: ProductId) -> Item {
    with(sku_claim_key(sku), [("product_id", text(id.to_string()))])
}

/// What all of a category have in common in the index by category.
pub(crate) fn category_prefix(category: &str) -> String {
    format!("{category}{SEPARATOR}")
}

/// What that index is sorted by.
fn category_id(category: &str, id: ProductId) -> String {
    format!("{}{id}", category_prefix(category))
}

/// What a page after this id starts with, of all products or of a category.
pub(crate) fn product_start_key(after: ProductId, category: Option<&str>) -> Item {
    with(product_key(after), category.map(|category| (BY_CATEGORY.1, text(category_id(category, after)))))
}

/// A product as an item.
pub(crate) fn product_item(product: &Product) -> Item {
    let attributes = [
        ("sku", text(&product.sku)),
        ("name", text(&product.name)),
        ("category", text(&product.category)),
        (BY_CATEGORY.1, text(category_id(&product.category, product.id))),
        ("price_cents", number(product.price_cents)),
        ("stock", number(product.stock)),
        ("attributes", attributes_map(&product.attributes)),
        ("version", number(product.version)),
        ("created_at", number(product.created_at.as_millis())),
        ("updated_at", number(product.updated_at.as_millis())),
    ];
    with(product_key(product.id), attributes)
}

/// An item as a product.
///
/// # Errors
/// [`StoreError::Internal`] if it is not one that [`product_item`] makes.
pub(crate) fn product(item: &Item) -> Result<Product, StoreError> {
    let product = Product {
        id: ProductId::parse(read_text(item, SORT_KEY)?).ok_or_else(|| unexpected(SORT_KEY))?,
        sku: read_text(item, "sku")?.to_owned(),
        name: read_text(item, "name")?.to_owned(),
        category: read_text(item, "category")?.to_owned(),
        price_cents: read_number(item, "price_cents")?,
        stock: read_number(item, "stock")?,
        attributes: read_attributes(item)?,
        version: read_number(item, "version")?,
        created_at: read_time(item, "created_at")?,
        updated_at: read_time(item, "updated_at")?,
    };
    if read_text(item, BY_CATEGORY.1)? != category_id(&product.category, product.id) {
        return Err(unexpected(BY_CATEGORY.1));
    }
    Ok(product)
}

/// What only some products have is DynamoDB's own map of text, numbers and booleans, not JSON in a text.
fn attributes_map(attributes: &Attributes) -> AttributeValue {
    let value = |value: &Attribute| match value {
        Attribute::Text(value) => text(value),
        // The shortest decimal number that is read as this double has at most 17 digits, and DynamoDB keeps 38.
        Attribute::Number(value) => AttributeValue::N(value.get().to_string()),
        Attribute::Flag(value) => AttributeValue::Bool(*value),
    };
    AttributeValue::M(attributes.0.iter().map(|(name, found)| (name.clone(), value(found))).collect())
}

fn read_attributes(item: &Item) -> Result<Attributes, StoreError> {
    let wrong = || unexpected("attributes");
    let map = item.get("attributes").and_then(|map| map.as_m().ok()).ok_or_else(wrong)?;
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(value) => Ok(Attribute::Text(value.clone())),
        AttributeValue::N(value) => {
            value.parse().map(|value| Attribute::Number(Number::new(value))).map_err(|_| wrong())
        }
        AttributeValue::Bool(value) => Ok(Attribute::Flag(*value)),
        _ => Err(wrong()),
    };
    map.iter().map(|(name, found)| Ok((name.clone(), value(found)?))).collect::<Result<_, _>>().map(Attributes)
}
