//! The same request as a command for the terminal.

use super::send::Order;
use std::net::SocketAddr;

/// `curl` with everything in quotation marks that a shell would read otherwise. It sends what the page sends: the path
/// untouched, no content type that was not given.
pub(crate) fn command(order: &Order, address: SocketAddr) -> String {
    let mut words = vec!["curl --include --globoff --path-as-is".to_owned()];
    words.push(match order.method.as_str() {
        "HEAD" => "--head".to_owned(),
        method => format!("--request {}", quoted(method)),
    });
    for (name, value) in &order.headers {
        // A header without a value is written with a semicolon, since a colon alone would take it away.
        words.push(format!(
            "--header {}",
            quoted(&if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") })
        ));
    }
    if let Some(body) = &order.body {
        if !order.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            words.push("--header 'Content-Type:'".to_owned());
        }
        words.push(format!("--data-binary {}", quoted(body)));
    }
    words.push(if order.path.starts_with('/') {
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
            --header 'Content-Type:' \\\n  --data-binary '{\"name\": \"O'\\''Neil\"}' \\\n  'http://127.0.0.1:3001/api/users?a=b&c=$(d)'";
        assert_eq!(command(&order, ([127, 0, 0, 1], 3001).into()), expected);
    }
}
