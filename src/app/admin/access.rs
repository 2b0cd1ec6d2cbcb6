//! Who may use the admin pages.

use crate::app::context::App;
use crate::app::identity::sessions::Member;
use crate::app::identity::two_factor;
use crate::domain::{Account, Refusal};

/// Requires that this account may use the admin pages now. Every admin route goes through here, which also enforces the
/// second factor that admins need in some environments.
///
/// # Errors
/// [`Refusal::AdminRequired`]; [`Refusal::TwoFactorRequired`] for an admin who must set one up first.
pub fn require_admin(app: &App, account: &Account) -> Result<(), Refusal> {
    if !app.is_admin(account) {
        return Err(Refusal::AdminRequired);
    }
    if two_factor::must_enroll(app, account) { Err(Refusal::TwoFactorRequired) } else { Ok(()) }
}

/// Requires that this admin signed in or confirmed their identity within the last minutes.
///
/// SECURITY: a session lasts weeks. One that was stolen, or a browser left open, must not change accounts or take lists away.
///
/// # Errors
/// [`Refusal::StepUpRequired`].
pub fn require_recent_proof(app: &App, member: &Member) -> Result<(), Refusal> {
    if member.session.has_admin_proof(app.clock.now()) { Ok(()) } else { Err(Refusal::StepUpRequired) }
}
