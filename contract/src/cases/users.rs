//! Users: create, find, replace, update, delete.

use serde_json::json;

use crate::answer::Outcome;
use crate::request::Request;
use crate::world::{Account, PASSWORD, World, member, with};

/// An id that names nobody.
const NOBODY: &str = "/api/users/01890000-0000-7000-8000-000000000000";

cases!("users";
    create_makes_a_user_with_the_given_role,
    create_refuses_a_taken_email,
    find_shows_any_user_to_any_token,
    find_answers_404_for_ids_that_name_nothing,
    replace_sets_name_and_email,
    replace_refuses_the_email_of_another_and_keeps_its_own,
    replace_with_the_same_values_makes_a_new_version,
    update_changes_only_what_is_sent,
    update_of_nothing_changes_nothing,
    update_refuses_the_email_of_another,
    update_may_change_the_case_of_the_own_email,
    update_by_an_admin_may_set_anothers_password,
    update_moves_updated_at_and_not_created_at,
    delete_answers_204_without_a_body_and_then_404,
    an_id_in_another_spelling_names_nothing,
);

async fn create_makes_a_user_with_the_given_role(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let body = with(world.newcomer(), "role", json!("user"));
    let made = world.call(&admin.token, "POST", "/api/users", &body).await?;
    made.status(201)?.has("/role", "user")?.has("/version", 1)?.header_is("etag", "\"1\"")?;
    let found = world.get_as(&admin.token, made.needs_header("location")?).await?;
    found.status(200)?.has("/email", member(&body, "email"))?;
    world.login(&made.text_at("/email")?, PASSWORD).await?.status(200)?;
    Ok(())
}

async fn create_refuses_a_taken_email(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let taken = world.register().await?.text_at("/email")?;
    let body = json!({ "name": "Late", "email": taken.to_uppercase(), "password": PASSWORD, "role": "user" });
    world.call(&admin.token, "POST", "/api/users", &body).await?.status(409)?.problem("email-taken")?;
    Ok(())
}

async fn find_shows_any_user_to_any_token(world: &World) -> Outcome {
    let made = world.register().await?;
    let path = format!("/api/users/{}", made.text_at("/id")?);
    let found = world.get_as(&world.reader().await?.token, &path).await?;
    found.status(200)?.header_is("etag", "\"1\"")?;
    found.check(found.body == made.body, format_args!("the user as it was made: {}", made.text()))?;
    Ok(())
}

async fn find_answers_404_for_ids_that_name_nothing(world: &World) -> Outcome {
    let token = &world.reader().await?.token;
    world.get_as(token, NOBODY).await?.status(404)?.problem("not-found")?;
    for id in ["1", "me", "not-a-uuid", "%FF", "%00", "..%2F..", "01890000-0000-7000-8000-00000000000g"] {
        world.get_as(token, &format!("/api/users/{id}")).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn replace_sets_name_and_email(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": " New Name ", "email": world.unique_email() });
    let answer = world.call(&account.token, "PUT", &account.path(), &body).await?;
    answer.status(200)?.has("/name", "New Name")?.has("/email", member(&body, "email"))?;
    answer.has("/version", 2)?.header_is("etag", "\"2\"")?.has("/role", "user")?.has("/id", account.id.as_str())?;
    // Name and e-mail are no credentials: the token lives on, and so does the password.
    world.get_as(&account.token, "/api/auth/me").await?.status(200)?.has("/version", 2)?;
    world.login(&answer.text_at("/email")?, PASSWORD).await?.status(200)?;
    world.login(&account.email, PASSWORD).await?.status(401)?;
    Ok(())
}

async fn replace_refuses_the_email_of_another_and_keeps_its_own(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let taken = &world.reader().await?.email;
    let body = json!({ "name": "Thief", "email": taken });
    let refused = world.call(&account.token, "PUT", &account.path(), &body).await?;
    refused.status(409)?.problem("email-taken")?;
    let found = world.get_as(&account.token, &account.path()).await?;
    found.status(200)?.has("/name", "Con Tract")?.has("/version", 1)?;
    Ok(())
}

async fn replace_with_the_same_values_makes_a_new_version(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "name": "Con Tract", "email": account.email });
    world.call(&account.token, "PUT", &account.path(), &body).await?.status(200)?.has("/version", 2)?;
    Ok(())
}

