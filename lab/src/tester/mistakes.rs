//! Typical mistakes, made by rule from what an operation takes, each with what its answer must be.
//!
//! No list by operation: one that is new in the contract has its mistakes by itself, and the tests hold every one of them
//! to its status on the running variants.

use super::draft::{self, Draft, Pair};
use super::samples;
use crate::operations::{Contract, Operation, Place};
use serde_json::{Value, json};
use shared::domain::OrderStatus;

/// The layers, as `Server-Timing` names them, in their order.
pub(crate) const LAYERS: [&str; 4] = ["auth", "validation", "service", "store"];

/// The largest body that the contract allows, in bytes.
const BODY_MAX: usize = 65_536;

/// A token as other services issue them: well formed, and signed with a secret that is not ours.
const FOREIGN_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIn0.c29tZWJvZHktZWxzZSdzLXNpZ25hdHVyZQ";

/// An id that is well formed, and that nothing has.
const NOBODYS_ID: &str = "00000000-0000-7000-8000-000000000000";

/// A mistake in a request for one operation.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    /// Its name in links.
    pub slug: &'static str,
    pub name: &'static str,
    /// Why people make it.
    pub why: &'static str,
    /// The status that answers it.
    pub status: u16,
    /// The layers that the request does not reach; none is said where an operation tells no layers.
    pub dark: Vec<&'static str>,
    pub draft: Draft,
}

/// How far a request gets until its mistake is seen: the order of the guards in the contract.
#[derive(Clone, Copy)]
enum Stage {
    Route,
    Token,
    Precondition,
    Size,
    Body,
    Rule,
}

struct Maker<'a> {
    operation: &'a Operation,
    valid: &'a Draft,
    mistakes: Vec<Mistake>,
}

/// The mistakes that can be made with an operation, in the order of the contract's guards.
pub(crate) fn mistakes(contract: &Contract, operation: &Operation) -> Vec<Mistake> {
    let valid = Draft::new(operation, None);
    let mut maker = Maker { operation, valid: &valid, mistakes: Vec::new() };
    maker.route(contract);
    maker.token();
    maker.preconditions();
    maker.body();
    maker.query();
    maker.rules();
    maker.mistakes
}

