//! What a relay offers in its reply to EHLO (RFC 5321 section 4.1.1.1).

/// The extensions of a relay that Atlas uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Capabilities {
    pub(super) starttls: bool,
    pub(super) auth_plain: bool,
    pub(super) auth_login: bool,
}

impl Capabilities {
    /// Parses the text of a reply. Its first line is the relay's name; keywords are case-insensitive.
    pub(super) fn parse(text: &str) -> Self {
        let mut capabilities = Self::default();
        for line in text.lines().skip(1).map(str::to_ascii_uppercase) {
            // Some relays repeat AUTH as `AUTH=`, for clients older than RFC 2554.
            let line = line.replacen('=', " ", 1);
            let mut words = line.split_whitespace();
            match words.next() {
                Some("STARTTLS") => capabilities.starttls = true,
                Some("AUTH") => {
                    for mechanism in words {
                        capabilities.auth_plain |= mechanism == "PLAIN";
                        capabilities.auth_login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_order_and_case() {
        let parse = Capabilities::parse;
        let all = Capabilities { starttls: true, auth_plain: true, auth_login: true };
        assert_eq!(parse("relay.example\nSIZE 1000\nSTARTTLS\nAUTH PLAIN LOGIN\n8BITMIME"), all);
        assert_eq!(parse("relay.example hello\r\nauth login CRAM-MD5 plain\r\nstarttls\r\n"), all);
        let login_only = Capabilities { auth_login: true, ..Capabilities::default() };
        assert_eq!(parse("relay.example\nAUTH=LOGIN"), login_only);
        assert_eq!(parse("STARTTLS\nSIZE\n"), Capabilities::default(), "the first line is the relay's name");
    }
}
