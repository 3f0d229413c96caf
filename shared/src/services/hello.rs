//! The smallest operation: nothing is read, so what it costs is what the framework costs.

use crate::context::{Layer, RequestContext};
use crate::dto::HelloResponse;

/// Says hello.
#[derive(Clone, Copy, Debug, Default)]
pub struct HelloService;

impl HelloService {
    /// `GET /api/hello`.
    pub fn show(&self, context: &RequestContext) -> HelloResponse {
        let _timer = context.enter(Layer::Service);
        HelloResponse { message: "Hello!" }
    }
}
