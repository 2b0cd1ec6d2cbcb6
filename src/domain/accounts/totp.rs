//! TOTP (RFC 6238): the secret shared with an authenticator app, and its codes.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use crate::domain::Email;
use crate::domain::accounts::code::normalize_digits;

/// The length of a time step (RFC 6238 §4.1).
const STEP_SECONDS: u64 = 30;
/// Five minutes. The last accepted code cannot be from later than that, unless the clock was set back.
const MAX_STEPS_AHEAD: u64 = 10;
const CODE_DIGITS: usize = 6;

/// The secret shared with the authenticator app: 20 random bytes, the length recommended for HMAC-SHA-1 (RFC 4226 §4, R6).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    pub fn new(random: [u8; 20]) -> Self {
        Self(random)
    }

    /// The bytes, to be encrypted.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The secret as users type it into an app that cannot scan the QR code.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// The content of the QR code. `issuer` distinguishes this Atlas from others in the app.
    pub fn provisioning_uri(&self, issuer: &str, email: &Email) -> String {
        let issuer = utf8_percent_encode(issuer, NON_ALPHANUMERIC);
        let email = utf8_percent_encode(email.as_str(), NON_ALPHANUMERIC);
        let secret = self.to_base32();
        format!(
            "otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={CODE_DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The time step whose code is `input`, if that code is accepted at `now`: the current step or, because clocks differ, one of
    /// its neighbors, and later than `last_step`.
    ///
    /// SECURITY: an attacker who sees a code being entered cannot use it again. A `last_step` more than [`MAX_STEPS_AHEAD`] away
    /// was stored before the clock was set back and refuses nothing: otherwise no code would work until that time comes again.
    pub fn matching_step(&self, input: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
        let input = normalize_digits(input);
        let current = step(now);
        let last_step = last_step.filter(|last| *last <= current.saturating_add(MAX_STEPS_AHEAD));
        let mut matching = None;
        // SECURITY: all steps are compared, in constant time.
        for step in current.saturating_sub(1)..=current.saturating_add(1) {
            let is_equal = bool::from(self.code(step).as_bytes().ct_eq(input.as_bytes()));
            if is_equal && last_step.is_none_or(|last| step > last) {
                matching = Some(step);
            }
        }
        matching
    }

    /// The code of a time step (RFC 4226 §5.3).
    fn code(&self, step: u64) -> String {
        #[allow(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104)")]
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key of any length");
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash.last().map_or(0, |last| last & 0x0f));
        let four = hash.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:0CODE_DIGITS$}", number % 1_000_000)
    }
}

/// The time step at `now`.
fn step(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0) / STEP_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rfc() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn codes_match_rfc_6238() {
        // Appendix B, the last six of its eight digits.
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(rfc().code(step(at(second))), code);
            assert_eq!(rfc().matching_step(code, at(second), None), Some(step(at(second))));
        }
    }

    #[test]
    fn codes_of_neighboring_steps_are_accepted_in_any_format() {
        let now = at(1_234_567_890);
        for (shift, accepted) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let shifted = at(1_234_567_890 + shift);
            for typed in [" 005 924\t", "005-924", "Code: 00592\u{ff14}"] {
                assert_eq!(rfc().matching_step(typed, shifted, None).is_some(), accepted, "{typed}, {shift}");
            }
        }
        for odd in ["", "5924", "0059240", "\u{0}05924", "999999", "-05924", "0x5924"] {
            assert_eq!(rfc().matching_step(odd, now, None), None, "{odd}");
        }
    }

    #[test]
    fn a_code_is_accepted_once_and_no_older_one_after_it() {
        let now = at(1_111_111_111);
        let here = step(now);
        assert_eq!(rfc().matching_step("050471", now, Some(here - 1)), Some(here));
        assert_eq!(rfc().matching_step("050471", now, Some(here)), None);
        // The code of the step before, which would otherwise still be valid.
        assert_eq!(rfc().matching_step("081804", now, None), Some(here - 1));
        assert_eq!(rfc().matching_step("081804", now, Some(here)), None);
    }

    #[test]
    fn a_code_works_although_the_last_one_was_used_before_the_clock_was_set_back() {
        let now = at(1_111_111_111);
        let here = step(now);
        assert_eq!(rfc().matching_step("050471", now, Some(here + 2 * 60 * 2)), Some(here));
        // A correction by minutes lets nobody use a code again.
        assert_eq!(rfc().matching_step("050471", now, Some(here + MAX_STEPS_AHEAD)), None);
    }

    #[test]
    fn the_provisioning_uri_names_issuer_and_account() {
        let email = Email::parse("ada+x@example.com").unwrap();
        assert_eq!(
            rfc().provisioning_uri("Atlas (staging)", &email),
            "otpauth://totp/Atlas%20%28staging%29:ada%2Bx%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Atlas%20%28staging%29&algorithm=SHA1&digits=6&period=30"
        );
        assert!(!format!("{:?}", rfc()).contains("12345"));
    }
}
