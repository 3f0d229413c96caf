//! Registration, sign-in, and the check of a token.

use super::changes::Found;
use super::users::new_user;
use crate::attempts::Attempts;
use crate::context::{Layer, RequestContext};
use crate::domain::{EmailKey, Role, Timestamp, User, UserId};
use crate::dto::{LoginRequest, RegisterRequest, TokenResponse, UserResponse};
use crate::passwords::{PasswordError, Passwords};
use crate::precondition::IfNoneMatch;
use crate::problem::Problem;
use crate::repository::{StoreError, UserRepository};
use crate::tokens::{LIFETIME_SECONDS, TokenError, Tokens, Verified};
use moka::future::Cache;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a user's standing is believed without asking the store again, counted from before it was asked. The contract
/// allows 5 s from the change; the rest is for the request.
const STANDING_LIFETIME: Duration = Duration::from_secs(4);

/// So many users' standings are kept.
const STANDINGS_MAX: u64 = 100_000;

/// Who sent a request, by a token that was good when it was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's user.
    pub id: UserId,
    /// What that user may do.
    pub role: Role,
    /// The user's `credentials_version` when the token was issued.
    pub credentials_version: i64,
}

impl Caller {
    /// Whether the caller is an admin.
    pub(super) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Lets admins alone pass.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] with this sentence.
    pub(super) fn must_be_admin(&self, otherwise: &'static str) -> Result<(), Problem> {
        if self.is_admin() { Ok(()) } else { Err(Problem::Forbidden(otherwise)) }
    }

    /// Lets admins pass, and the user of this id.
    ///
    /// # Errors
    /// [`Problem::Forbidden`] with this sentence.
    pub(super) fn must_be_self_or_admin(&self, id: &str, otherwise: &'static str) -> Result<(), Problem> {
        if UserId::parse(id) == Some(self.id) { Ok(()) } else { self.must_be_admin(otherwise) }
    }
}

/// What the store said of a token's user: role and `credentials_version`, or that there is none; and when it was asked.
///
/// The time is kept here and not left to the cache, which would count from when the answer came; and an answer that is
/// on its way while [`AuthService::forget`] is called would be kept as if it were new.
#[derive(Clone, Copy)]
struct Standing {
    credentials: Option<(Role, i64)>,
    asked_at: Instant,
}

/// Registers users, signs them in and checks their tokens.
pub struct AuthService {
    users: Arc<dyn UserRepository>,
    passwords: Arc<Passwords>,
    tokens: Tokens,
    attempts: Attempts,
    standings: Cache<UserId, Standing>,
}

impl AuthService {
    /// Keeps users in `users`.
    pub fn new(users: Arc<dyn UserRepository>, passwords: Arc<Passwords>, tokens: Tokens) -> Self {
        let standings = Cache::builder().max_capacity(STANDINGS_MAX).time_to_live(STANDING_LIFETIME).build();
        Self { users, passwords, tokens, attempts: Attempts::default(), standings }
    }

