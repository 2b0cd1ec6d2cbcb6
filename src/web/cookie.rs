//! The cookies: that of a session, and that by which a device is known. Reading them, giving them, taking them away.

use warp::http::HeaderMap;
use warp::http::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};

use super::reply::Answer;
use crate::domain::{Environment, session};

/// How a cookie is called and guarded.
struct Cookie {
    name: String,
    secure: bool,
}

impl Cookie {
    /// Over https the name begins with `__Host-`, which browsers only take from this very host over https.
    /// The environment is part of the name, so two environments on one host do not sign each other out.
    fn of(environment: &Environment, what: &str, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}atlas-{}{what}", environment.label()), secure }
    }

    /// What a browser presents. A name given twice is nobody's.
    fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let pairs =
            headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut ours = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name);
        match (ours.next(), ours.next()) {
            (Some((_, token)), None) if (1..=128).contains(&token.len()) => Some(token),
            _ => None,
        }
    }

    fn line(&self, value: &str, seconds: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", self.name)
    }
}

/// This environment's session cookie.
pub struct SessionCookie(Cookie);

impl SessionCookie {
    /// That of `environment`, as it is guarded over https (`secure`) or not.
    pub fn of(environment: &Environment, secure: bool) -> Self {
        Self(Cookie::of(environment, "", secure))
    }

    /// The token a browser presents.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.read(headers)
    }

    /// An answer that signs a browser in.
    pub fn signs_in(&self, answer: Answer, token: &str) -> Answer {
        with_cookie(answer, &self.0.line(token, session::LONGEST.as_secs()))
    }

    /// An answer that takes the cookie, and what the browser kept of the pages, away.
    pub fn signs_out(&self, answer: Answer) -> Answer {
        let mut answer = with_cookie(answer, &self.0.line("", 0));
        if self.0.secure {
            let clear = HeaderValue::from_static("\"cache\", \"storage\"");
            answer.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
        }
        answer
    }
}

/// The cookie by which a browser that has signed in is known, signed out or not. It opens nothing; see
/// [`crate::app::guesses`].
pub struct DeviceCookie(Cookie);

impl DeviceCookie {
    /// As long as browsers keep any.
    const SECONDS: i64 = 400 * 24 * 60 * 60;

    /// That of `environment`, as it is guarded over https (`secure`) or not.
    pub fn of(environment: &Environment, secure: bool) -> Self {
        Self(Cookie::of(environment, "-device", secure))
    }

    /// What a browser presents.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.read(headers)
    }

    /// An answer by which the browser is known from now on.
    pub fn remembers(&self, answer: Answer, device: &str) -> Answer {
        with_cookie(answer, &self.0.line(device, Self::SECONDS))
    }
}

fn with_cookie(mut answer: Answer, line: &str) -> Answer {
    if let Ok(line) = HeaderValue::from_str(line) {
        answer.headers_mut().append(SET_COOKIE, line);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, line.parse().unwrap())).collect()
    }

    #[test]
    fn the_cookie_is_found_among_others_and_never_when_given_twice() {
        let cookie = SessionCookie::of(&Environment::development(), false);
        assert_eq!(cookie.read(&headers(&["a=1; atlas-development=tok; b=2"])), Some("tok"));
        assert_eq!(cookie.read(&headers(&["atlas-development=one", "atlas-development=two"])), None);
        assert_eq!(cookie.read(&headers(&["atlas-development="])), None);
        assert_eq!(cookie.read(&headers(&["atlas-staging=tok"])), None);
    }

    #[test]
    fn over_https_the_cookie_cannot_be_set_by_a_neighbour() {
        let line = SessionCookie::of(&"staging".parse().unwrap(), true).0.line("tok", 60);
        assert!(line.starts_with("__Host-atlas-staging=tok; Path=/; HttpOnly; SameSite=Lax"));
        assert!(line.ends_with("; Secure") && !line.contains("Domain"));
    }
}
