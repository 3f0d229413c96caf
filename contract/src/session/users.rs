//! Users: create, find, replace, update, delete; permissions, versions, conditions.

use serde_json::json;

use super::{NOBODY, Recorder, location};
use crate::request::Request;
use crate::world::{PASSWORD, with};

pub(super) async fn run(recorder: &mut Recorder) {
    create(recorder).await;
    change(recorder).await;
    conditions(recorder).await;
    admins(recorder).await;
}

async fn create(recorder: &mut Recorder) {
    recorder.part("create");
    let body = |email: &str, role: &str| json!({ "name": "Made", "email": email, "password": PASSWORD, "role": role });
    recorder.as_user("POST", "/api/users", &body("made@session.test", "user")).await;
    let made = recorder.as_admin("POST", "/api/users", &body("made@session.test", "user")).await;
    recorder.as_admin("POST", "/api/users", &body("MADE@session.test", "user")).await;
    for role in [json!("king"), json!(""), json!(1), json!(null)] {
        let body = with(body("free@session.test", "user"), "role", role);
        recorder.as_admin("POST", "/api/users", &body).await;
    }
    recorder.as_admin("POST", "/api/users", &json!({})).await;
    recorder.get_as_user(&location(&made)).await;
    recorder.get_as_user(&location(&made).to_uppercase().replace("/API/USERS", "/api/users")).await;
    recorder.get_as_user(&location(&made).replace('-', "%2D")).await;
    let odd = ["1", "me", "%FF", "%00", "%", "%zz", "%20", "00000000-0000-0000-0000-000000000000", "..%2Fx", "a;b"];
    for id in odd {
        recorder.get_as_user(&format!("/api/users/{id}")).await;
        recorder.as_user("PATCH", &format!("/api/users/{id}"), &json!({ "name": "N" })).await;
        recorder.as_admin("PATCH", &format!("/api/users/{id}"), &json!({ "name": "N" })).await;
    }
    recorder.get_as_user(NOBODY).await;
    recorder.get(&location(&made)).await;
    let (user, admin) = (recorder.user.token.clone(), recorder.admin.token.clone());
    for token in [&user, &admin, &admin] {
        recorder.step(Request::new("DELETE", &location(&made)).bearer(token)).await;
    }
    recorder.get_as_user(&location(&made)).await;
}

async fn change(recorder: &mut Recorder) {
    recorder.part("change");
    let (own, other) = (recorder.user.path(), recorder.admin.path());
    let bodies = [
        json!({ "name": " Replaced ", "email": "User@Session.test" }),
        json!({ "name": "Replaced", "email": "mixed.case@session.test" }),
        json!({ "name": "Replaced" }),
        json!({ "name": "R", "email": "user@session.test", "role": "user", "password": PASSWORD }),
        json!({}),
        json!([]),
    ];
    for body in &bodies {
        recorder.as_user("PUT", &own, body).await;
        recorder.as_user("PUT", &other, body).await;
        recorder.as_admin("PUT", NOBODY, body).await;
    }
    let patches = [
        json!({}),
        json!({ "name": "Patched" }),
        json!({ "name": "Patched" }),
        json!({ "email": "user@session.test" }),
        json!({ "email": "mixed.case@session.test" }),
        json!({ "name": null }),
        json!({ "role": "user" }),
        json!({ "role": "admin", "name": "" }),
        json!({ "version": 7 }),
        json!([]),
        json!("x"),
        json!(null),
        json!({ "name": "", "email": "", "password": "", "role": "" }),
    ];
    for body in &patches {
        recorder.as_user("PATCH", &own, body).await;
        recorder.as_user("PATCH", &other, body).await;
        recorder.as_admin("PATCH", NOBODY, body).await;
    }
    recorder.get_as_user(&own).await;
    recorder.get_as_user("/api/auth/me").await;
}

async fn conditions(recorder: &mut Recorder) {
    recorder.part("conditions");
    let (path, token) = (recorder.user.path(), recorder.user.token.clone());
    let tag = recorder.get_as_user(&path).await.header("etag").unwrap_or("\"none\"").to_owned();
    let values = [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
        "\"0\"".to_owned(),
        String::new(),
        "1".to_owned(),
        "\"1".to_owned(),
        "*, \"1\"".to_owned(),
        ",".to_owned(),
        "W/1".to_owned(),
        format!("{tag} {tag}"),
        format!(" ,, {tag} ,"),
        "\"é\"".to_owned(),
        "\"a\tb\"".to_owned(),
    ];
    for value in &values {
        for (method, target) in
            [("GET", path.as_str()), ("HEAD", path.as_str()), ("GET", "/api/auth/me"), ("GET", NOBODY)]
        {
            recorder.step(Request::new(method, target).bearer(&token).header("If-None-Match", value)).await;
        }
        // The tag changes with each patch that gets through, which is the same one everywhere.
        let patch = Request::new("PATCH", &path).bearer(&token).header("If-Match", value);
        recorder.step(patch.json(&json!({ "name": "Conditional" }))).await;
        recorder.step(Request::new("DELETE", NOBODY).bearer(&token).header("If-Match", value)).await;
    }
    let two_lines = Request::new("PATCH", &path).bearer(&token).header("If-Match", "\"0\"").header("If-Match", "*");
    recorder.step(two_lines.json(&json!({ "name": "Two lines" }))).await;
    let stale = Request::new("PUT", &path).bearer(&token).header("If-Match", "\"1\"");
    recorder.step(stale.json(&json!({ "name": "Stale", "email": "mixed.case@session.test" }))).await;
    recorder.step(Request::new("DELETE", &path).bearer(&token).header("If-Match", "\"1\"")).await;
    recorder.step(Request::new("GET", "/api/users?limit=1").bearer(&token).header("If-None-Match", "x")).await;
}

async fn admins(recorder: &mut Recorder) {
    recorder.part("admins");
    let (path, token) = (recorder.admin.path(), recorder.admin.token.clone());
    recorder.step(Request::new("DELETE", &path).bearer(&token)).await;
    recorder.step(Request::new("DELETE", &path).bearer(&token).header("If-Match", "\"9\"")).await;
    recorder.as_admin("PATCH", &path, &json!({ "role": "user" })).await;
    recorder.as_admin("PATCH", &path, &json!({ "role": "admin" })).await;
    // Setting the role may end the tokens even if it is the same role: the next steps show whether it does.
    recorder.step(Request::new("GET", "/api/auth/me").bearer(&token)).await;
    recorder.as_admin("GET", "/api/users?role=admin", &json!({})).await;
}
