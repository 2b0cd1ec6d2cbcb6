//! Redirects around signing in and confirming one's identity. They never lead to another site.

const DEFAULT_PAGE: &str = "/today";
const MAX_FROM_LEN: usize = 512;

/// The path to go to after signing in or confirming one's identity. A value that could lead to another site or to the API becomes `/today`.
///
/// SECURITY: browsers turn backslashes into slashes and drop tabs and newlines, so values with such characters are refused.
pub fn after_sign_in(from: &str) -> &str {
    let from = from.trim();
    let is_plain = from.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let is_page = from.starts_with('/') && !from.starts_with("//") && !from.starts_with("/api/");
    if is_plain && is_page && from.len() <= MAX_FROM_LEN { from } else { DEFAULT_PAGE }
}

/// The sign-in page that leads back to `path` and `query`.
pub fn sign_in_from(path: &str, query: &str) -> String {
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    format!("/sign-in?from={}", encode(&target))
}

/// The page where an admin confirms their identity and that leads back to `path`.
pub fn confirm_from(path: &str) -> String {
    format!("/admin/confirm?from={}", encode(path))
}

fn encode(target: &str) -> String {
    form_urlencoded::byte_serialize(target.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_never_leads_to_another_site() {
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
    fn the_redirect_keeps_the_query() {
        assert_eq!(
            sign_in_from("/calendar", "month=2026-02&date=2026-02-05"),
            "/sign-in?from=%2Fcalendar%3Fmonth%3D2026-02%26date%3D2026-02-05"
        );
    }
}
