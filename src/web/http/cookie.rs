//! The cookies of the session, of the device, of a sign-up, and of the theme.

use warp::http::HeaderMap;
use warp::http::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};

use crate::domain::Environment;
use crate::domain::accounts::link::SIGN_UP_BROWSER_LIFETIME;
use crate::domain::accounts::preferences::Theme;
use crate::domain::accounts::session;
use crate::web::http::response::Response;

/// The longest value of a cookie that holds tokens.
const MAX_TOKEN_BYTES: usize = 128;

struct Cookie {
    name: String,
    secure: bool,
    /// A longer value is ignored.
    max_bytes: usize,
}

impl Cookie {
    /// SECURITY: over HTTPS the name begins with `__Host-`. Browsers accept such a cookie only from this very host over HTTPS.
    /// The environment is part of the name, so that two environments on one host don't sign each other's users out.
    fn new(environment: &Environment, suffix: &str, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self { name: format!("{prefix}atlas-{}{suffix}", environment.label()), secure, max_bytes: MAX_TOKEN_BYTES }
    }

    /// The value that the browser sent. A cookie that is sent twice is ignored.
    fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let pairs =
            headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
        let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name);
        match (values.next(), values.next()) {
            (Some((_, token)), None) if (1..=self.max_bytes).contains(&token.len()) => Some(token),
            _ => None,
        }
    }

    fn header(&self, value: &str, max_age: i64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}", self.name)
    }
}

/// This environment's session cookie.
pub struct SessionCookie(Cookie);

impl SessionCookie {
    /// `secure` says whether the environment is served over HTTPS.
    pub fn new(environment: &Environment, secure: bool) -> Self {
        Self(Cookie::new(environment, "", secure))
    }

    /// The token that the browser sent.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.read(headers)
    }

    /// Adds the cookie to a response, which signs the browser in.
    pub fn set(&self, response: Response, token: &str) -> Response {
        with_cookie(response, &self.0.header(token, session::MAX_LIFETIME.as_secs()))
    }

    /// Removes the cookie, and over HTTPS the browser's cache and storage for this site.
    pub fn clear(&self, response: Response) -> Response {
        let mut response = with_cookie(response, &self.0.header("", 0));
        if self.0.secure {
            let clear = HeaderValue::from_static("\"cache\", \"storage\"");
            response.headers_mut().insert(HeaderName::from_static("clear-site-data"), clear);
        }
        response
    }
}

/// The cookie of a browser that has signed in before. It survives signing out and grants no access;
/// [`lockout`](crate::app::identity::lockout) uses it.
pub struct DeviceCookie(Cookie);

impl DeviceCookie {
    /// The longest time that browsers keep a cookie.
    const MAX_AGE_SECONDS: i64 = 400 * 24 * 60 * 60;

    /// `secure` says whether the environment is served over HTTPS.
    pub fn new(environment: &Environment, secure: bool) -> Self {
        Self(Cookie::new(environment, "-device", secure))
    }

    /// The token that the browser sent.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.read(headers)
    }

    /// Adds the cookie to a response.
    pub fn set(&self, response: Response, device: &str) -> Response {
        with_cookie(response, &self.0.header(device, Self::MAX_AGE_SECONDS))
    }
}

/// The cookie of a browser that has signed up;
/// [`sign_up_browser`](crate::app::identity::sign_up_browser) uses it.
pub struct SignUpCookie(Cookie);

impl SignUpCookie {
    /// Holds an address of 254 bytes, a name of 80 characters, and a time zone, encrypted and as base64.
    const MAX_BYTES: usize = 2_048;

    /// `secure` says whether the environment is served over HTTPS.
    pub fn new(environment: &Environment, secure: bool) -> Self {
        Self(Cookie { max_bytes: Self::MAX_BYTES, ..Cookie::new(environment, "-sign-up", secure) })
    }

    /// The value that the browser sent.
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        self.0.read(headers)
    }

    /// Adds the cookie to a response.
    pub fn set(&self, response: Response, value: &str) -> Response {
        with_cookie(response, &self.0.header(value, SIGN_UP_BROWSER_LIFETIME.as_secs()))
    }

    /// Removes the cookie.
    pub fn clear(&self, response: Response) -> Response {
        with_cookie(response, &self.0.header("", 0))
    }
}

/// The cookie that keeps the theme of a browser after signing out.
pub struct ThemeCookie(Cookie);

impl ThemeCookie {
    /// `secure` says whether the environment is served over HTTPS.
    pub fn new(environment: &Environment, secure: bool) -> Self {
        Self(Cookie::new(environment, "-theme", secure))
    }

    /// The theme that the browser sent, or the default.
    pub fn read(&self, headers: &HeaderMap) -> Theme {
        self.0.read(headers).and_then(|name| Theme::parse(name).ok()).unwrap_or(Theme::System)
    }

    /// Adds the cookie to a response, or removes it for the default theme.
    pub fn set(&self, response: Response, theme: Theme) -> Response {
        let max_age = if theme == Theme::System { 0 } else { DeviceCookie::MAX_AGE_SECONDS };
        with_cookie(response, &self.0.header(theme.as_str(), max_age))
    }
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&'static str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, line.parse().unwrap())).collect()
    }

    #[test]
    fn a_cookie_is_found_among_others_and_ignored_when_sent_twice() {
        let cookie = SessionCookie::new(&Environment::development(), false);
        assert_eq!(cookie.read(&headers(&["a=1; atlas-development=tok; b=2"])), Some("tok"));
        assert_eq!(cookie.read(&headers(&["atlas-development=one", "atlas-development=two"])), None);
        assert_eq!(cookie.read(&headers(&["atlas-development="])), None);
        assert_eq!(cookie.read(&headers(&["atlas-staging=tok"])), None);
    }

    #[test]
    fn over_https_another_host_of_the_domain_cannot_set_the_cookie() {
        let cookie = SessionCookie::new(&"staging".parse().unwrap(), true).0.header("tok", 60);
        assert!(cookie.starts_with("__Host-atlas-staging=tok; Path=/; HttpOnly; SameSite=Lax"));
        assert!(cookie.ends_with("; Secure") && !cookie.contains("Domain"));
    }
}
