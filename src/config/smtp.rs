//! The SMTP relay in `SMTP_URL`, or Resend's.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::secret::Secret;

/// How the connection to a relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, which the relay must offer.
    StartTls,
    /// No TLS; only for a relay on this machine.
    None,
}

/// An SMTP relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// User and password.
    pub credentials: Option<(String, Secret)>,
}

/// The text is not the URL of an SMTP relay. The message follows the setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must look like smtps://user:password@host:465 or smtp://user:password@host:587")]
pub(super) struct InvalidSmtpUrl;

impl Smtp {
    /// Resend's relay. Host, port and user are the same for every customer; the API key is the password.
    pub(super) fn resend(api_key: &str) -> Self {
        Self {
            host: "smtp.resend.com".to_owned(),
            port: 465,
            tls: Tls::Implicit,
            credentials: Some(("resend".to_owned(), Secret::new(api_key))),
        }
    }

    /// Parses a URL: `smtps://` is implicit TLS, `smtp://` is STARTTLS, or no TLS for a relay on this machine.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let url = Url::parse(text).map_err(|_| InvalidSmtpUrl)?;
        let host = url.host_str().ok_or(InvalidSmtpUrl)?.trim_matches(['[', ']']).to_owned();
        // For smtp URLs, `url` does not tell IP addresses from names; as part of a web URL the host is parsed fully.
        let is_local = Url::parse(&format!("http://{}", url.host_str().unwrap_or("")))
            .is_ok_and(|web| is_loopback(web.host().as_ref()));
        let (tls, default_port) = match url.scheme() {
            "smtps" => (Tls::Implicit, 465),
            "smtp" if is_local => (Tls::None, 25),
            "smtp" => (Tls::StartTls, 587),
            _ => return Err(InvalidSmtpUrl),
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => Some((decode(user)?, Secret::new(decode(password)?))),
            _ => return Err(InvalidSmtpUrl),
        };
        Ok(Self { host, port: url.port().unwrap_or(default_port), tls, credentials })
    }
}

fn decode(text: &str) -> Result<String, InvalidSmtpUrl> {
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| InvalidSmtpUrl)
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: Option<&Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => *name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_key_is_enough_for_resend() {
        let relay = Smtp::resend("re_123");
        assert_eq!((relay.host.as_str(), relay.port, relay.tls), ("smtp.resend.com", 465, Tls::Implicit));
        let (user, key) = relay.credentials.unwrap();
        assert_eq!((user.as_str(), key.reveal()), ("resend", "re_123"));
    }

    #[test]
    fn a_relay_is_parsed_from_its_url() {
        let relay = Smtp::parse("smtps://user:p%40ss@mail.example.com").unwrap();
        assert_eq!((relay.host.as_str(), relay.port, relay.tls), ("mail.example.com", 465, Tls::Implicit));
        assert_eq!(relay.credentials.unwrap().1.reveal(), "p@ss");
        assert_eq!(Smtp::parse("smtp://mail.example.com").unwrap().tls, Tls::StartTls);
        let local = Smtp::parse("smtp://127.0.0.1:1025").unwrap();
        assert_eq!((local.port, local.tls), (1025, Tls::None));
        assert_eq!(Smtp::parse("smtp://localhost").unwrap().tls, Tls::None);
        for bad in ["mail.example.com", "http://mail.example.com", "smtp://user@mail.example.com", "smtp://"] {
            assert!(Smtp::parse(bad).is_err(), "{bad}");
        }
    }
}
