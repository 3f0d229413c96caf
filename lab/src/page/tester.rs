//! The tester: the form for one request, and the answers of one variant or of all.

use super::{Lab, html};
use crate::operations::{Contract, Operation, Tag};
use crate::run::variants::{Status, Variant};
use crate::tester::draft::Draft;
use crate::tester::mistakes::{Mistake, mistakes};
use crate::tester::prose::Prose;
use crate::tester::send::{Failure, LIMITS, Order, ask};
use crate::tester::sign_in::{Credentials, Outcome, sign_in};
use crate::tester::view::{Exchange, answers};
use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::request::Request;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

/// The largest request that the page takes, with everything that is to be sent.
const ORDER_MAX: usize = 1024 * 1024;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
        .route("/try", get(page))
        .route("/try/send", post(send).layer(DefaultBodyLimit::max(ORDER_MAX)))
        .route("/try/sign-in", post(sign_in_at_first).layer(DefaultBodyLimit::max(ORDER_MAX)))
}

/// The operation that is shown first: it touches neither the store nor a token.
const FIRST: &str = "hello.show";

#[derive(Template)]
#[template(path = "try.html")]
struct TesterPage<'a> {
    groups: Vec<(&'a Tag, Vec<&'a Operation>)>,
    operation: &'a Operation,
    /// Paragraphs.
    description: Vec<Prose>,
    /// The named example that is filled in, if it is not the first.
    example: String,
    mistakes: Vec<Mistake>,
    /// The mistake that is filled in.
    mistake: Option<Mistake>,
    draft: Draft,
    variants: Vec<Variant>,
    /// What several variants have in common, and how the script knows them by their names: `axum-*`, `*-mongodb`.
    kinds: Vec<(String, String)>,
    /// What of the address names nothing.
    unknown: Option<String>,
}

impl TesterPage<'_> {
    fn view(&self) -> &'static str {
        "/try"
    }

    fn is_mistake(&self, mistake: &Mistake) -> bool {
        self.mistake.as_ref().is_some_and(|chosen| chosen.slug == mistake.slug)
    }

    fn slug(&self) -> &str {
        self.mistake.as_ref().map_or("", |mistake| mistake.slug)
    }

    fn runs(variant: &Variant) -> bool {
        variant.address.is_some()
    }

    fn status(variant: &Variant) -> &'static str {
        match variant.status {
            Status::Ready | Status::NotReady => "",
            Status::Starting => " (starting)",
            Status::Stopped | Status::NoDatabase => " (not running)",
            Status::Ended => " (has ended)",
            Status::Failed => " (did not start)",
        }
    }
}

async fn page(State(lab): State<Arc<Lab>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let asked = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let contract = Contract::embedded();
    let mut unknown = None;
    let id = asked("operation").unwrap_or_else(|| FIRST.to_owned());
    let operation = contract.find(&id).or_else(|| {
        unknown = Some(format!("The contract has no operation {id}."));
        contract.find(FIRST).or(contract.operations.first())
    });
    let Some(operation) = operation else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "The contract has no operations.\n").into_response();
    };
    let mistakes = mistakes(contract, operation);
    let mut mistake = None;
    if let Some(slug) = asked("mistake") {
        mistake = mistakes.iter().find(|mistake| mistake.slug == slug).cloned();
        if mistake.is_none() {
            unknown = Some(format!("{} has no mistake {slug}.", operation.id));
        }
    }
    let names = || operation.bodies.iter().flat_map(|body| &body.examples).map(|example| example.name.as_str());
    let example = asked("example").filter(|wanted| names().any(|name| name == wanted)).unwrap_or_default();
    let draft = match &mistake {
        Some(mistake) => mistake.draft.clone(),
        None => Draft::new(operation, Some(&example)),
    };
    let of_tag = |tag| contract.operations.iter().filter(|operation| operation.tag == tag).collect();
    let page = TesterPage {
        groups: contract.tags.iter().map(|tag| (tag, of_tag(tag.name.clone()))).collect(),
        operation,
        description: operation.description.split("\n\n").map(Prose::new).collect(),
        example,
        mistakes,
        mistake,
        draft,
        kinds: kinds(&lab.variants.list()),
        variants: lab.variants.list(),
        unknown,
    };
    let status = if page.unknown.is_some() { StatusCode::NOT_FOUND } else { StatusCode::OK };
    (status, html(&page)).into_response()
}

/// The frameworks and the stores of the lab's own variants.
fn kinds(variants: &[Variant]) -> Vec<(String, String)> {
    let frameworks = variants.iter().filter_map(|variant| variant.framework.as_deref());
    let frameworks = frameworks.map(|name| (format!("{name} over every store"), format!("{name}-*")));
    let stores = variants.iter().filter_map(|variant| variant.store.as_deref());
    let stores = stores.map(|name| (format!("{name} under every framework"), format!("*-{name}")));
    let mut kinds: Vec<(String, String)> = Vec::new();
    for kind in frameworks.chain(stores) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

/// What the page's script sends.
#[derive(Deserialize)]
struct SendOrder {
    /// Names; none for all that run.
    variants: Option<Vec<String>>,
    /// The operation that the form was filled in for.
    operation: String,
    #[serde(flatten)]
    order: Order,
}

/// A sentence for the page instead of answers.
fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

fn unreadable(rejection: &JsonRejection) -> Response {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return refused(rejection.status(), "The request is larger than 1 MiB: the lab does not pass it on.");
    }
    refused(rejection.status(), &format!("The lab cannot read this request: {}.", rejection.body_text()))
}

