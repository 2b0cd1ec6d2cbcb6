//! Turning off and resetting the second factor, and new recovery codes.

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::identity::two_factor::code_check::SecondFactorCheck;
use crate::app::identity::two_factor::owner_email::OwnerEmail;
use crate::app::identity::two_factor::recovery_codes::generate_recovery_codes;
use crate::app::identity::two_factor::status::{is_enforced, not_on, require_account};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::accounts::password::Password;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::domain::{Account, Client, Refusal};
use crate::mail::templates;
use crate::store::tables::{accounts, audit, challenges, sessions};

/// Turns the second factor off, given the password and a code.
///
/// # Errors
/// [`Refusal::CannotDisableTwoFactor`]; [`Error::Refused`] when it is off; [`Refusal::StepUpFailed`] for a wrong
/// password or a wrong code alike, [`Refusal::TooManyAttempts`]; [`Error::Busy`].
pub async fn disable(
    app: &App,
    me: &Account,
    password: &str,
    method: SecondFactorMethod,
    code: &str,
    client: &Client,
) -> Result<(), Error> {
    if is_enforced(app, me) {
        return Err(Refusal::CannotDisableTwoFactor.into());
    }
    if me.two_factor.is_none() {
        return Err(not_on());
    }
    let known = me.credentials.password.clone();
    let is_correct = match Password::parse(password) {
        Ok(password) => app.passwords.verify(password, Some(known.clone())).await?,
        Err(_) => false,
    };
    let (id, check) = (me.id, SecondFactorCheck::prepare(app, Actor::User(me.id), me, (method, code), client)?);
    let notice = OwnerEmail::prepare(app, me, templates::two_factor_disabled(&app.app_url))?;
    let entry = app.audit_entry(Actor::User(id), AuditAction::TwoFactorDisabled, None, client)?;
    let result = app
        .store
        .write(move |txn| {
            let mut account = require_account(txn, id)?;
            // SECURITY: a wrong password is counted like a wrong code, and neither is checked while codes are blocked.
            // So nobody who finds an unlocked browser can go on guessing.
            let is_correct = is_correct && account.credentials.password == known;
            let verified = match check.blocked_for(txn, id)? {
                Some(remaining) => Err(Refusal::TooManyAttempts(remaining)),
                None if is_correct => check.verify(txn, &mut account)?,
                None => Err(check.record_wrong_code(txn, id)?),
            };
            if let Err(refusal) = verified {
                return Ok::<_, Error>(Err(refusal));
            }
            account.two_factor = None;
            accounts::put(txn, &account)?;
            challenges::remove_all(txn, id)?;
            audit::add(txn, &entry);
            notice.queue(txn);
            Ok(Ok(()))
        })
        .await?;
    app.notify_mail_queued();
    Ok(result?)
}

/// Replaces all recovery codes by new ones, given a code.
///
/// # Errors
/// [`Error::Refused`] when the second factor is off; [`Refusal::StepUpFailed`], [`Refusal::TooManyAttempts`];
/// [`Error::Busy`].
pub async fn rotate_recovery_codes(
    app: &App,
    me: &Account,
    method: SecondFactorMethod,
    code: &str,
    client: &Client,
) -> Result<Vec<String>, Error> {
    if me.two_factor.is_none() {
        return Err(not_on());
    }
    let (id, check) = (me.id, SecondFactorCheck::prepare(app, Actor::User(me.id), me, (method, code), client)?);
    let (codes, hashes) = generate_recovery_codes(app, id)?;
    let entry = app.audit_entry(Actor::User(id), AuditAction::RecoveryCodesRotated, None, client)?;
    let result = app
        .store
        .write(move |txn| {
            let mut account = require_account(txn, id)?;
            if let Err(refusal) = check.verify(txn, &mut account)? {
                return Ok::<_, Error>(Err(refusal));
            }
            if let Some(factor) = &mut account.two_factor {
                factor.recovery_codes = hashes;
            }
            accounts::put(txn, &account)?;
            audit::add(txn, &entry);
            Ok(Ok(()))
        })
        .await?;
    app.notify_mail_queued();
    result?;
    Ok(codes)
}

/// Removes the second factor of a user who lost it, and notifies the owner. Returns whether there was one. Every
/// session ends, so that a thief cannot set up a factor first. An admin who needs one must set it up again before using
/// the admin pages.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn reset(app: &App, subject: &Account, actor: Actor, client: &Client) -> Result<bool, Error> {
    let id = subject.id;
    let notice = OwnerEmail::prepare(app, subject, templates::two_factor_reset(&app.app_url))?;
    let entry = app.audit_entry(actor, AuditAction::TwoFactorReset, Some(id), client)?;
    let was_on = app
        .store
        .write(move |txn| {
            let Some(mut account) = accounts::find_account(txn, id)? else { return Ok::<_, Error>(false) };
            account.enrollment = None;
            let was_on = account.two_factor.take().is_some();
            accounts::put(txn, &account)?;
            sessions::remove_all(txn, id, None)?;
            challenges::remove_all(txn, id)?;
            if was_on {
                audit::add(txn, &entry);
                notice.queue(txn);
            }
            Ok(was_on)
        })
        .await?;
    app.notify_mail_queued();
    Ok(was_on)
}
