//! The checklist on a machine where the server does not run: what it asks goes over HTTPS with the operator token, and what
//! the server answers there.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::desk::{self, Verb};
use super::visitor::Visitor;
use super::{Short, Way};
use crate::app::Error;
use crate::config::Secret;
use crate::domain::{Environment, Refusal};
use crate::ops::operations::Operations;

/// Where a server is asked.
pub const PATH: &str = "/api/operator/verify";
/// Longest wait for an answer: keeping a good report takes a snapshot.
const PATIENCE: Duration = Duration::from_mins(10);

/// What is said where that is 404. The server tells nobody which of these it is.
const NOT_THERE: &str = "the server has no operator token or another one, or wrong ones came from here too often: set the same ATLAS_OPERATOR_TOKEN there and here, start it anew, or wait for ten minutes";

/// A question as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    /// The environment it is for; a server of another one answers nothing.
    environment: Environment,
    verb: Verb,
}

/// The server at the other end.
pub struct Remote {
    visitor: Visitor,
    environment: Environment,
}

impl Remote {
    /// The server of a deployment. `header` is what the token is sent in.
    ///
    /// # Errors
    /// When the token would go over the network for everybody to read.
    pub fn at(way: &Way, header: &'static str, token: &Secret, environment: &Environment) -> Result<Self, String> {
        if way.base.scheme() != "https" && !super::certificate::is_here(&way.base) {
            return Err(format!("the operator token is not sent to {}, which is not https", way.base));
        }
        // The disposable person is removed even if somebody interrupts the rest.
        let way = Way { interrupted: Arc::new(AtomicBool::new(false)), ..way.clone() };
        let visitor = Visitor::patient(&way, PATIENCE).always_sending(header, token.reveal());
        Ok(Self { visitor, environment: environment.clone() })
    }

    /// Asks it.
    ///
    /// # Errors
    /// Why it did not answer, in words.
    pub fn ask(&mut self, verb: Verb) -> Result<Value, String> {
        let question = Question { environment: self.environment.clone(), verb };
        let body = serde_json::to_value(&question).map_err(|error| error.to_string())?;
        let reply = self.visitor.send("POST", PATH, &body).map_err(|short| match short {
            Short::Failed { seen, .. } => seen,
            Short::Warned(why) | Short::Skipped(_, why) => why,
        })?;
        match reply.status {
            200 => Ok(reply.at("/data")),
            404 => Err(NOT_THERE.to_owned()),
            status => {
                let said = reply.at("/error/message");
                let said = said.as_str().unwrap_or("it said nothing of its own; see the proxy in front");
                Err(format!("the server answered {status}: {said}"))
            }
        }
    }
}

/// Answers a question that came in with the right token.
///
/// # Errors
/// As for [`desk::obey`]; [`Error::Refused`] for what is no question, or one for another environment.
pub async fn answer(operations: &Operations, question: Value) -> Result<Value, Error> {
    let question: Question = serde_json::from_value(question)
        .map_err(|error| Refusal::operating(format!("this is no question of a checklist: {error}")))?;
    let own = &operations.app.store.stamp().environment;
    if question.environment != *own {
        let why = format!("the server there serves “{own}”, and the checklist is for “{}”", question.environment);
        return Err(Refusal::operating(why).into());
    }
    // A server that stops lets it come to its end.
    let _underway = operations.begun().await;
    desk::obey(operations, question.verb, &mut |_| ()).await
}
