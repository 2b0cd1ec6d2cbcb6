//! What admins and operators may change about other accounts.

use crate::app::audit::record;
use crate::app::context::App;
use crate::app::error::Error;
use crate::app::identity::verification_email::{ResendRequester, send_verification};
use crate::app::initiator::Initiator;
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::{Account, AccountId, Refusal};
use crate::store::tables::{accounts, audit, challenges, sessions};

/// Disables an account: its sessions end, and it cannot sign in until it is enabled again. Does nothing to an account
/// that is already disabled.
///
/// Admins cannot disable their own account, so one admin always remains; they can disable other admins, because a
/// stolen account must be stoppable. Operators may disable any account.
///
/// # Errors
/// [`Refusal::UserNotFound`], [`Refusal::CannotDisableSelf`].
pub async fn disable_account(app: &App, by: &Initiator, subject: AccountId) -> Result<Account, Error> {
    if by.actor == Actor::User(subject) {
        return Err(Refusal::CannotDisableSelf.into());
    }
    let entry = app.audit_entry(by.actor, AuditAction::AccountDisabled, Some(subject), &by.client)?;
    let now = app.clock.now();
    let by = by.clone();
    app.store
        .write(move |txn| {
            by.require_active_account(txn)?;
            let mut account = accounts::find_account(txn, subject)?.ok_or(Refusal::UserNotFound)?;
            if account.disabled_at.is_none() {
                account.disabled_at = Some(now);
                // SECURITY: changes that a thief started must not take effect after the owner is let in again.
                account.new_address = None;
                account.password_reset = None;
                accounts::put(txn, &account)?;
                sessions::remove_all(txn, subject, None)?;
                challenges::remove_all(txn, subject)?;
                audit::add(txn, &entry);
            }
            Ok(account)
        })
        .await
}

/// Enables an account again. Its former sessions stay ended.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub async fn enable_account(app: &App, by: &Initiator, subject: AccountId) -> Result<Account, Error> {
    let entry = app.audit_entry(by.actor, AuditAction::AccountEnabled, Some(subject), &by.client)?;
    let by = by.clone();
    app.store
        .write(move |txn| {
            by.require_active_account(txn)?;
            let mut account = accounts::find_account(txn, subject)?.ok_or(Refusal::UserNotFound)?;
            if account.disabled_at.take().is_some() {
                accounts::put(txn, &account)?;
                audit::add(txn, &entry);
            }
            Ok(account)
        })
        .await
}

/// Ends every session of an account and returns how many there were.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub async fn end_sessions(app: &App, by: &Initiator, subject: AccountId) -> Result<usize, Error> {
    let entry = app.audit_entry(by.actor, AuditAction::SessionsEnded, Some(subject), &by.client)?;
    let by = by.clone();
    app.store
        .write(move |txn| {
            by.require_active_account(txn)?;
            accounts::find_account(txn, subject)?.ok_or(Refusal::UserNotFound)?;
            audit::add(txn, &entry);
            Ok(sessions::remove_all(txn, subject, None)?)
        })
        .await
}

/// Sends the verification email again. Returns whether one was queued: none is for a confirmed address, or one that has
/// reached its hourly limit.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub async fn resend_verification(app: &App, by: &Initiator, subject: AccountId) -> Result<bool, Error> {
    let account = app.store.read(|txn| accounts::find_account(txn, subject))?.ok_or(Refusal::UserNotFound)?;
    let entry = app.audit_entry(by.actor, AuditAction::VerificationResent, Some(subject), &by.client)?;
    send_verification(app, account.email, ResendRequester::Admin(entry)).await
}

/// Records the export of a list before it is generated.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; the list must not be exported then.
pub async fn record_export(app: &App, by: &Initiator) -> Result<(), Error> {
    record(app, by.actor, AuditAction::ListExported, &by.client).await
}
