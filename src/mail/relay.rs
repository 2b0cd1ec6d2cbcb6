//! The SMTP relay that mail is sent through: address, credentials, TLS and timeouts.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::dial::Lookup;
use super::timeouts::RelayTimeouts;
use crate::config::{MailSettings, Sender, Smtp, Transport};

/// The relay that mail is sent through.
pub struct Relay {
    pub(super) smtp: Smtp,
    pub(super) tls: TlsConnector,
    pub timeouts: RelayTimeouts,
    pub lookup: Lookup,
    pub(super) from: Sender,
    /// This server's name in EHLO.
    pub(super) host: String,
    /// Named in a header of every message outside production.
    pub(super) environment: Option<String>,
}

impl Relay {
    /// The configured relay; `None` where mail is captured. `app_url` is the public URL of the environment; `environment` is
    /// its name outside production.
    ///
    /// # Errors
    /// [`rustls::Error`] when TLS cannot be set up, for example because of an unusable certificate in `mail.ca_file`.
    pub fn from_settings(
        mail: &MailSettings,
        app_url: &Url,
        environment: Option<String>,
    ) -> Result<Option<Self>, rustls::Error> {
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
            timeouts: RelayTimeouts::default(),
            lookup: Lookup::System,
            from: mail.from.clone(),
            host: ehlo_name(app_url),
            environment,
        }))
    }
}

/// This server's name in EHLO: its host name, or its address in the form of RFC 5321 section 4.1.3.
fn ehlo_name(app_url: &Url) -> String {
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
    fn a_server_without_a_host_name_introduces_itself_by_its_address() {
        let name = |url: &str| ehlo_name(&url.parse().unwrap());
        assert_eq!(name("https://atlas.example.com/x"), "atlas.example.com");
        assert_eq!(name("http://127.0.0.1:3000"), "[127.0.0.1]");
        assert_eq!(name("http://[::1]:3000"), "[IPv6:::1]");
    }
}
