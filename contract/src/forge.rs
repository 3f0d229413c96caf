//! Tokens that the server did not make: taken apart, changed, and signed again with this or that secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;

use crate::answer::CaseError;

/// The claims of a token, unchecked.
///
/// # Errors
/// When the token is no JWT.
pub fn claims(token: &str) -> Result<Value, CaseError> {
    let payload = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims = payload.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    claims.ok_or_else(|| CaseError::new("expected: an access token that is a JWT"))
}

/// The claims of a token with one of them set, or taken out if the value is null.
///
/// # Errors
/// When the token is no JWT.
pub fn claims_with(token: &str, name: &str, value: Value) -> Result<Value, CaseError> {
    let mut claims = claims(token)?;
    if let Some(members) = claims.as_object_mut() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.to_owned(), value);
        }
    }
    Ok(claims)
}

/// Signs claims.
///
/// # Errors
/// When the library refuses to.
pub fn sign(algorithm: Algorithm, claims: &Value, secret: &str) -> Result<String, CaseError> {
    let key = EncodingKey::from_secret(secret.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(algorithm), claims, &key);
    token.map_err(|error| CaseError::new(format!("the token could not be signed: {error}")))
}

/// A token that says it needs no signature, as `alg: none` in the given spelling, with or without one.
pub fn unsigned(spelling: &str, claims: &Value, signature: &str) -> String {
    let header = format!(r#"{{"alg":"{spelling}","typ":"JWT"}}"#);
    format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The token with another payload under the old signature.
///
/// # Errors
/// When the token is no JWT.
pub fn tampered(token: &str, claims: &Value) -> Result<String, CaseError> {
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(_), Some(signature)) => {
            Ok(format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string())))
        }
        _ => Err(CaseError::new("expected: an access token that is a JWT")),
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Algorithm;
    use serde_json::json;

    use super::{claims, claims_with, sign, tampered};

    #[test]
    fn claims_come_back_as_they_were_signed() {
        let signed = sign(Algorithm::HS256, &json!({ "sub": "a", "exp": 1 }), "secret").unwrap_or_default();
        assert_eq!(claims(&signed).ok(), Some(json!({ "sub": "a", "exp": 1 })));
        assert_eq!(claims_with(&signed, "exp", json!(null)).ok(), Some(json!({ "sub": "a" })));
        let forged = tampered(&signed, &json!({ "sub": "b" })).unwrap_or_default();
        assert_eq!(claims(&forged).ok(), Some(json!({ "sub": "b" })));
        assert!(claims("nonsense").is_err());
    }
}