/// Sends a request and tells of each answer as it comes: a line of JSON each, and at the end all of them as HTML.
async fn send(State(lab): State<Arc<Lab>>, order: Result<Json<SendOrder>, JsonRejection>) -> Response {
    let Json(order) = match order {
        Ok(order) => order,
        Err(rejection) => return unreadable(&rejection),
    };
    let request = match order.order.request() {
        Ok(request) => request,
        Err(refusal) => return refused(StatusCode::UNPROCESSABLE_ENTITY, &format!("{refusal}.")),
    };
    if order.variants.as_ref().is_some_and(Vec::is_empty) {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, "No variant is chosen: choose one, or all that run.");
    }
    let variants = match chosen(&lab, order.variants.as_deref()) {
        Ok(variants) => variants,
        Err(unknown) => {
            return refused(
                StatusCode::NOT_FOUND,
                &format!("There is no variant {unknown}: the lab sends to its own variants and to attached ones only."),
            );
        }
    };
    let request = Arc::new(request);
    let asked: FuturesUnordered<_> = variants
        .into_iter()
        .enumerate()
        .map(|(place, variant)| exchange(place, lab.variants.address(&variant.name), variant, request.clone()))
        .collect();
    // Nothing of this is a task of its own: if the page goes away, the connections to the variants are closed with it.
    let answered = stream::unfold(Lines::Asking(Progress { asked, done: Vec::new(), order }), next_line);
    let lines = answered.map(|line| Ok::<_, Infallible>(Bytes::from(format!("{line}\n"))));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

/// The variants of these names, or all that run.
fn chosen(lab: &Lab, names: Option<&[String]>) -> Result<Vec<Variant>, String> {
    let all = lab.variants.list();
    let Some(names) = names else { return Ok(all.into_iter().filter(TesterPage::runs).collect()) };
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|variant| variant.name == **name)) {
        return Err(unknown.clone());
    }
    Ok(all.into_iter().filter(|variant| names.contains(&variant.name)).collect())
}

/// Asks one variant, at the address that the lab knows for its name: no request says where it goes.
fn exchange(
    place: usize,
    address: Option<SocketAddr>,
    variant: Variant,
    request: Arc<Request>,
) -> BoxFuture<'static, (usize, Exchange)> {
    Box::pin(async move {
        let outcome = match address {
            Some(address) => ask(address, &request, LIMITS).await,
            None => Err(Failure::NotRunning(variant.detail)),
        };
        (place, Exchange { variant: variant.name, store: variant.store, address, outcome })
    })
}

struct Progress {
    asked: FuturesUnordered<BoxFuture<'static, (usize, Exchange)>>,
    done: Vec<(usize, Exchange)>,
    order: SendOrder,
}

enum Lines {
    Asking(Progress),
    Done,
}

async fn next_line(state: Lines) -> Option<(Value, Lines)> {
    let Lines::Asking(mut progress) = state else { return None };
    if let Some((place, exchange)) = progress.asked.next().await {
        let line = json!({ "variant": exchange.variant, "summary": exchange.summary() });
        progress.done.push((place, exchange));
        return Some((line, Lines::Asking(progress)));
    }
    progress.done.sort_by_key(|(place, _)| *place);
    let exchanges: Vec<Exchange> = progress.done.into_iter().map(|(_, exchange)| exchange).collect();
    // Checking against the schemas takes its time: not on a thread that serves others.
    let rendered = tokio::task::spawn_blocking(move || {
        let asked = Contract::embedded().find(&progress.order.operation);
        let answers = answers(&progress.order.order, asked, &exchanges);
        let html = answers.render().map_err(|error| error.to_string());
        (answers.verdict.short, html)
    });
    let line = match rendered.await {
        Ok((short, Ok(html))) => json!({ "html": html, "short": short }),
        Ok((_, Err(error))) => json!({ "error": error }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    Some((line, Lines::Done))
}

/// Signs in at the first variant that runs: a token of one is good at all of them. A sign-in that a variant refuses is an
/// answer like any other: the page shows its words, and the browser logs no failed request.
async fn sign_in_at_first(
    State(lab): State<Arc<Lab>>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Response {
    let Json(credentials) = match credentials {
        Ok(credentials) => credentials,
        Err(rejection) => return unreadable(&rejection),
    };
    let running = lab.variants.list().into_iter().find_map(|variant| Some((variant.name, variant.address?)));
    let outcome = match running {
        Some((name, address)) => sign_in(&name, address, &credentials).await,
        None => Outcome::Error("No variant runs: start one in Variants, and sign in again.".to_owned()),
    };
    Json(outcome).into_response()
}
