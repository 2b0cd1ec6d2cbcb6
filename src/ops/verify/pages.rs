//! Checks that a browser can use the pages: `redirects` stay on the site and lead to HTTPS, and `assets` arrive unchanged.

use std::collections::BTreeSet;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use url::Url;

use super::check::{CheckError, CheckResult, header_or_missing};
use super::context::CheckContext;
use super::http_client::{Endpoint, HttpClient, HttpResponse, RequestError};

/// How long the address without TLS may take to answer. A firewall may drop the connection.
const PLAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Files that browsers request on their own.
const FIXED_FILES: [&str; 2] = ["/sw.js", "/manifest.webmanifest"];

/// Redirects lead to the same site, and without TLS the site is not served.
pub(super) fn check_redirects(context: &mut CheckContext<'_>) -> CheckResult {
    let base = &context.target.endpoint.base;
    let mut client = context.anonymous_client();
    for path in ["/", "/today"] {
        let response = client.get(path)?;
        if !redirects_to(base, &response, base) {
            return Err(CheckError::failed(
                format!("{path} redirects to a page at {base}"),
                response.summary(),
                "let the proxy forward Location unchanged, and remove its redirects to other hosts",
            ));
        }
    }
    check_without_tls(&context.target.endpoint)
}

/// Whether a response from `from` redirects to the site of `to`.
fn redirects_to(from: &Url, response: &HttpResponse, to: &Url) -> bool {
    let location = response.header("location");
    let is_redirect = (300..400).contains(&response.status) && !location.is_empty();
    is_redirect && from.join(location).is_ok_and(|location| location.origin() == to.origin())
}

/// The address with `http` instead of `https`: port 80 unless the address names a port.
fn check_without_tls(endpoint: &Endpoint) -> CheckResult {
    let mut plain = endpoint.base.clone();
    if endpoint.base.scheme() != "https" || plain.set_scheme("http").is_err() {
        return Ok(String::new());
    }
    // SECURITY: the shared credentials are not sent without TLS.
    let plain = Endpoint { base: plain, basic_auth: None, ..endpoint.clone() };
    let response = match HttpClient::with_timeout(&plain, PLAIN_TIMEOUT).get("/sign-in") {
        Ok(response) => response,
        Err(error @ RequestError::Interrupted) => return Err(error.into()),
        Err(RequestError::Transport { .. }) => return Ok(format!("nothing answers at {}", plain.base)),
    };
    if redirects_to(&plain.base, &response, &endpoint.base) {
        return Ok(format!("{} redirects to https", plain.base));
    }
    // With 401, browsers would send the shared credentials.
    if response.status < 400 || response.status == 401 {
        return Err(CheckError::failed(
            format!("{} redirects to {}, or does not answer", plain.base, endpoint.base),
            response.summary(),
            "let the proxy redirect http to https on the same host",
        ));
    }
    Ok(format!("{} is closed", plain.base))
}

/// What pages load arrives unchanged and with its content type.
pub(super) fn check_assets(context: &mut CheckContext<'_>) -> CheckResult {
    let mut client = context.anonymous_client();
    let mut paths = BTreeSet::new();
    for page in ["/landing", "/sign-in"] {
        let response = client.get(page)?;
        let found: Vec<&str> = response.text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        if found.is_empty() {
            let remedy = "check which server answers at this address, and let the proxy forward pages unchanged";
            return Err(CheckError::failed(format!("{page} loads its assets"), response.summary(), remedy));
        }
        paths.extend(found.into_iter().map(str::to_owned));
    }
    for path in paths.iter().map(String::as_str).chain(FIXED_FILES) {
        check_file(path, &client.get(path)?)?;
    }
    Ok(format!("{} files", paths.len() + FIXED_FILES.len()))
}

fn check_file(path: &str, response: &HttpResponse) -> Result<(), CheckError> {
    let remedy = "let the proxy forward this path to the server, and its response unchanged";
    let failed = |expected: &str, found: &str| CheckError::failed(format!("{path} {expected}"), found, remedy);
    if response.status != 200 {
        return Err(failed("answers 200", &response.summary()));
    }
    let content_type = response.header("content-type");
    // SECURITY: with `nosniff`, browsers load nothing of another type.
    if let Some(expected) = content_type_of(path).filter(|expected| !content_type.starts_with(expected)) {
        return Err(failed(&format!("is {expected}"), header_or_missing(content_type)));
    }
    if !matches_hash(path, &response.text) {
        return Err(failed("has the content that its name says", "other content"));
    }
    Ok(())
}

fn content_type_of(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "css" => "text/css",
        "js" => "text/javascript",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

/// Whether the content has the hash in the name, such as `/assets/app.1f2e3d4c5b6a.css`. Only text is compared.
fn matches_hash(path: &str, text: &str) -> bool {
    let Some((stem, extension)) = path.strip_prefix("/assets/").and_then(|name| name.rsplit_once('.')) else {
        return true;
    };
    let hash = stem.rsplit_once('.').map_or("", |(_, hash)| hash);
    extension == "png" || !hash.is_empty() && HEXLOWER.encode(&Sha256::digest(text)).starts_with(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_has_the_hash_that_its_name_says() {
        assert!(matches_hash("/assets/app.e3b0c44298fc.css", ""));
        assert!(!matches_hash("/assets/app.e3b0c44298fc.css", "body{}") && !matches_hash("/assets/app.css", ""));
        assert!(matches_hash("/sw.js", "anything") && matches_hash("/assets/icon.0123456789ab.png", "\u{fffd}"));
    }
}
