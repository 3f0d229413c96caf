//! Bodies that are odd on the wire, as media or as JSON.

use std::time::Duration;

use super::Recorder;
use crate::request::{BEGINNING, Framing, Request};

pub(super) async fn run(recorder: &mut Recorder) {
    media(recorder).await;
    sizes(recorder).await;
    syntax(recorder).await;
}

fn login() -> Request {
    Request::new("POST", "/api/auth/login")
}

async fn media(recorder: &mut Recorder) {
    recorder.part("media");
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"",
        "APPLICATION/JSON",
        "application/json; charset=latin1",
        "application/json; foo=bar",
        "application/json;",
        "application/json; charset",
        "application/merge-patch+json",
        "application/problem+json",
        "application/jsonx",
        "text/plain",
        "text/json",
        "*/*",
        "json",
        "",
        "application/json, text/plain",
        "application/json; charset=utf-8; charset=latin1",
        "a/b/c",
    ];
    let (path, token) = (recorder.user.path(), recorder.user.token.clone());
    for media_type in types {
        recorder.step(login().header("Content-Type", media_type).bytes("{}")).await;
        let patch = Request::new("PATCH", &path).bearer(&token).header("Content-Type", media_type);
        recorder.step(patch.bytes("{}")).await;
    }
    recorder.step(login().bytes("{}")).await;
    recorder.step(login().bytes("{}").framing(Framing::Chunked)).await;
    for encoding in ["identity", "IDENTITY", "gzip", "", "identity, gzip", "nonsense"] {
        recorder.step(login().header("Content-Encoding", encoding).json_text("{}")).await;
    }
    let twice = login().header("Content-Type", "application/json").header("Content-Type", "text/plain");
    recorder.step(twice.bytes("{}")).await;
}

async fn sizes(recorder: &mut Recorder) {
    recorder.part("sizes");
    for size in [65_536, 65_537, 1_000_000] {
        let mut body = b"{}".to_vec();
        body.resize(size, b' ');
        let request = login().json_text(body);
        recorder.step(request.clone()).await;
        recorder.step(request.clone().framing(Framing::Chunked)).await;
        recorder.step(request.framing(Framing::Chunked).pieces_of(4_096, Duration::ZERO)).await;
    }
    recorder.step(login().json_text(BEGINNING).framing(Framing::Length(10_000_000_000))).await;
    recorder.step(login().json_text(vec![b' '; 65_537]).framing(Framing::ChunkedWithoutEnd)).await;
    recorder.step(login()).await;
    recorder.step(login().bytes("")).await;
    recorder.step(login().json_text("").framing(Framing::Chunked)).await;
    recorder.step(login().json_text("{}").pieces_of(1, Duration::from_millis(50))).await;
    // Ten seconds of waiting, once: the one way to see a 408.
    recorder.step(login().json_text(BEGINNING).framing(Framing::Length(100))).await;
}

async fn syntax(recorder: &mut Recorder) {
    recorder.part("syntax");
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let texts = [
        " ",
        "{",
        "{]",
        "{\"a\":1,}",
        "[1,]",
        "{'a':1}",
        "nul",
        "NaN",
        "01",
        "1.",
        "+1",
        "{} {}",
        "{}x",
        "\u{feff}{}",
        "\0",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud83e\\udd80\"",
        "{\"\\ud800\":1}",
        "\"a\nb\"",
        "1e400",
        "-1e400",
        "1e308",
        "1e-400",
        "18446744073709551616",
        "{\"email\":1e400}",
        "{\"x\":1e999}",
        "{\"email\":\"\\u0000@b\",\"password\":\"\\u0000\"}",
    ];
    for text in texts {
        recorder.step(login().json_text(text)).await;
    }
    for depth in [127, 128, 10_000] {
        recorder.step(login().json_text(nested(depth))).await;
        recorder.step(login().json_text(format!("{{\"email\":{}}}", nested(depth - 1)))).await;
        recorder.step(login().json_text(format!("{{\"unknown\":{}}}", nested(depth - 1)))).await;
        recorder.step(login().json_text("{\"a\":".repeat(depth))).await;
    }
    for bytes in
        [&b"\xff"[..], b"\"\xff\"", b"{\"email\":\"\xc3\x28\"}", b"{\"x\xff\":1}", b"\"\xed\xa0\x80\"", b"{\0}\0"]
    {
        recorder.step(login().json_text(bytes)).await;
    }
}
