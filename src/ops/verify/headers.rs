//! Checks of the response headers that browsers act on: `headers` and `cookies`.

use super::check::{CheckError, CheckResult, header_or_missing};
use super::context::CheckContext;
use super::http_client::HttpResponse;
use super::journey::expect_status;

/// A page, a form, JSON, and an error: proxies often treat errors differently.
const PATHS: [&str; 4] = ["/landing", "/sign-in", "/api/health", "/no-such-page"];

/// Each header of security arrives as it was sent, and nothing else under its name.
pub(super) fn check_headers(context: &mut CheckContext<'_>) -> CheckResult {
    let mut client = context.anonymous_client();
    for path in PATHS {
        let response = client.get(path)?;
        for (name, expected) in &context.target.security_headers {
            // Browsers combine headers that are sent twice, each in its own way.
            let values = response.header_values(name);
            if values.is_empty() || values.iter().any(|value| value != expected) {
                return Err(CheckError::failed(
                    format!("{name}: {expected} on {path}"),
                    header_or_missing(&values.join(" and ")),
                    "let the proxy forward this header unchanged and add none of its own",
                ));
            }
        }
    }
    Ok(String::new())
}

/// The session cookie arrives with all its attributes. Signing out sends it to visitors as well.
pub(super) fn check_cookies(context: &mut CheckContext<'_>) -> CheckResult {
    let is_https = context.target.endpoint.base.scheme() == "https";
    let plain_name = format!("atlas-{}", context.target.settings.environment.label());
    let (name, secure) = if is_https { (format!("__Host-{plain_name}"), "; Secure") } else { (plain_name.clone(), "") };
    let expected = format!("Set-Cookie: {name} with Path=/; HttpOnly; SameSite=Lax{secure}, and without Domain");
    let response = expect_status(context.anonymous_client().post_form("/sign-out", &[])?, 303, "signing out")?;
    let cookies: Vec<SetCookie<'_>> = SetCookie::parse_all(&response);
    let Some(cookie) = cookies.iter().find(|cookie| cookie.name == name) else {
        let names: Vec<&str> = cookies.iter().map(|cookie| cookie.name).collect();
        let remedy = if names.contains(&plain_name.as_str()) {
            "set app_url of the server to the https address and restart it"
        } else {
            "let the proxy forward Set-Cookie"
        };
        return Err(CheckError::failed(expected, header_or_missing(&names.join(", ")), remedy));
    };
    if !cookie.is_accepted_by_browsers(is_https) {
        let remedy = "let the proxy forward Set-Cookie unchanged, without directives such as nginx's proxy_cookie_path and proxy_cookie_flags";
        return Err(CheckError::failed(expected, cookie.attributes.join("; "), remedy));
    }
    Ok(String::new())
}

/// A `Set-Cookie` header. SECURITY: without its value, which must not be reported.
struct SetCookie<'a> {
    name: &'a str,
    attributes: Vec<&'a str>,
}

impl<'a> SetCookie<'a> {
    fn parse_all(response: &'a HttpResponse) -> Vec<Self> {
        response.header_values("set-cookie").into_iter().filter_map(Self::parse).collect()
    }

    fn parse(line: &'a str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, _) = parts.next()?.split_once('=')?;
        Some(Self { name, attributes: parts.collect() })
    }

    /// The value of an attribute, empty if it has none. If it occurs twice, browsers use the last one.
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().rev().find_map(|attribute| {
            let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// Whether browsers store the cookie for the whole site, hide it from scripts, and keep it from other sites' requests.
    fn is_accepted_by_browsers(&self, is_https: bool) -> bool {
        let same_site = self.attribute("samesite").unwrap_or_default();
        self.attribute("path") == Some("/")
            && self.attribute("domain").is_none()
            && self.attribute("httponly").is_some()
            && ["lax", "strict"].iter().any(|value| same_site.eq_ignore_ascii_case(value))
            && (!is_https || self.attribute("secure").is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_needs_every_attribute() {
        let is_accepted = |line: &str| SetCookie::parse(line).unwrap().is_accepted_by_browsers(true);
        assert!(is_accepted("a=b; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"));
        assert!(is_accepted("a=; secure; samesite=strict; httponly; path=/"));
        for line in [
            "a=b; HttpOnly; SameSite=Lax; Secure",
            "a=b; Path=/app; HttpOnly; SameSite=Lax; Secure",
            "a=b; Path=/; HttpOnly; SameSite=Lax; Secure; Path=/app",
            "a=b; Path=/; SameSite=Lax; Secure",
            "a=b; Path=/; HttpOnly; SameSite=Lax",
            "a=b; Path=/; HttpOnly; Secure",
            "a=b; Path=/; HttpOnly; SameSite=None; Secure",
            "a=b; Path=/; HttpOnly; SameSite=Lax; Secure; Domain=example.com",
        ] {
            assert!(!is_accepted(line), "{line}");
        }
    }
}
