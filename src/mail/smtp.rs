//! Handing one mail to a relay.

use std::sync::Arc;
use std::time::Duration;

use mail_send::mail_builder::MessageBuilder;
use mail_send::mail_builder::headers::raw::Raw;
use mail_send::smtp::message::Message;
use mail_send::{Error, SmtpClient, SmtpClientBuilder};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::config::{Sender, Smtp, Tls};
use crate::domain::mail::{Letter, Mail};

/// For connecting, greeting and signing in.
const CONNECT: Duration = Duration::from_secs(10);
/// For everything, one mail.
const WHOLE: Duration = Duration::from_secs(30);

/// Why a mail was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It never will be: the relay refused it for good.
    #[error("refused for good: {0}")]
    Final(String),
    /// It may be later: the network, a busy relay, greylisting.
    #[error("not now: {0}")]
    Passing(String),
    /// Nothing will be until somebody mends the configuration: password, certificate, TLS mode.
    #[error("the relay's settings are wrong: {0}")]
    Configuration(String),
}

/// A relay that mail is handed to.
pub struct Relay {
    smtp: Smtp,
    from: Sender,
    /// The host part of Message-IDs and of the greeting.
    host: String,
    tls: TlsConnector,
    environment_header: Option<String>,
}

impl Relay {
    /// A relay that trusts the certificates of the Web's authorities. `host` is our own public host name;
    /// `environment` is named in a header of every mail outside production.
    ///
    /// # Errors
    /// When TLS cannot be set up, which would be a fault of the build.
    pub fn new(smtp: Smtp, from: Sender, host: String, environment: Option<String>) -> Result<Self, rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { smtp, from, host, tls: TlsConnector::from(Arc::new(config)), environment_header: environment })
    }

    /// Hands one mail over. When this returns `Ok`, the relay has taken it.
    ///
    /// # Errors
    /// [`Trouble`]. After a lost answer the mail may have been taken all the same; a retry carries the same Message-ID.
    pub async fn send(&self, mail: &Mail, letter: &Letter) -> Result<(), Trouble> {
        let message = self.message(mail, letter)?;
        let builder =
            SmtpClientBuilder::new_with_tls_connector(self.smtp.host.as_str(), self.smtp.port, self.tls.clone())
                .helo_host(self.host.as_str())
                .implicit_tls(self.smtp.tls == Tls::Implicit)
                .timeout(CONNECT);
        let builder = match &self.smtp.credentials {
            Some((user, password)) => builder.credentials((user.as_str(), password.reveal())),
            None => builder,
        };
        // The greeting of a plain connection has no time limit of its own, so everything runs inside ours.
        let whole = async {
            if self.smtp.tls == Tls::None {
                let connect = tokio::time::timeout(CONNECT, builder.connect_plain());
                deliver(connect.await.map_err(|_| Error::Timeout)??, message).await
            } else {
                deliver(builder.connect().await?, message).await
            }
        };
        match tokio::time::timeout(WHOLE, whole).await {
            Ok(result) => result.map_err(|error| classify(&error)),
            Err(_) => Err(Trouble::Passing("no answer in time".to_owned())),
        }
    }

    fn message<'a>(&'a self, mail: &'a Mail, letter: &'a Letter) -> Result<Message<'a>, Trouble> {
        let mut builder = MessageBuilder::new()
            .message_id(format!("{}@{}", mail.id, self.host))
            .date(mail.created_at.as_second())
            .from((self.from.name.as_str(), self.from.email.as_str()))
            .to(mail.to.as_str())
            .subject(letter.subject.as_str())
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("Resend-Idempotency-Key", Raw::new(mail.id.to_string()))
            .text_body(letter.text.as_str())
            .html_body(letter.html.as_str());
        if let Some(environment) = &self.environment_header {
            builder = builder.header("X-Atlas-Environment", Raw::new(environment.as_str()));
        }
        let body = builder.write_to_vec().map_err(|error| Trouble::Final(error.to_string()))?;
        Ok(Message::new(self.from.email.as_str(), [mail.to.as_str()], body))
    }
}

async fn deliver<T: AsyncRead + AsyncWrite + Unpin>(
    mut client: SmtpClient<T>,
    message: Message<'_>,
) -> Result<(), Error> {
    client.send(message).await?;
    // Taken is taken; a relay that hangs up instead of saying goodbye changes nothing.
    let _ = client.quit().await;
    Ok(())
}

fn classify(error: &Error) -> Trouble {
    let text = error.to_string();
    match error {
        Error::UnexpectedReply(reply) if (500..600).contains(&reply.code) => Trouble::Final(text),
        Error::AuthenticationFailed(_)
        | Error::Tls(_)
        | Error::MissingStartTls
        | Error::UnsupportedAuthMechanism
        | Error::InvalidTLSName
        | Error::MissingCredentials => Trouble::Configuration(text),
        _ => Trouble::Passing(text),
    }
}
