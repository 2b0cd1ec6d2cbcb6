//! What an operator's checklist asks from another machine: `POST /api/operator/verify`.
//!
//! Whoever answers it is handed in where the server is put together; this room only lets in who holds the environment's
//! token. To anybody else the address does not exist, with whatever method it is asked.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use warp::http::{HeaderMap, HeaderValue, StatusCode};

use super::failure::Failure;
use super::gate::is_same;
use super::limits::{By, Limit};
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app;
use crate::config::Secret;
use crate::domain::attempts::Rule;

/// The header that carries the token: `Authorization` is the gate's.
pub const HEADER: &str = "atlas-operator-token";
/// Longest question in bytes; a report is the longest.
const LONGEST: usize = 256 << 10;
/// Wrong tokens from one address.
const WRONG: Limit = Limit { name: "operator-token", rule: Rule::minutes(5, 5, 10), by: By::Client };

/// What comes of a question.
pub type Answering = Pin<Box<dyn Future<Output = Result<Value, app::Error>> + Send>>;

/// Who is asked, and under which token.
#[derive(Clone)]
pub struct Operator {
    /// What whoever asks must hold.
    pub token: Secret,
    /// Answers a question.
    pub asks: Arc<dyn Fn(Value) -> Answering + Send + Sync>,
}

/// Lets in who holds the token.
///
/// SECURITY: compared in constant time, and not at all once an address was wrong too often. The token stands in a header,
/// which is never logged. Whoever is not let in is answered as at an address that does not exist, and never told why: by
/// nothing in it can it be learnt that operators are asked here.
///
/// # Errors
/// [`Failure::NotFound`].
pub fn admit(visit: &Visit) -> Result<(), Failure> {
    let site = &visit.site;
    let operator = site.operator.as_ref().ok_or(Failure::NotFound)?;
    let sent = token(&visit.headers).ok_or(Failure::NotFound)?;
    let now = site.app.clock.now();
    let is_spent = site.limits.as_ref().is_some_and(|limits| limits.check(&WRONG, visit.address(), now).is_err());
    if is_spent {
        return Err(Failure::NotFound);
    }
    if is_same(sent, operator.token.reveal().as_bytes()) {
        return Ok(());
    }
    if let Some(limits) = &site.limits {
        limits.count(&WRONG, visit.address(), None, now);
    }
    Err(Failure::NotFound)
}

fn token(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(HEADER).map(HeaderValue::as_bytes).filter(|value| !value.is_empty())
}

/// Passes a question on and answers 200 with what came of it.
pub async fn verify(visit: Visit) -> Result<Answer, Failure> {
    let operator = visit.site.operator.clone().ok_or(Failure::NotFound)?;
    let question: Value = visit.json_up_to(LONGEST).await?;
    Ok(reply::json(StatusCode::OK, &(operator.asks)(question).await?))
}
