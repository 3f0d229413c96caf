//! Every error that a client can be told, as RFC 9457 problem details.
//!
//! One enum for all of them: services return it, each framework renders it with its own responder. This is the only
//! file of the crate that knows HTTP status codes.
//!
//! Longer than 400 lines because the kinds of problem, their words and their status codes belong together.

use crate::domain::OrderStatus;
use crate::repository::StoreError;
use serde::Serialize;
use std::error::Error;
use std::time::Duration;

/// One failing field of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FieldError {
    /// An RFC 6901 JSON pointer into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// What kind of failure it is, for programs.
    pub code: &'static str,
    /// What would be right, for people. It never repeats the value sent: that may be a password.
    pub detail: String,
}

/// What went wrong. Each variant's line says the status and the slug of its `/problems/` page.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// 400 `malformed-json`: the body is not JSON (RFC 8259).
    #[error("{0}")]
    MalformedJson(String),
    /// 400 `malformed-header`: a header that cannot be read.
    #[error("`{name}` must be {expected}")]
    MalformedHeader {
        /// The header's name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// 401 `token-missing`: no `Authorization: Bearer` header (RFC 6750).
    #[error("This operation needs a token: send `Authorization: Bearer <token>`. `POST /api/auth/login` issues one")]
    TokenMissing,
    /// 401 `token-invalid`: not a token of ours, or its user is gone or has new credentials.
    #[error("The token is not valid, or no longer: sign in again")]
    TokenInvalid,
    /// 401 `token-expired`: a token of ours, too old.
    #[error("The token has expired: sign in again")]
    TokenExpired,
    /// 401 `invalid-credentials`: unknown address or wrong password, told alike.
    #[error("The e-mail address or the password is wrong")]
    InvalidCredentials,
    /// 403 `forbidden`: the token is good, but its user may not do this.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404 `not-found`: no such path, or no such thing at it.
    #[error("There is nothing at this path")]
    NotFound,
    /// 405 `method-not-allowed`: with the methods that are.
    #[error("This path does not answer to this method; `Allow` lists those that it answers to")]
    MethodNotAllowed {
        /// The value of `Allow`, methods separated by commas; none where the framework adds the header itself.
        allow: Option<String>,
    },
    /// 408 `request-timeout`: the body did not arrive in time.
    #[error("The body of the request did not arrive in time")]
    RequestTimeout,
    /// 409 `email-taken`.
    #[error("Another user has this e-mail address")]
    EmailTaken,
    /// 409 `last-admin`: nobody could administer the system any more.
    #[error("This is the only admin left: make another user an admin first")]
    LastAdmin,
    /// 409 `has-orders`: there is never an order of nobody.
    #[error("The user has orders, which are kept: such a user cannot be deleted")]
    HasOrders,
    /// 409 `sku-taken`.
    #[error("Another product has this SKU")]
    SkuTaken,
    /// 409 `insufficient-stock`: all lines of which there is too little.
    #[error("There is too little stock for {} of the order", if .0.len() == 1 { "1 line".to_owned() } else { format!("{} lines", .0.len()) })]
    InsufficientStock(Vec<FieldError>),
    /// 409 `illegal-transition`: the workflow has no such step.
    #[error("An order that is {} cannot become {}", .from.as_str(), .to.as_str())]
    IllegalTransition {
        /// What the order is.
        from: OrderStatus,
        /// What it was to become.
        to: OrderStatus,
    },
    /// 409 `edit-conflict`: others changed the resource again and again meanwhile.
    #[error("The resource was changed by others at the same time: read it and try again")]
    EditConflict,
    /// 412 `precondition-failed`: `If-Match` names another version.
    #[error("The resource has another version than `If-Match` asks for: read it again")]
    PreconditionFailed,
    /// 413 `payload-too-large`.
    #[error("The body is larger than {limit} bytes")]
    PayloadTooLarge {
        /// The largest body taken, in bytes.
        limit: usize,
    },
    /// 415 `unsupported-media-type`.
    #[error("The body must be sent as {}, in UTF-8 and without a content coding", media_types(*.patch))]
    UnsupportedMediaType {
        /// Whether the operation takes a merge patch (RFC 7396) too.
        patch: bool,
    },
    /// 422 `validation`: right syntax, wrong shape or values; all failing fields at once.
    #[error("The request has {} that must be corrected", count(.0.len()))]
    Validation(Vec<FieldError>),
    /// 422 `idempotency-key-reused`: another request of this user had the key.
    #[error("This `Idempotency-Key` was used for another order: choose a new key for a new order")]
    IdempotencyKeyReused,
    /// 429 `too-many-attempts`: too many failed sign-ins for one address.
    #[error("Too many failed attempts to sign in with this address: try again later")]
    TooManyAttempts {
        /// When the next attempt is looked at.
        retry_after: Duration,
    },
    /// 500 `internal`: a defect. The source goes to the log, never to the client.
    #[error("The server failed; the request id finds the reason in its log")]
    Internal(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// 503 `overloaded`: a queue is full.
    #[error("The server has more to do than it can take: try again soon")]
    Overloaded,
    /// 503 `store-unavailable`: the database is away, or over its time limit. The source goes to the log.
    #[error("The database does not answer: try again soon")]
    StoreUnavailable(#[source] Option<Box<dyn Error + Send + Sync>>),
    /// 503 `shutting-down`: the process finishes what it has and takes nothing new.
    #[error("The server is shutting down: try again soon")]
    ShuttingDown,
}

fn media_types(patch: bool) -> &'static str {
    if patch { "`application/merge-patch+json` or `application/json`" } else { "`application/json`" }
}

fn count(errors: usize) -> String {
    if errors == 1 { "1 field".to_owned() } else { format!("{errors} fields") }
}

/// What a problem is called: the same in each answer of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last segment of its type URI, `/problems/<slug>`.
    pub slug: &'static str,
    /// The HTTP status code.
    pub status: u16,
    /// The `title` of the problem details.
    pub title: &'static str,
    /// What the page at its type URI says.
    pub explanation: &'static str,
}

