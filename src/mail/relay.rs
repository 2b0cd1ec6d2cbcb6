//! Where mail is handed over, and how it is reached.

use std::sync::Arc;
use std::time::Duration;

use mail_send::{Error, SmtpClientBuilder};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::Connection;
use super::connection::Client;
use super::trouble::{Step, Trouble};
use crate::config::{Mail, Sender, Smtp, Tls, Transport};

/// How long a relay is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For connecting, TLS, greeting and signing in together.
    pub connect: Duration,
    /// For everything about one mail.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_secs(30) }
    }
}

/// A relay that mail is handed to.
pub struct Relay {
    smtp: Smtp,
    tls: TlsConnector,
    /// How long it is waited for.
    pub patience: Patience,
    pub(super) from: Sender,
    /// Our own public name, in the greeting.
    pub(super) host: String,
    /// Named in a header of every mail outside production.
    pub(super) environment: Option<String>,
}

impl Relay {
    /// The relay of these settings; `None` where mail is captured. `app_url` is where people reach the environment, which
    /// is named when it is not production.
    ///
    /// # Errors
    /// When TLS cannot be set up, as with a certificate of `mail.ca_file` that is none.
    pub fn of(mail: &Mail, app_url: &Url, environment: Option<String>) -> Result<Option<Self>, rustls::Error> {
        let Transport::Smtp(smtp) = mail.transport.clone() else { return Ok(None) };
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for authority in &mail.authorities {
            roots.add(CertificateDer::from(authority.clone()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Some(Self {
            smtp,
            tls: TlsConnector::from(Arc::new(config)),
            patience: Patience::default(),
            from: mail.from.clone(),
            host: greeting_of(app_url),
            environment,
        }))
    }

    /// Connects and signs in.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn connect(&self) -> Result<Connection<'_>, Trouble> {
        let Patience { connect, whole } = self.patience;
        let builder =
            SmtpClientBuilder::new_with_tls_connector(self.smtp.host.as_str(), self.smtp.port, self.tls.clone())
                .helo_host(self.host.as_str())
                .implicit_tls(self.smtp.tls == Tls::Implicit)
                .timeout(connect);
        let builder = match &self.smtp.credentials {
            Some((user, password)) => builder.credentials((user.as_str(), password.reveal())),
            None => builder,
        };
        // The greeting of a plain connection has no time limit of its own, so everything runs inside ours.
        let connecting = async {
            Ok::<_, Error>(if self.smtp.tls == Tls::None {
                let mut client = builder.connect_plain().await?;
                client.timeout = whole;
                Client::Plain(client)
            } else {
                let mut client = builder.connect().await?;
                client.timeout = whole;
                Client::Tls(Box::new(client))
            })
        };
        match tokio::time::timeout(connect, connecting).await {
            Ok(Ok(client)) => Ok(Connection { relay: self, client, is_open: true }),
            Ok(Err(error)) => Err(Trouble::of(Step::Connect, &error)),
            Err(_) => Err(Trouble::too_slow(Step::Connect)),
        }
    }

    /// Signs in and leaves again, to see whether it can be done.
    ///
    /// # Errors
    /// [`Trouble`].
    pub async fn try_out(&self) -> Result<(), Trouble> {
        self.connect().await?.quit().await;
        Ok(())
    }
}

/// How this server calls itself: by its public name, or by its address as RFC 5321 section 4.1.3 writes it.
fn greeting_of(app_url: &Url) -> String {
    match app_url.host() {
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(ip)) => format!("[{ip}]"),
        Some(Host::Ipv6(ip)) => format!("[IPv6:{ip}]"),
        None => "localhost".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_waited_for_ten_seconds_and_a_mail_for_thirty() {
        let Patience { connect, whole } = Patience::default();
        assert_eq!((connect.as_secs(), whole.as_secs()), (10, 30));
    }

    #[test]
    fn a_server_without_a_name_calls_itself_by_its_address() {
        let greeting = |url: &str| greeting_of(&url.parse().unwrap());
        assert_eq!(greeting("https://atlas.example.com/x"), "atlas.example.com");
        assert_eq!(greeting("http://127.0.0.1:3000"), "[127.0.0.1]");
        assert_eq!(greeting("http://[::1]:3000"), "[IPv6:::1]");
    }
}
