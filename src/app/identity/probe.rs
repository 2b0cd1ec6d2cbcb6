//! The probe: the disposable account that a checklist (`atlas verify`) signs up. Its mail stays readable while the
//! checklist runs; afterwards the account and its mail are removed.
//!
//! SECURITY: a probe exists in memory only, for one random address, and for at most ten minutes. Only an operator at
//! the control socket can start one and read its mail.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::app::identity::accounts::erase_account;
use crate::app::identity::pending_sign_up::forget_address;
use crate::app::list_request::ListRequest;
use crate::app::mail::outbox;
use crate::app::mail::probe_mailbox::{ActiveProbe, PROBE_LIFETIME};
use crate::app::{App, Error, audit, random_bytes};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::mail::Mail;
use crate::domain::{Client, Email, Refusal};
use crate::store::tables::{self, accounts};

/// In the local part of every probe's address, before its nonce.
const TAG: &str = "atlas-verify-";

/// Starts a probe and returns its address and when it ends. The address is that of the first configured admin with a
/// tag, so its mail reaches that admin; without an admin the address doesn't exist.
///
/// # Errors
/// [`Refusal::OperationRefused`] while another probe is active; [`Error::Unavailable`].
pub async fn start_probe(app: &App) -> Result<(Email, Timestamp), Error> {
    let now = app.clock.now();
    let busy = || Refusal::operation("another checklist is running; try again when it has ended");
    if app.mail_policy.probe.lock().as_ref().is_some_and(|probe| !probe.is_over(now)) {
        return Err(busy().into());
    }
    end_probe(app).await?;
    let nonce = u64::from_be_bytes(random_bytes()?);
    let owner = app.admins.first().map_or("nobody@atlas.invalid", Email::as_str);
    let (name, domain) = owner.split_once('@').unwrap_or((owner, "atlas.invalid"));
    let email = Email::parse(&format!("{name}+{TAG}{nonce:016x}@{domain}"));
    let email = email.map_err(|_| Refusal::operation(format!("{owner} is too long to be tagged")))?;
    let until = now.checked_add(PROBE_LIFETIME).unwrap_or(Timestamp::MAX);
    audit::record(app, Actor::Operator, AuditAction::ChecklistStarted, &Client::default()).await?;
    let mut active = app.mail_policy.probe.lock();
    // Another call may have started a probe in the meantime.
    if active.is_some() {
        return Err(busy().into());
    }
    *active = Some(ActiveProbe { email: email.clone(), until, texts: HashMap::new() });
    Ok((email, until))
}

/// The newest mail to the probe, with its text. While it is being sent, it has no reply yet.
///
/// # Errors
/// [`Refusal::OperationRefused`] when no probe is active; [`Error::Unavailable`].
pub fn newest_mail(app: &App) -> Result<Option<(Mail, Option<String>)>, Error> {
    let Some(email) = probe_address(app) else { return Err(Refusal::operation("no checklist is running").into()) };
    let request = || ListRequest::newest_first(None, 1);
    let find = || outbox::list_mail(app, Some(&email), None, request()).map(|page| page.rows.into_iter().next());
    let Some(mut mail) = find()? else { return Ok(None) };
    // An attempt is recorded before the relay has answered, and its outcome before it ends. So a mail that is not being sent is
    // read again, in case the attempt ended in between.
    if !app.in_transit.contains(mail.id) {
        mail = find()?.unwrap_or(mail);
    }
    if app.in_transit.contains(mail.id) {
        mail.reply = None;
    }
    let text = app.mail_policy.probe.lock().as_ref().and_then(|probe| probe.texts.get(&mail.id).cloned());
    Ok(Some((mail, text)))
}

/// The address of the active probe.
pub fn probe_address(app: &App) -> Option<Email> {
    app.mail_policy.probe.lock().as_ref().map(|probe| probe.email.clone())
}

/// Ends the active probe and removes its account. Returns whether the account still existed.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; the probe stays active then.
pub async fn end_probe(app: &App) -> Result<bool, Error> {
    let Some(email) = probe_address(app) else { return Ok(false) };
    let existed = remove_probe_account(app, email).await?;
    *app.mail_policy.probe.lock() = None;
    Ok(existed)
}

/// Ends the active probe if it has expired. Returns whether it did.
///
/// # Errors
/// As for [`end_probe`].
pub async fn end_expired_probe(app: &App) -> Result<bool, Error> {
    let now = app.clock.now();
    if app.mail_policy.probe.lock().as_ref().is_none_or(|probe| !probe.is_over(now)) {
        return Ok(false);
    }
    end_probe(app).await.map(|_| true)
}

/// Removes the account of a probe and its mail, also of a probe that an earlier process started. Returns whether the
/// account existed.
///
/// # Errors
/// [`Refusal::OperationRefused`] for an address that doesn't belong to a probe; [`Error::Busy`],
/// [`Error::Unavailable`].
pub async fn remove_probe_account(app: &App, email: Email) -> Result<bool, Error> {
    // SECURITY: only probes can be removed this way regardless of the address that the note of an interrupted checklist contains.
    if !email.as_str().contains(TAG) {
        return Err(Refusal::operation("this is not the address of a checklist").into());
    }
    let entry = app.audit_entry(Actor::Operator, AuditAction::AccountDeleted, None, &Client::default())?;
    let address = app.address_key(&email);
    app.store
        .write(move |txn| {
            forget_address(txn, address)?;
            let account = accounts::find_by_email(txn, &email)?;
            match &account {
                Some(account) => {
                    erase_account(txn, account)?;
                    tables::audit::add(txn, &entry);
                }
                None => tables::outbox::remove_to(txn, std::slice::from_ref(&email))?,
            }
            Ok(account.is_some())
        })
        .await
}
