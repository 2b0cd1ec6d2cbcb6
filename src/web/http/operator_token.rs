//! The token of operators who run the checklist from another machine, and the handler of their questions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::app;
use crate::config::Secret;

/// The header with the token. `Authorization` belongs to basic authentication.
pub const OPERATOR_HEADER: &str = "atlas-operator-token";

/// The answer to a question of the checklist.
pub type OperatorFuture = Pin<Box<dyn Future<Output = Result<Value, app::Error>> + Send>>;

/// Answers the checklist's questions to those who have the token. The server that is started provides the handler, because this
/// layer cannot use the one that runs checklists.
#[derive(Clone)]
pub struct Operator {
    pub token: Secret,
    pub handler: Arc<dyn Fn(Value) -> OperatorFuture + Send + Sync>,
}
