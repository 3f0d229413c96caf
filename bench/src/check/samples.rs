//! Answers, looked at while the load runs.

use super::{Keeps, as_request, unanswered};
use crate::dataset::{self, LINES, PAGE};
use crate::error::BenchError;
use crate::process::client;
use crate::workload::{Prepared, UNIQUE, Workload, is_new_name};
use contract::answer::Answer;
use contract::schema::Schema;
use serde_json::Value;
use shared::demo::unusable_hash;
use std::net::SocketAddr;
use std::time::Duration;

/// So often an answer is looked at while the load runs.
const SAMPLE_EVERY: Duration = Duration::from_millis(250);

/// What the samples of a run came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Samples {
    /// Answers that were as they should be.
    pub good: u64,
    /// Those of them that changed the database, as the load did.
    pub changes: u64,
    /// The first that was not.
    pub bad: Option<String>,
}

/// Sends one of the requests four times a second until `stop`, and looks at each answer.
pub(crate) async fn sample(
    address: SocketAddr,
    workload: Workload,
    requests: &[Prepared],
    keeps: Keeps,
    run: u64,
    stop: tokio::sync::oneshot::Receiver<()>,
) -> Result<Samples, BenchError> {
    let schema = Schema::embedded().map_err(unanswered)?;
    let (expected, client) = (Expected::of(workload)?, client(address)?);
    let mut samples = Samples::default();
    let mut pause = tokio::time::interval(SAMPLE_EVERY);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            _ = &mut stop => return Ok(samples),
            _ = pause.tick() => {}
        }
        let place = usize::try_from(samples.good.wrapping_mul(7_919)).unwrap_or_default() % requests.len().max(1);
        let Some(prepared) = requests.get(place) else { return Ok(samples) };
        let unique = format!("{:03}98{:07}", run % 1_000, samples.good);
        let prepared =
            Prepared { body: prepared.body.as_ref().map(|body| body.replace(UNIQUE, &unique)), ..prepared.clone() };
        let answer = client.send(&as_request(&prepared)).await.map_err(unanswered)?;
        let judged =
            expected.judge(workload.of_request(&prepared), &prepared, &answer, keeps).and_then(|()| match keeps {
                Keeps::Contract => schema.check(&answer).map_err(|error| error.to_string()),
                Keeps::Bodies | Keeps::Recording => Ok(()),
            });
        match judged {
            Ok(()) => {
                samples.good += 1;
                samples.changes += u64::from(prepared.method != "GET");
            }
            Err(reason) => {
                samples.bad = Some(reason);
                return Ok(samples);
            }
        }
    }
}

/// What a workload's answers must hold of the dataset.
struct Expected {
    /// Whether users may have been renamed by the workload itself. Those that only read are timed before any that changes users.
    is_renaming: bool,
    /// The report's categories, by name.
    sales: Vec<Value>,
}

impl Expected {
    fn of(workload: Workload) -> Result<Self, BenchError> {
        let sales = if workload == Workload::Report { dataset::sales() } else { Vec::new() };
        let sales: Result<_, _> = sales.iter().map(serde_json::to_value).collect();
        Ok(Self { is_renaming: workload == Workload::Mix, sales: sales.map_err(unanswered)? })
    }

