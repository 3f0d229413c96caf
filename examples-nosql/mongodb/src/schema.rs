//! The collections, and the way between a document and a user.
//!
//! Field names are in camel case, as MongoDB's own are.

use mongodb::IndexModel;
use mongodb::bson::{Bson, DateTime, Document, RawDeserializer, RawDocument, Uuid, deserialize_from_slice, doc};
use mongodb::options::{Collation, CollationStrength, IndexOptions};
use serde::{Deserialize, Serialize};
use shared::domain::{PasswordHash, Role, Timestamp, User, UserId};
use shared::repository::StoreError;

/// The collection of the users.
pub(crate) const USERS: &str = "users";

/// The collection with the document that whoever takes an admin away writes to; see `users.rs`.
pub(crate) const GUARDS: &str = "guards";

/// The `_id` of that document.
pub(crate) const LAST_ADMIN: &str = "last_admin";

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
}

impl From<&User> for UserDocument {
    fn from(user: &User) -> Self {
        Self {
            id: uuid(user.id),
            name: user.name.clone(),
            email: user.email.clone(),
            password_hash: user.password_hash.as_phc().to_owned(),
            role: user.role,
            version: user.version,
            credentials_version: user.credentials_version,
            created_at: DateTime::from_millis(user.created_at.as_millis()),
            updated_at: DateTime::from_millis(user.updated_at.as_millis()),
        }
    }
}

impl TryFrom<UserDocument> for User {
    type Error = StoreError;

    fn try_from(document: UserDocument) -> Result<Self, StoreError> {
        let time =
            |time: DateTime, field| Timestamp::from_millis(time.timestamp_millis()).ok_or_else(|| unexpected(field));
        Ok(Self {
            id: UserId::from_bytes(document.id.bytes()),
            name: document.name,
            email: document.email,
            password_hash: PasswordHash::from_phc(document.password_hash),
            role: document.role,
            version: document.version,
            credentials_version: document.credentials_version,
            created_at: time(document.created_at, "createdAt")?,
            updated_at: time(document.updated_at, "updatedAt")?,
        })
    }
}

/// A document as it came from the server.
///
/// Not `Cursor::deserialize_current`: its error quotes the value that did not fit and does not say of which field.
///
/// # Errors
/// [`StoreError::Internal`] if this program cannot have written it.
pub(crate) fn read(document: &RawDocument) -> Result<User, StoreError> {
    match deserialize_from_slice::<UserDocument>(document.as_bytes()) {
        Ok(document) => document.try_into(),
        Err(_) => Err(unexpected(&misfit(document))),
    }
}

/// The field that does not fit. It is looked for when one is known not to, because keeping track of the path costs time.
fn misfit(document: &RawDocument) -> String {
    let read = RawDeserializer::new(document.as_bytes()).map(serde_path_to_error::deserialize::<_, UserDocument>);
    match read {
        Ok(Err(error)) => error.path().to_string(),
        _ => "?".to_owned(),
    }
}

/// The field is named and its value is not: what is in it may be anything, a password hash too.
fn unexpected(field: &str) -> StoreError {
    StoreError::Internal(format!("users.{field} holds what this program does not write").into())
}

/// An id as it is kept.
pub(crate) fn uuid(id: UserId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
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

/// The indexes beside the one on `_id`, which every collection has.
pub(crate) fn indexes() -> [IndexModel; 2] {
    let unique = IndexOptions::builder().name("email".to_owned()).unique(true).collation(without_case()).build();
    // A page of one role is a range of this one, and so is the question whether there is another admin.
    let role = IndexOptions::builder().name("role_id".to_owned()).build();
    [
        IndexModel::builder().keys(doc! { "email": 1 }).options(unique).build(),
        IndexModel::builder().keys(doc! { "role": 1, "_id": 1 }).options(role).build(),
    ]
}

/// What the server refuses to keep unless it is so, whoever writes it.
pub(crate) fn validator() -> Document {
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
    };
    let required: Vec<Bson> = properties.keys().map(|field| field.as_str().into()).collect();
    doc! {
        "$jsonSchema": {
            "bsonType": "object",
            "required": required,
            "additionalProperties": false,
            "properties": properties,
        }
    }
}
