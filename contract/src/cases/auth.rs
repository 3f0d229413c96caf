//! Registering, logging in, and asking who one is.

use futures_util::future::try_join_all;
use serde_json::json;

use crate::answer::{Answer, CaseError, Outcome, ensure};
use crate::forge;
use crate::request::Request;
use crate::world::{PASSWORD, World, member, with};

cases!("auth";
    register_makes_a_user_of_the_role_user,
    register_trims_the_name_and_keeps_the_email_as_typed,
    register_refuses_a_taken_email_in_any_case,
    register_takes_an_email_again_after_its_user_is_gone,
    register_does_not_take_a_role,
    login_answers_a_bearer_token_for_a_day,
    login_takes_the_email_in_any_case,
    login_answers_alike_for_an_unknown_email_and_a_wrong_password,
    login_is_refused_after_ten_failures_even_with_the_right_password,
    login_counts_failures_without_regard_to_case,
    login_limit_leaves_other_emails_alone,
    login_counts_parallel_failures_exactly,
    me_is_the_tokens_own_user,
    me_says_304_to_the_present_version,
);

async fn register_makes_a_user_of_the_role_user(world: &World) -> Outcome {
    let body = world.newcomer();
    let answer = world.send(Request::new("POST", "/api/auth/register").json(&body)).await?;
    answer.status(201)?.has("/role", "user")?.has("/version", 1)?.header_is("etag", "\"1\"")?;
    answer.has("/email", member(&body, "email"))?.has("/name", "Con Tract")?;
    answer.check(answer.at("/created_at")? == answer.at("/updated_at")?, "created_at and updated_at alike")?;
    let location = format!("/api/users/{}", answer.text_at("/id")?);
    answer.header_is("location", &location)?;
    let found = world.get_as(&world.reader().await?.token, &location).await?;
    found.status(200)?;
    found.check(found.body == answer.body, format_args!("the user that was registered: {}", answer.text()))?;
    Ok(())
}

async fn register_trims_the_name_and_keeps_the_email_as_typed(world: &World) -> Outcome {
    let email = format!("Mixed.{}@Contract.TEST", world.unique());
    let body = json!({ "name": "\t\u{a0} Ada  Lovelace\u{3000}\n", "email": email, "password": PASSWORD });
    let answer = world.send(Request::new("POST", "/api/auth/register").json(&body)).await?;
    answer.status(201)?.has("/name", "Ada  Lovelace")?.has("/email", email)?;
    Ok(())
}

async fn register_refuses_a_taken_email_in_any_case(world: &World) -> Outcome {
    let body = world.newcomer();
    let request = Request::new("POST", "/api/auth/register");
    world.send(request.clone().json(&body)).await?.status(201)?;
    world.send(request.clone().json(&body)).await?.status(409)?.problem("email-taken")?;
    let upper = member(&body, "email").as_str().unwrap_or_default().to_uppercase();
    let body = with(body, "email", json!(upper));
    world.send(request.json(&body)).await?.status(409)?.problem("email-taken")?;
    Ok(())
}

async fn register_takes_an_email_again_after_its_user_is_gone(world: &World) -> Outcome {
    let account = world.register_user().await?;
    world.send(Request::new("DELETE", &account.path()).bearer(&account.token)).await?.status(204)?;
    let body = json!({ "name": "Again", "email": account.email, "password": PASSWORD });
    let again = world.send(Request::new("POST", "/api/auth/register").json(&body)).await?;
    again.status(201)?.check(again.text_at("/id")? != account.id, "another id")?;
    Ok(())
}

async fn register_does_not_take_a_role(world: &World) -> Outcome {
    let body = with(world.newcomer(), "role", json!("admin"));
    let answer = world.send(Request::new("POST", "/api/auth/register").json(&body)).await?;
    answer.invalid(&[("/role", "unknown-field")])?;
    Ok(())
}

async fn login_answers_a_bearer_token_for_a_day(world: &World) -> Outcome {
    let made = world.register().await?;
    let answer = world.login(&made.text_at("/email")?, PASSWORD).await?;
    answer.status(200)?.has("/token_type", "Bearer")?.has("/expires_in", 86_400)?;
    let claims = forge::claims(&answer.text_at("/access_token")?)?;
    let seconds = |name: &str| member(&claims, name).as_i64().unwrap_or_default();
    answer.check(member(&claims, "sub") == made.at("/id")?, "the claim `sub` to be the user's id")?;
    answer.check(member(&claims, "role") == "user", "the claim `role`")?;
    answer.check(
        member(&claims, "iss").is_string() && member(&claims, "aud").is_string(),
        "the claims `iss` and `aud`",
    )?;
    answer.check(seconds("iat") > 0 && seconds("exp") - seconds("iat") == 86_400, "`exp` a day after `iat`")?;
    Ok(())
}

