//! What a database holds of what a workload writes, and what it must hold after a load.

use super::{Samples, unanswered};
use crate::dataset::{ACTIVE_USERS, CUSTOMERS, LINES, PRODUCTS, user_id};
use crate::error::BenchError;
use crate::generator::Counted;
use crate::process::client;
use crate::workload::{Callers, Workload};
use contract::client::Connection;
use contract::request::Request;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

/// So often a database is looked at after a load, with a pause between, until it no longer changes.
const SETTLING_LOOKS: usize = 50;
const SETTLING_PAUSE: Duration = Duration::from_millis(100);

/// A connection that asks beside the load.
struct Asking {
    connection: Connection,
    token: String,
}

impl Asking {
    async fn at(address: SocketAddr, token: &str) -> Result<Self, BenchError> {
        let connection = client(address)?.connect().await.map_err(unanswered)?;
        Ok(Self { connection, token: token.to_owned() })
    }

    async fn get(&mut self, path: &str) -> Result<Value, BenchError> {
        let answer = self.connection.send(&Request::new("GET", path).bearer(&self.token)).await.map_err(unanswered)?;
        if answer.status != 200 {
            return Err(BenchError::Answer(format!("GET {path} was answered {}", answer.status)));
        }
        answer.json().map_err(|error| BenchError::Answer(error.to_string()))
    }
}

/// What a database holds of what a workload writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Content {
    /// Changes of users: the versions of those that the workload changes, added up.
    changes: u64,
    /// Products beside those that were there at first.
    products: Tail,
    /// Units that orders took.
    units: i64,
    /// Orders of each customer.
    orders: BTreeMap<u64, Tail>,
}

/// How long a list is, and from where to count on: lists grow at their end.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tail {
    /// The cursor of the last page.
    after: Option<String>,
    /// Things before that page, and on it.
    before: u64,
    on_last_page: u64,
}

impl Tail {
    fn count(&self) -> u64 {
        self.before + self.on_last_page
    }

    /// Counts on from here to the end, and tells of each thing on the way.
    async fn walk(self, asking: &mut Asking, path: &str) -> Result<Self, BenchError> {
        let mut tail = self;
        loop {
            let after = tail.after.as_ref().map(|cursor| format!("&after={cursor}")).unwrap_or_default();
            let page = asking.get(&format!("{path}?limit=100{after}")).await?;
            let items = page.get("items").and_then(Value::as_array).map_or(0, Vec::len) as u64;
            match page.get("next").and_then(Value::as_str) {
                Some(next) => {
                    tail.before += items;
                    tail.after = Some(next.to_owned());
                }
                None => {
                    tail.on_last_page = items;
                    return Ok(tail);
                }
            }
        }
    }
}

impl Content {
    /// Looks at what this workload writes, until it no longer changes: requests that were under way when the load ended come to
    /// their end meanwhile. `earlier` says from where to count on.
    ///
    /// # Errors
    /// If the server does not answer, or what it holds goes on changing.
    pub(crate) async fn settled(
        address: SocketAddr,
        workload: Workload,
        users: u64,
        callers: &Callers,
        earlier: &Self,
    ) -> Result<Self, BenchError> {
        let mut content = Self::of(address, workload, users, callers, earlier).await?;
        for _ in 0..SETTLING_LOOKS {
            let next = Self::of(address, workload, users, callers, &content).await?;
            if next == content {
                return Ok(content);
            }
            content = next;
            tokio::time::sleep(SETTLING_PAUSE).await;
        }
        Err(BenchError::Answer("the database goes on changing after the load has ended".to_owned()))
    }

    async fn of(
        address: SocketAddr,
        workload: Workload,
        users: u64,
        callers: &Callers,
        earlier: &Self,
    ) -> Result<Self, BenchError> {
        let asking = &mut Asking::at(address, callers.admin()).await?;
        let mut content = Self::default();
        match workload {
            Workload::Update | Workload::Mix => {
                let active = users.clamp(1, ACTIVE_USERS) + 1;
                content.changes = sum(asking, "/api/users", "version", active).await?.unsigned_abs();
            }
            Workload::Create => {
                content.products = earlier.products.clone().walk(asking, "/api/products").await?;
            }
            Workload::Order => {
                content.units = -sum(asking, "/api/products", "stock", PRODUCTS).await?;
                for number in 1..=CUSTOMERS {
                    let tail = earlier.orders.get(&number).cloned().unwrap_or_default();
                    let path = format!("/api/users/{}/orders", user_id(number));
                    content.orders.insert(number, tail.walk(asking, &path).await?);
                }
            }
            Workload::Hello
            | Workload::ReadOne
            | Workload::List
            | Workload::Report
            | Workload::Login
            | Workload::LoginMix => {}
        }
        Ok(content)
    }

