//! Pages, cursors and query parameters.

use serde_json::json;

use super::Recorder;
use crate::world::PASSWORD;

/// Longer than 60 lines because it is one list of queries, in the order in which they are sent.
pub(super) async fn run(recorder: &mut Recorder) {
    recorder.part("paging");
    for number in 0..5 {
        let body = json!({ "name": "Paged", "email": format!("paged{number}@session.test"), "password": PASSWORD });
        recorder.post("/api/auth/register", &body).await;
    }
    let queries = [
        "",
        "?",
        "?limit=1",
        "?limit=100",
        "?limit=0",
        "?limit=101",
        "?limit=-1",
        "?limit=",
        "?limit=abc",
        "?limit=1.5",
        "?limit=+5",
        "?limit=%2B5",
        "?limit=05",
        "?limit=%31",
        "?limit=99999999999999999999",
        "?limit=%FF",
        "?limit",
        "?limit=1&limit=2",
        "?limit=0&limit=0",
        "?foo",
        "?foo=1&foo=2",
        "?Limit=1",
        "?%6Cimit=1",
        "?limit=1&",
        "?&limit=1",
        "?&&",
        "?=1",
        "?=",
        "?role=user",
        "?role=admin",
        "?role=king",
        "?role=",
        "?role",
        "?role=user&limit=1",
        "?role=user&role=user",
        "?after=",
        "?after=x",
        "?after=AAAAAAAAAAAAAAAAAAAAAA",
        "?after=AAAAAAAAAAAAAAAAAAAAAB",
        "?after=_____________________w",
        "?after=%FF",
        "?after=x&foo=1&limit=x&role=x",
        "?limit=1;role=user",
        "?limit=1%26role=user",
        "?limit=1#role",
        "?lim%69t=1&limit=2",
        "?limit=1%20",
        "?a%2Fb=1",
        "?a+b=1",
        "?%C3%A9=1",
    ];
    for query in queries {
        recorder.get_as_user(&format!("/api/users{query}")).await;
    }
    for start in ["/api/users?limit=2", "/api/users?role=user&limit=3"] {
        recorder.walk(start, true).await;
    }
}