    /// `POST /api/auth/register`: anybody becomes a user, nobody an admin.
    ///
    /// # Errors
    /// [`Problem::EmailTaken`], or that of an overloaded or unavailable server.
    pub async fn register(&self, context: &RequestContext, request: RegisterRequest) -> Result<UserResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        let password_hash = self.passwords.hash(&request.password).await?;
        let user = new_user(&request.name, request.email, password_hash, Role::User);
        context.store(self.users.insert(context, &user)).await?;
        Ok(user.into())
    }

    /// `POST /api/auth/login`: a token for a right password. An unknown address and a wrong password are told alike and
    /// take the same time.
    ///
    /// # Errors
    /// [`Problem::InvalidCredentials`], [`Problem::TooManyAttempts`], or that of an overloaded or unavailable server.
    pub async fn login(&self, context: &RequestContext, request: LoginRequest) -> Result<TokenResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        let email_key = EmailKey::of(&request.email);
        if let Some(retry_after) = self.attempts.blocked_for(&email_key) {
            return Err(Problem::TooManyAttempts { retry_after });
        }
        let user = context.store(self.users.find_by_email(context, &email_key)).await?;
        let hash = user.as_ref().map(|user| &user.password_hash);
        let right = self.passwords.verify(&request.password, hash).await?;
        let Some(user) = user.filter(|_| right) else {
            let retry_after = self.attempts.fail(&email_key);
            return Err(
                retry_after.map_or(Problem::InvalidCredentials, |retry_after| Problem::TooManyAttempts { retry_after })
            );
        };
        // Guesses that were verified at the same time may have used up the attempts meanwhile.
        if let Some(retry_after) = self.attempts.blocked_for(&email_key) {
            return Err(Problem::TooManyAttempts { retry_after });
        }
        let access_token = self.tokens.issue(&user, Timestamp::now());
        let access_token = access_token.map_err(|error| Problem::Internal(Some(Box::new(error))))?;
        Ok(TokenResponse { access_token, token_type: "Bearer", expires_in: LIFETIME_SECONDS })
    }

    /// `GET /api/auth/me`: the token's own user.
    ///
    /// # Errors
    /// [`Problem::TokenInvalid`] if the user is gone, or that of an unavailable server.
    pub async fn me(
        &self,
        context: &RequestContext,
        caller: Caller,
        if_none_match: &IfNoneMatch,
    ) -> Result<Found<UserResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let user = context.store(self.users.find(context, caller.id)).await?.ok_or(Problem::TokenInvalid)?;
        Ok(Found::of(user.version, user, if_none_match))
    }

    /// Who sent a request with this `Authorization` header (RFC 6750).
    ///
    /// The token itself says who; that the user is still there with the same role and password is asked of the store,
    /// at most every few seconds a user.
    ///
    /// # Errors
    /// [`Problem::TokenMissing`], [`Problem::TokenInvalid`], [`Problem::TokenExpired`], or that of an unavailable server.
    pub async fn authenticate(&self, context: &RequestContext, authorization: Option<&str>) -> Result<Caller, Problem> {
        context.set_private();
        let _timer = context.enter(Layer::Auth);
        let token = authorization.and_then(bearer).ok_or(Problem::TokenMissing)?;
        let Verified { id, role, credentials_version, .. } =
            self.tokens.verify(token).map_err(|error| match error {
                TokenError::Expired => Problem::TokenExpired,
                TokenError::Invalid => Problem::TokenInvalid,
            })?;
        let caller = Caller { id, role, credentials_version };
        self.confirm(context, caller).await?;
        context.set_caller(id);
        Ok(caller)
    }

    /// Whether the caller's token is still good. Services ask again before they change anything: between the head of a
    /// request and the end of its body, or of a wait for a password to be hashed, many seconds can go by.
    ///
    /// # Errors
    /// [`Problem::TokenInvalid`], or that of an unavailable server.
    pub async fn confirm(&self, context: &RequestContext, caller: Caller) -> Result<(), Problem> {
        let claimed = Some((caller.role, caller.credentials_version));
        let begun = Instant::now();
        loop {
            let standing = self.standing(context, caller.id).await?;
            if standing.credentials == claimed && standing.asked_at.elapsed() < STANDING_LIFETIME {
                return Ok(());
            }
            if standing.asked_at >= begun {
                return Err(Problem::TokenInvalid);
            }
            // Nobody is refused from memory: another process may have made the token since.
            self.standings.invalidate(&caller.id).await;
        }
    }

    /// Forgets what is known of a user, after a change by this process.
    pub async fn forget(&self, id: UserId) {
        self.standings.invalidate(&id).await;
    }

    /// What was last said of a user, or is said now.
    async fn standing(&self, context: &RequestContext, id: UserId) -> Result<Standing, Problem> {
        let ask = async {
            let asked_at = Instant::now();
            let user: Option<User> = context.limited(self.users.find(context, id)).await?;
            let credentials = user.map(|user| (user.role, user.credentials_version));
            Ok::<Standing, StoreError>(Standing { credentials, asked_at })
        };
        // Requests that come at the same time share one question.
        self.standings.try_get_with(id, ask).await.map_err(|error| match *error {
            StoreError::Overloaded => Problem::Overloaded,
            StoreError::Internal(_) => Problem::Internal(Some(Box::new(error))),
            _ => Problem::StoreUnavailable(Some(Box::new(error))),
        })
    }
}

/// The token in an `Authorization` header of the scheme `Bearer`, in any case (RFC 9110, section 11.1).
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Overloaded => Self::Overloaded,
            PasswordError::Failed(_) => Self::Internal(Some(Box::new(error))),
        }
    }
}
