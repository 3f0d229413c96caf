//! Tokens: which are refused, and as what.

use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::forge;
use crate::request::Request;
use crate::world::{PASSWORD, World};

cases!("tokens";
    a_token_signed_again_with_the_secret_is_good,
    the_scheme_is_known_in_any_case,
    no_authorization_is_token_missing,
    another_scheme_is_token_missing,
    an_expired_token_is_told_apart,
    an_expired_token_with_a_wrong_signature_is_invalid,
    algorithm_none_is_refused,
    other_algorithms_with_the_right_secret_are_refused,
    another_secret_is_refused,
    another_issuer_or_audience_is_refused,
    missing_claims_are_refused,
    garbage_is_refused,
    a_tampered_payload_is_refused,
    a_truncated_signature_is_refused,
    a_subject_that_is_nobody_is_refused,
    a_deleted_user_is_refused,
    a_changed_password_ends_old_tokens_and_not_new_ones,
    a_token_that_dies_while_the_body_is_sent_is_refused,
    a_changed_name_or_email_ends_no_token,
    the_password_is_needed_again_after_each_change,
    every_operation_that_needs_a_token_refuses_to_do_without;
    alone:
    a_changed_role_ends_old_tokens,
);

async fn refused(world: &World, token: &str, slug: &str) -> Outcome {
    world.get_as(token, "/api/auth/me").await?.status(401)?.problem(slug)?.header_is("cache-control", "no-store")?;
    Ok(())
}

/// Seconds since 1970.
fn now() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or_default()
}

/// The reader's token with one claim set (or taken out, by null), signed with the server's own secret.
async fn resigned(world: &World, claim: &str, value: Value) -> Result<String, crate::answer::CaseError> {
    let claims = forge::claims_with(&world.reader().await?.token, claim, value)?;
    forge::sign(Algorithm::HS256, &claims, &world.credentials().jwt_secret)
}

async fn a_token_signed_again_with_the_secret_is_good(world: &World) -> Outcome {
    // If this fails, JWT_SECRET is not the server's, and what the other cases prove is less than they say.
    let token = resigned(world, "exp", json!(now() + 60)).await?;
    world.get_as(&token, "/api/auth/me").await?.status(200)?;
    Ok(())
}

async fn the_scheme_is_known_in_any_case(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let request = Request::new("GET", "/api/auth/me").header("authorization", format!("{scheme} {token}"));
        world.send(request).await?.status(200)?;
    }
    Ok(())
}

async fn no_authorization_is_token_missing(world: &World) -> Outcome {
    let answer = world.get("/api/auth/me").await?;
    answer.status(401)?.problem("token-missing")?.header_is("www-authenticate", "Bearer")?;
    let empty = Request::new("GET", "/api/auth/me").header("Authorization", "");
    world.send(empty).await?.status(401)?.problem("token-missing")?;
    // A token in the query is no token: addresses end up in logs.
    let path = format!("/api/auth/me?access_token={}", world.reader().await?.token);
    world.get(&path).await?.status(401)?.problem("token-missing")?;
    Ok(())
}

async fn another_scheme_is_token_missing(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    for value in ["Basic dXNlcjpwYXNz".to_owned(), format!("Token {token}"), format!("Bearers {token}"), token.clone()]
    {
        let request = Request::new("GET", "/api/auth/me").header("Authorization", value);
        world.send(request).await?.status(401)?.problem("token-missing")?;
    }
    Ok(())
}

async fn an_expired_token_is_told_apart(world: &World) -> Outcome {
    for exp in [now() - 3_600, now() - 2, 0] {
        refused(world, &resigned(world, "exp", json!(exp)).await?, "token-expired").await?;
    }
    Ok(())
}

async fn an_expired_token_with_a_wrong_signature_is_invalid(world: &World) -> Outcome {
    let claims = forge::claims_with(&world.reader().await?.token, "exp", json!(now() - 60))?;
    let token = forge::sign(Algorithm::HS256, &claims, "another secret, as long as it should be")?;
    refused(world, &token, "token-invalid").await
}

