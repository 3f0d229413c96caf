//! What is asked of the servers: a list of prepared requests for each workload, of which each load generator takes one after
//! the other by chance. All subjects are sent the same.

use crate::dataset::{self, ACTIVE_USERS, CUSTOMERS, PAGE};
use crate::error::BenchError;
use shared::demo;
use shared::domain::{Timestamp, User, UserId};
use shared::paging::{cursor, read_cursor};
use shared::tokens::Tokens;

/// Stands for a number that is never the same twice; twelve digits.
pub(crate) const UNIQUE: &str = "@@@@@@@@@@@@";

/// So many requests are prepared where they differ.
const PREPARED: u64 = 10_000;

/// Of so many requests of the mix, one changes something: 80 % reads.
const MIX: u64 = 5;

/// What names that users are given begin with.
const NEW_NAME: &str = "Renamed ";

/// The password of the users who sign in.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Users who sign in; as many do so at the same time beside those who read.
pub(crate) const SIGNING_IN: usize = 64;

/// Something that an API is asked all day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Workload {
    /// GET /api/hello: no token, no store
    Hello,
    /// GET /api/users/{id}, 10,000 of them from the whole table, with a token
    ReadOne,
    /// GET /api/users?limit=20 after any user, with a token
    List,
    /// GET /api/reports/sales of a year with 2,000 paid orders
    Report,
    /// POST /api/auth/login: Argon2id
    Login,
    /// Reading one user while 64 others sign in, sent by a generator of their own
    LoginMix,
    /// PATCH /api/users/{id}: another name for any of the first 10,000
    Update,
    /// Four in five read one user, one in five changes one
    Mix,
    /// POST /api/products: a new one (a new user would time Argon2id)
    Create,
    /// POST /api/orders: three of 1,000 products, one of 256 customers
    Order,
}

impl Workload {
    /// In the order in which they are timed: what reads comes first, what adds records last, so that none finds the database
    /// larger than the others did.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::ReadOne,
        Self::List,
        Self::Report,
        Self::Login,
        Self::LoginMix,
        Self::Update,
        Self::Mix,
        Self::Create,
        Self::Order,
    ];

    /// As in the result file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::ReadOne => "read-one",
            Self::List => "list",
            Self::Report => "report",
            Self::Login => "login",
            Self::LoginMix => "login-mix",
            Self::Update => "update",
            Self::Mix => "mix",
            Self::Create => "create",
            Self::Order => "order",
        }
    }

    /// The workload of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|workload| workload.name() == name)
    }

    /// For people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::ReadOne => "read one user",
            Self::List => "list a page of 20",
            Self::Report => "sales report",
            Self::Login => "sign in",
            Self::LoginMix => "read while others sign in",
            Self::Update => "update a user",
            Self::Mix => "mix, 80 % reads",
            Self::Create => "create a product",
            Self::Order => "place an order",
        }
    }

    /// The status of a success.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Create | Self::Order => 201,
            _ => 200,
        }
    }

    /// Method and route of its requests, as the variants count them.
    pub(crate) fn routes(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Hello => &[("GET", "/api/hello")],
            Self::ReadOne => &[("GET", "/api/users/{id}")],
            Self::List => &[("GET", "/api/users")],
            Self::Report => &[("GET", "/api/reports/sales")],
            Self::Login => &[("POST", "/api/auth/login")],
            Self::LoginMix => &[("GET", "/api/users/{id}"), ("POST", "/api/auth/login")],
            Self::Update => &[("PATCH", "/api/users/{id}")],
            Self::Mix => &[("GET", "/api/users/{id}"), ("PATCH", "/api/users/{id}")],
            Self::Create => &[("POST", "/api/products")],
            Self::Order => &[("POST", "/api/orders")],
        }
    }

    /// Whether it changes what the database holds.
    pub(crate) fn writes(self) -> bool {
        matches!(self, Self::Update | Self::Mix | Self::Create | Self::Order)
    }

    /// The parts that can be sent at a fixed rate, each by an `oha` of its own, with its share of the rate; `oha` sends one
    /// method and one token, with a body that it draws with replacement. So an order (customers differ) and a creation (a SKU can
    /// be created once) have none.
    pub(crate) fn at_fixed_rate(self) -> &'static [(Self, f64)] {
        match self {
            Self::Hello => &[(Self::Hello, 1.0)],
            Self::ReadOne => &[(Self::ReadOne, 1.0)],
            Self::List => &[(Self::List, 1.0)],
            Self::Report => &[(Self::Report, 1.0)],
            Self::Update => &[(Self::Update, 1.0)],
            Self::Mix => &[(Self::ReadOne, 0.8), (Self::Update, 0.2)],
            Self::Login | Self::LoginMix | Self::Create | Self::Order => &[],
        }
    }

    /// Whether `oha` can send it in a closed loop, too: with a generator for each part, the parts would not keep their shares.
    pub(crate) fn is_sent_by_oha(self) -> bool {
        self.at_fixed_rate().len() == 1
    }

    /// What a request of this workload is for itself.
    pub(crate) fn of_request(self, prepared: &Prepared) -> Self {
        match self {
            Self::Mix if prepared.method == "GET" => Self::ReadOne,
            Self::Mix => Self::Update,
            Self::LoginMix => Self::ReadOne,
            _ => self,
        }
    }
}

