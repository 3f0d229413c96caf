//! What a status means, and what to look for in an answer that has it.
//!
//! The words of the problem that the body names go first, then those of the contract. The table below has what the
//! standards say, for every status that the contract documents and for those that a server of one's own may send.

use super::prose::Prose;
use crate::operations::Operation;
use contract::answer::Answer;
use serde_json::Value;
use shared::problem::KINDS;

/// What an answer says by its status.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    /// The reason phrase of the registry; empty for a status that is in none.
    pub phrase: &'static str,
    pub is_good: bool,
    /// From the contract, the problem, or the standards.
    pub means: Prose,
    /// Headers and members that matter with this status.
    pub look_for: Prose,
}

struct Known {
    status: u16,
    phrase: &'static str,
    means: &'static str,
    look_for: &'static str,
}

const fn known(status: u16, phrase: &'static str, means: &'static str, look_for: &'static str) -> Known {
    Known { status, phrase, means, look_for }
}

const KNOWN: [Known; 39] = [
    known(200, "OK", "It worked.", "The body is the result. `ETag`, where there is one, is its version."),
    known(201, "Created", "Something new is there.", "`Location` is its path, `ETag` its version (RFC 9110, 15.3.2)."),
    known(
        202,
        "Accepted",
        "It was taken, but is not done yet.",
        "A body or `Location` that tells how it goes on (RFC 9110, 15.3.3).",
    ),
    known(
        204,
        "No Content",
        "It worked, and there is nothing to tell.",
        "No body and no `Content-Length` (RFC 9110, 15.3.5).",
    ),
    known(206, "Partial Content", "A part of it, as `Range` asked.", "`Content-Range` (RFC 9110, 15.3.7)."),
    known(
        301,
        "Moved Permanently",
        "It has another address for good.",
        "`Location`. A client may follow with `GET` (RFC 9110, 15.4.2).",
    ),
    known(302, "Found", "It is elsewhere for now.", "`Location`. A client may follow with `GET` (RFC 9110, 15.4.3)."),
    known(303, "See Other", "The result is elsewhere.", "`Location`, to be followed with `GET` (RFC 9110, 15.4.4)."),
    known(
        304,
        "Not Modified",
        "What you have is still the present version.",
        "`ETag`, and no body (RFC 9110, 15.4.5).",
    ),
    known(
        307,
        "Temporary Redirect",
        "It is elsewhere for now.",
        "`Location`, to be followed with the same method (RFC 9110, 15.4.8).",
    ),
    known(
        308,
        "Permanent Redirect",
        "It has another address for good.",
        "`Location`, to be followed with the same method (RFC 9110, 15.4.9).",
    ),
    known(
        400,
        "Bad Request",
        "The request cannot be read.",
        "`type` and `detail` in the body: which part, and where (RFC 9110, 15.5.1).",
    ),
    known(
        401,
        "Unauthorized",
        "Nobody is signed in, or not validly.",
        "`WWW-Authenticate`: the scheme, and what was wrong with the token (RFC 6750, 3).",
    ),
    known(
        403,
        "Forbidden",
        "It is known who asks, and that is not enough.",
        "`detail` in the body. Another token may do it, the same one never will (RFC 9110, 15.5.4).",
    ),
    known(
        404,
        "Not Found",
        "Nothing is at this path.",
        "`Server-Timing`: did the request reach the store (no such thing) or no layer at all (no such path)?",
    ),
    known(
        405,
        "Method Not Allowed",
        "The path is there, but not for this method.",
        "`Allow` lists the methods that it takes (RFC 9110, 15.5.6).",
    ),
    known(
        406,
        "Not Acceptable",
        "There is no form of it that `Accept` allows.",
        "Which media types there are (RFC 9110, 15.5.7).",
    ),
    known(
        408,
        "Request Timeout",
        "The request did not arrive in time.",
        "`Connection: close`: the server ends the connection (RFC 9110, 15.5.9).",
    ),
    known(
        409,
        "Conflict",
        "The request is right, but not in the present state.",
        "`type` in the body: which rule. Read the thing again before you repeat it (RFC 9110, 15.5.10).",
    ),
    known(410, "Gone", "It was here and will not come back.", "Nothing: remove the link (RFC 9110, 15.5.11)."),
    known(411, "Length Required", "The body must say how long it is.", "Send `Content-Length` (RFC 9110, 15.5.12)."),
    known(
        412,
        "Precondition Failed",
        "The version is another one by now.",
        "Read it again: `ETag` has the present version (RFC 9110, 15.5.13).",
    ),
    known(
        413,
        "Content Too Large",
        "The body is over the limit.",
        "`detail` says the limit. The server need not have read the body (RFC 9110, 15.5.14).",
    ),
    known(414, "URI Too Long", "The path or the query is too long.", "Put it into a body (RFC 9110, 15.5.15)."),
    known(
        415,
        "Unsupported Media Type",
        "The body is in a form that is not taken here.",
        "`Accept`, with `PATCH` `Accept-Patch`, lists the forms that are (RFC 9110, 15.5.16; RFC 5789, 2.2).",
    ),
    known(
        422,
        "Unprocessable Content",
        "The body can be read, but its values are not right.",
        "`errors` in the body: a JSON pointer (RFC 6901) and a code for each field, all of them at once.",
    ),
    known(425, "Too Early", "It might be a replay.", "Send it again (RFC 8470)."),
    known(428, "Precondition Required", "A change must say which version it is for.", "Send `If-Match` (RFC 6585, 3)."),
    known(429, "Too Many Requests", "Too many attempts.", "`Retry-After`: so many seconds to wait (RFC 6585, 4)."),
    known(
        431,
        "Request Header Fields Too Large",
        "The headers are too long.",
        "Which one: often a cookie or a token (RFC 6585, 5).",
    ),
    known(
        500,
        "Internal Server Error",
        "A defect of the server, not of the request.",
        "`X-Request-Id` finds the reason in its log. The body must tell nothing about it.",
    ),
    known(
        501,
        "Not Implemented",
        "The server knows no such method at all.",
        "The spelling of the method: it is case-sensitive (RFC 9110, 15.6.2).",
    ),
    known(
        502,
        "Bad Gateway",
        "A proxy got no usable answer.",
        "The log of the proxy and of what is behind it (RFC 9110, 15.6.3).",
    ),
    known(
        503,
        "Service Unavailable",
        "Not now: overloaded, without its store, or shutting down.",
        "`Retry-After`, and `type` in the body: which of them (RFC 9110, 15.6.4).",
    ),
    known(504, "Gateway Timeout", "A proxy waited in vain.", "What is behind it (RFC 9110, 15.6.5)."),
    known(
        505,
        "HTTP Version Not Supported",
        "The server does not speak HTTP/1.1.",
        "The first line of the answer (RFC 9110, 15.6.6).",
    ),
    known(507, "Insufficient Storage", "There is no room left.", "Nothing that a client could do (RFC 4918, 11.5)."),
    known(508, "Loop Detected", "It refers to itself.", "Nothing that a client could do (RFC 5842, 7.2)."),
    known(
        511,
        "Network Authentication Required",
        "A network between wants a sign-in.",
        "The body is not the server's (RFC 6585, 6).",
    ),
];