impl Maker<'_> {
    fn add(
        &mut self,
        slug: &'static str,
        name: &'static str,
        why: &'static str,
        status: u16,
        stage: Stage,
        edit: impl FnOnce(&mut Draft),
    ) {
        let mut draft = self.valid.clone();
        edit(&mut draft);
        self.mistakes.push(Mistake { slug, name, why, status, dark: dark(self.operation, stage), draft });
    }

    fn route(&mut self, contract: &Contract) {
        let known = contract.methods(&self.operation.path);
        let wrong = ["GET", "POST", "PUT", "DELETE", "PATCH"].into_iter().find(|method| !known.contains(method));
        if let Some(wrong) = wrong {
            let why =
                "A client that is written from memory takes the method for granted. `Allow` lists the right ones.";
            self.add("wrong-method", "Wrong method", why, 405, Stage::Route, |draft| {
                wrong.clone_into(&mut draft.method)
            });
        }
        let why =
            "Frameworks and proxies differ in whether they forgive it. Here it is another path, which names nothing.";
        self.add("trailing-slash", "Trailing slash", why, 404, Stage::Route, |draft| draft.path.push('/'));
    }

    fn token(&mut self) {
        if !self.operation.needs_token {
            return;
        }
        let why = "The header was forgotten, or lost on a redirect.";
        self.add("no-token", "No token", why, 401, Stage::Token, |draft| draft.with_token = false);
        let why = "A token of another service or stage, or one from before the secret was changed.";
        self.add("foreign-token", "A token that is not ours", why, 401, Stage::Token, |draft| {
            draft.headers.insert(0, Pair::new("Authorization", &format!("Bearer {FOREIGN_TOKEN}")));
        });
    }

    fn preconditions(&mut self) {
        let names = ["If-Match", "If-None-Match"];
        let taken = |name: &&str| self.operation.parameters_in(Place::Header).any(|known| known.name == **name);
        if let Some(name) = names.into_iter().find(taken) {
            let why = "An entity tag has quotation marks, which belong to it: `\"1\"`, not `1`.";
            self.add("unquoted-version", "A version without quotation marks", why, 400, Stage::Precondition, |draft| {
                draft.set_header(name, "1");
            });
        }
        if self.operation.parameters_in(Place::Header).any(|known| known.name == "Idempotency-Key") {
            let why = "A key is one word: what was put together from a date or a name has white space in it.";
            self.add("malformed-key", "An idempotency key of two words", why, 400, Stage::Precondition, |draft| {
                draft.set_header("Idempotency-Key", "order 1");
            });
        }
    }

    fn body(&mut self) {
        let Some(text) = self.valid.body.clone() else { return };
        let why = "A file was uploaded, or a loop appended to one field.";
        let big = too_big(self.operation, &text);
        self.add("too-big", "Too big", why, 413, Stage::Size, |draft| draft.body = Some(big));
        let why = "Many clients send text or a form unless they are told otherwise.";
        self.add("wrong-content-type", "Wrong content type", why, 415, Stage::Body, |draft| {
            draft.set_header("Content-Type", "text/plain");
        });
        let why = "JSON that was put together by hand, or cut off on its way: the last bracket is missing.";
        let broken = text.trim_end().strip_suffix(['}', ']']).unwrap_or_default().trim_end().to_owned();
        self.add("broken-json", "Broken JSON", why, 400, Stage::Body, |draft| draft.body = Some(broken));
        let Ok(Value::Object(members)) = serde_json::from_str(&text) else { return };
        let fields = &self.operation.fields;
        let unknown =
            ["nickname", "nick_name"].into_iter().find(|name| !fields.iter().any(|field| field.name == *name));
        if let Some(unknown) = unknown {
            let why = "A misspelt field, or one of a newer version: a server that ignores it loses what was meant.";
            self.member("unknown-field", "Unknown field", why, 422, Stage::Body, unknown, json!("Ada"));
        }
        if let Some(name) = self.text_field(&members) {
            let why = "A number where a text belongs: what came from a spreadsheet or a form was not converted.";
            self.member("wrong-type", "Wrong type of a field", why, 422, Stage::Body, &name, json!(42));
        }
        if let Some(field) = fields.iter().find(|field| field.is_whole) {
            let why = "An amount in dollars or euros where cents are counted, and in whole ones.";
            self.member("fraction", "A fraction of a cent", why, 422, Stage::Body, &field.name, json!(19.99));
        }
        for (name, most) in fields.iter().filter_map(|field| Some((&field.name, field.most?))) {
            let one = members.get(name).and_then(|list| list.get(0)).cloned().unwrap_or_default();
            let why = "Somebody put into one request what is meant for several.";
            self.member(
                "too-many",
                "More than a list may have",
                why,
                422,
                Stage::Body,
                name,
                vec![one; most + 1].into(),
            );
        }
    }

    /// A mistake in a member of the body.
    #[expect(clippy::too_many_arguments, reason = "those of `add`, and which member becomes what")]
    fn member(
        &mut self,
        slug: &'static str,
        name: &'static str,
        why: &'static str,
        status: u16,
        stage: Stage,
        member: &str,
        value: Value,
    ) {
        let Some(Ok(Value::Object(mut members))) = self.valid.body.as_deref().map(serde_json::from_str) else { return };
        members.insert(member.to_owned(), value);
        self.add(slug, name, why, status, stage, |draft| draft.body = pretty(members));
    }

    /// The first member of the example that is a text.
    fn text_field(&self, members: &serde_json::Map<String, Value>) -> Option<String> {
        let is_text = |name: &&String| self.operation.fields.iter().any(|field| field.is_text && field.name == **name);
        members.keys().find(is_text).cloned()
    }

    fn query(&mut self) {
        if self.operation.parameters_in(Place::Query).next().is_none() {
            return;
        }
        let why = "Other services count pages. A server that ignores it answers the first page again and again.";
        self.add("unknown-parameter", "Unknown query parameter", why, 422, Stage::Body, |draft| {
            draft.query.push(Pair::new("page", "2"));
        });
        if self.operation.parameters_in(Place::Query).any(|parameter| parameter.name == "limit") {
            let why = "A page of everything: somebody wanted all of it at once.";
            self.add("limit-too-large", "A limit out of range", why, 422, Stage::Body, |draft| {
                for pair in draft.query.iter_mut().filter(|pair| pair.name == "limit") {
                    pair.value = "1000000".to_owned();
                }
            });
        }
        let has = |name: &str| self.operation.parameters_in(Place::Query).any(|parameter| parameter.name == name);
        if has("from") && has("to") {
            let fill = |draft: &mut Draft, from: &str, to: &str| {
                for pair in &mut draft.query {
                    match pair.name.as_str() {
                        "from" => from.clone_into(&mut pair.value),
                        "to" => to.clone_into(&mut pair.value),
                        _ => {}
                    }
                }
            };
            let why = "A date as people write it, each country in its order. Here it is year, month, day (RFC 3339).";
            self.add("other-date", "A date in another order", why, 422, Stage::Body, |draft| {
                fill(draft, "31.12.2025", "")
            });
            let why = "The two were mixed up: a server that answers nothing hides it.";
            self.add("to-before-from", "The end before the beginning", why, 422, Stage::Body, |draft| {
                fill(draft, "2025-12-31", "2025-01-01");
            });
        }
    }

    fn rules(&mut self) {
        if self.operation.parameters_in(Place::Path).next().is_some() {
            let why = "The link is old, or the thing was deleted meanwhile.";
            let path = draft::path(self.operation, |parameter| match parameter.name.as_str() {
                "id" => NOBODYS_ID.to_owned(),
                _ => "nothing-of-this-name".to_owned(),
            });
            self.add("unknown-id", "An id that names nothing", why, 404, Stage::Rule, |draft| draft.path = path);
        }
        if self.operation.parameters_in(Place::Header).any(|parameter| parameter.name == "If-Match") {
            let why =
                "Somebody else has changed it since it was read: without this check one of the two changes is lost.";
            self.add("other-version", "`If-Match` of another version", why, 412, Stage::Rule, |draft| {
                draft.set_header("If-Match", "\"999\"");
            });
        }
        self.conflicts();
    }

    /// The rules of the business: each problem that the contract names for the operation, where one request can bring it
    /// about.
    fn conflicts(&mut self) {
        let operation = self.operation;
        let problems = operation.problems();
        let has = |slug: &str| problems.iter().any(|problem| problem.slug == slug);
        if has("email-taken") {
            let why = "Somebody has the address already, perhaps the same person: upper and lower case are the same.";
            let taken = samples::user(5).email.to_uppercase();
            self.member("email-taken", "An e-mail of somebody else", why, 409, Stage::Rule, "email", taken.into());
        }
        if has("sku-taken") {
            let why = "A list was imported twice, or two people add the same thing.";
            let taken = samples::product(5).sku;
            self.member("sku-taken", "A SKU of another product", why, 409, Stage::Rule, "sku", taken.into());
        }
        if has("has-orders") {
            let why = "Whoever has ordered is needed for the books: there is no order of nobody.";
            let path = draft::path(operation, |_| samples::user_with_orders().to_string());
            self.add("has-orders", "A user who has orders", why, 409, Stage::Rule, |draft| draft.path = path);
        }
        if has("insufficient-stock") {
            let line = |id: String, quantity: i64| json!([{ "product_id": id, "quantity": quantity }]);
            let why = "The product was deleted while it lay in the basket.";
            let unknown = line(NOBODYS_ID.to_owned(), 1);
            self.member("unknown-product", "A product that is not there", why, 422, Stage::Rule, "lines", unknown);
            let why = "Others were faster, or it is more than there ever was. `errors` says how many are left.";
            let many = line(samples::product(samples::ORDERED_FROM).id.to_string(), 1_000);
            self.member("insufficient-stock", "More than there is", why, 409, Stage::Rule, "lines", many);
        }
        if has("illegal-transition") {
            let why = "A page was open for long, and the order has been shipped meanwhile: it is not paid once more.";
            let path = draft::path(operation, |_| samples::order(OrderStatus::Shipped).id.to_string());
            self.add("illegal-transition", "A step that the order cannot take", why, 409, Stage::Rule, |draft| {
                draft.path = path;
            });
        }
    }
}

