//! Where the table is and who asks: the URL and the credentials.

use crate::connection::Failure;
use aws_sdk_dynamodb::config::Credentials;
use shared::repository::{OpenError, without_password};

/// What a URL must look like.
const EXAMPLE: &str = "dynamodb://eu-central-1/stackdiff or dynamodb://local/stackdiff?endpoint=http://127.0.0.1:42800";

/// The codes with which Amazon refuses whoever asks, rather than what is asked.
const CREDENTIALS_REFUSED: [&str; 5] = [
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];

/// The parts of a URL.
#[derive(Debug)]
pub(crate) struct Address {
    /// The URL as it may be shown.
    shown: String,
    pub(crate) region: String,
    pub(crate) table: String,
    /// If it is not Amazon's.
    pub(crate) endpoint: Option<String>,
}

impl Address {
    /// # Errors
    /// [`OpenError::Url`], which holds nothing that the URL may not hold: somebody may have put a secret key into it.
    pub(crate) fn parse(url: &str) -> Result<Self, OpenError> {
        let shown = without_password(url);
        let parts = || {
            let rest = url.strip_prefix("dynamodb://")?;
            let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
            let (region, table) = place.split_once('/')?;
            let endpoint = endpoint(options)?;
            let letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
            let is_region = !region.is_empty() && region.chars().all(letter);
            // DynamoDB's own rule.
            let letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
            let is_table = (3..=255).contains(&table.len()) && table.chars().all(letter);
            (is_region && is_table).then(|| (region.to_owned(), table.to_owned(), endpoint))
        };
        match parts() {
            Some((region, table, endpoint)) => {
                // It has no room for a secret, and whoever cannot reach it has to know it.
                let option = endpoint.as_ref().map_or_else(String::new, |endpoint| format!("?endpoint={endpoint}"));
                Ok(Self { shown: shown + &option, region, table, endpoint })
            }
            None => Err(OpenError::Url { expected: EXAMPLE, given: shown }),
        }
    }

    /// The credentials of the environment, whose variables `variable` looks up. Not `aws-config`, which would look
    /// through profiles, containers and machine roles as well: it brings two more SDKs along.
    ///
    /// # Errors
    /// [`OpenError::Database`] if there are none, or half of them, and no endpoint that might do without.
    pub(crate) fn credentials(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, OpenError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let keys = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
        let (id, secret, token) = match (keys, &self.endpoint) {
            ((Some(id), Some(secret)), _) => (id, secret, variable("AWS_SESSION_TOKEN")),
            // DynamoDB Local takes any, but not none: an id of letters and digits.
            ((None, None), Some(_)) => ("placeholder".to_owned(), "placeholder".to_owned(), None),
            _ => {
                return Err(OpenError::Database {
                    database: self.shown.clone(),
                    advice: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and AWS_SESSION_TOKEN if they are temporary",
                    source: "no credentials for Amazon DynamoDB in the environment".into(),
                });
            }
        };
        Ok(Credentials::new(id, secret, token, None, "environment"))
    }

    /// What to tell whoever started the program.
    pub(crate) fn refused(&self, failure: Failure) -> OpenError {
        let advice = match failure.code.as_deref() {
            Some(crate::migrations::OTHER_TABLE) => {
                "it belongs to another program or to another version of this one: choose another table in --database-url"
            }
            Some(code) if CREDENTIALS_REFUSED.contains(&code) => {
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and the clock"
            }
            Some("AccessDeniedException") => {
                "these credentials may not do that: have it allowed for them and this table"
            }
            Some(_) => "see Amazon's documentation of that error",
            None if self.endpoint.is_some() => {
                "is DynamoDB running there? `infra/services up dynamodb` starts one on this machine"
            }
            None => "is the region in --database-url right, and can this machine reach Amazon?",
        };
        OpenError::Database { database: self.shown.clone(), advice, source: failure.into() }
    }
}

/// The endpoint in the part of a URL after the `?`; none within none if that part is not as it must be.
fn endpoint(options: &str) -> Option<Option<String>> {
    let mut options = form_urlencoded::parse(options.as_bytes());
    let endpoint = match options.next() {
        None => return Some(None),
        Some((name, value)) => (name == "endpoint").then(|| value.into_owned())?,
    };
    let host = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"))?;
    let is_host = !host.is_empty() && !host.contains(['@', '?', '#', ' ']) && !host.starts_with(['/', ':']);
    (is_host && options.next().is_none()).then_some(Some(endpoint))
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn a_url_names_a_region_a_table_and_perhaps_an_endpoint() {
        let parse = |url: &str| Address::parse(url).map(|a| (a.region, a.table, a.endpoint)).unwrap();
        assert_eq!(parse("dynamodb://eu-central-1/users"), ("eu-central-1".into(), "users".into(), None));
        let local = ("local".to_owned(), "stack_diff-1.x".to_owned(), Some("http://127.0.0.1:42800".to_owned()));
        assert_eq!(parse("dynamodb://local/stack_diff-1.x?endpoint=http://127.0.0.1:42800"), local);
        assert_eq!(parse("dynamodb://local/stack_diff-1.x?endpoint=http%3A%2F%2F127.0.0.1%3A42800"), local);
    }

    #[test]
    fn any_other_url_is_refused_and_shows_no_secret() {
        for url in [
            "",
            "users",
            "dynamodb:eu-central-1/users",
            "dynamodb://eu-central-1",
            "dynamodb:///users",
            "dynamodb://eu-central-1/ab",
            "dynamodb://eu-central-1/a/b",
            "dynamodb://eu-central-1/users?endpoint=",
            "dynamodb://eu-central-1/users?endpoint=127.0.0.1",
            "dynamodb://eu-central-1/users?endpoint=http://",
            "dynamodb://eu-central-1/users?endpoint=http://id:hidden@host",
            "dynamodb://eu-central-1/users?endpoint=http://host&endpoint=http://host",
            "dynamodb://eu-central-1/users?secret=hidden",
            "dynamodb://id:hidden@eu-central-1/users",
        ] {
            let error = Address::parse(url).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("dynamodb://eu-central-1/stackdiff") && !shown.contains("hidden"), "{shown}");
        }
    }

    #[test]
    fn credentials_come_from_the_environment_and_only_another_endpoint_does_without() {
        let environment =
            |names: &'static [&str]| move |name: &str| names.contains(&name).then(|| format!("value of {name}"));
        const BOTH: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let amazon = Address::parse("dynamodb://eu-central-1/users").unwrap();
        let local = Address::parse("dynamodb://local/users?endpoint=http://127.0.0.1:42800").unwrap();
        for address in [&amazon, &local] {
            let found = address.credentials(environment(BOTH)).unwrap();
            assert_eq!(found.access_key_id(), "value of AWS_ACCESS_KEY_ID");
            assert!(!format!("{found:?}").contains("value of AWS_SECRET"));
            let half = address.credentials(environment(&["AWS_ACCESS_KEY_ID"])).unwrap_err();
            assert!(!format!("{half} {half:?}").contains("value of"), "{half}");
        }
        let missing = amazon.credentials(environment(&[])).unwrap_err().to_string();
        assert!(missing.contains("no credentials") && missing.contains("set AWS_ACCESS_KEY_ID"), "{missing}");
        assert_eq!(local.credentials(environment(&[])).unwrap().access_key_id(), "placeholder");
    }
}
