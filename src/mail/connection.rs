//! One SMTP session with a relay, in which any number of messages can be sent.

use std::time::Duration;

use mail_send::smtp::message::Parameters;
use mail_send::{Error, SmtpClientBuilder};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::error::{DeliveryError, Disposition, SmtpStep, single_line_reply};
use super::message::encode;
use super::relay::{Relay, RelayTimeouts};
use crate::config::Tls;
use crate::domain::mail::{Mail, MessageBody};

enum SmtpClient {
    Plain(mail_send::SmtpClient<TcpStream>),
    Tls(Box<mail_send::SmtpClient<TlsStream<TcpStream>>>),
}

/// A session that is past its sign-in.
pub struct Connection<'relay> {
    relay: &'relay Relay,
    client: SmtpClient,
    is_open: bool,
}

const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

impl Relay {
    /// Connects and signs in.
    ///
    /// # Errors
    /// [`DeliveryError`] when the relay cannot be reached or refuses the connection, TLS or the credentials.
    pub async fn connect(&self) -> Result<Connection<'_>, DeliveryError> {
        let RelayTimeouts { connect, delivery } = self.timeouts;
        let builder =
            SmtpClientBuilder::new_with_tls_connector(self.smtp.host.as_str(), self.smtp.port, self.tls.clone())
                .helo_host(self.host.as_str())
                .implicit_tls(self.smtp.tls == Tls::Implicit)
                .timeout(connect);
        let builder = match &self.smtp.credentials {
            Some((user, password)) => builder.credentials((user.as_str(), password.reveal())),
            None => builder,
        };
        // mail_send sets no time limit for the greeting of a plain connection, so the whole sequence gets one here.
        let connecting = async {
            Ok::<_, Error>(if self.smtp.tls == Tls::None {
                let mut client = builder.connect_plain().await?;
                client.timeout = delivery;
                SmtpClient::Plain(client)
            } else {
                let mut client = builder.connect().await?;
                client.timeout = delivery;
                SmtpClient::Tls(Box::new(client))
            })
        };
        match tokio::time::timeout(connect, connecting).await {
            Ok(Ok(client)) => Ok(Connection { relay: self, client, is_open: true }),
            Ok(Err(error)) => Err(DeliveryError::from_smtp(SmtpStep::Connect, &error)),
            Err(_) => Err(DeliveryError::timeout(SmtpStep::Connect)),
        }
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
    /// Sends one message and returns the relay's reply, with its queue id where the relay names one.
    ///
    /// # Errors
    /// [`DeliveryError`]. If the connection breaks before the final reply, the relay may have accepted the message; a retry
    /// carries the same Message-ID.
    pub async fn send(&mut self, mail: &Mail, body: &MessageBody) -> Result<String, DeliveryError> {
        let relay = self.relay;
        let from = &relay.from;
        let message = encode(mail, body, from, &relay.host, relay.environment.as_deref())
            .map_err(|error| DeliveryError::from_encoding(&error))?;
        let (from, to) = (from.email.as_str(), mail.to.as_str());
        let delivering = async {
            match &mut self.client {
                SmtpClient::Plain(client) => deliver(client, from, to, &message).await,
                SmtpClient::Tls(client) => deliver(client, from, to, &message).await,
            }
        };
        let sent = match tokio::time::timeout(relay.timeouts.delivery, delivering).await {
            Ok(sent) => sent.map_err(|(step, error)| DeliveryError::from_smtp(step, &error)),
            Err(_) => Err(DeliveryError::timeout(SmtpStep::Data)),
        };
        if let Err(error) = &sent
            && (error.disposition == Disposition::ConnectionLost || !self.reset().await)
        {
            self.is_open = false;
        }
        sent
    }

    /// Whether another message can be sent.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Sends QUIT. Errors are ignored: the relay may just as well close the connection.
    pub async fn quit(self) {
        if self.is_open {
            let _ = tokio::time::timeout(QUIT_TIMEOUT, async {
                match self.client {
                    SmtpClient::Plain(client) => client.quit().await,
                    SmtpClient::Tls(client) => client.quit().await,
                }
            })
            .await;
        }
    }

    /// Aborts the current transaction with RSET and returns whether that worked. Without it the relay would refuse the next
    /// MAIL command as nested.
    async fn reset(&mut self) -> bool {
        let reset = async {
            match &mut self.client {
                SmtpClient::Plain(client) => client.rset().await,
                SmtpClient::Tls(client) => client.rset().await,
            }
        };
        matches!(tokio::time::timeout(self.relay.timeouts.connect, reset).await, Ok(Ok(())))
    }
}

async fn deliver<T: AsyncRead + AsyncWrite + Unpin>(
    client: &mut mail_send::SmtpClient<T>,
    from: &str,
    to: &str,
    message: &[u8],
) -> Result<String, (SmtpStep, Error)> {
    let parameters = Parameters::default();
    client.mail_from(from, &parameters).await.map_err(|error| (SmtpStep::From, error))?;
    client.rcpt_to(to, &parameters).await.map_err(|error| (SmtpStep::To, error))?;
    let reply = client.data(message).await.map_err(|error| (SmtpStep::Data, error))?;
    Ok(single_line_reply(reply.code, reply.esc, &reply.message))
}
