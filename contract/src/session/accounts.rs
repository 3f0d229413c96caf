//! Registering and logging in, with bodies that are right, wrong and odd.

use serde_json::{Value, json};

use super::Recorder;
use crate::request::Request;
use crate::world::PASSWORD;

pub(super) async fn run(recorder: &mut Recorder) {
    register(recorder).await;
    login(recorder).await;
    attempts(recorder).await;
}

async fn register(recorder: &mut Recorder) {
    recorder.part("register");
    let path = "/api/auth/register";
    let body = |name: &str, email: &str, password: &str| json!({ "name": name, "email": email, "password": password });
    let user = body("User", "user@session.test", PASSWORD);
    recorder.post(path, &user).await;
    recorder.post(path, &user).await;
    recorder.post(path, &body("User", "USER@session.TEST", PASSWORD)).await;
    recorder.post(path, &body(" \u{a0}Trimmed\u{3000}\n", "Mixed.Case@Session.TEST", "🦀\0 crabs ")).await;
    let (long_name, long_email) = ("🦀".repeat(101), format!("{}@b", "x".repeat(253)));
    for name in ["", " ", "a\0b", "a\nb", "\u{85}", "a\u{9f}b", long_name.as_str(), "\n\u{0}\n"] {
        recorder.post(path, &body(name, "free@session.test", PASSWORD)).await;
    }
    for email in ["", "a", "a@", "@b", " a@b", "a@b ", "a@b.", "a@-b", "ä@b", "a@b_c", "a\0@b", long_email.as_str()] {
        recorder.post(path, &body("N", email, PASSWORD)).await;
    }
    for password in ["", "1234567", &"x".repeat(129), &"🦀".repeat(7)] {
        recorder.post(path, &body("N", "free@session.test", password)).await;
    }
    let odd = [
        json!({}),
        json!([]),
        json!(null),
        json!("x"),
        json!(1),
        json!(true),
        json!({ "name": null, "email": 1, "password": {} }),
        json!({ "name": "N", "email": "free@session.test", "password": PASSWORD, "role": "admin" }),
        json!({ "zz": 1, "a/b~c": 1, "": 1, "é": 1, "Name": 1, "name": "", "email": "x" }),
        json!({ "name": [], "password": 1.5, "email": false, "id": null, "version": 1 }),
    ];
    for body in odd {
        recorder.post(path, &body).await;
    }
    let texts = [
        r#"{"name":"A","name":"B","email":"free@session.test","password":"correct horse"}"#,
        r#"{"name":"A","\u006eame":1,"email":"x","email":"y"}"#,
        r#"{"x":1,"x":2,"name":"A","email":"free@session.test","password":"correct horse"}"#,
        r#"{"name":1,"name":"B","name":""}"#,
    ];
    for text in texts {
        recorder.step(Request::new("POST", path).json_text(text)).await;
    }
}

async fn login(recorder: &mut Recorder) {
    recorder.part("login");
    let path = "/api/auth/login";
    let bodies = [
        json!({ "email": "user@session.test", "password": PASSWORD }),
        json!({ "email": "USER@SESSION.TEST", "password": PASSWORD }),
        json!({ "email": "mixed.case@session.test", "password": "🦀\0 crabs " }),
        json!({ "email": "user@session.test", "password": "wrong password" }),
        json!({ "email": "nobody@session.test", "password": "wrong password" }),
        json!({ "email": "nobody@session.test", "password": "x" }),
        json!({}),
        json!([]),
        json!({ "email": "nonsense", "password": "" }),
        json!({ "email": "a@b", "password": "x".repeat(129) }),
        json!({ "email": null, "password": null, "remember": true }),
    ];
    for body in bodies {
        recorder.post(path, &body).await;
    }
    recorder.step(Request::new("POST", path)).await;
    recorder.step(Request::new("POST", path).json_text("{")).await;
    recorder.step(Request::new("POST", path).header("Content-Type", "text/plain").bytes("{}")).await;
}

async fn attempts(recorder: &mut Recorder) {
    recorder.part("attempts");
    let wrong = |email: &str| -> Value { json!({ "email": email, "password": "wrong password" }) };
    for attempt in 0..11 {
        let email = if attempt % 2 == 0 { "Limited@session.test" } else { "limited@SESSION.test" };
        recorder.post("/api/auth/login", &wrong(email)).await;
    }
    recorder.post("/api/auth/login", &wrong("unlimited@session.test")).await;
    recorder.post("/api/auth/login", &json!({ "email": "limited@session.test", "password": "" })).await;
}
