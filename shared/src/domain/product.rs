//! A product: something that can be ordered.

use super::{ProductId, Timestamp};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// A product.
#[derive(Clone, Debug, PartialEq)]
pub struct Product {
    /// Made by the service.
    pub id: ProductId,
    /// The stock keeping unit, by which people name it; unique.
    pub sku: String,
    /// Trimmed, 1 to 100 characters.
    pub name: String,
    /// Trimmed, 1 to 50 characters.
    pub category: String,
    /// The price of one, in cents.
    pub price_cents: i64,
    /// How many there are. Orders take of it, and it never goes below zero.
    pub stock: i64,
    /// What only some products have.
    pub attributes: Attributes,
    /// 1, 2, ...: raised by each change, also of the stock by an order; the entity tag.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When an admin last replaced it. Orders do not count: whoever wants to know about those asks for them.
    pub updated_at: Timestamp,
}

/// The flexible part of a product: names with values, nothing nested. In the order of the names, so that every store gives
/// them back alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Attributes(pub BTreeMap<String, AttributeValue>);

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// Text.
    Text(String),
    /// A number.
    Number(Number),
    /// Yes or no.
    Flag(bool),
}

/// A number that every store keeps exactly: an IEEE 754 double. Written without a fraction if it has none, since no store
/// tells 1 from 1.0 for sure.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(f64);

impl Number {
    /// The largest size of a number: up to here, doubles hold every whole number (RFC 8259, section 6).
    pub const MAX: f64 = 9_007_199_254_740_991.0;

    /// The smallest size of a number that is not 0. Databases that count in decimal places end somewhere below.
    pub const MIN: f64 = 0.000_001;

    /// This number; there is no negative zero.
    pub fn new(number: f64) -> Self {
        Self(if number == 0.0 { 0.0 } else { number })
    }

    /// The number as it is kept.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The number as a whole one, if it is one that a double holds exactly.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 53 bits")]
    pub fn whole(self) -> Option<i64> {
        (self.0.fract() == 0.0 && self.0.abs() <= Self::MAX).then_some(self.0 as i64)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.whole() {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;

        #[expect(clippy::cast_precision_loss, reason = "attributes are doubles; validation keeps them within 53 bits")]
        impl Visitor<'_> for Value {
            type Value = AttributeValue;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string, a number or a boolean")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(AttributeValue::Text(text.to_owned()))
            }

            fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
                Ok(AttributeValue::Flag(flag))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                self.visit_f64(number as f64)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                self.visit_f64(number as f64)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(AttributeValue::Number(Number::new(number)))
            }
        }

        deserializer.deserialize_any(Value)
    }
}

impl<'de> Deserialize<'de> for Attributes {
    /// A name that stands twice is refused, which a map of serde would let pass.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Attributes;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut attributes = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, AttributeValue>()? {
                    if attributes.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(Attributes(attributes))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::Attributes;

    fn again(json: &str) -> Result<String, String> {
        let attributes: Attributes = serde_json::from_str(json).map_err(|error| error.to_string())?;
        serde_json::to_string(&attributes).map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_are_written_in_the_order_of_their_names_and_numbers_in_one_way() {
        let json = r#"{"z":1.0,"b":"x","a":true,"d":-0.0,"e":0.1,"f":1e3,"g":9007199254740991,"c":-5}"#;
        let written = r#"{"a":true,"b":"x","c":-5,"d":0,"e":0.1,"f":1000,"g":9007199254740991,"z":1}"#;
        assert_eq!(again(json).as_deref(), Ok(written));
        assert_eq!(again(written).as_deref(), Ok(written));
    }

    #[test]
    fn attributes_are_flat_and_stand_once() {
        for json in [r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":{}}"#, r#"{"a":1,"a":1}"#, "[]", "null"] {
            assert!(again(json).is_err(), "{json}");
        }
    }
}