    /// Whether an answer is the one to this request.
    fn judge(&self, workload: Workload, prepared: &Prepared, answer: &Answer, keeps: Keeps) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{} {}: {what}", prepared.method, prepared.path));
        if answer.status != workload.status() {
            return wrong(&format!("answered {} instead of {}", answer.status, workload.status()));
        }
        if keeps == Keeps::Recording {
            return if answer.body.is_empty() { wrong("answered without a body") } else { Ok(()) };
        }
        let body = answer.json().map_err(|error| error.to_string())?;
        let sent: Value = prepared.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
        let lines = body.get("lines").and_then(Value::as_array);
        let is_right = match workload {
            Workload::Hello => body.get("message").is_some(),
            Workload::ReadOne | Workload::LoginMix => {
                prepared.user().is_some_and(|number| self.is_user(&body, number, None))
            }
            Workload::List => prepared.after().is_some_and(|number| self.is_page(&body, number)),
            Workload::Report => self.is_report(&body),
            Workload::Login => body.get("access_token").is_some(),
            Workload::Update | Workload::Mix => {
                let name = sent.get("name").and_then(Value::as_str);
                prepared.user().is_some_and(|number| name.is_some() && self.is_user(&body, number, name))
            }
            Workload::Create => body.get("sku").is_some() && body.get("sku") == sent.get("sku"),
            Workload::Order => lines.is_some_and(|lines| lines.len() as u64 == LINES),
        };
        if is_right { Ok(()) } else { wrong(&format!("answered something else: {}", answer.text())) }
    }

    /// Whether this is the dataset's user of this number, or that user renamed.
    fn is_user(&self, body: &Value, number: u64, renamed: Option<&str>) -> bool {
        let user = dataset::user(number, &unusable_hash());
        let text = |field: &str| body.get(field).and_then(Value::as_str);
        let is_named = |name: &str| match renamed {
            Some(renamed) => name == renamed,
            None => name == user.name || (self.is_renaming && is_new_name(name)),
        };
        text("id") == Some(user.id.to_string().as_str())
            && text("email") == Some(user.email.as_str())
            && text("name").is_some_and(is_named)
    }

    /// Whether these are the users after that of this number, in their order.
    fn is_page(&self, body: &Value, after: u64) -> bool {
        let items = body.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.len() as u64 == PAGE
            && items.iter().zip(after + 1..).all(|(item, number)| self.is_user(item, number, None))
    }

    /// Whether these are the sales of the dataset, the highest revenue first.
    fn is_report(&self, body: &Value) -> bool {
        let Some(mut categories) = body.get("categories").and_then(Value::as_array).cloned() else { return false };
        let revenue = |category: &Value| category.get("revenue_cents").and_then(Value::as_i64);
        let is_sorted = categories.is_sorted_by(|one, next| revenue(one) >= revenue(next));
        categories.sort_by_cached_key(|category| category.get("category").map(Value::to_string));
        is_sorted && categories == self.sales
    }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Keeps};
    use crate::dataset::{self, PAGE, user};
    use crate::workload::{Callers, Prepared, Workload, prepare};
    use contract::answer::Answer;
    use contract::request::Request;
    use serde_json::{Value, json};
    use shared::demo::unusable_hash;

    const USERS: u64 = 1_000;

    fn first(workload: Workload) -> Prepared {
        prepare(workload, USERS, &Callers::new("0123456789abcdef0123456789abcdef").unwrap()).swap_remove(0)
    }

    fn check(workload: Workload, prepared: &Prepared, body: &Value, is_right: bool) {
        let request = Request::new(prepared.method, &prepared.path);
        let answer = Answer::new(&request, workload.status(), Vec::new(), body.to_string().into_bytes());
        let of_request = workload.of_request(prepared);
        let judged = Expected::of(workload).unwrap().judge(of_request, prepared, &answer, Keeps::Bodies);
        assert_eq!(judged.is_ok(), is_right, "{workload:?}: {judged:?}");
    }

    fn body_of(number: u64) -> Value {
        let user = user(number, &unusable_hash());
        json!({"id": user.id.to_string(), "name": user.name, "email": user.email})
    }

    #[test]
    fn a_user_is_the_one_of_the_dataset() {
        let prepared = first(Workload::ReadOne);
        let number = prepared.user().unwrap();
        let body = body_of(number);
        check(Workload::ReadOne, &prepared, &body, true);
        check(Workload::ReadOne, &prepared, &body_of(number + 1), false);
        for (field, value) in [("name", "Renamed 000970000000"), ("email", "nobody@example.com")] {
            let mut other = body.clone();
            other[field] = json!(value);
            check(Workload::ReadOne, &prepared, &other, false);
            check(Workload::Mix, &prepared, &other, field == "name");
        }
    }

    #[test]
    fn a_changed_user_has_the_name_that_was_sent() {
        let prepared = first(Workload::Update);
        let mut body = body_of(prepared.user().unwrap());
        check(Workload::Update, &prepared, &body, false);
        body["name"] = serde_json::from_str::<Value>(prepared.body.as_deref().unwrap()).unwrap()["name"].clone();
        check(Workload::Update, &prepared, &body, true);
        body["email"] = json!("nobody@example.com");
        check(Workload::Update, &prepared, &body, false);
    }

    #[test]
    fn a_page_holds_the_users_after_its_cursor_in_their_order() {
        let prepared = first(Workload::List);
        let after = prepared.after().unwrap();
        let page = |numbers: &mut dyn Iterator<Item = u64>| json!({"items": numbers.map(body_of).collect::<Vec<_>>()});
        check(Workload::List, &prepared, &page(&mut (after + 1..=after + PAGE)), true);
        for mut wrong in [after..after + PAGE, after + 2..after + 2 + PAGE, after + 1..after + PAGE] {
            check(Workload::List, &prepared, &page(&mut wrong), false);
        }
        check(Workload::List, &prepared, &page(&mut (after + 1..=after + PAGE).rev()), false);
        let with_a_hole = &mut (after + 1..=after + PAGE).map(|number| if number == after + 7 { 1 } else { number });
        check(Workload::List, &prepared, &page(with_a_hole), false);
    }

    #[test]
    fn a_report_is_right_to_the_cent() {
        let prepared = first(Workload::Report);
        let mut sales = dataset::sales();
        sales.sort_by_key(|category| -category.revenue_cents);
        check(Workload::Report, &prepared, &json!({"categories": sales}), true);
        let backwards: Vec<_> = sales.iter().rev().collect();
        check(Workload::Report, &prepared, &json!({"categories": backwards}), false);
        check(Workload::Report, &prepared, &json!({"categories": sales[1..]}), false);
        sales[0].revenue_cents += 1;
        check(Workload::Report, &prepared, &json!({"categories": sales}), false);
    }
}
