//! What happens once, before the first request: the first admin, and the demo data.

use super::users::new_user;
use crate::config::{Secret, SettingsError};
use crate::context::RequestContext;
use crate::demo;
use crate::domain::{EmailKey, PasswordHash, Role};
use crate::passwords::{PasswordError, Passwords};
use crate::repository::{Repositories, StoreError, UserQuery, UserRepository};

/// Why the first users could not be created.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The store failed.
    #[error("the database failed at start: {0}")]
    Store(#[from] StoreError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No password could be made.
    #[error(transparent)]
    Random(#[from] SettingsError),
}

/// Creates the admin that the configuration names, if there is no admin at all: one that was deleted on purpose must not
/// come back with its old password because the configuration still names it. Several processes may do this at the same
/// time: the store lets one of them.
///
/// # Errors
/// [`SetupError`].
pub async fn create_first_admin(
    users: &dyn UserRepository,
    passwords: &Passwords,
    email: &str,
    password: &Secret,
) -> Result<(), SetupError> {
    let context = RequestContext::internal("first-admin");
    let any_admin = UserQuery { role: Some(Role::Admin), after: None, limit: 1 };
    if let Some(admin) = users.list(&context, &any_admin).await?.first() {
        if admin.email_key() != EmailKey::of(email) {
            tracing::info!("there is an admin already, so {email} (ADMIN_EMAIL) was not created");
        }
        return Ok(());
    }
    let password_hash = passwords.hash(password.expose()).await?;
    match users.insert(&context, &new_user("Admin", email.to_owned(), password_hash, Role::Admin)).await {
        Ok(()) => Ok(()),
        Err(StoreError::EmailTaken) => {
            tracing::warn!("{email} (ADMIN_EMAIL) is somebody's address already, so there may be no admin");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Creates the demo admin if it is not there, with the password of `given_hash`. Without one, this makes a password and
/// gives it: it is kept nowhere but as a hash, so whoever is given it must show it. Of several processes that do this at
/// the same time, the store lets one.
///
/// # Errors
/// [`SetupError`].
pub async fn create_demo_admin(
    users: &dyn UserRepository,
    passwords: &Passwords,
    given_hash: Option<PasswordHash>,
) -> Result<Option<Secret>, SetupError> {
    let context = RequestContext::internal("demo-admin");
    if users.find(&context, demo::user(0, demo::unusable_hash()).id).await?.is_some() {
        return Ok(None);
    }
    let (password, password_hash) = match given_hash {
        Some(hash) => (None, hash),
        None => {
            let password = Secret::random(8)?;
            let hash = passwords.hash(password.expose()).await?;
            (Some(password), hash)
        }
    };
    match users.insert(&context, &demo::user(0, password_hash)).await {
        Ok(()) => Ok(password),
        Err(StoreError::EmailTaken) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Creates the demo users, all with the demo admin's password, and what they have ordered, unless that was done before;
/// also what another process, or a start that was cut off, has begun.
///
/// # Errors
/// [`SetupError`].
pub async fn create_demo_data(repositories: &Repositories) -> Result<(), SetupError> {
    let context = RequestContext::internal("demo-data");
    // Their hash is the admin's own, not a new one: so whoever made the admin, one password is good for all.
    let admin = repositories.users.find(&context, demo::user(0, demo::unusable_hash()).id).await?;
    if let Some(admin) = admin
        && !demo::is_filled(&context, repositories).await?
    {
        demo::fill(&context, repositories, &admin.password_hash).await?;
    }
    Ok(())
}
