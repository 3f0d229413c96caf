//! The people of a case: the configured admin, users of its own, and what happens to their tokens.

use std::time::{Duration, Instant};

use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::answer::{Answer, CaseError, Outcome};
use crate::forge::{claims_with, sign};
use crate::request::Request;
use crate::world::{Account, Credentials, DOMAIN, PASSWORD, World, with};

/// How long a token may outlive its user, role or password.
const REVOCATION_LIMIT: Duration = Duration::from_millis(5_500);

impl World {
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
        let Credentials { admin_email, admin_password, .. } = self.credentials();
        let token = self.sign_in(admin_email, admin_password).await;
        let token = token.map_err(|error| error.without(admin_password))?;
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

    /// Registers a user who gets a token without signing in: one like that of the first customer, who does sign in. To check
    /// a password takes the server longer than all else that a case asks of it, and hundreds of cases need customers.
    ///
    /// # Errors
    /// When registering or the first sign-in is refused.
    pub async fn customer(&self) -> Result<Account, CaseError> {
        let made = self.register().await?;
        let (id, email) = (made.text_at("/id")?, made.text_at("/email")?);
        let pattern = self.pattern.get_or_try_init(|| self.sign_in(&email, PASSWORD)).await?;
        let claims = claims_with(pattern, "sub", json!(id))?;
        let token = sign(Algorithm::HS256, &claims, &self.credentials().jwt_secret)?;
        Ok(Account { id, email, token })
    }

    /// Has the admin create another admin and signs in as that. Only for cases that are alone, and that delete it.
    ///
    /// # Errors
    /// When either is refused.
    pub async fn create_admin(&self) -> Result<Account, CaseError> {
        let body = with(self.newcomer(), "role", json!("admin"));
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

    /// Deletes the products and users that this run made, as far as they are still there, and cancels its orders, so that
    /// they count in no report. Orders cannot be deleted, and so neither can their customers: what stays is told.
    ///
    /// # Errors
    /// When the admin cannot sign in any more, or an answer is none that the contract gives here.
    pub async fn tidy(&self) -> Result<Left, CaseError> {
        let made = std::mem::take(&mut *self.made.lock().await);
        if made.users.is_empty() && made.products.is_empty() && made.orders.is_empty() {
            return Ok(Left::default());
        }
        let admin = self.admin().await?;
        for path in &made.orders {
            // What is shipped, or cancelled by its case, stays as it is: 409.
            let answer = self.call(&admin.token, "PATCH", path, &json!({ "status": "cancelled" })).await?;
            answer.check(
                matches!(answer.status, 200 | 409),
                "an order of this run to be cancelled, or to be at its end",
            )?;
        }
        for path in made.products.union(&made.users) {
            // What a case deleted itself is answered 404: nothing to do about it.
            let answer = self.send(Request::new("DELETE", path).bearer(&admin.token)).await?;
            if made.customers.contains(path) {
                answer.status(409)?.problem("has-orders")?;
            } else {
                answer
                    .check(matches!(answer.status, 204 | 404), "what this run made to be deleted, or gone already")?;
            }
        }
        let users = made.customers.intersection(&made.users).count();
        Ok(Left { orders: made.orders.len(), users })
    }
}

/// What a run leaves behind, since nothing can take it away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left {
    /// Orders, shipped or cancelled.
    pub orders: usize,
    /// Users whose orders those are.
    pub users: usize,
}
