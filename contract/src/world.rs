//! What a case gets: the server under test, the configured admin, and users of its own.
//!
//! Cases run beside one another and against databases that are not empty, so each makes the users it changes. Only the
//! cases marked `alone` may touch what all share: the number of admins.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell, RwLock};

use crate::answer::{Answer, CaseError, Outcome};
use crate::client::{Client, ClientError, Connection, Request};
use crate::rules;
use crate::schema::Schema;

/// The password of every user that the suite makes.
pub const PASSWORD: &str = "correct horse battery";

/// The domain of every e-mail that the suite makes; what bears it may be deleted.
pub const DOMAIN: &str = "contract.test";

/// How long a token may outlive its user, role or password.
const REVOCATION_LIMIT: Duration = Duration::from_millis(5_500);

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

/// The server under test and all that a case needs to speak to it.
pub struct World {
    client: Client,
    schema: Schema,
    credentials: Credentials,
    admin: Mutex<Option<Account>>,
    reader: OnceCell<Account>,
    made: Mutex<Vec<String>>,
    counter: AtomicU64,
    run: String,
    /// Held for reading by each case, for writing by those that must be alone.
    pub(crate) turn: RwLock<()>,
}

impl World {
    /// Takes the base URL of the server under test.
    ///
    /// # Errors
    /// When the URL or `openapi.yaml` cannot be used.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, CaseError> {
        let client = Client::new(base_url).map_err(|error| CaseError::new(error.to_string()))?;
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self {
            client,
            schema: Schema::embedded()?,
            credentials,
            admin: Mutex::default(),
            reader: OnceCell::new(),
            made: Mutex::default(),
            counter: AtomicU64::new(0),
            run: format!("{:x}", since_epoch.as_nanos()),
            turn: RwLock::default(),
        })
    }

    /// The document that answers are checked against.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// What the server was configured with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// A word that no other user of this database has.
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

    /// Sends bytes as they are; the answer is held against the rules of the path `/`.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn raw(&self, bytes: &[u8]) -> Result<Answer, CaseError> {
        let unanswered = |error: ClientError| CaseError::new(format!("hand-written request: {error}"));
        self.client.raw(bytes).await.map_err(unanswered)
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
        if answer.status == 201 && let Some(location) = answer.header("location") {
            self.made.lock().await.push(location.to_owned());
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

    /// Logs in, whatever comes of it.
    ///
    /// # Errors
    /// As [`World::send`].
    pub async fn login(&self, email: &str, password: &str) -> Result<Answer, CaseError> {
        let body = json!({ "email": email, "password": password });
        self.send(Request::new("POST", "/api/auth/login").json(&body)).await
    }

    /// Logs in and returns the token.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<String, CaseError> {
        self.login(email, password).await?.status(200)?.text_at("/access_token")
    }

    /// The configured admin, signed in.
    ///
    /// # Errors
    /// When the credentials are refused.
    pub async fn admin(&self) -> Result<Account, CaseError> {
        let mut admin = self.admin.lock().await;
        if let Some(account) = admin.as_ref() {
            return Ok(account.clone());
        }
        let Credentials { admin_email, admin_password, .. } = &self.credentials;
        let token = self.sign_in(admin_email, admin_password).await?;
        let me = self.get_as(&token, "/api/auth/me").await?;
        let id = me.status(200)?.has("/role", "admin")?.text_at("/id")?;
        let account = Account { id, email: admin_email.clone(), token };
        *admin = Some(account.clone());
        Ok(account)
    }

    /// Forgets the configured admin's token, for cases that end it.
    pub async fn forget_admin(&self) {
        *self.admin.lock().await = None;
    }

    /// A body to register or create a user with: a name, an e-mail of its own, the common password.
    pub fn newcomer(&self) -> Value {
        json!({ "name": "Con Tract", "email": self.unique_email(), "password": PASSWORD })
    }

    /// Registers a user, who is not signed in, and returns the answer.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn register(&self) -> Result<Answer, CaseError> {
        let answer = self.send(Request::new("POST", "/api/auth/register").json(&self.newcomer())).await?;
        answer.status(201)?;
        Ok(answer)
    }

    /// Registers a user and signs in.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn register_user(&self) -> Result<Account, CaseError> {
        let made = self.register().await?;
        self.account_of(&made).await
    }

    /// Has the admin create another admin and signs in as that. Only for cases that are alone, and that delete it.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn create_admin(&self) -> Result<Account, CaseError> {
        let mut body = self.newcomer();
        if let Some(members) = body.as_object_mut() {
            members.insert("role".to_owned(), json!("admin"));
        }
        let made = self.call(&self.admin().await?.token, "POST", "/api/users", &body).await?;
        made.status(201)?;
        self.account_of(&made).await
    }

    async fn account_of(&self, made: &Answer) -> Result<Account, CaseError> {
        let email = made.text_at("/email")?;
        let token = self.sign_in(&email, PASSWORD).await?;
        Ok(Account { id: made.text_at("/id")?, email, token })
    }

    /// One plain user that all cases share, which none may change.
    ///
    /// # Errors
    /// When it cannot be registered.
    pub async fn reader(&self) -> Result<&Account, CaseError> {
        self.reader.get_or_try_init(|| self.register_user()).await
    }

    /// Expects a token to be refused as `token-invalid` within five seconds from now.
    ///
    /// # Errors
    /// When it is still good then.
    pub async fn refused_soon(&self, token: &str) -> Outcome {
        let start = Instant::now();
        loop {
            let answer = self.get_as(token, "/api/auth/me").await?;
            if answer.status != 200 {
                return answer.problem("token-invalid").map(|_| ());
            }
            if start.elapsed() > REVOCATION_LIMIT {
                return Err(answer.unexpected("the token to be refused, five seconds after it died"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// All users, or those of a role, walked page by page.
    ///
    /// # Errors
    /// When a page is refused.
    pub async fn all_users(&self, token: &str, query: &str) -> Result<Vec<Value>, CaseError> {
        let mut items = Vec::new();
        let mut path = format!("/api/users?{query}");
        loop {
            let page = self.get_as(token, &path).await?;
            let found = page.status(200)?.at("/items")?;
            items.extend(found.as_array().cloned().unwrap_or_default());
            match page.at("/next")?.as_str() {
                Some(next) => path = format!("/api/users?{query}&after={next}"),
                None => return Ok(items),
            }
        }
    }

    /// Makes sure that the configured admin is the only one, deleting what an earlier run may have left.
    ///
    /// # Errors
    /// When there are other admins, which are not the suite's to delete.
    pub async fn only_admin(&self) -> Result<Account, CaseError> {
        let admin = self.admin().await?;
        for other in self.all_users(&admin.token, "limit=100&role=admin").await? {
            let text = |member: &str| other.get(member).and_then(Value::as_str).unwrap_or_default();
            if text("id") == admin.id {
                continue;
            }
            if !text("email").ends_with(DOMAIN) {
                let sentence = "this case needs ADMIN_EMAIL to be the only admin; there is also";
                return Err(CaseError::new(format!("{sentence} {}", text("email"))));
            }
            let path = format!("/api/users/{}", text("id"));
            self.send(Request::new("DELETE", &path).bearer(&admin.token)).await?.status(204)?;
        }
        Ok(admin)
    }

    /// Deletes the users that this run made, as far as they are still there.
    ///
    /// # Errors
    /// When the admin cannot sign in any more.
    pub async fn tidy(&self) -> Outcome {
        let admin = self.admin().await?;
        for path in std::mem::take(&mut *self.made.lock().await) {
            // What a case deleted itself is answered 404: nothing to do about it.
            self.send(Request::new("DELETE", &path).bearer(&admin.token)).await?;
        }
        Ok(())
    }
}

fn unanswered(request: &Request, error: &ClientError) -> CaseError {
    CaseError::new(format!("{} {}: {error}", request.method, crate::answer::shortened(&request.path, 300)))
}