/// The layers that a request does not reach if it ends at this stage.
fn dark(operation: &Operation, stage: Stage) -> Vec<&'static str> {
    if !operation.path.starts_with("/api/") {
        return Vec::new();
    }
    let is_dark = |layer: &&str| match (*layer, stage) {
        (_, Stage::Route) => true,
        ("auth", _) => !operation.needs_token,
        (_, Stage::Token | Stage::Precondition | Stage::Size) => true,
        // What takes neither a body nor a query has nothing to validate.
        ("validation", _) => operation.bodies.is_empty() && operation.parameters_in(Place::Query).next().is_none(),
        (_, Stage::Rule) => false,
        (_, Stage::Body) => true,
    };
    LAYERS.into_iter().filter(is_dark).collect()
}

/// The example with so much in its first text that it is over the limit, or with so many spaces after it.
fn too_big(operation: &Operation, text: &str) -> String {
    if let Ok(Value::Object(mut members)) = serde_json::from_str(text)
        && let Some(field) = operation.fields.iter().find(|field| field.is_text && members.contains_key(&field.name))
    {
        members.insert(field.name.clone(), Value::from("a".repeat(BODY_MAX)));
        return pretty(members).unwrap_or_default();
    }
    format!("{text}{}", " ".repeat(BODY_MAX))
}

