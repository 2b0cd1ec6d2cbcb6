//! Sending the verification email of a sign-up again.

use crate::app::identity::keys::Purpose;
use crate::app::identity::recipient_limit::RecipientQuota;
use crate::app::{App, Error};
use crate::domain::accounts::attempts::is_recent;
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::link::{EmailLink, RESEND_INTERVAL, VERIFICATION_LIFETIME, VerificationCode};
use crate::domain::accounts::requested_mail::RequestedMail;
use crate::domain::mail::TokenRef;
use crate::domain::{Client, Email, Refusal};
use crate::mail::templates;
use crate::store::tables::{accounts, audit, links};

/// Mails a new link to an unconfirmed account; older links of the same sign-up stop working. For an unknown or
/// confirmed address, within [`RESEND_INTERVAL`] of the last link, and above the hourly limit, nothing is sent and the
/// response is the same.
///
/// SECURITY: for an address to which nothing is sent, the same writes are rehearsed, so the response time reveals nothing.
///
/// # Errors
/// [`Error::Refused`] when `email` is not an address.
pub async fn resend_verification(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::ConfirmationRequested, None, client)?;
    send_verification(app, email, ResendRequester::Anyone(entry)).await.map(drop)
}

/// Who requested the email, with the audit entry to add.
pub(in crate::app) enum ResendRequester {
    /// The entry is added in any case, about the account if there is one.
    Anyone(AuditEntry),
    /// An admin or operator, who need not wait for [`RESEND_INTERVAL`] or for others who requested mail to the address. The
    /// entry is added if a mail is queued.
    Admin(AuditEntry),
}

/// Mails a new link to the unconfirmed account with an address. Returns whether a mail was queued.
pub(in crate::app) async fn send_verification(
    app: &App,
    email: Email,
    requester: ResendRequester,
) -> Result<bool, Error> {
    let now = app.clock.now();
    let token = app.keys.generate_token(Purpose::Verification)?;
    let code = app.keys.generate_code()?;
    let body = templates::verification(&app.app_url, &token.text, &code);
    let mail = app.compose_mail(email.clone(), body, VERIFICATION_LIFETIME)?;
    let mail = mail.with_token(TokenRef::Verification(token.hash));
    let hash_code = app.keys.code_hasher();
    let (kind, entry) = match requester {
        ResendRequester::Anyone(entry) => (RequestedMail::Verification, entry),
        ResendRequester::Admin(entry) => (RequestedMail::AdminResend, entry),
    };
    let is_admin = kind == RequestedMail::AdminResend;
    let skip_interval = app.skip_cooldowns || is_admin;
    let address = app.address_key(&email);
    let stand_in = address.stand_in_account(email.clone(), now)?;
    let queued = app
        .store
        .write(move |txn| {
            let account = accounts::find_by_email(txn, &email)?;
            if !is_admin {
                let subject = account.as_ref().map(|account| account.id);
                audit::add(txn, &AuditEntry { subject, ..entry.clone() });
            }
            let is_unconfirmed = account.as_ref().is_some_and(|account| account.verified_at.is_none());
            let account = account.unwrap_or(stand_in);
            let older = links::list_for_account(txn, account.id)?;
            let newest = older.iter().map(|(_, link)| link.created_at).max();
            let is_too_soon = !skip_interval && newest.is_some_and(|at| is_recent(at, now, RESEND_INTERVAL));
            let quota = RecipientQuota::find(txn, kind, address, now)?;
            let is_sent = is_unconfirmed && !is_too_soon && quota.is_open;
            txn.run_or_rehearse(is_sent, |txn| {
                // SECURITY: links of other sign-ups stay, because they may have been requested by someone else.
                let mut replaced = older.iter().filter(|(_, link)| link.credentials == account.credentials).peekable();
                let browser = replaced.peek().and_then(|(_, link)| link.browser.clone());
                if replaced.peek().is_none() {
                    txn.rehearse(|txn| {
                        links::remove(txn, &address.hash(), account.id);
                        Ok::<_, Error>(())
                    })?;
                }
                for (token, _) in replaced {
                    links::remove(txn, token, account.id);
                }
                let code = Some(VerificationCode { hash: hash_code(account.id, &code), wrong_attempts: 0 });
                let credentials = account.credentials;
                let link =
                    EmailLink { account: account.id, credentials, code, browser, created_at: now, used_at: None };
                links::put(txn, &token.hash, &link);
                quota.queue(txn, &mail, now);
                audit::add(txn, &AuditEntry { subject: Some(account.id), ..entry });
                Ok::<_, Error>(())
            })?;
            Ok::<_, Error>(is_sent)
        })
        .await?;
    app.notify_mail_queued();
    Ok(queued)
}
