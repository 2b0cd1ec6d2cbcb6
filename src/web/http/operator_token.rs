//! The token of operators who run the checklist from another machine, and what executes their commands.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use warp::http::StatusCode;

use crate::app;
use crate::config::Secret;
use crate::domain::Refusal;
use crate::web::http::body;
use crate::web::http::error::HttpError;
use crate::web::http::response::{self, Response};

/// The header with the token. `Authorization` belongs to basic authentication.
pub const OPERATOR_HEADER: &str = "atlas-operator-token";

type OperatorFuture = Pin<Box<dyn Future<Output = Result<Response, HttpError>> + Send>>;

/// Executes the checklist's commands for those who have the token. The commands and answers belong to a layer that this one
/// cannot use, so the server that is started hands in what executes them.
#[derive(Clone)]
pub struct Operator {
    pub token: Secret,
    handler: Arc<dyn Fn(Bytes) -> OperatorFuture + Send + Sync>,
}

impl Operator {
    /// Has `execute` answer the commands of those who have the token.
    pub fn new<C, A, F>(token: Secret, execute: impl Fn(C) -> F + Send + Sync + 'static) -> Self
    where
        C: DeserializeOwned,
        A: Serialize,
        F: Future<Output = Result<A, app::Error>> + Send + 'static,
    {
        let handler = move |body: Bytes| -> OperatorFuture {
            let executing = parse_command(&body).map(&execute);
            Box::pin(async move { Ok(response::json(StatusCode::OK, &executing?.await?)) })
        };
        Self { token, handler: Arc::new(handler) }
    }

    /// Responds to a command, which is JSON.
    pub async fn respond(&self, body: Bytes) -> Result<Response, HttpError> {
        (self.handler)(body).await
    }
}

/// Another version of Atlas may send what this one does not know, so the operator sees what serde says of it.
fn parse_command<C: DeserializeOwned>(body: &[u8]) -> Result<C, HttpError> {
    match serde_json::from_slice(body) {
        Err(error) if error.is_data() => Err(Refusal::operation(format!("the command cannot be read: {error}")).into()),
        Err(_) => body::parse_json(body),
        Ok(command) => Ok(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_operator_sees_why_another_version_sent_a_command_that_cannot_be_read() {
        let operator = Operator::new(Secret::new("token"), |number: u8| async move { Ok(number) });
        let answered = operator.respond(Bytes::from_static(b"7")).await.unwrap();
        assert_eq!(answered.body().as_ref(), br#"{"ok":true,"data":7}"#);
        let Err(HttpError::Refused(why)) = operator.respond(Bytes::from_static(b"\"seven\"")).await else {
            panic!("the command was not refused")
        };
        assert!(why.to_string().starts_with("the command cannot be read: invalid type: string \"seven\""), "{why}");
        let broken = operator.respond(Bytes::from_static(b"!")).await.unwrap_err();
        assert!(matches!(broken, HttpError::Malformed(_)));
    }
}