fn pretty(members: serde_json::Map<String, Value>) -> Option<String> {
    serde_json::to_string_pretty(&Value::Object(members)).ok()
}

#[cfg(test)]
mod tests {
    use super::{BODY_MAX, mistakes};
    use crate::operations::Contract;
    use crate::tester::draft::Draft;
    use std::collections::BTreeSet;

    fn slugs(id: &str) -> Vec<&'static str> {
        let contract = Contract::embedded();
        mistakes(contract, contract.find(id).unwrap()).iter().map(|mistake| mistake.slug).collect()
    }

    #[test]
    fn an_operation_has_the_mistakes_that_it_allows() {
        assert_eq!(slugs("hello.show"), ["wrong-method", "trailing-slash"]);
        let of_body = ["too-big", "wrong-content-type", "broken-json", "unknown-field", "wrong-type"];
        let with_token = ["wrong-method", "trailing-slash", "no-token", "foreign-token"];
        assert_eq!(slugs("users.create"), [&with_token[..], &of_body, &["email-taken"]].concat());
        assert_eq!(slugs("users.list"), [&with_token[..], &["unknown-parameter", "limit-too-large"]].concat());
        let of_user = ["unknown-id", "other-version"];
        assert_eq!(
            slugs("users.update"),
            [&with_token[..], &["unquoted-version"], &of_body, &of_user, &["email-taken"]].concat()
        );
        assert_eq!(slugs("users.delete"), [&with_token[..], &["unquoted-version"], &of_user, &["has-orders"]].concat());
        let of_order = ["too-many", "unknown-product", "insufficient-stock"];
        assert_eq!(slugs("orders.create"), [&with_token[..], &["malformed-key"], &of_body[..4], &of_order].concat());
        assert_eq!(
            slugs("orders.update"),
            [&with_token[..], &["unquoted-version"], &of_body, &of_user, &["illegal-transition"]].concat()
        );
        assert_eq!(slugs("products.create"), [&with_token[..], &of_body, &["fraction", "sku-taken"]].concat());
        assert_eq!(slugs("products.list"), ["wrong-method", "trailing-slash", "unknown-parameter", "limit-too-large"]);
        let of_report = ["unknown-parameter", "other-date", "to-before-from"];
        assert_eq!(slugs("reports.sales"), [&with_token[..], &of_report].concat());
        assert_eq!(slugs("problems.page"), ["wrong-method", "trailing-slash", "unknown-id"]);
    }

    #[test]
    fn each_mistake_is_a_change_of_the_valid_request_with_a_status_that_is_documented() {
        let contract = Contract::embedded();
        for operation in &contract.operations {
            let valid = Draft::new(operation, None);
            let all = mistakes(contract, operation);
            assert_eq!(all.iter().map(|mistake| mistake.slug).collect::<BTreeSet<_>>().len(), all.len());
            for mistake in all {
                assert!(mistake.draft != valid, "{} {}", operation.id, mistake.slug);
                // A path with a slash at its end is none of the operation's.
                let known = operation.response(mistake.status).is_some() || mistake.slug == "trailing-slash";
                assert!(known, "{} {}", operation.id, mistake.slug);
            }
        }
    }

    #[test]
    fn what_is_too_big_is_valid_but_for_its_size() {
        let contract = Contract::embedded();
        for operation in contract.operations.iter().filter(|operation| !operation.bodies.is_empty()) {
            let big = mistakes(contract, operation).into_iter().find(|mistake| mistake.slug == "too-big").unwrap();
            let body = big.draft.body.unwrap();
            assert!(body.len() > BODY_MAX && serde_json::from_str::<serde_json::Value>(&body).is_ok());
        }
    }
}
