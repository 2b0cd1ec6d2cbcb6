//! What a proxy must know: which host name leads to which port.

use std::fmt::Write;
use std::net::SocketAddr;

use url::Url;

/// A proxy that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxy {
    /// Caddy, in its own format.
    Caddy,
    /// nginx, for inside `http { }`.
    Nginx,
}

/// One preview as the proxy sees it.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where people reach it.
    pub url: Url,
    /// Where it serves.
    pub serves: SocketAddr,
}

/// A file to include; without a preview it says only that.
pub fn configuration(proxy: Proxy, sites: &[Site]) -> String {
    let mut out = "# Made by `atlas preview list --proxy`; every change of the previews makes it anew.\n".to_owned();
    for site in sites {
        let _ = match proxy {
            Proxy::Caddy => caddy(&mut out, site),
            Proxy::Nginx => nginx(&mut out, site),
        };
    }
    out
}

fn caddy(out: &mut String, site: &Site) -> std::fmt::Result {
    let address = site.url.origin().ascii_serialization();
    write!(out, "\n{address} {{\n\treverse_proxy {}\n}}\n", site.serves)
}

fn nginx(out: &mut String, site: &Site) -> std::fmt::Result {
    let is_https = site.url.scheme() == "https";
    let tls = if is_https { " ssl" } else { "" };
    let protocols = if is_https { "\n    ssl_protocols TLSv1.2 TLSv1.3;" } else { "" };
    let (host, port) = (site.url.host_str().unwrap_or_default(), site.url.port_or_known_default().unwrap_or(80));
    // Host with its port, as the browser sent it: Atlas answers to no other name.
    write!(
        out,
        "
server {{
    listen {port}{tls};
    listen [::]:{port}{tls};
    server_name {host};{protocols}
    client_max_body_size 8m;
    location / {{
        proxy_pass http://{};
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
}}
",
        site.serves
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_name_leads_to_its_port() {
        let site = |url: &str, port| Site { url: url.parse().unwrap(), serves: ([127, 0, 0, 1], port).into() };
        let sites = [site("https://a.preview.example.org", 3100), site("http://b.localhost:8080", 3101)];
        let caddy = configuration(Proxy::Caddy, &sites);
        assert!(caddy.contains("\nhttps://a.preview.example.org {\n\treverse_proxy 127.0.0.1:3100\n}\n"), "{caddy}");
        assert!(caddy.contains("\nhttp://b.localhost:8080 {\n\treverse_proxy 127.0.0.1:3101\n}\n"), "{caddy}");
        let nginx = configuration(Proxy::Nginx, &sites);
        assert!(
            nginx.contains("listen 443 ssl;\n    listen [::]:443 ssl;\n    server_name a.preview.example.org;\n    ssl_protocols TLSv1.2 TLSv1.3;\n"),
            "{nginx}"
        );
        assert_eq!(nginx.matches("ssl_protocols").count(), 1, "{nginx}");
        assert!(nginx.contains("listen 8080;") && nginx.contains("proxy_pass http://127.0.0.1:3101;"), "{nginx}");
        assert_eq!(configuration(Proxy::Nginx, &[]).lines().count(), 1);
    }
}