async fn algorithm_none_is_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let claims = forge::claims(token)?;
    let signature = token.rsplit('.').next().unwrap_or_default();
    for spelling in ["none", "None", "NONE", ""] {
        refused(world, &forge::unsigned(spelling, &claims, ""), "token-invalid").await?;
        refused(world, &forge::unsigned(spelling, &claims, signature), "token-invalid").await?;
    }
    Ok(())
}

async fn other_algorithms_with_the_right_secret_are_refused(world: &World) -> Outcome {
    let claims = forge::claims(&world.reader().await?.token)?;
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = forge::sign(algorithm, &claims, &world.credentials().jwt_secret)?;
        refused(world, &token, "token-invalid").await?;
    }
    Ok(())
}

async fn another_secret_is_refused(world: &World) -> Outcome {
    let claims = forge::claims(&world.reader().await?.token)?;
    let longer = format!("{}x", world.credentials().jwt_secret);
    for secret in ["another secret, as long as it should be", "", "secret", longer.as_str()] {
        refused(world, &forge::sign(Algorithm::HS256, &claims, secret)?, "token-invalid").await?;
    }
    Ok(())
}

async fn another_issuer_or_audience_is_refused(world: &World) -> Outcome {
    for claim in ["iss", "aud"] {
        for value in [json!("somebody-else"), json!(""), json!(["somebody-else"]), json!(7)] {
            refused(world, &resigned(world, claim, value).await?, "token-invalid").await?;
        }
    }
    Ok(())
}

async fn missing_claims_are_refused(world: &World) -> Outcome {
    for claim in ["exp", "iss", "aud", "sub", "role"] {
        refused(world, &resigned(world, claim, Value::Null).await?, "token-invalid").await?;
    }
    for (claim, value) in [("exp", json!("soon")), ("sub", json!(7)), ("role", json!("king"))] {
        refused(world, &resigned(world, claim, value).await?, "token-invalid").await?;
    }
    Ok(())
}

async fn garbage_is_refused(world: &World) -> Outcome {
    for garbage in ["garbage", "a.b.c", "..", "e30.e30.", "eyJhbGciOiJIUzI1NiJ9..", "null", &"x".repeat(4_000)] {
        refused(world, garbage, "token-invalid").await?;
    }
    Ok(())
}

async fn a_tampered_payload_is_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let admin = forge::claims_with(token, "role", json!("admin"))?;
    refused(world, &forge::tampered(token, &admin)?, "token-invalid").await?;
    let other = forge::claims_with(token, "sub", json!(world.admin().await?.id))?;
    refused(world, &forge::tampered(token, &other)?, "token-invalid").await
}

async fn a_truncated_signature_is_refused(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    let (unsigned, _) = token.rsplit_once('.').unwrap_or_default();
    let shorter: String = token.chars().take(token.len() - 4).collect();
    for cut in
        [unsigned.to_owned(), format!("{unsigned}."), shorter, format!("{token}.{token}"), format!("{token}AAAA")]
    {
        refused(world, &cut, "token-invalid").await?;
    }
    Ok(())
}

async fn a_subject_that_is_nobody_is_refused(world: &World) -> Outcome {
    for nobody in ["01890000-0000-7000-8000-000000000000", "nobody", "", "' OR 1=1 --"] {
        refused(world, &resigned(world, "sub", json!(nobody)).await?, "token-invalid").await?;
    }
    Ok(())
}

async fn a_deleted_user_is_refused(world: &World) -> Outcome {
    let account = world.register_user().await?;
    world.get_as(&account.token, "/api/auth/me").await?.status(200)?;
    world.send(Request::new("DELETE", &account.path()).bearer(&account.token)).await?.status(204)?;
    world.refused_soon(&account.token).await
}

