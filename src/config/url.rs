//! URLs that operators write. A refusal names the character at fault and how to write it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use crate::domain::domain_name::{self, InvalidDomainName};

/// Why a text is no URL. The message is a sentence of its own, without a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    #[error("it has no “://”")]
    NoScheme,
    #[error("“{}” in the {part} ends that part of the URL; write it as {}", .character.escape_debug(), percent_encode(*.character))]
    Credential { part: &'static str, character: char },
    #[error("“%” in the {0} must be followed by two hexadecimal digits; write the character itself as %25")]
    Percent(&'static str),
    #[error("it has no host name")]
    NoHost,
    #[error("“{}” can't be part of a host name", .0.escape_debug())]
    Host(char),
    #[error("the host name can't be converted to its xn-- form: {0}")]
    International(#[from] InvalidDomainName),
    #[error("“{0}” is no port, which is a number from 1 to 65535")]
    Port(String),
    #[error("{0}")]
    Other(#[from] url::ParseError),
}

/// Parses a URL that consists of a scheme, perhaps credentials, a host, and perhaps a path. The host may be in any script.
///
/// # Errors
/// [`InvalidUrl`].
pub fn parse_url(text: &str) -> Result<Url, InvalidUrl> {
    let (scheme, rest) = text.split_once("://").ok_or(InvalidUrl::NoScheme)?;
    // Credentials may hold any character, so they end at the last "@". No URL of ours has one in its path.
    let (credentials, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (Some(credentials), rest),
        None => (None, rest),
    };
    if let Some(credentials) = credentials {
        check_credentials(credentials)?;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = normalize_authority(authority)?;
    let credentials = credentials.map(|text| format!("{text}@")).unwrap_or_default();
    Ok(Url::parse(&format!("{scheme}://{credentials}{authority}{path}"))?)
}

fn check_credentials(text: &str) -> Result<(), InvalidUrl> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    for (part, text) in [("user name", user), ("password", password)] {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
            if matches!(character, '/' | '?' | '#' | '\\') || character.is_control() {
                return Err(InvalidUrl::Credential { part, character });
            }
            let is_encoded = rest.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            if character == '%' && !is_encoded {
                return Err(InvalidUrl::Percent(part));
            }
        }
    }
    Ok(())
}

/// The host with A-labels, and the port.
fn normalize_authority(authority: &str) -> Result<String, InvalidUrl> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if let Some(port) = port.filter(|port| !port.is_empty() && !matches!(port.parse::<u16>(), Ok(1..))) {
        return Err(InvalidUrl::Port(port.to_owned()));
    }
    // A dot at the end names the same host, and would make another one of it wherever hosts are compared.
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.is_empty() {
        return Err(InvalidUrl::NoHost);
    }
    let is_ip = host.starts_with('[') && host.ends_with(']');
    let is_forbidden = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.' | '_');
    if let Some(character) = host.chars().find(|c| !is_ip && is_forbidden(*c)) {
        return Err(InvalidUrl::Host(character));
    }
    let host = domain_name::to_ascii(host)?;
    Ok(port.map(|port| format!("{host}:{port}")).unwrap_or(host))
}

fn percent_encode(character: char) -> String {
    utf8_percent_encode(character.encode_utf8(&mut [0; 4]), NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_character_and_how_to_write_it() {
        for (text, message) in [
            ("mail.example.com", "it has no “://”"),
            ("smtps://ada:pa/ss@host", "“/” in the password ends that part of the URL; write it as %2F"),
            ("smtps://ada:12#ss@host", "“#” in the password ends that part of the URL; write it as %23"),
            ("smtps://ada:pa?ss@host", "“?” in the password ends that part of the URL; write it as %3F"),
            ("smtps://ada:pa\\ss@host", "“\\\\” in the password ends that part of the URL; write it as %5C"),
            ("smtps://a/da:pass@host", "“/” in the user name ends that part of the URL; write it as %2F"),
            (
                "smtps://ada:100%@host",
                "“%” in the password must be followed by two hexadecimal digits; write the character itself as %25",
            ),
            ("smtps://ada:pa\tss@host", "“\\t” in the password ends that part of the URL; write it as %09"),
            ("https://", "it has no host name"),
            ("https://atlas example.com", "“ ” can't be part of a host name"),
            ("https://atlas.example.com:http", "“http” is no port, which is a number from 1 to 65535"),
            ("https://atlas.example.com:70000", "“70000” is no port, which is a number from 1 to 65535"),
            (
                "https://i❤.example",
                "the host name can't be converted to its xn-- form: “❤” can't be part of a domain name",
            ),
        ] {
            assert_eq!(parse_url(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn hosts_in_any_script_and_passwords_with_any_other_character_are_accepted() {
        let host = |text: &str| parse_url(text).unwrap().host_str().unwrap().to_owned();
        assert_eq!(host("https://bücher.example"), "xn--bcher-kva.example");
        assert_eq!(host("https://xn--bcher-kva.example"), "xn--bcher-kva.example");
        assert_eq!(host("smtp://ada:p@ss:w[o]rd ü@Bücher.example:587"), "xn--bcher-kva.example");
        assert_eq!(host("https://Atlas.example.com.:8443"), "atlas.example.com");
        assert_eq!(host("https://[::1]:3000"), "[::1]");
        assert_eq!(host("http://127.0.0.1:3000/path"), "127.0.0.1");
        assert_eq!(parse_url("https://atlas_1.example:/").unwrap().host_str(), Some("atlas_1.example"));
    }
}
