//! The SMTP relay in `SMTP_URL`, or Resend's.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::secret::Secret;
use super::url::{InvalidUrl, parse_url};

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

/// The settings name no SMTP relay. The message follows the name of `mail.smtp_url`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidSmtpUrl {
    #[error("must look like smtps://user:password@host:465 or smtp://user:password@host:587: {0}")]
    Url(#[from] InvalidUrl),
    #[error("must begin with smtps:// or smtp://")]
    Scheme,
    #[error("has “{0}” after the host and port; remove it")]
    Path(String),
    #[error("has credentials that are not UTF-8")]
    Encoding,
    #[error("has a {0} other than {1}; write it in one of them only")]
    Disagreement(&'static str, &'static str),
    #[error("has a user name and no password; add the password, or set SMTP_PASSWORD")]
    NoPassword,
    #[error("has a password and no user name; add the user name, or set SMTP_USER")]
    NoUser,
}

/// What is set beside `mail.smtp_url`: `mail.smtp_user` and `mail.smtp_password`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SeparateCredentials<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password: Option<&'a str>,
}

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

    /// Parses a URL: `smtps://` is implicit TLS, `smtp://` is STARTTLS, or no TLS for a relay on this machine. Credentials are in
    /// the URL or beside it.
    pub(super) fn parse(text: &str, beside: SeparateCredentials<'_>) -> Result<Self, InvalidSmtpUrl> {
        let url = parse_url(text)?;
        let host = url.host_str().ok_or(InvalidUrl::NoHost)?.trim_matches(['[', ']']).to_owned();
        // For smtp URLs, `url` does not tell IP addresses from names; as part of a web URL the host is parsed fully.
        let is_local = Url::parse(&format!("http://{}", url.host_str().unwrap_or("")))
            .is_ok_and(|web| is_loopback(web.host().as_ref()));
        let (tls, default_port) = match url.scheme() {
            "smtps" => (Tls::Implicit, 465),
            "smtp" if is_local => (Tls::None, 25),
            "smtp" => (Tls::StartTls, 587),
            _ => return Err(InvalidSmtpUrl::Scheme),
        };
        let rest = url.as_str().rsplit_once("://").map_or("", |(_, rest)| rest);
        let rest = rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or_default();
        if !matches!(rest, "" | "/") {
            return Err(InvalidSmtpUrl::Path(rest.to_owned()));
        }
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode).transpose()?;
        let password = url.password().map(decode).transpose()?;
        let user = choose(user, beside.user, ("user name", "SMTP_USER"))?;
        let password = choose(password, beside.password, ("password", "SMTP_PASSWORD"))?;
        let credentials = match (user, password) {
            (None, None) => None,
            (Some(user), Some(password)) => Some((user, Secret::new(password))),
            (Some(_), None) => return Err(InvalidSmtpUrl::NoPassword),
            (None, Some(_)) => return Err(InvalidSmtpUrl::NoUser),
        };
        Ok(Self { host, port: url.port().unwrap_or(default_port), tls, credentials })
    }
}

fn decode(text: &str) -> Result<String, InvalidSmtpUrl> {
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| InvalidSmtpUrl::Encoding)
}

/// The value in the URL or the one beside it. They may not differ.
fn choose(
    in_url: Option<String>,
    beside: Option<&str>,
    (part, variable): (&'static str, &'static str),
) -> Result<Option<String>, InvalidSmtpUrl> {
    match (in_url, beside) {
        (Some(one), Some(other)) if one != other => Err(InvalidSmtpUrl::Disagreement(part, variable)),
        (in_url, beside) => Ok(in_url.or_else(|| beside.map(str::to_owned))),
    }
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

    fn parse(text: &str) -> Result<Smtp, InvalidSmtpUrl> {
        Smtp::parse(text, SeparateCredentials::default())
    }

    #[test]
    fn a_relay_is_parsed_from_its_url() {
        let relay = parse("smtps://user:p%40ss@mail.example.com").unwrap();
        assert_eq!((relay.host.as_str(), relay.port, relay.tls), ("mail.example.com", 465, Tls::Implicit));
        assert_eq!(relay.credentials.unwrap().1.reveal(), "p@ss");
        assert_eq!(parse("smtp://mail.example.com").unwrap().tls, Tls::StartTls);
        assert_eq!(parse("smtp://bücher.example").unwrap().host, "xn--bcher-kva.example");
        let local = parse("smtp://127.0.0.1:1025/").unwrap();
        assert_eq!((local.port, local.tls), (1025, Tls::None));
        assert_eq!(parse("smtp://localhost").unwrap().tls, Tls::None);
        for bad in ["mail.example.com", "http://mail.example.com", "smtp://user@mail.example.com", "smtp://"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        // The rest of a password that was not encoded must not become part of the URL.
        for cut in ["smtps://user:12#ss@mail.example.com", "smtps://user:12/ss@mail.example.com", "smtps://host:465/x"]
        {
            assert!(parse(cut).is_err(), "{cut}");
        }
    }

    #[test]
    fn a_password_with_any_character_can_be_set_beside_the_url() {
        let password = "p/a#s?s%w@o:r\\d 100% ü";
        let beside = SeparateCredentials { user: Some("ada@example.com"), password: Some(password) };
        for url in ["smtps://mail.example.com", "smtps://ada%40example.com@mail.example.com"] {
            let (user, secret) = Smtp::parse(url, beside).unwrap().credentials.unwrap();
            assert_eq!((user.as_str(), secret.reveal()), ("ada@example.com", password), "{url}");
        }
        let disagreeing = Smtp::parse("smtps://ben:x@mail.example.com", beside).unwrap_err();
        assert_eq!(disagreeing.to_string(), "has a user name other than SMTP_USER; write it in one of them only");
        let without_user = SeparateCredentials { user: None, ..beside };
        assert_eq!(Smtp::parse("smtps://mail.example.com", without_user), Err(InvalidSmtpUrl::NoUser));
        assert_eq!(parse("smtps://ada@mail.example.com"), Err(InvalidSmtpUrl::NoPassword));
    }
}
