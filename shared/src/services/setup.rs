//! What happens once, before the first request: the first admin, and the demo users.

use super::users::new_user;
use crate::config::{Secret, SettingsError};
use crate::context::RequestContext;
use crate::demo;
use crate::domain::{EmailKey, Role};
use crate::passwords::{PasswordError, Passwords};
use crate::repository::{StoreError, UserRepository};

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

/// Creates the admin that the configuration names, unless somebody has the address already. Several processes may do
/// this at the same time: the store lets one of them.
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
    if let Some(user) = users.find_by_email(&context, &EmailKey::of(email)).await? {
        if user.role != Role::Admin {
            tracing::warn!("{email} (ADMIN_EMAIL) is a user but no admin: have an admin change the role");
        }
        return Ok(());
    }
    let password_hash = passwords.hash(password.expose()).await?;
    match users.insert(&context, &new_user("Admin", email.to_owned(), password_hash, Role::Admin)).await {
        Ok(()) | Err(StoreError::EmailTaken) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Creates the demo users that are not there yet, and gives the password of all of them if this call made the demo
/// admin: it is kept nowhere but as a hash, so whoever is given it must show it.
///
/// # Errors
/// [`SetupError`].
pub async fn seed_demo(users: &dyn UserRepository, passwords: &Passwords) -> Result<Option<Secret>, SetupError> {
    let context = RequestContext::internal("seed-demo");
    if demo::is_seeded(&context, users).await? {
        return Ok(None);
    }
    let password = Secret::random(8)?;
    let password_hash = passwords.hash(password.expose()).await?;
    let made_admin = demo::seed(&context, users, &password_hash).await?;
    Ok(made_admin.then_some(password))
}