const fn kind(slug: &'static str, status: u16, title: &'static str, explanation: &'static str) -> Kind {
    Kind { slug, status, title, explanation }
}

/// Every kind of problem; each has a page at `/problems/<slug>`.
pub const KINDS: [Kind; 27] = [
    kind(
        "malformed-json",
        400,
        "Malformed JSON",
        "The body is not a JSON text as RFC 8259 defines it: look at the line and column in `detail`. An empty body, a byte order mark, text that is not UTF-8, a lone surrogate and nesting deeper than 127 levels count as malformed too.",
    ),
    kind(
        "malformed-header",
        400,
        "Malformed header",
        "`If-Match` and `If-None-Match` take `*` or a list of quoted entity tags (RFC 9110, section 13.1), as `ETag` answered them. `Idempotency-Key` takes 1 to 64 visible ASCII characters.",
    ),
    kind(
        "token-missing",
        401,
        "Token missing",
        "The operation needs a token. Sign in with `POST /api/auth/login` and send what it answers as `Authorization: Bearer <access_token>`.",
    ),
    kind(
        "token-invalid",
        401,
        "Token invalid",
        "The token was not issued by this service, was changed on its way, or its user is gone or has a new password or role. Sign in again.",
    ),
    kind("token-expired", 401, "Token expired", "The token was good for 24 hours, which are over. Sign in again."),
    kind(
        "invalid-credentials",
        401,
        "Invalid credentials",
        "The e-mail address or the password is wrong. Which of the two is not told, so that nobody learns who has an account.",
    ),
    kind(
        "forbidden",
        403,
        "Forbidden",
        "The token is good, but its user may not do this. Users change themselves and see their own orders; admins change everybody and everything.",
    ),
    kind(
        "not-found",
        404,
        "Not found",
        "There is nothing at this path. A path with a trailing slash is another path, and an id that is no UUID names nothing.",
    ),
    kind(
        "method-not-allowed",
        405,
        "Method not allowed",
        "The path exists, but not for this method. The `Allow` header lists the methods that it answers to.",
    ),
    kind(
        "request-timeout",
        408,
        "Request timeout",
        "The head of the request promised a body that did not arrive in time. Send it again over a better connection.",
    ),
    kind(
        "email-taken",
        409,
        "E-mail taken",
        "Another user has this e-mail address. Addresses are compared without regard to case.",
    ),
    kind(
        "last-admin",
        409,
        "Last admin",
        "The change would leave the system without an admin. Make another user an admin first.",
    ),
    kind(
        "has-orders",
        409,
        "Has orders",
        "The user has placed orders. Orders are kept, and there is never an order of nobody, so the user is kept, too.",
    ),
    kind("sku-taken", 409, "SKU taken", "Another product has this SKU, the text by which people name it."),
    kind(
        "insufficient-stock",
        409,
        "Insufficient stock",
        "Of some products there is less than the order wants. `errors` lists those lines, with how many are left. Nothing was taken: an order is placed for all its lines or for none.",
    ),
    kind(
        "illegal-transition",
        409,
        "Illegal transition",
        "An order goes from pending to paid to shipped; while pending or paid it can be cancelled. There is no other way, and none back.",
    ),
    kind(
        "edit-conflict",
        409,
        "Edit conflict",
        "Others changed the resource at the same time, again and again. Read it and try once more; with `If-Match` you decide yourself.",
    ),
    kind(
        "precondition-failed",
        412,
        "Precondition failed",
        "The resource has another version than the one that `If-Match` names: somebody changed it since you read it. Read it again.",
    ),
    kind("payload-too-large", 413, "Payload too large", "A body holds at most 65,536 bytes."),
    kind(
        "unsupported-media-type",
        415,
        "Unsupported media type",
        "Send the body as `application/json` in UTF-8, a `PATCH` also as `application/merge-patch+json`, and without a `Content-Encoding`.",
    ),
    kind(
        "validation",
        422,
        "Validation failed",
        "The body is JSON, but fields are missing, unknown, of the wrong type or out of range. `errors` lists all of them: a JSON pointer (RFC 6901) or `?name` for a query parameter, a code for programs and a sentence for people.",
    ),
    kind(
        "idempotency-key-reused",
        422,
        "Idempotency key reused",
        "An `Idempotency-Key` names one order, so that its request can be sent again without harm. You have used this key for an order with other lines: choose a new key for a new order.",
    ),
    kind(
        "too-many-attempts",
        429,
        "Too many attempts",
        "Ten sign-ins with this e-mail address failed within a minute. `Retry-After` says after how many seconds the next one is looked at.",
    ),
    kind(
        "internal",
        500,
        "Internal error",
        "A defect of the server. Nothing about it is told here; who runs the server finds the reason in the log by `request_id`.",
    ),
    kind(
        "overloaded",
        503,
        "Overloaded",
        "More requests wait than the server takes. Try again after the seconds that `Retry-After` names.",
    ),
    kind(
        "store-unavailable",
        503,
        "Store unavailable",
        "The database does not answer, or not in time. Try again after the seconds that `Retry-After` names. A change that was given up may still have happened: read before you repeat it.",
    ),
    kind(
        "shutting-down",
        503,
        "Shutting down",
        "The server finishes what it has begun and takes nothing new. Try again after the seconds that `Retry-After` names.",
    ),
];