async fn login_takes_the_email_in_any_case(world: &World) -> Outcome {
    let made = world.register().await?;
    world.login(&made.text_at("/email")?.to_uppercase(), PASSWORD).await?.status(200)?;
    Ok(())
}

/// What an answer to a failed login may differ in.
fn without_request_id(answer: &Answer) -> Result<String, CaseError> {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.to_ascii_lowercase().as_str(), "x-request-id" | "server-timing" | "date"));
    let mut headers: Vec<_> = headers.map(|(name, value)| format!("{name}: {value}")).collect();
    // The order of headers with different names means nothing (RFC 9110, section 5.3).
    headers.sort();
    let body = answer.text().replace(&answer.text_at("/request_id")?, "");
    Ok(format!("{}\n{}\n{}\n{body}", answer.status, headers.join("\n"), answer.layers().join(", ")))
}

async fn login_answers_alike_for_an_unknown_email_and_a_wrong_password(world: &World) -> Outcome {
    let made = world.register().await?;
    let wrong = world.login(&made.text_at("/email")?, "wrong password").await?;
    let unknown = world.login(&world.unique_email(), "wrong password").await?;
    wrong.status(401)?.problem("invalid-credentials")?;
    let (one, other) = (without_request_id(&wrong)?, without_request_id(&unknown)?);
    ensure(one == other, || {
        format!("expected answers alike but for the request id\nreceived: {one}\n     and: {other}")
    })
}

/// Uses up the ten failures of an e-mail.
async fn fail_ten_times(world: &World, email: &str) -> Outcome {
    for attempt in 0..10 {
        // Failures are counted for what was sent, whatever its case.
        let email = if attempt % 2 == 0 { email.to_owned() } else { email.to_uppercase() };
        world.login(&email, "wrong password").await?.status(401)?.problem("invalid-credentials")?;
    }
    Ok(())
}

async fn login_is_refused_after_ten_failures_even_with_the_right_password(world: &World) -> Outcome {
    let world = &world.through_one();
    let email = world.register().await?.text_at("/email")?;
    fail_ten_times(world, &email).await?;
    world.login(&email, "wrong password").await?.status(429)?.problem("too-many-attempts")?;
    world.login(&email, PASSWORD).await?.status(429)?.problem("too-many-attempts")?;
    Ok(())
}

async fn login_counts_failures_without_regard_to_case(world: &World) -> Outcome {
    let world = &world.through_one();
    // An e-mail that nobody has is limited like any other; else the limit would tell who has an account.
    let email = world.unique_email();
    fail_ten_times(world, &email).await?;
    let mixed = email.replace("contract", "cOnTrAcT");
    world.login(&mixed, "wrong password").await?.status(429)?.problem("too-many-attempts")?;
    Ok(())
}

async fn login_limit_leaves_other_emails_alone(world: &World) -> Outcome {
    let world = &world.through_one();
    let other = world.register().await?.text_at("/email")?;
    let email = world.unique_email();
    fail_ten_times(world, &email).await?;
    world.login(&email, "wrong password").await?.status(429)?;
    world.login(&other, PASSWORD).await?.status(200)?;
    Ok(())
}

async fn login_counts_parallel_failures_exactly(world: &World) -> Outcome {
    let world = &world.through_one();
    let email = world.register().await?.text_at("/email")?;
    let attempts = (0..30).map(|_| world.login(&email, "wrong password"));
    let answers = try_join_all(attempts).await?;
    let refused = answers.iter().filter(|answer| answer.status == 401).count();
    let limited = answers.iter().filter(|answer| answer.status == 429).count();
    ensure(refused == 10 && limited == 20, || {
        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        format!("expected: of 30 wrong passwords at once ten 401 and twenty 429\nreceived: {statuses:?}")
    })
}

async fn me_is_the_tokens_own_user(world: &World) -> Outcome {
    let account = world.reader().await?;
    let me = world.get_as(&account.token, "/api/auth/me").await?;
    me.status(200)?.has("/id", account.id.as_str())?.has("/email", account.email.as_str())?;
    let found = world.get_as(&account.token, &account.path()).await?;
    me.check(me.body == found.body, format_args!("the body of GET {}: {}", account.path(), found.text()))?;
    me.header_is("etag", "\"1\"")?;
    Ok(())
}

async fn me_says_304_to_the_present_version(world: &World) -> Outcome {
    let account = world.reader().await?;
    let request = Request::new("GET", "/api/auth/me").bearer(&account.token);
    let answer = world.send(request.clone().header("If-None-Match", "\"1\"")).await?;
    answer.status(304)?.header_is("etag", "\"1\"")?;
    world.send(request.clone().header("If-None-Match", "\"2\"")).await?.status(200)?;
    world.send(request.header("If-None-Match", "1")).await?.status(400)?.problem("malformed-header")?;
    Ok(())
}
