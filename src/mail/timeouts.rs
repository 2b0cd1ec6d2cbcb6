//! How long Atlas waits for a relay at each step of a session: the limits of RFC 5321 section 4.5.3.2.
//!
//! A shorter limit sends mail twice: a relay that scans a message before it answers, or asks the recipient's server first, takes
//! a minute, and a client that has hung up by then sends the message again.

use std::time::Duration;

/// How long Atlas waits for a relay at each step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelayTimeouts {
    /// For finding the relay's addresses and connecting to one of them.
    pub connect: Duration,
    /// After this long without a connection, the next address is tried beside the first (RFC 8305 section 5).
    pub next_address: Duration,
    /// For the TLS handshake.
    pub tls: Duration,
    pub greeting: Duration,
    /// For the reply to EHLO, STARTTLS, AUTH, MAIL, RCPT, and RSET.
    pub command: Duration,
    /// For the reply to DATA.
    pub data_start: Duration,
    /// For sending the message, which is smaller than the blocks that the RFC limits.
    pub data_block: Duration,
    /// For the reply to the final dot.
    pub data_end: Duration,
    /// When a session has been busy with one message for this long, the others are sent in another session.
    pub next_session: Duration,
}

impl Default for RelayTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            next_address: Duration::from_millis(250),
            tls: Duration::from_mins(1),
            greeting: Duration::from_mins(5),
            command: Duration::from_mins(5),
            data_start: Duration::from_mins(2),
            data_block: Duration::from_mins(3),
            data_end: Duration::from_mins(10),
            next_session: Duration::from_secs(10),
        }
    }
}

impl RelayTimeouts {
    /// The limits for an operator who waits for the result in a terminal.
    pub fn interactive() -> Self {
        let limit = Duration::from_mins(1);
        Self { greeting: limit, command: limit, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_shorter_than_rfc_5321_recommends() {
        let limits = RelayTimeouts::default();
        let minutes = |limit: Duration| limit.as_secs() / 60;
        assert_eq!((minutes(limits.greeting), minutes(limits.command)), (5, 5));
        assert_eq!((minutes(limits.data_start), minutes(limits.data_block), minutes(limits.data_end)), (2, 3, 10));
    }
}
