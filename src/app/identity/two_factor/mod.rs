//! Two-factor authentication: TOTP codes of an authenticator app, with recovery codes as the fallback.
//!
//! The TOTP secret is stored encrypted (`identity::encryption`); of recovery codes only keyed hashes are stored. Wrong
//! codes are counted in the transaction that checks them, so such decisions return `Ok(Err(refusal))`: an error would
//! abort the transaction and lose the count.

mod code_check;
mod complete_sign_in;
mod enrollment;
mod manage;
mod owner_email;
mod recovery_codes;
mod status;

pub use code_check::SecondFactorCheck;
pub use complete_sign_in::complete_sign_in;
pub use enrollment::{EnrollmentDetails, enable, pending_enrollment, start_enrollment};
pub use manage::{disable, reset, rotate_recovery_codes};
pub use status::{TwoFactorStatus, is_enforced, must_enroll, two_factor_status};
