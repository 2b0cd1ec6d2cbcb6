//! Where to go after signing in: only ever a page of our own.

/// The page when `from` names none.
const DEFAULT: &str = "/today";

/// The path to go to. Anything that could lead off this site, or to the API, becomes `/today`.
///
/// SECURITY: browsers fold backslashes and drop tabs and newlines, so none of these may stand in it.
pub fn after_sign_in(from: &str) -> &str {
    let from = from.trim();
    let plain = from.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let ours = from.starts_with('/') && !from.starts_with("//") && !from.starts_with("/api/");
    if plain && ours && from.len() <= 512 { from } else { DEFAULT }
}

/// The sign-in page that leads back to `path` and `query`.
pub fn sign_in_from(path: &str, query: &str) -> String {
    let whole = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let from: String = form_urlencoded::byte_serialize(whole.as_bytes()).collect();
    format!("/sign-in?from={from}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_off_this_site() {
        assert_eq!(after_sign_in("/habits?x=1#y"), "/habits?x=1#y");
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "/api/habits",
            "/\t/evil.example",
            "javascript:alert(1)",
            "/ä",
        ] {
            assert_eq!(after_sign_in(bad), "/today", "{bad:?}");
        }
        assert_eq!(after_sign_in(&format!("/{}", "x".repeat(512))), "/today");
    }

    #[test]
    fn the_way_back_keeps_the_query() {
        assert_eq!(
            sign_in_from("/calendar", "month=2026-02&date=2026-02-05"),
            "/sign-in?from=%2Fcalendar%3Fmonth%3D2026-02%26date%3D2026-02-05"
        );
    }
}
