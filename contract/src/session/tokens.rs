//! Tokens that are refused, and how. At the end: it ends the session's own user.

use jsonwebtoken::Algorithm;
use serde_json::json;

use super::Recorder;
use crate::answer::CaseError;
use crate::forge::{claims, claims_with, sign, tampered, unsigned};
use crate::request::Request;
use crate::world::PASSWORD;

pub(super) async fn run(recorder: &mut Recorder, secret: &str) -> Result<(), CaseError> {
    recorder.part("tokens");
    let token = recorder.user.token.clone();
    let own = claims(&token)?;
    let mut forged = vec![
        sign(Algorithm::HS256, &own, secret)?,
        sign(Algorithm::HS384, &own, secret)?,
        sign(Algorithm::HS512, &own, secret)?,
        sign(Algorithm::HS256, &own, "another secret, as long as it should be")?,
        unsigned("none", &own, ""),
        unsigned("HS256", &own, ""),
        tampered(&token, &claims_with(&token, "role", json!("admin"))?)?,
        "garbage".to_owned(),
        "a.b.c".to_owned(),
        format!("{token}x"),
        format!(" {token}"),
        format!("{token} x"),
    ];
    let changes = [
        ("exp", json!(1)),
        ("exp", json!(null)),
        ("exp", json!("soon")),
        ("iss", json!("x")),
        ("iss", json!(null)),
        ("aud", json!("x")),
        ("aud", json!(null)),
        ("sub", json!("nobody")),
        ("sub", json!(null)),
        ("sub", json!("01890000-0000-7000-8000-000000000000")),
        ("role", json!("admin")),
        ("role", json!("king")),
        ("role", json!(null)),
        ("iat", json!(null)),
        ("iat", json!(4_000_000_000_u64)),
        ("cv", json!(99)),
        ("cv", json!(null)),
        ("nbf", json!(4_000_000_000_u64)),
        ("more", json!("x")),
    ];
    for (name, value) in changes {
        forged.push(sign(Algorithm::HS256, &claims_with(&token, name, value)?, secret)?);
    }
    for token in forged {
        recorder.step(Request::new("GET", "/api/auth/me").bearer(&token)).await;
    }
    for value in ["", "Bearer", "Bearer ", "Basic eDp5", "Bearers x", "bearer x", "Bearer x, Bearer y", "\u{e9}"] {
        recorder.step(Request::new("GET", "/api/auth/me").header("Authorization", value)).await;
    }
    let twice = Request::new("GET", "/api/auth/me").bearer(&token).header("Authorization", "Basic eDp5");
    recorder.step(twice).await;
    recorder.step(Request::new("GET", "/api/auth/me").header("authorization", format!("bEARER {token}"))).await;
    credentials(recorder).await
}

/// A new password ends the old token; then the user goes, and its token with it.
async fn credentials(recorder: &mut Recorder) -> Result<(), CaseError> {
    recorder.part("credentials");
    let path = recorder.user.path();
    recorder.as_user("PATCH", &path, &json!({ "password": "another password" })).await;
    recorder.get_as_user("/api/auth/me").await;
    let email = json!("user@session.test");
    recorder.post("/api/auth/login", &json!({ "email": email, "password": PASSWORD })).await;
    recorder.user = recorder.sign_in("user@session.test", "another password").await?;
    let token = recorder.user.token.clone();
    recorder.step(Request::new("DELETE", &path).bearer(&token)).await;
    recorder.get_as_user("/api/auth/me").await;
    recorder.step(Request::new("DELETE", &path).bearer(&token)).await;
    recorder.post("/api/auth/login", &json!({ "email": email, "password": "another password" })).await;
    recorder.post("/api/auth/register", &json!({ "name": "Again", "email": email, "password": PASSWORD })).await;
    recorder.get_as_user("/api/users").await;
    Ok(())
}