async fn update_changes_only_what_is_sent(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let named = world.call(&account.token, "PATCH", &account.path(), &json!({ "name": "Only Name" })).await?;
    named.status(200)?.has("/name", "Only Name")?.has("/email", account.email.as_str())?.has("/version", 2)?;
    let email = world.unique_email();
    let moved = world.call(&account.token, "PATCH", &account.path(), &json!({ "email": email })).await?;
    moved.status(200)?.has("/name", "Only Name")?.has("/email", email)?.has("/version", 3)?;
    moved.header_is("etag", "\"3\"")?;
    Ok(())
}

async fn update_of_nothing_changes_nothing(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let before = world.get_as(&account.token, &account.path()).await?;
    let after = world.call(&account.token, "PATCH", &account.path(), &json!({})).await?;
    after.status(200)?.header_is("etag", "\"1\"")?;
    after.check(after.body == before.body, format_args!("the user as it was: {}", before.text()))?;
    world.call(&account.token, "PATCH", &account.path(), &json!({ "name": "Con Tract" })).await?.has("/version", 2)?;
    Ok(())
}

async fn update_refuses_the_email_of_another(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let body = json!({ "email": world.reader().await?.email.to_uppercase(), "name": "Thief" });
    let refused = world.call(&account.token, "PATCH", &account.path(), &body).await?;
    refused.status(409)?.problem("email-taken")?;
    world.get_as(&account.token, &account.path()).await?.has("/name", "Con Tract")?.has("/version", 1)?;
    Ok(())
}

async fn update_may_change_the_case_of_the_own_email(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let email = account.email.to_uppercase();
    let answer = world.call(&account.token, "PATCH", &account.path(), &json!({ "email": email })).await?;
    answer.status(200)?.has("/email", email)?;
    Ok(())
}

async fn update_by_an_admin_may_set_anothers_password(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let admin = world.admin().await?;
    let body = json!({ "password": "a new password" });
    world.call(&admin.token, "PATCH", &account.path(), &body).await?.status(200)?.has("/version", 2)?;
    world.login(&account.email, "a new password").await?.status(200)?;
    world.login(&account.email, PASSWORD).await?.status(401)?;
    world.refused_soon(&account.token).await
}

async fn update_moves_updated_at_and_not_created_at(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let before = world.get_as(&account.token, &account.path()).await?;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let after = world.call(&account.token, "PATCH", &account.path(), &json!({ "name": "Later" })).await?;
    after.status(200)?.has("/created_at", before.at("/created_at")?)?;
    // Times of one length and one zone are ordered as text.
    let moved = after.text_at("/updated_at")? > before.text_at("/updated_at")?;
    after.check(moved, "a later updated_at")?;
    let found = world.get_as(&account.token, &account.path()).await?;
    found.check(found.body == after.body, format_args!("what the PATCH answered: {}", after.text()))?;
    Ok(())
}

async fn delete_answers_204_without_a_body_and_then_404(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let admin = world.admin().await?;
    let delete = Request::new("DELETE", &account.path());
    world.send(delete.clone().bearer(&account.token)).await?.status(204)?.lacks_header("etag")?;
    world.get_as(&admin.token, &account.path()).await?.status(404)?.problem("not-found")?;
    world.send(delete.bearer(&admin.token)).await?.status(404)?.problem("not-found")?;
    world.login(&account.email, PASSWORD).await?.status(401)?;
    Ok(())
}

async fn an_id_in_another_spelling_names_nothing(world: &World) -> Outcome {
    let Account { id, token, .. } = world.reader().await?.clone();
    let plain = id.replace('-', "");
    for other in [id.to_uppercase(), plain, format!("%7B{id}%7D"), format!("urn:uuid:{id}"), format!("{id}%20")] {
        world.get_as(&token, &format!("/api/users/{other}")).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}
