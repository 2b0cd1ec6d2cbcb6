//! Two-factor authentication (2FA): codes of an authenticator app (TOTP, RFC 6238), and recovery codes for when the app is lost.

use data_encoding::HEXUPPER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::accounts::attempts::{AttemptLimit, is_recent};

/// How long an enrollment waits for its first code: enough time to find and install an app. The page shows the secret again
/// until then, so an attacker who takes over the session within that time could confirm it.
pub const ENROLLMENT_LIFETIME: SignedDuration = SignedDuration::from_mins(15);
/// The limit on wrong app codes for one account, counted over all challenges.
pub const CODE_LIMIT: AttemptLimit = AttemptLimit::from_minutes(4, 5, 10);
/// The same for a day. SECURITY: three codes are valid at a time, so a patient attacker finds one with a probability of
/// 1 in 16,000 a day.
pub const DAILY_CODE_LIMIT: AttemptLimit = AttemptLimit::from_minutes(19, 24 * 60, 12 * 60);
pub const RECOVERY_CODE_COUNT: usize = 10;
/// Random bytes of a recovery code. 80 bits cannot be guessed even without a limit on attempts.
pub const RECOVERY_CODE_BYTES: usize = 10;

/// A TOTP secret as it is stored: encrypted with a key derived from the environment's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptedSecret(pub String);

/// Two-factor authentication that is turned on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwoFactor {
    pub secret: EncryptedSecret,
    pub enabled_at: Timestamp,
    /// The time step of the last accepted code. SECURITY: no code of this step or an older one is accepted again.
    pub last_step: u64,
    /// The keyed hashes of the unused recovery codes.
    #[serde(rename = "recovery")]
    pub recovery_codes: Vec<[u8; 32]>,
}

/// Two-factor authentication whose first code has not been entered yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    pub secret: EncryptedSecret,
    pub created_at: Timestamp,
    /// SECURITY: the session that started the enrollment. Only it is shown the secret and may confirm it: an attacker in another
    /// session could otherwise confirm a secret of theirs, or read the owner's.
    pub session: [u8; 32],
}

impl Enrollment {
    /// Whether `session` may still enter the first code at `now`.
    pub fn is_open(&self, now: Timestamp, session: &[u8; 32]) -> bool {
        is_recent(self.created_at, now, ENROLLMENT_LIFETIME) && self.session == *session
    }
}

/// What a user enters as the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorMethod {
    Totp,
    RecoveryCode,
}

impl SecondFactorMethod {
    pub const ALL: [Self; 2] = [Self::Totp, Self::RecoveryCode];

    /// The name in forms and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
        }
    }
}

/// A recovery code from random bytes, in five groups that are easy to read aloud.
pub fn format_recovery_code(random: [u8; RECOVERY_CODE_BYTES]) -> String {
    let groups: Vec<String> = random.chunks(2).map(|pair| HEXUPPER.encode(pair)).collect();
    groups.join("-")
}
