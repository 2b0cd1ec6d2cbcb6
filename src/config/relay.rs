//! Reading where mail is handed over.

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::settings::{Secret, Smtp, Tls};

/// Resend's relay: its host, port and user are the same for everybody, the password is the API key.
pub(super) fn resend(key: &str) -> Smtp {
    Smtp {
        host: "smtp.resend.com".to_owned(),
        port: 465,
        tls: Tls::Implicit,
        credentials: Some(("resend".to_owned(), Secret::new(key))),
    }
}

/// `smtps://` is TLS from the first byte, `smtp://` is STARTTLS, except to a relay on this machine.
pub(super) fn parse(text: &str) -> Result<Smtp, &'static str> {
    const SHAPE: &str = "must look like smtps://user:password@host:465 or smtp://user:password@host:587";
    let url = Url::parse(text).map_err(|_| SHAPE)?;
    let host = url.host_str().ok_or(SHAPE)?.trim_matches(['[', ']']).to_owned();
    // `url` does not know what kind of host an smtp address has, so read it the way it reads a web address.
    let local = Url::parse(&format!("http://{}", url.host_str().unwrap_or("")))
        .is_ok_and(|web| is_loopback(web.host().as_ref()));
    let (tls, port) = match url.scheme() {
        "smtps" => (Tls::Implicit, 465),
        "smtp" if local => (Tls::None, 25),
        "smtp" => (Tls::StartTls, 587),
        _ => return Err(SHAPE),
    };
    let plain =
        |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| SHAPE);
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (user, Some(password)) if !user.is_empty() => Some((plain(user)?, Secret::new(plain(password)?))),
        _ => return Err(SHAPE),
    };
    Ok(Smtp { host, port: url.port().unwrap_or(port), tls, credentials })
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
    fn resend_is_reached_by_its_key_alone() {
        let relay = resend("re_123");
        assert_eq!((relay.host.as_str(), relay.port, relay.tls), ("smtp.resend.com", 465, Tls::Implicit));
        let (user, key) = relay.credentials.unwrap();
        assert_eq!((user.as_str(), key.reveal()), ("resend", "re_123"));
    }

    #[test]
    fn a_relay_is_read_from_its_address() {
        let resend = parse("smtps://user:p%40ss@mail.example.com").unwrap();
        assert_eq!((resend.host.as_str(), resend.port, resend.tls), ("mail.example.com", 465, Tls::Implicit));
        assert_eq!(resend.credentials.unwrap().1.reveal(), "p@ss");
        assert_eq!(parse("smtp://mail.example.com").unwrap().tls, Tls::StartTls);
        let local = parse("smtp://127.0.0.1:1025").unwrap();
        assert_eq!((local.port, local.tls), (1025, Tls::None));
        assert_eq!(parse("smtp://localhost").unwrap().tls, Tls::None);
        for bad in ["mail.example.com", "http://mail.example.com", "smtp://user@mail.example.com", "smtp://"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
