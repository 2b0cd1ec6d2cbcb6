//! Where the server listens, how clients reach it, and which proxies are in between.

use std::net::SocketAddr;

use url::Url;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::settings::Hsts;
use crate::config::smtp::is_loopback;
use crate::config::url::parse_url;
use crate::domain::EnvironmentKind;
use crate::domain::accounts::client::TrustedProxies;

impl Resolver<'_> {
    pub(super) fn listen(&mut self) -> Option<SocketAddr> {
        let Ok(address) = self.text(keys::LISTEN)?.parse::<SocketAddr>() else {
            self.report_invalid(keys::LISTEN, "must be an address and a port, such as 127.0.0.1:3000 or [::]:8080");
            return None;
        };
        let is_development = self.environment.kind() == EnvironmentKind::Development;
        if is_development && !address.ip().is_loopback() && !self.options.remote {
            self.check_exposed_development(address);
        }
        if self.is_required() && !address.ip().is_loopback() && self.list(keys::TRUSTED_PROXIES).is_empty() {
            self.report_warning(
                keys::LISTEN,
                format!("anyone who can reach {address} can use {} without TLS, and trusted_proxies names no proxy in front. Listen on 127.0.0.1, or set trusted_proxies to the proxy's address", self.environment),
            );
        }
        Some(address)
    }

    /// SECURITY: development shows all captured email to everyone, including password reset links, so anyone who can connect
    /// from another machine can open every account. That may be intended, for example to test on a phone. It is refused when no
    /// environment was named, because the operator may not know that this is development.
    fn check_exposed_development(&mut self, address: SocketAddr) {
        if self.options.environment_assumed {
            self.report_invalid(
                keys::LISTEN,
                format!("is {address}, which other machines may reach, and no environment was named. Development shows all captured email to everyone. Name the environment with --env or ATLAS_ENV, even if it is development, or listen on 127.0.0.1"),
            );
        } else if self.text(keys::GATE_PASSWORD).is_none() {
            self.report_warning(
                keys::LISTEN,
                format!("anyone who can reach {address} can read the captured email of development, with links into every account. Listen on 127.0.0.1, or set ATLAS_GATE_USER and ATLAS_GATE_PASSWORD"),
            );
        }
    }

    pub(super) fn app_url(&mut self) -> Option<Url> {
        let Some(text) = self.text(keys::APP_URL) else {
            if self.is_required() {
                self.report_missing(keys::APP_URL);
            }
            return None;
        };
        let is_origin = |url: &Url| {
            url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
        };
        let expected = "must be a URL of scheme and host without a path, such as https://atlas.example.com";
        let url = match parse_url(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && is_origin(&url) => url,
            Ok(_) => {
                self.report_invalid(keys::APP_URL, expected);
                return None;
            }
            Err(invalid) => {
                self.report_invalid(keys::APP_URL, format!("{expected}: {invalid}"));
                return None;
            }
        };
        if self.policy.https && url.scheme() != "https" {
            if is_loopback(url.host().as_ref()) {
                self.report_warning(
                    keys::APP_URL,
                    format!("{url} is not https: fine for a rehearsal on this machine, but not for real users"),
                );
            } else {
                self.report_invalid(keys::APP_URL, "must be https; otherwise sessions could be intercepted");
            }
        }
        Some(url)
    }

    pub(super) fn proxies(&mut self, app_url: Option<&Url>) -> TrustedProxies {
        let mut networks = Vec::new();
        for item in self.list(keys::TRUSTED_PROXIES) {
            match TrustedProxies::parse_network(item) {
                Ok(network) => networks.push(network),
                Err(invalid) => {
                    self.report_invalid(keys::TRUSTED_PROXIES, format!("has “{item}”, which {invalid}"));
                }
            }
        }
        // Atlas itself has no TLS, so an https URL implies a proxy in front.
        if networks.is_empty() && self.is_required() && app_url.is_some_and(|url| url.scheme() == "https") {
            self.report_warning(
                keys::TRUSTED_PROXIES,
                "trusted_proxies is empty: rate limits treat everyone behind the proxy as one client. Set it to the proxy's address, such as 127.0.0.1",
            );
        }
        TrustedProxies::new(networks)
    }

    pub(super) fn hsts(&mut self) -> Hsts {
        match self.text(keys::HSTS) {
            None | Some("host") => Hsts::Host,
            Some("subdomains") => Hsts::Subdomains,
            Some("preload") => Hsts::Preload,
            Some(_) => {
                self.report_invalid(keys::HSTS, "must be host, subdomains, or preload");
                Hsts::Host
            }
        }
    }

    pub(super) fn metrics(&mut self) -> Option<SocketAddr> {
        let Ok(address) = self.text(keys::METRICS_LISTEN)?.parse::<SocketAddr>() else {
            self.report_invalid(keys::METRICS_LISTEN, "must be an address and a port, such as 127.0.0.1:9464");
            return None;
        };
        if !address.ip().is_loopback() {
            self.report_warning(
                keys::METRICS_LISTEN,
                format!("anyone who can reach {address} can read the metrics; listen on 127.0.0.1 to keep them on this machine"),
            );
        }
        Some(address)
    }
}