async fn a_changed_password_ends_old_tokens_and_not_new_ones(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "password": "another password" });
    world.call(&account.token, "PATCH", &account.path(), &body).await?.status(200)?;
    world.refused_soon(&account.token).await?;
    let token = world.sign_in(&account.email, "another password").await?;
    world.get_as(&token, "/api/auth/me").await?.status(200)?.has("/id", account.id.as_str())?;
    Ok(())
}

/// Longer than a token may outlive its user's password.
const HELD_BACK: Duration = Duration::from_millis(5_500);

async fn a_token_that_dies_while_the_body_is_sent_is_refused(world: &World) -> Outcome {
    let (admin, account) = (world.admin().await?, world.register_user().await?);
    let name = json!({"name": "Changed By A Dead Token"}).to_string();
    // The head is sent now, the last byte of the body when the token is dead everywhere.
    let (size, pause) = (name.len() - 1, HELD_BACK / 2 + Duration::from_millis(500));
    let request = Request::new("PATCH", &account.path()).bearer(&account.token).json_text(name);
    let request = request.pieces_of(size, pause);
    let change = json!({"password": "another password"});
    let path = account.path();
    let (held, changed) = tokio::join!(world.send(request), world.call(&admin.token, "PATCH", &path, &change));
    changed?.status(200)?;
    held?.status(401)?.problem("token-invalid")?;
    world.get_as(&admin.token, &account.path()).await?.status(200)?.has("/name", "Con Tract")?;
    Ok(())
}

async fn a_changed_name_or_email_ends_no_token(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": "Renamed", "email": world.unique_email() });
    world.call(&account.token, "PATCH", &account.path(), &body).await?.status(200)?;
    world.get_as(&account.token, "/api/auth/me").await?.status(200)?.has("/name", "Renamed")?;
    Ok(())
}

async fn the_password_is_needed_again_after_each_change(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let mut token = account.token.clone();
    // Setting the same password is a change too: whoever stole a token is out.
    for password in [PASSWORD, "second password", PASSWORD] {
        world.call(&token, "PATCH", &account.path(), &json!({ "password": password })).await?.status(200)?;
        world.refused_soon(&token).await?;
        token = world.sign_in(&account.email, password).await?;
    }
    world.get_as(&token, "/api/auth/me").await?.status(200)?.has("/version", 4)?;
    Ok(())
}

async fn every_operation_that_needs_a_token_refuses_to_do_without(world: &World) -> Outcome {
    let path = world.reader().await?.path();
    let orders = format!("{path}/orders");
    let operations = [
        ("GET", "/api/auth/me"),
        ("GET", "/api/users"),
        ("POST", "/api/users"),
        ("GET", path.as_str()),
        ("PUT", path.as_str()),
        ("PATCH", path.as_str()),
        ("DELETE", path.as_str()),
        ("GET", orders.as_str()),
        ("POST", "/api/products"),
        ("PUT", "/api/products/1"),
        ("DELETE", "/api/products/1"),
        ("POST", "/api/orders"),
        ("GET", "/api/orders/1"),
        ("PATCH", "/api/orders/1"),
        ("GET", "/api/reports/sales"),
    ];
    for (method, path) in operations {
        let request = Request::new(method, path);
        world.send(request.clone()).await?.status(401)?.problem("token-missing")?;
        world.send(request.bearer("garbage")).await?.status(401)?.problem("token-invalid")?;
    }
    Ok(())
}

async fn a_changed_role_ends_old_tokens(world: &World) -> Outcome {
    let (admin, account) = (world.admin().await?, world.register_user().await?);
    let role = |role: &str| json!({ "role": role });
    world.call(&admin.token, "PATCH", &account.path(), &role("admin")).await?.status(200)?.has("/role", "admin")?;
    world.refused_soon(&account.token).await?;
    let token = world.sign_in(&account.email, PASSWORD).await?;
    world.get_as(&token, "/api/auth/me").await?.status(200)?.has("/role", "admin")?;
    world.call(&admin.token, "PATCH", &account.path(), &role("user")).await?.status(200)?.has("/role", "user")?;
    world.refused_soon(&token).await
}
