//! The database: how it is opened, its two pools, and what they report.

use crate::migrations::migrate;
use crate::schema::users;
use async_trait::async_trait;
use sea_orm::sea_query::Value;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::{ConnAcquireErr, ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbErr, EntityTrait, RuntimeErr};
use shared::context::RequestContext;
use shared::repository::{OpenError, PoolStatus, Store, StoreError};
use shared::telemetry::Statement;
use std::borrow::Cow;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// So long a call waits for a connection, and a connection for another process' lock.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// So long a start waits while others start on the same file.
const OPEN_MAX: Duration = Duration::from_secs(10);

/// The pools.
pub struct Database {
    reading: Pool,
    writing: Pool,
}

struct Pool {
    connection: DatabaseConnection,
    calls: AtomicUsize,
}