/// A request that is sent as it is, but for [`UNIQUE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// `GET` ...
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The token, if one is sent.
    pub token: Option<String>,
    /// The body, if one is sent; JSON.
    pub body: Option<String>,
}

impl Prepared {
    fn get(path: String, token: Option<&str>) -> Self {
        Self { method: "GET", path, token: token.map(str::to_owned), body: None }
    }

    fn with(method: &'static str, path: String, token: Option<&str>, body: String) -> Self {
        Self { method, path, token: token.map(str::to_owned), body: Some(body) }
    }

    /// The number of the user whose path this is.
    pub(crate) fn user(&self) -> Option<u64> {
        let (_, id) = self.path.rsplit_once('/')?;
        dataset::user_number(UserId::parse(id)?)
    }

    /// The number of the user after whom the page begins that this asks for.
    pub(crate) fn after(&self) -> Option<u64> {
        let (_, cursor) = self.path.split_once("after=")?;
        dataset::user_number(UserId::from_bytes(read_cursor(cursor)?))
    }

    /// What goes over the wire (RFC 9112). The host is this machine; no server here looks at the port in it.
    #[must_use]
    pub fn raw(&self) -> String {
        let mut raw = format!("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: */*\r\n", self.method, self.path);
        if let Some(token) = &self.token {
            raw.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        match &self.body {
            Some(body) => {
                raw.push_str(&format!(
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ));
            }
            None => raw.push_str("\r\n"),
        }
        raw
    }
}

/// Whether a user was given this name by a request.
pub(crate) fn is_new_name(name: &str) -> bool {
    let is_unique = |rest: &str| rest.len() == UNIQUE.len() && rest.bytes().all(|byte| byte.is_ascii_digit());
    name.strip_prefix(NEW_NAME).is_some_and(is_unique)
}

/// The tokens that requests carry.
pub struct Callers {
    admin: String,
    customers: Vec<String>,
}

impl Callers {
    /// Of the users of [`dataset`], signed with `secret`.
    ///
    /// # Errors
    /// If a token cannot be signed, which is a defect.
    pub fn new(secret: &str) -> Result<Self, BenchError> {
        let tokens = Tokens::new(secret.as_bytes(), "stackdiff", "stackdiff-api");
        let issue = |user: User| {
            let issued = tokens.issue(&user, Timestamp::now());
            issued.map_err(|error| BenchError::Answer(format!("no token can be signed: {error}")))
        };
        let hash = demo::unusable_hash();
        let customers: Result<_, _> = (1..=CUSTOMERS).map(|number| issue(dataset::user(number, &hash))).collect();
        Ok(Self { admin: issue(dataset::user(0, &hash))?, customers: customers? })
    }

    /// The admin's.
    #[must_use]
    pub fn admin(&self) -> &str {
        &self.admin
    }

