//! One conversation with a relay, in which several mails can be handed over.

use std::time::Duration;

use mail_send::smtp::message::Parameters;
use mail_send::{Error, SmtpClient};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::Relay;
use super::message::write;
use super::trouble::{Step, Trouble, Verdict, line};
use crate::domain::mail::{Letter, Mail};

/// With or without TLS.
pub(super) enum Client {
    Plain(SmtpClient<TcpStream>),
    Tls(Box<SmtpClient<TlsStream<TcpStream>>>),
}

/// A conversation that has come as far as being signed in.
pub struct Connection<'relay> {
    pub(super) relay: &'relay Relay,
    pub(super) client: Client,
    /// Whether another mail can be handed over.
    pub(super) is_open: bool,
}

/// Longest time for a goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

impl Connection<'_> {
    /// Hands one mail over and answers what the relay said when it took it, with its queue id where it names one.
    ///
    /// # Errors
    /// [`Trouble`]. After a lost answer the mail may have been taken all the same; a retry carries the same Message-ID.
    pub async fn send(&mut self, mail: &Mail, letter: &Letter) -> Result<String, Trouble> {
        let relay = self.relay;
        let from = &relay.from;
        let body = write(mail, letter, from, &relay.host, relay.environment.as_deref())
            .map_err(|error| Trouble::unwritable(&error))?;
        let (from, to) = (from.email.as_str(), mail.to.as_str());
        let whole = async {
            match &mut self.client {
                Client::Plain(client) => hand_over(client, from, to, &body).await,
                Client::Tls(client) => hand_over(client, from, to, &body).await,
            }
        };
        let taken = match tokio::time::timeout(relay.patience.whole, whole).await {
            Ok(taken) => taken.map_err(|(step, error)| Trouble::of(step, &error)),
            Err(_) => Err(Trouble::too_slow(Step::Data)),
        };
        if let Err(trouble) = &taken
            && (trouble.verdict == Verdict::Lost || !self.begins_anew().await)
        {
            self.is_open = false;
        }
        taken
    }

    /// Whether another mail can be handed over.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Says goodbye. A relay that hangs up instead changes nothing.
    pub async fn quit(self) {
        if self.is_open {
            let _ = tokio::time::timeout(GOODBYE, async {
                match self.client {
                    Client::Plain(client) => client.quit().await,
                    Client::Tls(client) => client.quit().await,
                }
            })
            .await;
        }
    }

    /// Takes back what was begun; without it the next mail would be refused as one within another.
    async fn begins_anew(&mut self) -> bool {
        let reset = async {
            match &mut self.client {
                Client::Plain(client) => client.rset().await,
                Client::Tls(client) => client.rset().await,
            }
        };
        matches!(tokio::time::timeout(self.relay.patience.connect, reset).await, Ok(Ok(())))
    }
}

async fn hand_over<T: AsyncRead + AsyncWrite + Unpin>(
    client: &mut SmtpClient<T>,
    from: &str,
    to: &str,
    body: &[u8],
) -> Result<String, (Step, Error)> {
    let nothing = Parameters::default();
    client.mail_from(from, &nothing).await.map_err(|error| (Step::From, error))?;
    client.rcpt_to(to, &nothing).await.map_err(|error| (Step::To, error))?;
    let reply = client.data(body).await.map_err(|error| (Step::Data, error))?;
    Ok(line(reply.code, reply.esc, &reply.message))
}
