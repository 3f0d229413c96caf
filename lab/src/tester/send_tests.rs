//! What comes of servers that do not answer as they should.

use super::send::{Failure, Order, Received, Refusal, ask};
use super::view::{Exchange, answers};
use askama::Template;
use contract::client::Limits;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Short, so that the test of the time limit is; long enough for everything else on a machine that is busy.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), body: 1024 * 1024 };

fn order(path: &str) -> Order {
    Order { method: "GET".to_owned(), path: path.to_owned(), headers: Vec::new(), body: None }
}

/// A server that answers each connection with these bytes and closes it, or holds it open.
async fn server(bytes: Vec<u8>, closes: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(&bytes).await;
            if !closes {
                held.push(stream);
            }
        }
    });
    address
}

async fn outcome(bytes: impl Into<Vec<u8>>) -> Result<Received, Failure> {
    ask(server(bytes.into(), true).await, &order("/x").request().unwrap(), LIMITS).await
}

/// What the page shows of such an answer.
async fn shown(bytes: impl Into<Vec<u8>>) -> String {
    let address = server(bytes.into(), true).await;
    let outcome = ask(address, &order("/x").request().unwrap(), LIMITS).await;
    let exchange = Exchange { variant: "mine".to_owned(), store: None, address: Some(address), outcome };
    answers(&order("/x"), None, &[exchange]).render().unwrap()
}

#[tokio::test]
async fn nobody_who_listens_is_told_from_somebody_who_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = ask(address, &order("/").request().unwrap(), LIMITS).await;
    assert!(matches!(refused, Err(Failure::Refused)), "{refused:?}");
    assert!(matches!(outcome("").await, Err(Failure::Closed { begun: false })));
    let middle = outcome("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
    assert!(matches!(middle, Err(Failure::Closed { begun: true })), "{middle:?}");
    assert!(matches!(outcome("SSH-2.0-OpenSSH\r\n").await, Err(Failure::NotHttp(_))));
}

#[tokio::test]
async fn who_never_answers_is_given_up() {
    let address = server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec(), false).await;
    let limits = Limits { time: Duration::from_millis(200), ..LIMITS };
    let outcome = ask(address, &order("/").request().unwrap(), limits).await;
    let failure = outcome.err().unwrap();
    assert!(matches!(failure, Failure::TimeLimit(_)) && failure.title().contains("0.2 s"), "{failure:?}");
}

#[tokio::test]
async fn of_an_answer_of_ten_megabytes_the_beginning_is_read_and_less_is_shown() {
    let mut bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10485760\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + 10_485_760, b'a');
    let html = shown(bytes).await;
    assert!(
        html.contains("10.0 MiB") && html.contains("the first 1.0 MiB") && html.contains("2,000 lines or 64 KiB"),
        "{}",
        &html[..2_000]
    );
    assert!(html.len() < 100_000, "{}", html.len());
    assert!(html.contains("Not checked against the contract"));
}

#[tokio::test]
async fn what_is_not_json_is_shown_as_what_it_is() {
    let html =
        shown("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n<b>hello</b>").await;
    assert!(html.contains("It says that it is JSON, and it is not") && html.contains("&#60;b&#62;hello"), "{html}");
    assert!(!html.contains("<b>hello") && html.contains("Not as the contract says."), "{html}");
    let html = shown(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ncaf\xe9".to_vec()).await;
    assert!(html.contains("Some bytes are not UTF-8") && html.contains("caf\u{fffd}"), "{html}");
    let html = shown(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 4\r\n\r\n\x89PNG".to_vec()).await;
    assert!(html.contains("4 bytes that are no text"), "{html}");
    let html = shown("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert!(html.contains("No body"), "{html}");
}

#[tokio::test]
async fn an_answer_and_none_are_never_identical() {
    let address = server(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), true).await;
    let mut exchanges = Vec::new();
    for variant in ["one", "two"] {
        let outcome = ask(address, &order("/").request().unwrap(), LIMITS).await;
        exchanges.push(Exchange { variant: variant.to_owned(), store: None, address: Some(address), outcome });
    }
    assert_eq!(answers(&order("/"), None, &exchanges).verdict.kind, "identical");
    exchanges.push(Exchange {
        variant: "three".to_owned(),
        store: None,
        address: None,
        outcome: Err(Failure::NotRunning(None)),
    });
    let answers = answers(&order("/"), None, &exchanges);
    assert_eq!(
        (answers.verdict.kind, answers.verdict.short.as_str()),
        ("incomplete", "2 of 3 answered: not identical.")
    );
}

#[test]
fn what_would_end_a_line_is_refused() {
    let with = |change: fn(&mut Order)| {
        let mut order = order("/x");
        change(&mut order);
        order.request().err().map(|refusal| refusal.to_string()).unwrap_or_default()
    };
    assert_eq!(with(|_| {}), "");
    assert_eq!(with(|order| order.headers = vec![("A".into(), "\u{e9}\tb c".into())]), "");
    assert!(with(|order| order.method = "GET\r\nX: y".into()).starts_with("The method holds a line break"));
    assert!(with(|order| order.path = "/x\n".into()).starts_with("The path holds a line break"));
    assert!(with(|order| order.path = "/a b".into()).contains("%20"));
    assert!(with(|order| order.headers = vec![("A".into(), "b\r\nC: d".into())]).contains("`A` holds a line break"));
    assert!(with(|order| order.headers = vec![("A\n".into(), "b".into())]).contains("line break"));
    assert!(with(|order| order.headers = vec![("A: b".into(), "c".into())]).contains("take it out"));
    assert!(with(|order| order.headers = vec![(String::new(), "c".into())]).contains("is empty"));
    assert_eq!(Order { path: String::new(), ..order("/") }.request().err(), Some(Refusal::Empty("The path")));
}
