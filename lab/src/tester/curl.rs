//! The same request as a command for the terminal.

use super::send::Order;
use std::net::SocketAddr;

/// The longest body that goes into a command: Linux takes 128 KiB for one argument.
const BODY_MAX: usize = 100 * 1024;

/// `curl` with everything in quotation marks that a shell would read otherwise. It sends what the page sends: the path
/// untouched, the body as it is even if it begins with `@`, no content type that was not given. What curl cannot send so is
/// said instead.
pub(crate) fn command(order: &Order, address: SocketAddr) -> String {
    let sends = |wanted: &str| order.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let is_head = order.method == "HEAD" && order.body.is_some();
    if is_head || sends("transfer-encoding") {
        let what = if is_head { "a body with HEAD" } else { "a Transfer-Encoding of your own" };
        return format!("# curl cannot send this request: it has {what}.");
    }
    if order.body.as_ref().is_some_and(|body| body.len() > BODY_MAX) {
        return "# The body is too long for a command line: put it into a file, and send that with --data-binary @FILE."
            .to_owned();
    }
    let mut words = vec!["curl --include --globoff --path-as-is".to_owned()];
    words.push(match order.method.as_str() {
        "HEAD" => "--head".to_owned(),
        method => format!("--request {}", quoted(method)),
    });
    for (name, value) in &order.headers {
        // A header without a value is written with a semicolon, since a colon alone would take it away.
        words.push(format!(
            "--header {}",
            quoted(&if value.trim().is_empty() { format!("{name};") } else { format!("{name}: {value}") })
        ));
    }
    if let Some(body) = &order.body {
        if !sends("content-type") {
            words.push("--header 'Content-Type:'".to_owned());
        }
        words.push(format!("--data-raw {}", quoted(body)));
    }
    // In an address, curl would take a fragment away and encode what is not ASCII.
    words.push(if order.path.starts_with('/') && order.path.is_ascii() && !order.path.contains('#') {
        quoted(&format!("http://{address}{}", order.path))
    } else {
        format!("--request-target {} {}", quoted(&order.path), quoted(&format!("http://{address}/")))
    });
    words.join(" \\\n  ")
}

/// A word as POSIX shells take it literally.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::command;
    use crate::tester::send::Order;

    #[test]
    fn what_a_shell_would_read_is_in_quotation_marks() {
        let order = Order {
            method: "POST".to_owned(),
            path: "/api/users?a=b&c=$(d)".to_owned(),
            headers: vec![("If-Match".to_owned(), "\"1\"".to_owned()), ("X".to_owned(), String::new())],
            body: Some("{\"name\": \"O'Neil\"}".to_owned()),
        };
        let expected = "curl --include --globoff --path-as-is \\\n  --request 'POST' \\\n  --header 'If-Match: \"1\"' \\\n  --header 'X;' \\\n  \
            --header 'Content-Type:' \\\n  --data-raw '{\"name\": \"O'\\''Neil\"}' \\\n  'http://127.0.0.1:3001/api/users?a=b&c=$(d)'";
        assert_eq!(command(&order, ([127, 0, 0, 1], 3001).into()), expected);
    }

    fn plain(method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> String {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let order = Order { method: method.to_owned(), path: path.to_owned(), headers, body };
        command(&order, ([127, 0, 0, 1], 3001).into())
    }

    #[test]
    fn no_file_is_read_and_no_path_is_changed() {
        assert!(plain("POST", "/x", &[], Some("@/etc/passwd".to_owned())).contains("--data-raw '@/etc/passwd'"));
        for path in ["/x#part", "/\u{e9}", "*"] {
            assert!(plain("GET", path, &[], None).contains(&format!("--request-target '{path}'")), "{path}");
        }
        assert!(plain("GET", "/x", &[("X", " ")], None).contains("--header 'X;'"));
    }

    #[test]
    fn what_curl_cannot_send_is_said() {
        assert!(plain("HEAD", "/x", &[], Some("b".to_owned())).starts_with("# curl cannot"));
        assert!(plain("POST", "/x", &[("transfer-encoding", "chunked")], Some("b".to_owned())).starts_with("# curl"));
        assert!(plain("POST", "/x", &[], Some("b".repeat(200_000))).starts_with("# The body is too long"));
        assert!(plain("HEAD", "/x", &[], None).contains("--head"));
    }
}