    fn customer(&self, number: u64) -> &str {
        let place = usize::try_from(number).unwrap_or_default() % self.customers.len().max(1);
        self.customers.get(place).map_or("", String::as_str)
    }
}

/// The requests of a workload over a database of so many users.
#[must_use]
pub fn prepare(workload: Workload, users: u64, callers: &Callers) -> Vec<Prepared> {
    let active = users.clamp(1, ACTIVE_USERS);
    let reader = callers.customer(0);
    let read = |number: u64| {
        let anywhere = 1 + demo::spread(number) % users.max(1);
        Prepared::get(format!("/api/users/{}", dataset::user_id(anywhere)), Some(reader))
    };
    let update = |number: u64| {
        let path = format!("/api/users/{}", dataset::user_id(1 + demo::spread(number) % active));
        Prepared::with("PATCH", path, Some(callers.admin()), format!(r#"{{"name":"{NEW_NAME}{UNIQUE}"}}"#))
    };
    let many = |request: &dyn Fn(u64) -> Prepared| (0..PREPARED).map(request).collect();
    match workload {
        Workload::Hello => vec![Prepared::get("/api/hello".to_owned(), None)],
        Workload::ReadOne | Workload::LoginMix => many(&read),
        Workload::List => many(&|number| {
            // Anywhere in the list, but for its last page.
            let after = dataset::user_id(demo::spread(number) % users.saturating_sub(PAGE).max(1));
            Prepared::get(format!("/api/users?limit={PAGE}&after={}", cursor(after.as_bytes())), Some(reader))
        }),
        Workload::Report => {
            vec![Prepared::get("/api/reports/sales?from=2025-01-01&to=2025-12-31".to_owned(), Some(callers.admin()))]
        }
        Workload::Login => (1..=SIGNING_IN as u64)
            .map(|number| {
                let email = dataset::user(number, &demo::unusable_hash()).email;
                let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
                Prepared::with("POST", "/api/auth/login".to_owned(), None, body)
            })
            .collect(),
        Workload::Update => many(&update),
        Workload::Mix => many(&|number| if number % MIX == 0 { update(number) } else { read(number) }),
        Workload::Create => {
            let body = format!(
                r#"{{"sku":"B-{UNIQUE}","name":"New product","category":"New","price_cents":1999,"stock":100,"attributes":{{"color":"red","size":7}}}}"#
            );
            vec![Prepared::with("POST", "/api/products".to_owned(), Some(callers.admin()), body)]
        }
        Workload::Order => many(&|number| {
            let lines = dataset::products_of(number)
                .map(|product| format!(r#"{{"product_id":"{}","quantity":1}}"#, dataset::product_id(product)));
            let body = format!(r#"{{"lines":[{}]}}"#, lines.join(","));
            Prepared::with("POST", "/api/orders".to_owned(), Some(callers.customer(number)), body)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::{Callers, Workload, prepare};

    #[test]
    fn every_request_says_how_long_it_is() {
        let callers = Callers::new("0123456789abcdef0123456789abcdef").unwrap();
        for workload in Workload::ALL {
            let requests = prepare(workload, 50, &callers);
            assert!(!requests.is_empty(), "{workload:?}");
            for request in requests.iter().take(50) {
                let raw = request.raw();
                let (head, body) = raw.split_once("\r\n\r\n").unwrap();
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                assert_eq!(length.map_or(0, |length| length.parse().unwrap()), body.len(), "{raw}");
                if !body.is_empty() {
                    assert!(serde_json::from_str::<serde_json::Value>(body).is_ok(), "{body}");
                }
            }
        }
    }

    #[test]
    fn four_of_five_of_the_mix_read() {
        let callers = Callers::new("0123456789abcdef0123456789abcdef").unwrap();
        let requests = prepare(Workload::Mix, 10_000, &callers);
        let reads = requests.iter().filter(|request| request.method == "GET").count();
        assert_eq!((reads * 5, requests.len()), (requests.len() * 4, 10_000));
    }

    #[test]
    fn a_name_finds_its_workload() {
        for workload in Workload::ALL {
            assert_eq!(Workload::parse(workload.name()), Some(workload));
        }
        assert_eq!(Workload::parse("read_one"), None);
    }
}
