//! x
#![allow(clippy::all, clippy::unwrap_used, missing_docs)]
use shared::app::{App, Services};
use shared::{
    context::RequestContext, cors::Cors, demo, drain::Drain, passwords::Passwords, telemetry::Telemetry, tokens::Tokens,
};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
async fn app(fw: &str, shutdown: CancellationToken) -> App {
    let telemetry = Arc::new(Telemetry::new(fw, "memory", Duration::from_secs(2), true).unwrap());
    let passwords = Arc::new(Passwords::start(1).unwrap());
    let tokens = Tokens::new(&[7; 32], "stackdiff", "stackdiff-api");
    let repositories = store_memory::open("", 1).await.unwrap();
    let hash = passwords.hash("correct horse").await.unwrap();
    demo::seed(&RequestContext::internal("seed"), &*repositories.users, &hash).await.unwrap();
    App {
        services: Services::new(repositories, passwords, tokens, telemetry.clone()),
        telemetry,
        drain: Drain::new(shutdown),
        cors: Arc::new(Cors::new(vec!["https://a.example".into()])),
        body_timeout: Duration::from_millis(1000),
        shutdown_timeout: Duration::from_secs(10),
        workers: 1,
    }
}
#[tokio::main(worker_threads = 2)]
async fn main() {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(std::env::var("LOG").unwrap_or("error".into())))
        .with_writer(std::io::stderr)
        .init();
    let shutdown = CancellationToken::new();
    let s2 = shutdown.clone();
    tokio::spawn(async move {
        tokio::signal::ctrl_c().await.unwrap();
        s2.cancel();
    });
    let axum = tokio::spawn(framework_axum::serve(
        app("axum", shutdown.clone()).await,
        "127.0.0.1:4801".parse().unwrap(),
        |a| println!("axum {a}"),
    ));
    let actix = tokio::spawn(framework_actix::serve(
        app("actix", shutdown.clone()).await,
        "127.0.0.1:4802".parse().unwrap(),
        |a| println!("actix {a}"),
    ));
    let sh = shutdown.clone();
    sh.cancelled().await;
    let t = std::time::Instant::now();
    actix.await.unwrap().unwrap();
    println!("actix ended {:?}", t.elapsed());
    axum.await.unwrap().unwrap();
    println!("axum ended {:?}", t.elapsed());
}
