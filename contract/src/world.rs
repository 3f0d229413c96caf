//! What a case gets: the server under test, the configured admin, and users, products and orders of its own.
//!
//! Cases run beside one another and against databases that are not empty, so each makes the users and products it
//! changes, and looks at listings and reports through a category of its own. Only the cases marked `alone` may touch what
//! all share: the number of admins.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::sync::{Mutex, OnceCell, RwLock};

use crate::answer::{Answer, CaseError};
use crate::client::{Client, ClientError, Connection};
use crate::request::Request;
use crate::rules;
use crate::schema::Schema;

/// The password of every user that the suite makes.
pub const PASSWORD: &str = "correct horse battery";

/// The domain of every e-mail that the suite makes; what bears it may be deleted.
pub const DOMAIN: &str = "contract.test";

/// What the server under test was configured with.
#[derive(Clone)]
pub struct Credentials {
    /// `ADMIN_EMAIL` of the server.
    pub admin_email: String,
    /// `ADMIN_PASSWORD` of the server.
    pub admin_password: String,
    /// `JWT_SECRET` of the server, to sign tokens that it must refuse.
    pub jwt_secret: String,
}

/// A user that can act.
#[derive(Debug, Clone)]
pub struct Account {
    /// The id.
    pub id: String,
    /// The e-mail as it was given.
    pub email: String,
    /// A token.
    pub token: String,
}

impl Account {
    /// The path of this user.
    pub fn path(&self) -> String {
        format!("/api/users/{}", self.id)
    }
}

/// What the run has made, by path, for [`World::tidy`].
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) users: BTreeSet<String>,
    pub(crate) products: BTreeSet<String>,
    pub(crate) orders: BTreeSet<String>,
    /// The users whose orders those are: they cannot be deleted.
    pub(crate) customers: BTreeSet<String>,
}

impl Made {
    fn note(&mut self, location: &str, answer: &Answer) {
        if location.starts_with("/api/orders/") {
            // A replayed order is noted once.
            self.orders.insert(location.to_owned());
            self.customers.extend(answer.text_at("/customer/id").map(|id| format!("/api/users/{id}")));
        } else if location.starts_with("/api/products/") {
            self.products.insert(location.to_owned());
        } else {
            self.users.insert(location.to_owned());
        }
    }
}

/// The server under test and all that a case needs to speak to it.
#[derive(Clone)]
pub struct World {
    client: Client,
    schema: Arc<Schema>,
    credentials: Credentials,
    pub(crate) admin: Arc<Mutex<Option<Account>>>,
    pub(crate) reader: Arc<OnceCell<Account>>,
    /// A token that the server has issued to a new user, for others to be made like it.
    pub(crate) pattern: Arc<OnceCell<String>>,
    pub(crate) made: Arc<Mutex<Made>>,
    counter: Arc<AtomicU64>,
    run: String,
    /// Held for reading by each case, for writing by those that must be alone.
    pub(crate) turn: Arc<RwLock<()>>,
}

impl World {
    /// Takes the base URL of the server under test.
    ///
    /// # Errors
    /// When the URL or `openapi.yaml` cannot be used.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, CaseError> {
        let client = Client::new(base_url).map_err(|error| CaseError::new(error.to_string()))?;
        Self::over(client, credentials)
    }

    /// Takes a client, which may speak to several servers that share a database.
    ///
    /// # Errors
    /// When `openapi.yaml` cannot be used.
    pub fn over(client: Client, credentials: Credentials) -> Result<Self, CaseError> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            client,
            schema: Schema::embedded()?,
            credentials,
            admin: Arc::default(),
            reader: Arc::default(),
            pattern: Arc::default(),
            made: Arc::default(),
            counter: Arc::default(),
            run: format!("{:x}", since_epoch.as_nanos()),
            turn: Arc::default(),
        })
    }

    /// The same world through one of its servers alone, for what each process counts by itself: metrics, and failed
    /// sign-ins.
    pub fn through_one(&self) -> Self {
        Self { client: self.client.to_one(), ..self.clone() }
    }

    /// The document that answers are checked against.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What the server was configured with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A word that no other user or product of this database has.
    pub fn unique(&self) -> String {
        format!("u{}-{}", self.run, self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// An e-mail that no other user of this database has.
    pub fn unique_email(&self) -> String {
        format!("{}@{DOMAIN}", self.unique())
    }

    /// Sends a request and holds its answer against `openapi.yaml` and the common rules.
    ///
    /// # Errors
    /// When no answer comes or a rule is broken.
    pub async fn send(&self, request: Request) -> Result<Answer, CaseError> {
        let answer = self.client.send(&request).await.map_err(|error| unanswered(&request, &error))?;
        self.hold(answer).await
    }

    /// Sends bytes as they are. The answer is held against nothing: what is no HTTP is answered by the library that the
    /// framework stands on, before anything of the contract has a say.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn raw(&self, bytes: &[u8]) -> Result<Answer, ClientError> {
        self.client.raw(bytes).await
    }

    /// Opens a connection for several requests.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(&self) -> Result<Connection, CaseError> {
        self.client.connect().await.map_err(|error| CaseError::new(error.to_string()))
    }

    /// Sends a request on a connection that stays open, with the checks of [`World::send`].
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn send_on(&self, connection: &mut Connection, request: Request) -> Result<Answer, CaseError> {
        let answer = connection.send(&request).await.map_err(|error| unanswered(&request, &error))?;
        self.hold(answer).await
    }

    async fn hold(&self, answer: Answer) -> Result<Answer, CaseError> {
        if answer.status == 201
            && let Some(location) = answer.header("location")
        {
            self.made.lock().await.note(location, &answer);
        }
        self.schema.check(&answer)?;
        rules::check(&answer, self.schema.operation(&answer.method, &answer.path).as_ref())?;
        Ok(answer)
    }

    /// `GET` without a token.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn get(&self, path: &str) -> Result<Answer, CaseError> {
        self.send(Request::new("GET", path)).await
    }

    /// `GET` with a token.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn get_as(&self, token: &str, path: &str) -> Result<Answer, CaseError> {
        self.send(Request::new("GET", path).bearer(token)).await
    }

    /// Any method with a JSON body and a token.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn call(&self, token: &str, method: &str, path: &str, body: &Value) -> Result<Answer, CaseError> {
        self.send(Request::new(method, path).bearer(token).json(body)).await
    }
}

/// An object with one member set.
pub fn with(mut body: Value, name: &str, value: Value) -> Value {
    if let Some(members) = body.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
    body
}

/// A member of an object; null where there is none.
pub fn member(body: &Value, name: &str) -> Value {
    body.get(name).cloned().unwrap_or_default()
}

fn unanswered(request: &Request, error: &ClientError) -> CaseError {
    CaseError::new(format!("{} {}: {error}", request.method, crate::answer::shortened(&request.path, 300)))
}
