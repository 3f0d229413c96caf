//! Bodies that are JSON and not what is asked for: every rule, and all that fails at once.

use serde_json::{Value, json};

use crate::answer::{CaseError, Outcome};
use crate::request::Request;
use crate::world::{PASSWORD, World, with};

cases!("validation";
    a_body_that_is_no_object_is_refused_as_a_whole,
    missing_fields_are_named_all_at_once,
    everything_wrong_is_named_at_once_in_the_order_of_the_pointers,
    values_of_another_type_are_named,
    unknown_fields_are_named_with_an_escaped_pointer,
    repeated_fields_are_refused,
    names_are_1_to_100_characters_after_trimming,
    names_hold_no_control_characters,
    emails_follow_the_rule_of_html,
    emails_are_at_most_254_characters,
    passwords_are_8_to_128_characters,
    roles_are_user_or_admin,
    login_checks_its_fields_too,
    replace_needs_both_fields,
    update_removes_no_field,
    nothing_is_stored_of_a_refused_body,
);

async fn register(world: &World, body: &Value) -> Result<crate::answer::Answer, CaseError> {
    world.send(Request::new("POST", "/api/auth/register").json(body)).await
}

/// Registers with one field replaced.
async fn register_with(world: &World, field: &str, value: Value) -> Result<crate::answer::Answer, CaseError> {
    register(world, &with(world.newcomer(), field, value)).await
}

async fn a_body_that_is_no_object_is_refused_as_a_whole(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    for body in [json!([]), json!("text"), json!(1), json!(1e300), json!(true), json!(null), json!([{}])] {
        register(world, &body).await?.invalid(&[("", "type")])?;
        world.call(token, "PATCH", "/api/users/1", &body).await?.invalid(&[("", "type")])?;
    }
    Ok(())
}

async fn missing_fields_are_named_all_at_once(world: &World) -> Outcome {
    let required = [("/email", "required"), ("/name", "required"), ("/password", "required"), ("/role", "required")];
    register(world, &json!({})).await?.invalid(&required[..3])?;
    let admin = world.admin().await?;
    world.call(&admin.token, "POST", "/api/users", &json!({})).await?.invalid(&required)?;
    world.send(Request::new("POST", "/api/auth/login").json(&json!({}))).await?.invalid(&[required[0], required[2]])?;
    Ok(())
}

async fn everything_wrong_is_named_at_once_in_the_order_of_the_pointers(world: &World) -> Outcome {
    let body = json!({ "role": "king", "zeta": 1, "password": "short", "email": "no e-mail", "Alpha": null });
    let admin = world.admin().await?;
    world.call(&admin.token, "POST", "/api/users", &body).await?.invalid(&[
        ("/Alpha", "unknown-field"),
        ("/email", "format"),
        ("/name", "required"),
        ("/password", "too-short"),
        ("/role", "not-an-option"),
        ("/zeta", "unknown-field"),
    ])?;
    Ok(())
}

async fn values_of_another_type_are_named(world: &World) -> Outcome {
    let body = json!({ "name": 1, "email": null, "password": ["correct horse"], "role": { "admin": true } });
    let errors = [("/email", "type"), ("/name", "type"), ("/password", "type"), ("/role", "type")];
    world.call(&world.admin().await?.token, "POST", "/api/users", &body).await?.invalid(&errors)?;
    let huge = r#"{"name":123456789012345678901234567890,"email":-0.0,"password":true}"#;
    let answer = world.send(Request::new("POST", "/api/auth/register").json_text(huge)).await?;
    answer.invalid(&errors[..3])?;
    Ok(())
}

async fn unknown_fields_are_named_with_an_escaped_pointer(world: &World) -> Outcome {
    register_with(world, "a/b~c", json!(1)).await?.invalid(&[("/a~1b~0c", "unknown-field")])?;
    register_with(world, "", json!(1)).await?.invalid(&[("/", "unknown-field")])?;
    register_with(world, "Name", json!("Ada")).await?.invalid(&[("/Name", "unknown-field")])?;
    register_with(world, "id", json!("1")).await?.invalid(&[("/id", "unknown-field")])?;
    Ok(())
}

