//! Comparing hosts as clients write them: letters of any case, and perhaps with a dot at the end of the name.

/// Whether two authorities, such as `atlas.example.com:8443`, name the same host and port.
pub fn is_same_authority(a: &str, b: &str) -> bool {
    let ((host_a, port_a), (host_b, port_b)) = (split(a), split(b));
    host_a.eq_ignore_ascii_case(host_b) && port_a == port_b
}

/// Whether two origins, such as `https://atlas.example.com`, are the same.
pub fn is_same_origin(a: &str, b: &str) -> bool {
    match (a.split_once("://"), b.split_once("://")) {
        (Some((scheme_a, a)), Some((scheme_b, b))) => scheme_a == scheme_b && is_same_authority(a, b),
        _ => false,
    }
}

/// The host without a dot at its end, and the port. The colons of an IPv6 address are inside brackets.
fn split(authority: &str) -> (&str, Option<&str>) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    (host.strip_suffix('.').unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_at_the_end_and_the_case_make_no_other_host() {
        for (a, b, is_same) in [
            ("atlas.example.com", "ATLAS.example.com.", true),
            ("atlas.example.com:8443", "atlas.example.com.:8443", true),
            ("[::1]:3000", "[::1]:3000", true),
            ("[::1]", "[::1]", true),
            ("atlas.example.com", "atlas.example.com..", false),
            ("atlas.example.com", "atlas.example.com:8443", false),
            ("atlas.example.com", "atlas.example.org.", false),
        ] {
            assert_eq!(is_same_authority(a, b), is_same, "{a} {b}");
            assert_eq!(is_same_origin(&format!("https://{a}"), &format!("https://{b}")), is_same, "{a} {b}");
        }
        assert!(!is_same_origin("http://atlas.example.com", "https://atlas.example.com"));
        assert!(!is_same_origin("null", "null"));
    }
}
