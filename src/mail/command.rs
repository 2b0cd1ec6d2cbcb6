//! Sending a command and reading the relay's reply, each within its time limit.

use std::time::Duration;

use mail_send::SmtpClient;
use tokio::io::{AsyncRead, AsyncWrite};

use super::error::{DeliveryError, SmtpStep};
use super::reply::Reply;

impl Reply {
    /// The reply, if it is a success.
    pub(super) fn require_success(self, step: SmtpStep) -> Result<Self, DeliveryError> {
        if (200..300).contains(&self.code) { Ok(self) } else { Err(DeliveryError::from_reply(step, &self)) }
    }
}

/// Sends a command and reads the reply.
pub(super) async fn send_command<T: AsyncRead + AsyncWrite + Unpin>(
    client: &mut SmtpClient<T>,
    step: SmtpStep,
    command: &str,
    limit: Duration,
) -> Result<Reply, DeliveryError> {
    client.timeout = limit;
    let reply = client.cmd(format!("{command}\r\n")).await.map_err(|error| DeliveryError::from_smtp(step, &error))?;
    Ok(Reply { code: reply.code, enhanced: reply.esc, text: reply.message })
}

/// Reads a reply.
pub(super) async fn read_reply<T: AsyncRead + AsyncWrite + Unpin>(
    client: &mut SmtpClient<T>,
    step: SmtpStep,
    limit: Duration,
) -> Result<Reply, DeliveryError> {
    match tokio::time::timeout(limit, client.read()).await {
        Ok(Ok(reply)) => Ok(Reply { code: reply.code, enhanced: reply.esc, text: reply.message }),
        Ok(Err(error)) => Err(DeliveryError::from_smtp(step, &error)),
        Err(_) => Err(DeliveryError::timeout(step)),
    }
}
