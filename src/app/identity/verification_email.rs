//! Sending the verification email of a sign-up again.

use crate::app::identity::keys::Purpose;
use crate::app::identity::recipient_limit::queue_requested;
use crate::app::{App, Error};
use crate::domain::accounts::attempts::is_recent;
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::link::{EmailLink, RESEND_INTERVAL, VERIFICATION_LIFETIME, VerificationCode};
use crate::domain::accounts::requested_mail::RequestedMail;
use crate::domain::mail::TokenRef;
use crate::domain::{Account, Client, Email, Refusal};
use crate::mail::templates;
use crate::store::tables::{accounts, audit, links};

/// Mails a new link to an unconfirmed account; older links of the same sign-up stop working. For an unknown or
/// confirmed address, within [`RESEND_INTERVAL`] of the last link, and above the hourly limit, nothing is sent and the
/// response is the same.
///
/// SECURITY: every address costs one durable write, the audit entry, so the response time reveals nothing.
///
/// # Errors
/// [`Error::Refused`] when `email` is not an address.
pub async fn resend_verification(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let account = app.store.read(|txn| accounts::find_by_email(txn, &email))?;
    let subject = account.as_ref().map(|account| account.id);
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::ConfirmationRequested, subject, client)?;
    match account {
        Some(account) => send_verification(app, account, ResendRequester::Anyone(entry)).await.map(drop),
        None => {
            app.store
                .write(move |txn| {
                    audit::add(txn, &entry);
                    Ok(())
                })
                .await
        }
    }
}

/// Who requested the email, with the audit entry to add.
pub(in crate::app) enum ResendRequester {
    Anyone(AuditEntry),
    /// An admin or operator, who need not wait for [`RESEND_INTERVAL`] or for others who requested mail to the address.
    Admin(AuditEntry),
}

/// Mails a new link to an account and returns whether a mail was queued.
pub(in crate::app) async fn send_verification(
    app: &App,
    account: Account,
    requester: ResendRequester,
) -> Result<bool, Error> {
    let now = app.clock.now();
    let token = app.keys.generate_token(Purpose::Verification)?;
    let code = app.keys.generate_code()?;
    let body = templates::verification(&app.app_url, &token.text, &code);
    let mail = app.compose_mail(account.email.clone(), body, VERIFICATION_LIFETIME)?;
    let mail = mail.with_token(TokenRef::Verification(token.hash));
    let code = Some(VerificationCode { hash: app.keys.code_hasher()(account.id, &code), wrong_attempts: 0 });
    let kind = match requester {
        ResendRequester::Anyone(_) => RequestedMail::Verification,
        ResendRequester::Admin(_) => RequestedMail::AdminResend,
    };
    let skip_interval = app.skip_cooldowns || kind == RequestedMail::AdminResend;
    let address = app.address_key(&account.email);
    let queued = app
        .store
        .write(move |txn| {
            let current = accounts::find_account(txn, account.id)?;
            if let ResendRequester::Anyone(entry) = &requester {
                let subject = entry.subject.filter(|_| current.is_some());
                audit::add(txn, &AuditEntry { subject, ..entry.clone() });
            }
            // The address may have been confirmed or changed since the account was read.
            let unconfirmed = current.filter(|now| now.verified_at.is_none() && now.email == account.email);
            let Some(account) = unconfirmed else { return Ok(false) };
            let older = links::list_for_account(txn, account.id)?;
            let newest = older.iter().map(|(_, link)| link.created_at).max();
            let is_too_soon = !skip_interval && newest.is_some_and(|at| is_recent(at, now, RESEND_INTERVAL));
            if is_too_soon || !queue_requested(txn, kind, &mail, address, now)? {
                return Ok(false);
            }
            // SECURITY: links of other sign-ups stay, because they may have been requested by someone else.
            for (token, _) in older.iter().filter(|(_, link)| link.credentials == account.credentials) {
                links::remove(txn, token, account.id);
            }
            let credentials = account.credentials.clone();
            let link = EmailLink { account: account.id, credentials, code, created_at: now, used_at: None };
            links::put(txn, &token.hash, &link);
            if let ResendRequester::Admin(entry) = &requester {
                audit::add(txn, entry);
            }
            Ok::<_, Error>(true)
        })
        .await?;
    app.notify_mail_queued();
    Ok(queued)
}