/// The body of a problem answer, in the contract's order of fields.
#[derive(Debug, Serialize)]
pub struct ProblemDetails<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [FieldError]>,
}

impl Problem {
    /// The media type of a problem answer.
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    fn slug(&self) -> &'static str {
        match self {
            Self::MalformedJson(_) => "malformed-json",
            Self::MalformedHeader { .. } => "malformed-header",
            Self::TokenMissing => "token-missing",
            Self::TokenInvalid => "token-invalid",
            Self::TokenExpired => "token-expired",
            Self::InvalidCredentials => "invalid-credentials",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::RequestTimeout => "request-timeout",
            Self::EmailTaken => "email-taken",
            Self::LastAdmin => "last-admin",
            Self::HasOrders => "has-orders",
            Self::SkuTaken => "sku-taken",
            Self::InsufficientStock(_) => "insufficient-stock",
            Self::IllegalTransition { .. } => "illegal-transition",
            Self::EditConflict => "edit-conflict",
            Self::PreconditionFailed => "precondition-failed",
            Self::PayloadTooLarge { .. } => "payload-too-large",
            Self::UnsupportedMediaType { .. } => "unsupported-media-type",
            Self::Validation(_) => "validation",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::TooManyAttempts { .. } => "too-many-attempts",
            Self::Internal(_) => "internal",
            Self::Overloaded => "overloaded",
            Self::StoreUnavailable(_) => "store-unavailable",
            Self::ShuttingDown => "shutting-down",
        }
    }

    /// Its kind, with slug, status and title.
    pub fn kind(&self) -> Kind {
        let slug = self.slug();
        let [fallback, ..] = &KINDS;
        *KINDS.iter().find(|kind| kind.slug == slug).unwrap_or(fallback)
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.kind().status
    }

    /// The headers that this problem adds to an answer.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TokenMissing | Self::InvalidCredentials => vec![("www-authenticate", "Bearer".to_owned())],
            Self::TokenInvalid => vec![("www-authenticate", "Bearer error=\"invalid_token\"".to_owned())],
            Self::TokenExpired => vec![(
                "www-authenticate",
                "Bearer error=\"invalid_token\", error_description=\"The token has expired\"".to_owned(),
            )],
            Self::MethodNotAllowed { allow } => allow.iter().map(|allow| ("allow", allow.clone())).collect(),
            Self::RequestTimeout => vec![("connection", "close".to_owned())],
            Self::UnsupportedMediaType { patch: true } => {
                vec![("accept-patch", "application/merge-patch+json, application/json".to_owned())]
            }
            Self::UnsupportedMediaType { patch: false } => vec![("accept", "application/json".to_owned())],
            // Rounded up: a client that waits so long is not refused once more for a fraction of a second.
            Self::TooManyAttempts { retry_after } => {
                vec![("retry-after", retry_after.as_millis().div_ceil(1_000).max(1).to_string())]
            }
            Self::Overloaded | Self::StoreUnavailable(_) => vec![("retry-after", "1".to_owned())],
            Self::ShuttingDown => vec![("retry-after", "1".to_owned()), ("connection", "close".to_owned())],
            _ => Vec::new(),
        }
    }

    /// The body for a request to the path `instance`.
    pub fn details<'a>(&'a self, instance: &'a str, request_id: &'a str) -> ProblemDetails<'a> {
        let kind = self.kind();
        ProblemDetails {
            r#type: format!("/problems/{}", kind.slug),
            title: kind.title,
            status: kind.status,
            detail: format!("{self}."),
            instance,
            request_id,
            errors: match self {
                Self::Validation(errors) | Self::InsufficientStock(errors) => Some(errors),
                _ => None,
            },
        }
    }

    /// The body as JSON text; see [`Problem::details`].
    pub fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        serde_json::to_vec(&self.details(instance, request_id)).unwrap_or_default()
    }

    /// Writes the cause of a server error to the log, once; answers that the client caused are not logged here.
    pub fn log(&self, request_id: &str) {
        if let Self::Internal(source) | Self::StoreUnavailable(source) = self {
            let mut chain = Vec::new();
            let mut next: Option<&dyn Error> = source.as_ref().map(|source| source.as_ref() as &dyn Error);
            while let Some(error) = next {
                chain.push(error.to_string());
                next = error.source();
            }
            tracing::error!(problem = self.slug(), request_id, cause = chain.join(": "), "a request failed");
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::EmailTaken => Self::EmailTaken,
            StoreError::VersionConflict => Self::EditConflict,
            StoreError::LastAdmin => Self::LastAdmin,
            StoreError::HasOrders => Self::HasOrders,
            StoreError::SkuTaken => Self::SkuTaken,
            // Who places an order says which of its lines it is.
            StoreError::OutOfStock(_) => Self::InsufficientStock(Vec::new()),
            StoreError::CustomerGone => Self::TokenInvalid,
            StoreError::KeyTaken => Self::EditConflict,
            StoreError::Overloaded => Self::Overloaded,
            StoreError::TimedOut => Self::StoreUnavailable(Some(Box::new(error))),
            StoreError::Unavailable(source) => Self::StoreUnavailable(Some(source)),
            StoreError::Internal(source) => Self::Internal(Some(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FieldError, KINDS, Problem};
    use crate::repository::StoreError;
    use std::time::Duration;

    #[test]
    fn the_body_has_the_fields_in_the_order_of_the_contract() {
        let errors = vec![FieldError { pointer: "/name".into(), code: "required", detail: "is required".into() }];
        let body = String::from_utf8(Problem::Validation(errors).body("/api/users", "r-1")).unwrap();
        assert_eq!(
            body,
            "{\"type\":\"/problems/validation\",\"title\":\"Validation failed\",\"status\":422,\
             \"detail\":\"The request has 1 field that must be corrected.\",\"instance\":\"/api/users\",\
             \"request_id\":\"r-1\",\"errors\":[{\"pointer\":\"/name\",\"code\":\"required\",\"detail\":\"is required\"}]}"
        );
    }

    #[test]
    fn no_cause_reaches_the_client() {
        let problem = Problem::from(StoreError::Unavailable("SELECT secret FROM users".into()));
        assert!(!String::from_utf8(problem.body("/", "r")).unwrap().contains("SELECT"));
    }

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let problem = Problem::TooManyAttempts { retry_after: Duration::from_millis(1_001) };
        assert_eq!(problem.headers(), [("retry-after", "2".to_owned())]);
    }

    #[test]
    fn every_problem_has_its_own_kind() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(KINDS.iter().skip(index + 1).all(|other| other.slug != kind.slug), "{}", kind.slug);
        }
        assert_eq!(Problem::ShuttingDown.kind().slug, "shutting-down");
    }
}
