//! The limit on mail that can be requested for any address without access to its inbox.
//!
//! It applies to each recipient, over all kinds of such mail. Mail that only the owner of an account can cause, such as the
//! notice of a changed password, is not limited and doesn't count.

use jiff::SignedDuration;

/// The most requested mails to one address within [`RECIPIENT_WINDOW`].
pub const MAX_PER_RECIPIENT: usize = 6;
/// See [`MAX_PER_RECIPIENT`].
pub const RECIPIENT_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// A kind of mail that can be requested without access to the inbox it goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedMail {
    /// The link and code of a sign-up, also when requested again.
    Verification,
    /// The same, requested by an admin or operator.
    AdminResend,
    PasswordReset,
    /// The link that confirms the new address of an account.
    NewAddress,
    /// The notice that the address was used for another sign-up.
    AddressTaken,
}

impl RequestedMail {
    /// The name under which mail of this kind is counted.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verification => "mail-verification",
            Self::AdminResend => "mail-admin-resend",
            Self::PasswordReset => "mail-reset",
            Self::NewAddress => "mail-new-address",
            Self::AddressTaken => "mail-taken",
        }
    }

    /// Whether one more may be sent to an address that got `recent` mails within the window; `had_this_kind` says whether
    /// one of those was of this kind.
    ///
    /// SECURITY: the first of each kind is always sent, because an owner can be in need of exactly that kind: otherwise a
    /// flood of one kind would suppress the others. Its link serves the owner of the inbox no matter who requested it.
    /// A notice leads to nothing, so it is sent once and never beyond the limit.
    pub fn is_allowed(self, recent: usize, had_this_kind: bool) -> bool {
        match self {
            Self::AddressTaken => recent < MAX_PER_RECIPIENT && !had_this_kind,
            Self::Verification | Self::AdminResend | Self::PasswordReset | Self::NewAddress => {
                recent < MAX_PER_RECIPIENT || !had_this_kind
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_covers_all_kinds_but_never_suppresses_the_first_link_of_one() {
        for kind in [
            RequestedMail::Verification,
            RequestedMail::AdminResend,
            RequestedMail::PasswordReset,
            RequestedMail::NewAddress,
        ] {
            assert!(kind.is_allowed(MAX_PER_RECIPIENT - 1, true), "{kind:?}");
            assert!(!kind.is_allowed(MAX_PER_RECIPIENT, true), "{kind:?}");
            assert!(kind.is_allowed(MAX_PER_RECIPIENT, false), "{kind:?}");
        }
        let notice = RequestedMail::AddressTaken;
        assert!(notice.is_allowed(0, false));
        assert!(!notice.is_allowed(1, true) && !notice.is_allowed(MAX_PER_RECIPIENT, false));
    }
}
