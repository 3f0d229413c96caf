//! Ids: UUIDv7 (RFC 9562), so that ids made later sort later and a page by id is a page by age. Each kind of thing has a
//! type of its own, so that no order is looked for by a product's id.

use serde::Serialize;
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Uuid);

            impl $name {
                /// A new id; ids made by one process ascend, also when the clock is set back.
                pub fn generate() -> Self {
                    Self(Uuid::now_v7())
                }

                /// Reads the canonical text only: lower case, hyphenated. Any other spelling names nothing.
                pub fn parse(text: &str) -> Option<Self> {
                    let id = Self(Uuid::try_parse(text).ok()?);
                    (id.to_string() == text).then_some(id)
                }

                /// The 16 bytes, most significant first.
                pub fn as_bytes(&self) -> &[u8; 16] {
                    self.0.as_bytes()
                }

                /// The id of these 16 bytes.
                pub fn from_bytes(bytes: [u8; 16]) -> Self {
                    Self(Uuid::from_bytes(bytes))
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.as_hyphenated().fmt(formatter)
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                    fmt::Display::fmt(self, formatter)
                }
            }

            impl Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )+
    };
}

ids! {
    /// A user's id.
    UserId;
    /// A product's id.
    ProductId;
    /// An order's id.
    OrderId;
}

#[cfg(test)]
mod tests {
    use super::UserId;

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let text = "0190f5fe-7c00-7000-8000-000000000001";
        assert_eq!(UserId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        for other in [
            "0190F5FE-7C00-7000-8000-000000000001",
            "0190f5fe7c0070008000000000000001",
            "",
            "1",
            "{0190f5fe-7c00-7000-8000-000000000001}",
        ] {
            assert_eq!(UserId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn ids_made_one_after_another_ascend() {
        let ids: Vec<UserId> = (0..10_000).map(|_| UserId::generate()).collect();
        assert!(ids.is_sorted());
    }
}