/// What an answer says by its status. `operation` is the one that the request is for.
pub(crate) fn meaning(answer: &Answer, operation: Option<&Operation>) -> Meaning {
    let status = answer.status;
    let known = KNOWN.iter().find(|known| known.status == status);
    // The contract's words for a status are those of all its problems, so that of the problem at hand goes before them.
    let response = operation.and_then(|operation| operation.response(status));
    let means = problem(answer)
        .or_else(|| response.map(|response| response.description.as_str()))
        .unwrap_or_else(|| known.map_or_else(|| class(status), |known| known.means));
    let look_for = known
        .map_or("The headers and the body: no standard that is known here has this status.", |known| known.look_for);
    Meaning {
        phrase: known.map_or("", |known| known.phrase),
        is_good: (200..400).contains(&status),
        means: Prose::new(means),
        look_for: Prose::new(look_for),
    }
}

/// The explanation of the problem that the body names by its `type`.
fn problem(answer: &Answer) -> Option<&'static str> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let slug = body.get("type")?.as_str()?.strip_prefix("/problems/")?;
    KINDS.iter().find(|kind| kind.slug == slug && kind.status == answer.status).map(|kind| kind.explanation)
}

/// What the first digit says (RFC 9110, section 15).
fn class(status: u16) -> &'static str {
    match status {
        200..300 => "It worked.",
        300..400 => "It is elsewhere, or nothing has changed.",
        400..500 => "The request is at fault: sent again as it is, it fails again.",
        500..600 => "The server is at fault: the request may be fine.",
        _ => "No standard knows this status.",
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, meaning};
    use crate::operations::Contract;
    use contract::answer::Answer;
    use contract::request::Request;

    fn answer(status: u16, body: &str) -> Answer {
        Answer::new(&Request::new("GET", "/"), status, Vec::new(), body.as_bytes().to_vec())
    }

    #[test]
    fn every_status_of_the_contract_has_a_phrase_the_contracts_words_and_something_to_look_for() {
        for operation in &Contract::embedded().operations {
            for response in &operation.responses {
                let meaning = meaning(&answer(response.status, ""), Some(operation));
                assert!(!meaning.phrase.is_empty(), "{}", response.status);
                let words: String = meaning.means.spans.iter().map(|span| span.text.as_str()).collect();
                assert_eq!(words, response.description.replace('`', "").trim(), "{} {}", operation.id, response.status);
                assert!(!meaning.look_for.spans.is_empty());
            }
        }
        assert!(KNOWN.windows(2).all(|pair| pair[0].status < pair[1].status));
    }

    #[test]
    fn a_problem_is_explained_by_its_kind_and_only_if_the_status_is_its_own() {
        let body = r#"{"type":"/problems/last-admin"}"#;
        let words = |status| format!("{:?}", meaning(&answer(status, body), None).means);
        assert!(words(409).contains("without an admin") && !words(404).contains("without an admin"));
    }

    #[test]
    fn a_status_that_nobody_knows_has_a_meaning_too() {
        for status in [0, 218, 499, 599, 999] {
            assert!(!meaning(&answer(status, "<h1>"), None).means.spans.is_empty());
        }
    }
}
