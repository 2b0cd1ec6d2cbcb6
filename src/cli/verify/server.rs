//! The server that a checklist asks: through its control socket, or over HTTPS on another machine.

use tokio::runtime::Runtime;

use crate::cli::printer::print_progress;
use crate::config::Settings;
use crate::domain::environment::files::control_socket;
use crate::ops::control::{is_served, send};
use crate::ops::protocol::verify::{VerifyAnswer, VerifyCommand};
use crate::ops::protocol::{Answer, Command, Envelope, Outcome};
use crate::ops::verify::{Endpoint, RemoteServer, ServerError, VerifyServer};
use crate::web::OPERATOR_HEADER;

pub(super) enum Server<'a> {
    Local(LocalServer<'a>),
    Remote(Box<RemoteServer>),
}

/// The server on this machine.
pub(super) struct LocalServer<'a> {
    settings: &'a Settings,
    runtime: &'a Runtime,
}

/// The server on this machine if it runs or no operator token is set, otherwise the one at the address.
pub(super) fn connect<'a>(
    settings: &'a Settings,
    endpoint: &Endpoint,
    runtime: &'a Runtime,
) -> Result<Server<'a>, ServerError> {
    let token = settings.operator_token.as_ref().filter(|_| !is_served(&settings.data_file));
    let Some(token) = token else { return Ok(Server::Local(LocalServer { settings, runtime })) };
    let remote = RemoteServer::new(endpoint, OPERATOR_HEADER, token, &settings.environment)?;
    Ok(Server::Remote(Box::new(remote)))
}

impl<'a> Server<'a> {
    pub(super) fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    pub(super) fn as_dyn(&mut self) -> &mut (dyn VerifyServer + 'a) {
        match self {
            Self::Local(server) => server,
            Self::Remote(server) => server.as_mut(),
        }
    }
}

impl VerifyServer for LocalServer<'_> {
    fn execute(&mut self, command: VerifyCommand) -> Result<VerifyAnswer, ServerError> {
        let data_file = &self.settings.data_file;
        let command = Command::Verify(command);
        let envelope = Envelope { environment: self.settings.environment.clone(), command };
        let outcome = self.runtime.block_on(send(data_file, &envelope, &mut print_progress()));
        match outcome.map_err(|error| ServerError::Socket(error.into()))? {
            None => Err(ServerError::NotListening { socket: control_socket(data_file) }),
            Some(Outcome::Done(Answer::Verify(answer))) => Ok(answer),
            Some(Outcome::Done(_)) => Err(ServerError::Mismatched),
            Some(Outcome::Refused(why) | Outcome::Failed(why)) => Err(ServerError::Refused(why)),
        }
    }
}
