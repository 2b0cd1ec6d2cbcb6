//! The session cookie: reading it, giving it, taking it away.

use warp::http::HeaderMap;
use warp::http::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};

use super::reply::Answer;
use crate::domain::{Environment, session};

/// How this environment's session cookie is called and guarded.
pub struct SessionCookie {
    name: String,
    secure: bool,
}

impl SessionCookie {
    /// Over https the name begins with `__Host-`, which browsers only take from this very host over https.
    /// The environment is part of the name, so two environments on one host do not sign each other out.
    pub fn of(environment: &Environment, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}atlas-{}", environment.label()), secure }
    }

    /// The token a browser presents. A name given twice is nobody's.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let pairs =
            headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut ours = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name);
        match (ours.next(), ours.next()) {
            (Some((_, token)), None) if (1..=128).contains(&token.len()) => Some(token),
            _ => None,
        }
    }

    /// An answer that signs a browser in.
    pub fn signs_in(&self, answer: Answer, token: &str) -> Answer {
        with_cookie(answer, &self.line(token, session::LONGEST.as_secs()))
    }

    /// An answer that takes the cookie, and what the browser kept of the pages, away.
    pub fn signs_out(&self, answer: Answer) -> Answer {
        let mut answer = with_cookie(answer, &self.line("", 0));
        if self.secure {
            let clear = HeaderValue::from_static("\"cache\", \"storage\"");
            answer.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
        }
        answer
    }

    fn line(&self, token: &str, seconds: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", self.name)
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
        let line = SessionCookie::of(&"staging".parse().unwrap(), true).line("tok", 60);
        assert!(line.starts_with("__Host-atlas-staging=tok; Path=/; HttpOnly; SameSite=Lax"));
        assert!(line.ends_with("; Secure") && !line.contains("Domain"));
    }
}
