//! One SMTP session with a relay, in which any number of messages can be sent.

use std::time::Duration;

use mail_send::Error;

use super::command::{read_reply, send_command};
use super::dial::dial;
use super::error::{DeliveryError, Disposition, SmtpStep};
use super::message::encode;
use super::relay::Relay;
use super::reply::Reply;
use super::session::{SmtpSession, open_session};
use crate::domain::mail::{Mail, MessageBody};

/// A session that is past its sign-in.
pub struct Connection<'relay> {
    relay: &'relay Relay,
    session: SmtpSession,
    is_open: bool,
}

const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

impl Relay {
    /// Connects and signs in.
    ///
    /// # Errors
    /// [`DeliveryError`] when the relay cannot be reached or refuses the connection, TLS or the credentials.
    pub async fn connect(&self) -> Result<Connection<'_>, DeliveryError> {
        let stream = dial(&self.lookup, &self.smtp.host, self.smtp.port, &self.timeouts).await;
        let stream = stream.map_err(|error| DeliveryError::from_dial(&error))?;
        Ok(Connection { relay: self, session: open_session(self, stream).await?, is_open: true })
    }

    /// Connects, signs in and quits, without sending anything.
    ///
    /// # Errors
    /// The errors of [`Self::connect`].
    pub async fn check_sign_in(&self) -> Result<(), DeliveryError> {
        self.connect().await?.quit().await;
        Ok(())
    }
}

impl Connection<'_> {
    /// Sends one message and returns the relay's reply, with its queue id where the relay names one. `before_message` runs right
    /// before the message itself is sent, which it can prevent: from then on the relay may accept it without this server
    /// learning of it.
    ///
    /// # Errors
    /// [`DeliveryError`]. After [`Disposition::ReplyLost`] the relay may have accepted the message; a retry carries the same
    /// Message-ID.
    pub async fn send(
        &mut self,
        mail: &Mail,
        body: &MessageBody,
        before_message: impl Future<Output = Result<(), DeliveryError>> + Send,
    ) -> Result<String, DeliveryError> {
        let relay = self.relay;
        let message = encode(mail, body, &relay.from, &relay.host, relay.environment.as_deref())
            .map_err(|error| DeliveryError::from_encoding(&error))?;
        let sent = match self.begin(mail).await {
            Ok(()) => match before_message.await {
                Ok(()) => self.send_message(&message).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        if let Err(error) = &sent
            && (matches!(error.disposition, Disposition::ConnectionLost | Disposition::ReplyLost)
                || !self.reset().await)
        {
            self.is_open = false;
        }
        sent.map(|reply| reply.single_line())
    }

    /// Whether another message can be sent.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sends QUIT. Errors are ignored: the relay may just as well close the connection.
    pub async fn quit(mut self) {
        if self.is_open {
            let _ = send_command(&mut self.session, SmtpStep::Connect, "QUIT", QUIT_TIMEOUT).await;
        }
    }

    /// Begins a transaction, up to where the relay expects the message.
    async fn begin(&mut self, mail: &Mail) -> Result<(), DeliveryError> {
        let limits = self.relay.timeouts;
        let from = format!("MAIL FROM:<{}>", self.relay.from.email);
        let to = format!("RCPT TO:<{}>", mail.to);
        self.command(SmtpStep::From, &from, limits.command).await?.require_success(SmtpStep::From)?;
        self.command(SmtpStep::To, &to, limits.command).await?.require_success(SmtpStep::To)?;
        let reply = self.command(SmtpStep::Data, "DATA", limits.data_start).await?;
        if reply.code == 354 { Ok(()) } else { Err(DeliveryError::from_reply(SmtpStep::Data, &reply)) }
    }

    async fn send_message(&mut self, message: &[u8]) -> Result<Reply, DeliveryError> {
        let (step, limits) = (SmtpStep::Message, self.relay.timeouts);
        match tokio::time::timeout(limits.data_block, self.session.write_message(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(DeliveryError::from_smtp(step, &Error::Io(error))),
            Err(_) => return Err(DeliveryError::timeout(step)),
        }
        read_reply(&mut self.session, step, limits.data_end).await?.require_success(step)
    }

    /// Aborts the current transaction with RSET and returns whether that worked. Without it the relay would refuse the next
    /// MAIL command as nested.
    async fn reset(&mut self) -> bool {
        let reset = self.command(SmtpStep::From, "RSET", self.relay.timeouts.command).await;
        reset.is_ok_and(|reply| reply.require_success(SmtpStep::From).is_ok())
    }

    async fn command(&mut self, step: SmtpStep, command: &str, limit: Duration) -> Result<Reply, DeliveryError> {
        send_command(&mut self.session, step, command, limit).await
    }
}
