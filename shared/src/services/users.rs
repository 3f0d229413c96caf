//! Users: who may do what to whom, and how two changes of one user get along.

use super::auth::{AuthService, Caller};
use super::changes::{Found, TRIES_MAX, Turns};
use crate::context::{Layer, RequestContext};
use crate::domain::{PasswordHash, Role, Timestamp, User, UserId};
use crate::dto::{CreateUserRequest, ListUsersQuery, ReplaceUserRequest, UpdateUserRequest, UserResponse};
use crate::paging::Page;
use crate::passwords::Passwords;
use crate::precondition::{IfMatch, IfNoneMatch};
use crate::problem::Problem;
use crate::repository::{StoreError, UserQuery, UserRepository};
use std::sync::Arc;

/// Lists, creates, finds, replaces, updates and deletes users.
pub struct UserService {
    users: Arc<dyn UserRepository>,
    passwords: Arc<Passwords>,
    auth: Arc<AuthService>,
    turns: Turns,
}

impl UserService {
    /// Keeps users in `users` and tells `auth` of changes.
    pub fn new(users: Arc<dyn UserRepository>, passwords: Arc<Passwords>, auth: Arc<AuthService>) -> Self {
        Self { users, passwords, auth, turns: Turns::default() }
    }

    /// `GET /api/users`: a page, for everybody who is signed in.
    ///
    /// # Errors
    /// That of an overloaded or unavailable server, here as in every method.
    pub async fn list(
        &self,
        context: &RequestContext,
        _caller: Caller,
        query: ListUsersQuery,
    ) -> Result<Page<UserResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let ListUsersQuery { limit, after, role } = query;
        // One more than asked for: its being there is what says that there is a next page.
        let wanted = UserQuery { role, after, limit: limit + 1 };
        let users = context.store(self.users.list(context, &wanted)).await?;
        let filter = role.map(|role| ("role", role.as_str()));
        Ok(Page::of(users, limit, "/api/users", filter, |user| user.id.as_bytes()))
    }

    /// `POST /api/users`: by admins, with any role.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::EmailTaken`].
    pub async fn create(
        &self,
        context: &RequestContext,
        caller: Caller,
        request: CreateUserRequest,
    ) -> Result<UserResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        caller.must_be_admin("Only admins create users; `POST /api/auth/register` is for everybody")?;
        let password_hash = self.passwords.hash(&request.password).await?;
        self.auth.confirm(context, caller).await?;
        let user = new_user(&request.name, request.email, password_hash, request.role);
        context.store(self.users.insert(context, &user)).await?;
        Ok(user.into())
    }

    /// `GET /api/users/{id}`: for everybody who is signed in.
    ///
    /// # Errors
    /// [`Problem::NotFound`].
    pub async fn find(
        &self,
        context: &RequestContext,
        _caller: Caller,
        id: &str,
        if_none_match: &IfNoneMatch,
    ) -> Result<Found<UserResponse>, Problem> {
        let _timer = context.enter(Layer::Service);
        let user = self.read(context, id).await?;
        Ok(Found::of(user.version, user, if_none_match))
    }

    /// `PUT /api/users/{id}`: name and address, by the user itself and by admins.
    ///
    /// # Errors
    /// [`Problem::Forbidden`], [`Problem::NotFound`], [`Problem::PreconditionFailed`], [`Problem::EmailTaken`],
    /// [`Problem::EditConflict`].
    pub async fn replace(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
        request: ReplaceUserRequest,
    ) -> Result<UserResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        self_or_admin(caller, id)?;
        self.change(context, id, if_match, |user| {
            request.name.trim().clone_into(&mut user.name);
            user.email.clone_from(&request.email);
        })
        .await
    }

    /// `PATCH /api/users/{id}`: the fields sent, by the user itself and by admins; the role by admins alone.
    ///
    /// # Errors
    /// As [`UserService::replace`], and [`Problem::LastAdmin`].
    pub async fn update(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
        request: UpdateUserRequest,
    ) -> Result<UserResponse, Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        self_or_admin(caller, id)?;
        if request.role.is_some() {
            caller.must_be_admin("Only admins change roles")?;
        }
        if request.is_empty() {
            let user = self.read(context, id).await?;
            if_match.check(user.version)?;
            return Ok(user.into());
        }
        // Nothing is hashed for a user that is not there or has another version: a hash costs 40 ms of a core.
        let password_hash = match &request.password {
            Some(password) => {
                if_match.check(self.read(context, id).await?.version)?;
                let password_hash = self.passwords.hash(password).await?;
                self.auth.confirm(context, caller).await?;
                Some(password_hash)
            }
            None => None,
        };
        self.change(context, id, if_match, |user| {
            if let Some(name) = &request.name {
                name.trim().clone_into(&mut user.name);
            }
            if let Some(email) = &request.email {
                user.email.clone_from(email);
            }
            let role = request.role.unwrap_or(user.role);
            // A new hash is another one even of the same password: it has a salt of its own.
            if role != user.role || password_hash.is_some() {
                user.credentials_version += 1;
            }
            user.role = role;
            if let Some(password_hash) = &password_hash {
                user.password_hash.clone_from(password_hash);
            }
        })
        .await
    }

    /// `DELETE /api/users/{id}`: by the user itself and by admins.
    ///
    /// # Errors
    /// As [`UserService::replace`], and [`Problem::LastAdmin`], [`Problem::HasOrders`].
    pub async fn delete(
        &self,
        context: &RequestContext,
        caller: Caller,
        id: &str,
        if_match: &IfMatch,
    ) -> Result<(), Problem> {
        let _timer = context.enter(Layer::Service);
        self.auth.confirm(context, caller).await?;
        self_or_admin(caller, id)?;
        let _turn = self.turns.take(context, id, if_match).await?;
        for _ in 0..TRIES_MAX {
            let user = self.read(context, id).await?;
            if_match.check(user.version)?;
            match context.store(self.users.delete(context, user.id, user.version)).await {
                Err(StoreError::VersionConflict) => {}
                outcome => {
                    self.auth.forget(user.id).await;
                    return Ok(outcome?);
                }
            }
        }
        Err(Problem::EditConflict)
    }

    /// Reads, changes, and swaps if nobody else did meanwhile; else starts again. With `If-Match` the second look finds
    /// the other version and refuses, so a lost race is 412; without, the change is applied to what the other wrote,
    /// and no field is lost.
    async fn change(
        &self,
        context: &RequestContext,
        id: &str,
        if_match: &IfMatch,
        change: impl Fn(&mut User) + Send + Sync,
    ) -> Result<UserResponse, Problem> {
        let _turn = self.turns.take(context, id, if_match).await?;
        for _ in 0..TRIES_MAX {
            let mut user = self.read(context, id).await?;
            if_match.check(user.version)?;
            let expected_version = user.version;
            change(&mut user);
            user.version += 1;
            // A clock that was set back must not make a change older than the one before.
            user.updated_at = Timestamp::now().max(user.updated_at);
            match context.store(self.users.update(context, &user, expected_version)).await {
                Err(StoreError::VersionConflict) => {}
                outcome => {
                    self.auth.forget(user.id).await;
                    outcome?;
                    return Ok(user.into());
                }
            }
        }
        Err(Problem::EditConflict)
    }

    async fn read(&self, context: &RequestContext, id: &str) -> Result<User, Problem> {
        let id = UserId::parse(id).ok_or(Problem::NotFound)?;
        context.store(self.users.find(context, id)).await?.ok_or(Problem::NotFound)
    }
}

/// A user as it is first kept.
pub(super) fn new_user(name: &str, email: String, password_hash: PasswordHash, role: Role) -> User {
    let now = Timestamp::now();
    User {
        id: UserId::generate(),
        name: name.trim().to_owned(),
        email,
        password_hash,
        role,
        version: 1,
        credentials_version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn self_or_admin(caller: Caller, id: &str) -> Result<(), Problem> {
    caller.must_be_self_or_admin(id, "Users change themselves only; admins change everybody")
}
