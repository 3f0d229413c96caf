//! Users: list, create, find, replace, update, delete, and who may.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::client::Request;
use crate::world::{Account, PASSWORD, World};

/// An id that names nobody.
const NOBODY: &str = "/api/users/01890000-0000-7000-8000-000000000000";

cases!("users";
    create_is_for_admins,
    create_makes_a_user_with_the_given_role,
    create_refuses_a_taken_email,
    find_shows_any_user_to_any_token,
    find_answers_404_for_ids_that_name_nothing,
    replace_sets_name_and_email,
    replace_refuses_the_email_of_another_and_keeps_its_own,
    replace_with_the_same_values_makes_a_new_version,
    replace_is_for_the_user_and_admins,
    update_changes_only_what_is_sent,
    update_of_nothing_changes_nothing,
    update_refuses_the_email_of_another,
    update_may_change_the_case_of_the_own_email,
    update_of_another_is_forbidden,
    update_of_a_role_is_for_admins,
    update_by_an_admin_may_set_anothers_password,
    update_moves_updated_at_and_not_created_at,
    delete_is_for_the_user_and_admins,
    delete_answers_204_without_a_body_and_then_404,
    an_id_in_another_spelling_names_nothing,
    an_admin_gets_404_and_a_user_403_for_a_user_that_is_not_there;
    alone:
    create_makes_an_admin,
    the_only_admin_cannot_be_deleted,
    the_only_admin_cannot_become_a_user,
    an_admin_can_be_deleted_while_there_is_another,
);

async fn create_is_for_admins(world: &World) -> Outcome {
    let mut body = world.newcomer();
    body["role"] = json!("user");
    let token = &world.reader().await?.token;
    world.call(token, "POST", "/api/users", &body).await?.status(403)?.problem("forbidden")?;
    Ok(())
}

async fn create_makes_a_user_with_the_given_role(world: &World) -> Outcome {
    let admin = world.admin().await?;
    let mut body = world.newcomer();
    body["role"] = json!("user");
    let made = world.call(&admin.token, "POST", "/api/users", &body).await?;
    made.status(201)?.has("/role", "user")?.has("/version", 1)?.header_is("etag", "\"1\"")?;
    let found = world.get_as(&admin.token, made.needs_header("location")?).await?;
    found.status(200)?.has("/email", body["email"].clone())?;
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
    answer.status(200)?.has("/name", "New Name")?.has("/email", body["email"].clone())?;
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

async fn replace_is_for_the_user_and_admins(world: &World) -> Outcome {
    let made = world.register().await?;
    let path = format!("/api/users/{}", made.text_at("/id")?);
    let body = json!({ "name": "Other", "email": made.text_at("/email")? });
    let token = &world.reader().await?.token;
    world.call(token, "PUT", &path, &body).await?.status(403)?.problem("forbidden")?;
    world.call(&world.admin().await?.token, "PUT", &path, &body).await?.status(200)?.has("/name", "Other")?;
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

async fn update_of_another_is_forbidden(world: &World) -> Outcome {
    let path = format!("/api/users/{}", world.register().await?.text_at("/id")?);
    let token = &world.reader().await?.token;
    for body in [json!({ "name": "Other" }), json!({})] {
        world.call(token, "PATCH", &path, &body).await?.status(403)?.problem("forbidden")?;
    }
    Ok(())
}

async fn update_of_a_role_is_for_admins(world: &World) -> Outcome {
    let account = world.register_user().await?;
    for role in ["admin", "user"] {
        let answer = world.call(&account.token, "PATCH", &account.path(), &json!({ "role": role })).await?;
        answer.status(403)?.problem("forbidden")?;
    }
    world.get_as(&account.token, &account.path()).await?.status(200)?.has("/role", "user")?.has("/version", 1)?;
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

async fn delete_is_for_the_user_and_admins(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let delete = Request::new("DELETE", &account.path());
    let reader = world.reader().await?;
    world.send(delete.clone().bearer(&reader.token)).await?.status(403)?.problem("forbidden")?;
    world.get_as(&account.token, &account.path()).await?.status(200)?;
    world.send(delete.bearer(&world.admin().await?.token)).await?.status(204)?;
    world.refused_soon(&account.token).await
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

async fn an_admin_gets_404_and_a_user_403_for_a_user_that_is_not_there(world: &World) -> Outcome {
    let (admin, reader) = (world.admin().await?, world.reader().await?);
    for path in [NOBODY, "/api/users/not-a-uuid"] {
        for (method, body) in [("PUT", json!({ "name": "N", "email": "n@n" })), ("PATCH", json!({ "name": "N" }))] {
            world.call(&reader.token, method, path, &body).await?.status(403)?.problem("forbidden")?;
            world.call(&admin.token, method, path, &body).await?.status(404)?.problem("not-found")?;
        }
        let delete = Request::new("DELETE", path);
        world.send(delete.clone().bearer(&reader.token)).await?.status(403)?.problem("forbidden")?;
        world.send(delete.bearer(&admin.token)).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn create_makes_an_admin(world: &World) -> Outcome {
    let other = world.create_admin().await?;
    world.get_as(&other.token, "/api/auth/me").await?.status(200)?.has("/role", "admin")?;
    // The new admin may do what admins may, here: delete a user, itself.
    world.send(Request::new("DELETE", &other.path()).bearer(&other.token)).await?.status(204)?;
    Ok(())
}

async fn the_only_admin_cannot_be_deleted(world: &World) -> Outcome {
    let admin = world.only_admin().await?;
    let delete = Request::new("DELETE", &admin.path()).bearer(&admin.token);
    world.send(delete.clone()).await?.status(409)?.problem("last-admin")?;
    // The precondition goes before the rule.
    world.send(delete.header("If-Match", "\"0\"")).await?.status(412)?.problem("precondition-failed")?;
    world.get_as(&admin.token, "/api/auth/me").await?.status(200)?.has("/role", "admin")?;
    Ok(())
}

async fn the_only_admin_cannot_become_a_user(world: &World) -> Outcome {
    let admin = world.only_admin().await?;
    let before = world.get_as(&admin.token, &admin.path()).await?;
    for body in [json!({ "role": "user" }), json!({ "role": "user", "name": "No Admin" })] {
        let answer = world.call(&admin.token, "PATCH", &admin.path(), &body).await?;
        answer.status(409)?.problem("last-admin")?;
    }
    let after = world.get_as(&admin.token, &admin.path()).await?;
    after.check(after.body == before.body, format_args!("the admin as it was: {}", before.text()))?;
    Ok(())
}

async fn an_admin_can_be_deleted_while_there_is_another(world: &World) -> Outcome {
    let admin = world.only_admin().await?;
    let other = world.create_admin().await?;
    let role = |found: Value| found.as_array().map(Vec::len);
    let admins = world.get_as(&admin.token, "/api/users?role=admin").await?;
    admins.check(role(admins.at("/items")?) == Some(2), "two admins")?;
    let demoted = world.call(&admin.token, "PATCH", &other.path(), &json!({ "role": "user" })).await?;
    demoted.status(200)?.has("/role", "user")?;
    world.refused_soon(&other.token).await?;
    let again = world.sign_in(&other.email, PASSWORD).await?;
    let gone = world.send(Request::new("DELETE", &other.path()).bearer(&again)).await?;
    gone.status(204)?;
    Ok(())
}
