//! Who may do what to which user and product, and that there is always an admin left. Whose an order is: `orders.rs`;
//! who may move it: `workflow.rs`.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::request::Request;
use crate::world::{PASSWORD, World, with};

/// An id that names nobody.
const NOBODY: &str = "/api/users/01890000-0000-7000-8000-000000000000";

cases!("permissions";
    create_is_for_admins,
    replace_is_for_the_user_and_admins,
    update_of_another_is_forbidden,
    update_of_a_role_is_for_admins,
    delete_is_for_the_user_and_admins,
    an_admin_gets_404_and_a_user_403_for_a_user_that_is_not_there,
    products_are_written_by_admins;
    alone:
    create_makes_an_admin,
    the_only_admin_cannot_be_deleted,
    the_only_admin_cannot_become_a_user,
    an_admin_can_be_deleted_while_there_is_another,
);

async fn create_is_for_admins(world: &World) -> Outcome {
    let body = with(world.newcomer(), "role", json!("user"));
    let token = &world.reader().await?.token;
    world.call(token, "POST", "/api/users", &body).await?.status(403)?.problem("forbidden")?;
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

async fn delete_is_for_the_user_and_admins(world: &World) -> Outcome {
    let account = world.register_user().await?;
    let delete = Request::new("DELETE", &account.path());
    let reader = world.reader().await?;
    world.send(delete.clone().bearer(&reader.token)).await?.status(403)?.problem("forbidden")?;
    world.get_as(&account.token, &account.path()).await?.status(200)?;
    world.send(delete.bearer(&world.admin().await?.token)).await?.status(204)?;
    world.refused_soon(&account.token).await
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

async fn products_are_written_by_admins(world: &World) -> Outcome {
    let (admin, reader) = (world.admin().await?, world.reader().await?);
    let product = world.create_product(1, 1).await?;
    let body = world.new_product(2, 2);
    let nothing = "/api/products/not-a-uuid".to_owned();
    for (method, path) in [("POST", "/api/products".to_owned()), ("PUT", product.path()), ("PUT", nothing.clone())] {
        world.call(&reader.token, method, &path, &body).await?.status(403)?.problem("forbidden")?;
    }
    for path in [product.path(), nothing.clone()] {
        world.send(Request::new("DELETE", &path).bearer(&reader.token)).await?.status(403)?.problem("forbidden")?;
    }
    world.get(&product.path()).await?.status(200)?.has("/version", 1)?;
    world.call(&admin.token, "PUT", &nothing, &body).await?.status(404)?.problem("not-found")?;
    world.send(Request::new("DELETE", &nothing).bearer(&admin.token)).await?.status(404)?.problem("not-found")?;
    world.call(&admin.token, "PUT", &product.path(), &body).await?.status(200)?;
    world.send(Request::new("DELETE", &product.path()).bearer(&admin.token)).await?.status(204)?;
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