    /// Whether between `earlier` and this there are as many changes as were acknowledged.
    pub(crate) fn holds(&self, earlier: &Self, workload: Workload, acknowledged: &Acknowledged) -> Result<(), String> {
        let Acknowledged { least, most } = acknowledged;
        let expect = |what: &str, made: u64| match made {
            made if made < *least => Err(format!("{least} {what} were acknowledged, {made} are in the database")),
            made if made > *most => Err(format!("{least} {what} were acknowledged, but {made} are in the database")),
            _ => Ok(()),
        };
        let orders = |content: &Self| content.orders.values().map(Tail::count).sum::<u64>();
        match workload {
            Workload::Update | Workload::Mix => expect("changes", self.changes.saturating_sub(earlier.changes)),
            Workload::Create => expect("products", self.products.count().saturating_sub(earlier.products.count())),
            Workload::Order => {
                let placed = orders(self).saturating_sub(orders(earlier));
                let (units, expected) = ((self.units - earlier.units).unsigned_abs(), placed * LINES);
                if units != expected {
                    return Err(format!(
                        "{placed} orders were placed, but they took {units} units instead of {expected}"
                    ));
                }
                expect("orders", placed)
            }
            Workload::Hello
            | Workload::ReadOne
            | Workload::List
            | Workload::Report
            | Workload::Login
            | Workload::LoginMix => Ok(()),
        }
    }
}

/// How many changes there must be after a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// So many were acknowledged.
    pub least: u64,
    /// Those that were under way when the load ended may have been made too.
    pub most: u64,
}

impl Acknowledged {
    /// Of what the parts of a load counted, and of the samples beside it.
    pub(crate) fn of(workload: Workload, parts: &[(Workload, Counted)], samples: &Samples, connections: usize) -> Self {
        let under_way = connections as u64;
        let changing = parts
            .iter()
            .filter(|(part, _)| !matches!(part, Workload::ReadOne | Workload::Login))
            .map(|(_, counted)| counted);
        let range = |counted: &Counted| match (workload, counted.unique) {
            // What of the mix was a change, wrk does not count, but its script does: those it made, of which some may not have
            // been answered, or been refused; the first is made to be looked at only.
            (Workload::Mix, Some(made)) => (made.saturating_sub(under_way + 1 + counted.errors), made),
            _ => (counted.requests, counted.requests + under_way),
        };
        let sum = |sum: (u64, u64), part: (u64, u64)| (sum.0 + part.0, sum.1 + part.1);
        let (least, most) = changing.map(range).fold((samples.changes, samples.changes), sum);
        Self { least, most }
    }
}

/// A number of the first so many things of a list, added up.
async fn sum(asking: &mut Asking, path: &str, field: &str, count: u64) -> Result<i64, BenchError> {
    let (mut sum, mut left, mut after) = (0, count, String::new());
    while left > 0 {
        let page = asking.get(&format!("{path}?limit={}{after}", left.min(100))).await?;
        let items = page.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        sum += items.iter().filter_map(|item| item.get(field)?.as_i64()).sum::<i64>();
        left = left.saturating_sub(items.len() as u64);
        match page.get("next").and_then(Value::as_str) {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::{Acknowledged, Content, Tail};
    use crate::check::Samples;
    use crate::generator::Counted;
    use crate::workload::Workload;

    fn counted(requests: u64, unique: Option<u64>) -> Counted {
        Counted { seconds: 1.0, requests, errors: 0, unique, latency: None, cpu_seconds: None }
    }

    fn check(workload: Workload, made: u64, (requests, unique): (u64, Option<u64>), expected: bool) {
        let earlier = Content { changes: 100, ..Content::default() };
        let later = Content { changes: 100 + made, ..Content::default() };
        let acknowledged = Acknowledged::of(workload, &[(workload, counted(requests, unique))], &Samples::default(), 4);
        assert_eq!(later.holds(&earlier, workload, &acknowledged).is_ok(), expected, "{made} of {requests}");
    }

    #[test]
    fn what_was_acknowledged_is_there_and_no_more_than_was_under_way() {
        for (made, is_right) in [(9, false), (10, true), (14, true), (15, false)] {
            check(Workload::Update, made, (10, None), is_right);
        }
        for (made, is_right) in [(14, false), (15, true), (20, true), (21, false)] {
            check(Workload::Mix, made, (100, Some(20)), is_right);
        }
    }

    #[test]
    fn reads_of_the_mix_change_nothing() {
        let parts = [(Workload::ReadOne, counted(80, None)), (Workload::Update, counted(20, None))];
        let samples = Samples { good: 10, changes: 2, bad: None };
        let acknowledged = Acknowledged::of(Workload::Mix, &parts, &samples, 0);
        assert_eq!(acknowledged, Acknowledged { least: 22, most: 22 });
    }

    #[test]
    fn orders_take_their_units() {
        let tail = |count| Tail { on_last_page: count, ..Tail::default() };
        let content = |orders, units| Content { orders: [(1, tail(orders))].into(), units, ..Content::default() };
        let (earlier, three) = (content(2, -1_000), Acknowledged { least: 3, most: 3 });
        assert!(content(5, -991).holds(&earlier, Workload::Order, &three).is_ok());
        assert!(content(5, -992).holds(&earlier, Workload::Order, &three).unwrap_err().contains("units"));
        assert!(content(4, -994).holds(&earlier, Workload::Order, &three).unwrap_err().contains("acknowledged"));
    }
}