async fn repeated_fields_are_refused(world: &World) -> Outcome {
    let email = world.unique_email();
    let body = format!(r#"{{"name":"One","email":"{email}","password":"{PASSWORD}","name":"Two"}}"#);
    let answer = world.send(Request::new("POST", "/api/auth/register").json_text(body)).await?;
    answer.invalid(&[("/name", "duplicate-field")])?;
    // An escape is another spelling of the same name.
    let body = format!(r#"{{"name":"One","email":"{email}","password":"{PASSWORD}","\u006eame":"Two"}}"#);
    let answer = world.send(Request::new("POST", "/api/auth/register").json_text(body)).await?;
    answer.invalid(&[("/name", "duplicate-field")])?;
    Ok(())
}

async fn names_are_1_to_100_characters_after_trimming(world: &World) -> Outcome {
    for short in ["", "   ", "\t\n", "\u{a0}\u{2003}\u{3000}"] {
        register_with(world, "name", json!(short)).await?.invalid(&[("/name", "too-short")])?;
    }
    register_with(world, "name", json!("x".repeat(101))).await?.invalid(&[("/name", "too-long")])?;
    // Characters are counted, not bytes: an emoji has four of those.
    register_with(world, "name", json!("🦀".repeat(101))).await?.invalid(&[("/name", "too-long")])?;
    for good in ["x".to_owned(), "🦀".repeat(100), "<b>\"Ada\" & 'Bob'</b>; DROP TABLE users".to_owned()] {
        register_with(world, "name", json!(good)).await?.status(201)?.has("/name", good)?;
    }
    let padded = format!("  {}  ", "x".repeat(100));
    register_with(world, "name", json!(padded)).await?.status(201)?.has("/name", padded.trim())?;
    Ok(())
}

async fn names_hold_no_control_characters(world: &World) -> Outcome {
    for bad in ["a\0b", "a\nb", "a\tb", "a\u{7f}b", "a\u{85}b", "a\u{9f}b", "\0"] {
        register_with(world, "name", json!(bad)).await?.invalid(&[("/name", "control-character")])?;
    }
    // A zero-width joiner is a format character, not a control character, and no white space.
    register_with(world, "name", json!("\u{200d}a")).await?.status(201)?.has("/name", "\u{200d}a")?;
    Ok(())
}

async fn emails_follow_the_rule_of_html(world: &World) -> Outcome {
    let bad = [
        "",
        "a",
        "@b",
        "a@",
        "a@@b",
        "a b@c",
        " a@b",
        "a@b ",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a@-b",
        "a@b-",
        "a@b_c",
        "ä@b",
        "a@bücher.example",
        "\"a\"@b",
        "a,b@c",
        "a@[127.0.0.1]",
        "a\0@b",
        "a@b\n",
    ];
    for email in bad {
        register_with(world, "email", json!(email)).await?.invalid(&[("/email", "format")])?;
    }
    let label = format!("a@{}.b", "x".repeat(64));
    register_with(world, "email", json!(label)).await?.invalid(&[("/email", "format")])?;
    let unique = world.unique();
    for email in [format!("{unique}.@b"), format!(".!#$%&'*+/=?^_`{{|}}~-{unique}@a-b.1")] {
        register_with(world, "email", json!(email)).await?.status(201)?.has("/email", email)?;
    }
    Ok(())
}

async fn emails_are_at_most_254_characters(world: &World) -> Outcome {
    let start = world.unique_email();
    let padded = |length: usize| format!("{}{start}", "x".repeat(length - start.len()));
    register_with(world, "email", json!(padded(255))).await?.invalid(&[("/email", "too-long")])?;
    register_with(world, "email", json!(padded(254))).await?.status(201)?.has("/email", padded(254))?;
    Ok(())
}

async fn passwords_are_8_to_128_characters(world: &World) -> Outcome {
    for short in ["", "1234567", "🦀🦀🦀🦀🦀🦀🦀"] {
        register_with(world, "password", json!(short)).await?.invalid(&[("/password", "too-short")])?;
    }
    register_with(world, "password", json!("x".repeat(129))).await?.invalid(&[("/password", "too-long")])?;
    // Any character will do, NUL and white space at the ends included, and none is cut off.
    for good in [" 🦀\0🦀 \n12".to_owned(), "🦀".repeat(128), "        ".to_owned()] {
        let made = register_with(world, "password", json!(good)).await?;
        let email = made.status(201)?.text_at("/email")?;
        world.login(&email, &good).await?.status(200)?;
        world.login(&email, &format!("{}x", good.trim())).await?.status(if good.len() == 512 { 422 } else { 401 })?;
    }
    Ok(())
}

async fn roles_are_user_or_admin(world: &World) -> Outcome {
    let admin = world.admin().await?;
    for (role, code) in [
        (json!("root"), "not-an-option"),
        (json!("Admin"), "not-an-option"),
        (json!(""), "not-an-option"),
        (json!(1), "type"),
    ] {
        let body = with(world.newcomer(), "role", role);
        world.call(&admin.token, "POST", "/api/users", &body).await?.invalid(&[("/role", code)])?;
    }
    Ok(())
}

async fn login_checks_its_fields_too(world: &World) -> Outcome {
    let body = json!({ "email": "nonsense", "password": "", "remember": true });
    let answer = world.send(Request::new("POST", "/api/auth/login").json(&body)).await?;
    answer.invalid(&[("/email", "format"), ("/password", "too-short"), ("/remember", "unknown-field")])?;
    world.login("a@b", &"x".repeat(129)).await?.invalid(&[("/password", "too-long")])?;
    // Shorter than a new password may be, yet a password to be told as wrong.
    world.login(&world.unique_email(), "x").await?.status(401)?.problem("invalid-credentials")?;
    Ok(())
}

async fn replace_needs_both_fields(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let answer = world.call(&account.token, "PUT", &account.path(), &json!({ "name": "N" })).await?;
    answer.invalid(&[("/email", "required")])?;
    let body = json!({ "name": "N", "email": account.email, "role": "user", "password": PASSWORD });
    let answer = world.call(&account.token, "PUT", &account.path(), &body).await?;
    answer.invalid(&[("/password", "unknown-field"), ("/role", "unknown-field")])?;
    Ok(())
}

async fn update_removes_no_field(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": null, "email": null, "password": null, "role": null, "version": 9, "id": null });
    world.call(&account.token, "PATCH", &account.path(), &body).await?.invalid(&[
        ("/email", "type"),
        ("/id", "unknown-field"),
        ("/name", "type"),
        ("/password", "type"),
        ("/role", "type"),
        ("/version", "unknown-field"),
    ])?;
    Ok(())
}

async fn nothing_is_stored_of_a_refused_body(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let before = world.get_as(&account.token, &account.path()).await?;
    let body = json!({ "name": "Half", "email": "no e-mail" });
    world.call(&account.token, "PATCH", &account.path(), &body).await?.invalid(&[("/email", "format")])?;
    world.call(&account.token, "PUT", &account.path(), &body).await?.invalid(&[("/email", "format")])?;
    let after = world.get_as(&account.token, &account.path()).await?;
    after.check(after.body == before.body, format_args!("the user as it was: {}", before.text()))?;
    Ok(())
}
