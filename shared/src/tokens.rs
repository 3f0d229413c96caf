//! JSON Web Tokens (RFC 7519), signed with HS256.

use crate::domain::{Role, Timestamp, User, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How long a token is good, in seconds: 24 hours.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;

/// The shortest secret taken, in bytes: as long as the hash (RFC 7518, section 3.2).
pub const SECRET_MIN: usize = 32;

/// So many good tokens are remembered, some 500 bytes each; those that are sent most stay.
const REMEMBERED_MAX: u64 = 10_000;

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// The user's id.
    sub: String,
    /// The user's role when the token was issued.
    role: Role,
    /// Who issued it.
    iss: String,
    /// Whom it is for.
    aud: String,
    /// When it was issued, in seconds since 1970.
    iat: i64,
    /// When it expires, in seconds since 1970.
    exp: i64,
    /// The user's `credentials_version` when it was issued: a counter, where comparing `iat` with the time of the
    /// last change would fail within one second and after a clock was set back.
    cv: i64,
}

/// What a token of ours says of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user.
    pub id: UserId,
    /// The user's role when the token was issued.
    pub role: Role,
    /// The user's `credentials_version` when it was issued.
    pub credentials_version: i64,
    /// In seconds since 1970.
    expires_at: i64,
}

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Ours, but too old.
    #[error("the token has expired")]
    Expired,
    /// Not ours: another algorithm, secret, issuer or audience, or no JWT at all.
    #[error("the token is not valid")]
    Invalid,
}

/// Issues tokens and checks them.
pub struct Tokens {
    issuer: String,
    audience: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// Tokens whose signature was found to be ours. A client sends the same one with each of its requests, and to check it
    /// takes longer than to find it here. Only good ones are kept: nobody else can fill this with what they made up.
    remembered: Cache<Box<str>, Verified>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").field("issuer", &self.issuer).field("audience", &self.audience).finish()
    }
}

impl Tokens {
    /// Tokens signed with `secret`, of at least [`SECRET_MIN`] bytes.
    pub fn new(secret: &[u8], issuer: &str, audience: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // Checked last, in `verify`: the library looks at `exp` before issuer and audience, and would call a token of
        // somebody else's an expired one of ours.
        validation.validate_exp = false;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            remembered: Cache::new(REMEMBERED_MAX),
        }
    }

    /// A token for `user`, good from `now` for [`LIFETIME_SECONDS`].
    ///
    /// # Errors
    /// If the claims cannot be encoded, which is a defect.
    pub fn issue(&self, user: &User, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = Claims {
            sub: user.id.to_string(),
            role: user.role,
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            iat: now.as_seconds(),
            exp: now.as_seconds() + LIFETIME_SECONDS,
            cv: user.credentials_version,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
    }

    /// What a token of ours that has not expired says. Whether its user is still there is not known here.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let remembered = self.remembered.get(token);
        let verified = remembered.map_or_else(|| self.decode(token), Ok)?;
        // "On or after" (RFC 7519, section 4.1.4); each time anew, since a token that is remembered goes on to age.
        if verified.expires_at <= Timestamp::now().as_seconds() {
            return Err(TokenError::Expired);
        }
        if remembered.is_none() {
            self.remembered.insert(token.into(), verified);
        }
        Ok(verified)
    }

    fn decode(&self, token: &str) -> Result<Verified, TokenError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        let Claims { sub, role, exp, cv, .. } = decoded.map_err(|_| TokenError::Invalid)?.claims;
        let id = UserId::parse(&sub).ok_or(TokenError::Invalid)?;
        Ok(Verified { id, role, credentials_version: cv, expires_at: exp })
    }
}

#[cfg(test)]
mod tests {
    use super::{LIFETIME_SECONDS, TokenError, Tokens, Verified};
    use crate::demo;
    use crate::domain::Timestamp;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_is_good_for_a_day_and_for_its_own_service() {
        let tokens = Tokens::new(SECRET, "issuer", "audience");
        let user = demo::user(1, demo::unusable_hash());
        let now = Timestamp::now();
        let token = tokens.issue(&user, now).unwrap();
        // The second time from memory.
        for _ in 0..2 {
            let verified = tokens.verify(&token).unwrap();
            assert_eq!((verified.id, verified.role, verified.credentials_version), (user.id, user.role, 1));
        }

        let yesterday = Timestamp::from_millis(now.as_millis() - (LIFETIME_SECONDS + 2) * 1_000).unwrap();
        let old = tokens.issue(&user, yesterday).unwrap();
        assert_eq!(tokens.verify(&old).unwrap_err(), TokenError::Expired);

        for other in [
            Tokens::new(b"another secret of thirty-two bytes!!", "issuer", "audience"),
            Tokens::new(SECRET, "another", "audience"),
            Tokens::new(SECRET, "issuer", "another"),
        ] {
            assert_eq!(other.verify(&token).unwrap_err(), TokenError::Invalid);
            assert_eq!(other.verify(&old).unwrap_err(), TokenError::Invalid, "expired, but not ours");
        }
        assert_eq!(tokens.verify("").unwrap_err(), TokenError::Invalid);
    }

    #[test]
    fn a_token_that_is_remembered_expires_all_the_same() {
        let tokens = Tokens::new(SECRET, "issuer", "audience");
        let user = demo::user(1, demo::unusable_hash());
        let token = tokens.issue(&user, Timestamp::now()).unwrap();
        let verified = tokens.verify(&token).unwrap();
        // As it will be tomorrow.
        let aged = Verified { expires_at: Timestamp::now().as_seconds(), ..verified };
        tokens.remembered.insert(token.as_str().into(), aged);
        assert_eq!(tokens.verify(&token).unwrap_err(), TokenError::Expired);
    }

    #[test]
    fn one_that_differs_from_a_remembered_one_by_a_letter_is_checked_itself() {
        let tokens = Tokens::new(SECRET, "issuer", "audience");
        let token = tokens.issue(&demo::user(1, demo::unusable_hash()), Timestamp::now()).unwrap();
        tokens.verify(&token).unwrap();
        for place in [0, token.len() / 2, token.len() - 2] {
            let mut letters: Vec<char> = token.chars().collect();
            letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
            let forged: String = letters.into_iter().collect();
            assert_eq!(tokens.verify(&forged).unwrap_err(), TokenError::Invalid, "{place}");
        }
    }
}
