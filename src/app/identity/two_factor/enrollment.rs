//! Setting up the second factor: a new secret, and turning it on with the first code.

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::identity::keys::{Keys, Purpose};
use crate::app::identity::sessions::Member;
use crate::app::identity::step_up::consume;
use crate::app::identity::two_factor::owner_email::OwnerEmail;
use crate::app::identity::two_factor::recovery_codes::generate_recovery_codes;
use crate::app::identity::two_factor::status::{already_on, require_account};
use crate::app::random::random_bytes;
use crate::config::policy;
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::accounts::totp::TotpSecret;
use crate::domain::accounts::two_factor::{Enrollment, TwoFactor};
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::mail::templates;
use crate::store::tables::{accounts, audit, challenges, sessions};

/// A new secret for the user's authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrollmentDetails {
    /// To be entered by hand.
    pub secret: String,
    /// To be scanned.
    pub uri: String,
}

/// Generates a secret that is pending until its first code, and replaces an earlier pending one.
///
/// SECURITY: a session alone is not enough, because a stolen one could be used to lock the owner out with the thief's
/// factor. This needs a sign-in within the last minutes, or a `proof` of [`ProtectedAction::AccountTwoFactor`].
///
/// # Errors
/// [`Error::Refused`] when a second factor is already on; [`Refusal::StepUpRequired`], [`Refusal::LinkExpired`];
/// [`Error::Busy`].
pub async fn start_enrollment(app: &App, member: &Member, proof: Option<&str>) -> Result<EnrollmentDetails, Error> {
    let (me, session) = (member.account.id, member.hash);
    let is_fresh = member.session.is_fresh(app.clock.now());
    let proof = proof.map(|proof| app.keys.hash(Purpose::Challenge, proof));
    let secret = TotpSecret::new(random_bytes()?);
    let encrypted = app.keys.encrypt(Purpose::TwoFactor, me, secret.as_bytes())?;
    let now = app.clock.now();
    let account = app
        .store
        .write(move |txn| {
            let mut account = require_account(txn, me)?;
            if account.two_factor.is_some() {
                return Err(already_on());
            }
            if !is_fresh {
                consume(txn, &proof.ok_or(Refusal::StepUpRequired)?, me, ProtectedAction::AccountTwoFactor, now)?;
            }
            account.enrollment = Some(Enrollment { secret: encrypted, created_at: now, session });
            accounts::put(txn, &account)?;
            Ok(account)
        })
        .await?;
    Ok(enrollment_details(app, &account, &secret))
}

/// The pending secret, so that it can be shown again; `None` if there is none or it has expired.
pub fn pending_enrollment(app: &App, member: &Member) -> Option<EnrollmentDetails> {
    let me = &member.account;
    let pending = me
        .enrollment
        .as_ref()
        .filter(|pending| pending.is_open(app.clock.now(), &member.hash) && me.two_factor.is_none())?;
    Some(enrollment_details(app, me, &decrypt_secret(&app.keys, me.id, pending)?))
}

fn decrypt_secret(keys: &Keys, account: AccountId, pending: &Enrollment) -> Option<TotpSecret> {
    let decrypted = keys.decrypt(Purpose::TwoFactor, account, &pending.secret)?;
    decrypted.plaintext.try_into().ok().map(TotpSecret::new)
}

fn enrollment_details(app: &App, account: &Account, secret: &TotpSecret) -> EnrollmentDetails {
    let stamp = app.store.stamp();
    let is_labeled = policy::for_kind(stamp.kind).is_labeled;
    let issuer = if is_labeled { format!("Atlas ({})", stamp.environment) } else { "Atlas".to_owned() };
    EnrollmentDetails { secret: secret.to_base32(), uri: secret.provisioning_uri(&issuer, &account.email) }
}

/// Turns the second factor on with its first code. Returns the recovery codes, which are shown only once. Every other
/// session ends, because it never passed the second factor.
///
/// # Errors
/// [`Error::Refused`] when it is already on; [`Refusal::StepUpFailed`] for a wrong code, or when no secret is pending.
pub async fn enable(app: &App, me: &Member, code: &str, client: &Client) -> Result<Vec<String>, Error> {
    let now = app.clock.now();
    let (id, session, keys, code) = (me.account.id, me.hash, app.keys.clone(), code.to_owned());
    let (codes, hashes) = generate_recovery_codes(app, id)?;
    let notice = OwnerEmail::prepare(app, &me.account, templates::two_factor_enabled(&app.app_url))?;
    let entry = app.audit_entry(Actor::User(id), AuditAction::TwoFactorEnabled, None, client)?;
    app.store
        .write(move |txn| {
            let mut account = require_account(txn, id)?;
            if account.two_factor.is_some() {
                return Err(already_on());
            }
            let pending = account.enrollment.take().filter(|pending| pending.is_open(now, &session));
            let pending = pending.ok_or(Refusal::StepUpFailed)?;
            let secret = decrypt_secret(&keys, id, &pending).ok_or(Refusal::StepUpFailed)?;
            let last_step = secret.matching_step(&code, now, None).ok_or(Refusal::StepUpFailed)?;
            let factor = TwoFactor { secret: pending.secret, enabled_at: now, last_step, recovery_codes: hashes };
            account.two_factor = Some(factor);
            account.new_address = None;
            accounts::put(txn, &account)?;
            sessions::remove_all(txn, id, Some(&session))?;
            // SECURITY: proofs given with a password alone are void from now on.
            challenges::remove_all(txn, id)?;
            audit::add(txn, &entry);
            notice.queue(txn);
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(codes)
}
