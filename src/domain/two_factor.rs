//! The second factor: codes that an authenticator app shows (TOTP, RFC 6238), and recovery codes for when it is lost.

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXUPPER};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::Email;
use super::attempts::{Rule, is_recent};

/// How long a secret that was shown waits for its first code: enough to find an app and install it. The page shows it again
/// meanwhile, so whoever takes the session over within that time could confirm it.
pub const ENROLMENT_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// Wrong codes of the app before an account takes no more for a while, whatever they were to answer.
pub const WRONG_CODES: Rule = Rule::minutes(4, 5, 10);
/// The same within a day, counted from the first one on: who guesses patiently hits one of the three codes that count at a
/// time with a chance of 1 in 16,000 a day.
pub const WRONG_CODES_A_DAY: Rule = Rule::minutes(19, 24 * 60, 12 * 60);
/// How many recovery codes are given at a time.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 80 bits cannot be guessed, whether or not guesses are counted.
pub const RECOVERY_BYTES: usize = 10;

/// Seconds for which a code counts (RFC 6238 §4.1).
const STEP_SECONDS: u64 = 30;
const DIGITS: usize = 6;

/// A secret as it is stored: encrypted, and readable only by whoever has the environment's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

/// A second factor that is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoFactor {
    /// What the app and Atlas know together.
    pub secret: Sealed,
    /// Since when it is on.
    pub enabled_at: Timestamp,
    /// The step of the last code that was accepted. Neither it nor an older one is accepted again.
    pub last_step: u64,
    /// The keyed hashes of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
}

/// A second factor that waits for its first code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// What the app and Atlas will know together.
    pub secret: Sealed,
    /// When it was made.
    pub created_at: Timestamp,
    /// SECURITY: the session that asked for it, and the only one that is shown it and may confirm it. Otherwise somebody else
    /// who is signed in could plant a secret they know, or read the owner's.
    pub session: [u8; 32],
}

impl Enrolment {
    /// Whether its first code may still come at `now`, from `session`.
    pub fn is_open(&self, now: Timestamp, session: &[u8; 32]) -> bool {
        is_recent(self.created_at, now, ENROLMENT_LIFE) && self.session == *session
    }
}

/// How somebody proves to have the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A code that the app shows.
    Totp,
    /// One of the recovery codes.
    RecoveryCode,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 2] = [Self::Totp, Self::RecoveryCode];

    /// As it is sent.
    pub fn word(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// What the app and Atlas know together: 20 random bytes, as many as HMAC-SHA-1 makes use of (RFC 4226 §4, R6).
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; 20]);

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl TotpSecret {
    /// A secret made of these random bytes.
    pub fn new(random: [u8; 20]) -> Self {
        Self(random)
    }

    /// The bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// As people type it into an app that cannot scan.
    pub fn to_base32(&self) -> String {
        BASE32_NOPAD.encode(&self.0)
    }

    /// As an app scans it. `issuer` tells this Atlas from others in the app's list.
    pub fn uri(&self, issuer: &str, email: &Email) -> String {
        let issuer = utf8_percent_encode(issuer, NON_ALPHANUMERIC);
        let email = utf8_percent_encode(email.as_str(), NON_ALPHANUMERIC);
        let secret = self.to_base32();
        format!(
            "otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
        )
    }

    /// The step of a code that may be accepted at `now`: it is the present one or a neighbour, for clocks differ, and it
    /// comes after the step that was `used` last. Spaces do not count.
    ///
    /// SECURITY: a code that was seen over somebody's shoulder is worth nothing once it was used.
    pub fn accepts(&self, typed: &str, now: Timestamp, used: Option<u64>) -> Option<u64> {
        let typed: String = typed.chars().filter(|letter| !letter.is_whitespace()).collect();
        let here = step(now);
        let mut found = None;
        // Every step is compared, and every comparison takes the same time.
        for step in here.saturating_sub(1)..=here.saturating_add(1) {
            let same = bool::from(self.code(step).as_bytes().ct_eq(typed.as_bytes()));
            if same && used.is_none_or(|used| step > used) {
                found = Some(step);
            }
        }
        found
    }

    /// The code of a step (RFC 4226 §5.3).
    fn code(&self, step: u64) -> String {
        let mut block = [0; 64];
        // The key is padded to a block with zeros, as HMAC itself would do (RFC 2104 §2).
        let (front, _) = block.split_at_mut(self.0.len());
        front.copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha1>::new(&block.into());
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash.last().map_or(0, |last| last & 0x0f));
        let four = hash.iter().skip(offset).take(4);
        let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 1_000_000)
    }
}

/// The step at `now`.
fn step(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0) / STEP_SECONDS
}

/// A recovery code of these random bytes, in five groups that can be read out.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> String {
    let groups: Vec<String> = random.chunks(2).map(|pair| HEXUPPER.encode(pair)).collect();
    groups.join("-")
}

/// What counts of a recovery code as it was typed: letters and digits, whatever their case. Any text will do; that of no
/// code is simply wrong.
pub fn recovery_text(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
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
    fn the_codes_are_those_of_rfc_6238() {
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
            assert_eq!(rfc().accepts(code, at(second), None), Some(step(at(second))));
        }
    }

    #[test]
    fn a_code_counts_for_a_step_to_either_side_and_spaces_do_not() {
        let now = at(1_234_567_890);
        for (shift, accepted) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let shifted = at(1_234_567_890 + shift);
            assert_eq!(rfc().accepts(" 005 924\t", shifted, None).is_some(), accepted, "{shift}");
        }
        for odd in ["", "5924", "0059240", "00592\u{ff14}", "\u{0}05924", "999999", "-05924", "0x5924"] {
            assert_eq!(rfc().accepts(odd, now, None), None, "{odd}");
        }
    }

    #[test]
    fn a_step_is_accepted_once_and_no_older_one_after_it() {
        let now = at(1_111_111_111);
        let here = step(now);
        assert_eq!(rfc().accepts("050471", now, Some(here - 1)), Some(here));
        assert_eq!(rfc().accepts("050471", now, Some(here)), None);
        // The code of the step before, while it would still count.
        assert_eq!(rfc().accepts("081804", now, None), Some(here - 1));
        assert_eq!(rfc().accepts("081804", now, Some(here)), None);
    }

    #[test]
    fn an_app_can_tell_whose_codes_it_shows() {
        let email = Email::parse("ada+x@example.com").unwrap();
        assert_eq!(
            rfc().uri("Atlas (staging)", &email),
            "otpauth://totp/Atlas%20%28staging%29:ada%2Bx%40example%2Ecom?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Atlas%20%28staging%29&algorithm=SHA1&digits=6&period=30"
        );
        assert!(!format!("{:?}", rfc()).contains("12345"));
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let code = recovery_code([0x00, 0x1f, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6, 0xf7, 0x89, 0x9a]);
        assert_eq!(code, "001F-A2B3-C4D5-E6F7-899A");
        for typed in ["001f-a2b3-c4d5-e6f7-899a", " 001FA2B3 C4D5E6F7 899A ", "001f\u{2013}a2b3c4d5e6f7/899a\n"] {
            assert_eq!(recovery_text(typed), "001FA2B3C4D5E6F7899A");
        }
        for odd in ["", "-", "💥", "ſ", "\u{0}", "ÀÉ"] {
            assert_eq!(recovery_text(odd), "", "{odd}");
        }
    }
}
