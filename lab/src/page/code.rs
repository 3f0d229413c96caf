//! Not there yet.

use super::Lab;
use axum::Router;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<Lab>> {
    Router::new()
}
