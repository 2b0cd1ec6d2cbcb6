//! Changing a password, and resetting a forgotten one. Both end other sessions and notify the owner by email.

use jiff::Timestamp;

use crate::app::identity::keys::Purpose;
use crate::app::identity::recipient_limit::RecipientQuota;
use crate::app::identity::sessions::Member;
use crate::app::identity::step_up::consume;
use crate::app::mail::outbox::queue;
use crate::app::{App, Error};
use crate::domain::accounts::account::PasswordReset;
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::link::{RESET_LIFETIME, VERIFICATION_LIFETIME};
use crate::domain::accounts::password::{PasswordHash, is_same};
use crate::domain::accounts::requested_mail::RequestedMail;
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::domain::field_error::FieldErrors;
use crate::domain::mail::TokenRef;
use crate::domain::{Account, Client, Email, Refusal};
use crate::mail::templates;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, audit, challenges, sessions};

/// Checks and hashes a new password. `confirmation` is the same password once more, where it is entered twice.
///
/// # Errors
/// [`Error::Refused`] with an error for `password` or `confirmPassword`; [`Error::Busy`].
pub async fn prepare_password(
    app: &App,
    me: &Account,
    password: String,
    confirmation: Option<&str>,
) -> Result<PasswordHash, Error> {
    let mut errors = FieldErrors::default();
    let differs = confirmation.is_some_and(|confirmation| !is_same(confirmation, &password));
    let known = [me.name().to_owned(), me.email.as_str().to_owned()];
    let known = known.into_iter().chain(app.app_url.host_str().map(str::to_owned)).collect();
    let password = errors.record(app.passwords.check_strength(password, known).await?);
    if differs {
        errors.add("confirmPassword", "The passwords don't match.");
    }
    match password {
        Some(password) if !differs => app.passwords.hash(password).await,
        _ => Err(errors.into_refusal().into()),
    }
}

/// Changes the password to the one given, or to the one stored with the step-up challenge. Every other session ends.
///
/// # Errors
/// [`Refusal::StepUpRequired`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn change_password(
    app: &App,
    member: &Member,
    proof: &str,
    password: Option<PasswordHash>,
    client: &Client,
) -> Result<(), Error> {
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let now = app.clock.now();
    let (me, session, email) = (member.account.id, member.hash, member.account.email.clone());
    let notice = app.compose_mail(email, templates::password_changed(&app.app_url), VERIFICATION_LIFETIME)?;
    let entry = app.audit_entry(Actor::User(me), AuditAction::PasswordChanged, None, client)?;
    app.store
        .write(move |txn| {
            let challenge = consume(txn, &proof, me, ProtectedAction::AccountPasswordChange, now)?;
            let pending = match challenge.pending_change {
                Some(PendingChange::Password(hash)) => Some(hash),
                _ => None,
            };
            let mut account = accounts::find_account(txn, me)?.ok_or(Refusal::StepUpRequired)?;
            account.credentials.password = password.or(pending).ok_or(Refusal::StepUpRequired)?;
            account.password_reset = None;
            account.new_address = None;
            accounts::put(txn, &account)?;
            sessions::remove_all(txn, me, Some(&session))?;
            challenges::remove_all(txn, me)?;
            queue(txn, &notice);
            audit::add(txn, &entry);
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(())
}

/// Mails a link to reset a forgotten password; an older link stops working. For an unknown or unconfirmed address, and
/// above the hourly limit, nothing is sent and the response is the same.
///
/// SECURITY: for an address to which nothing is sent, the same writes are rehearsed, so the response time reveals nothing.
///
/// # Errors
/// [`Error::Refused`] when `email` is not an address.
pub async fn request_reset(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let now = app.clock.now();
    let token = app.keys.generate_token(Purpose::Reset)?;
    let mail = app.compose_mail(email.clone(), templates::password_reset(&app.app_url, &token.text), RESET_LIFETIME)?;
    let mail = mail.with_token(TokenRef::Reset(token.hash));
    let address = app.address_key(&email);
    let stand_in = address.stand_in_account(email.clone(), now)?;
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::PasswordResetRequested, None, client)?;
    app.store
        .write(move |txn| {
            let account = accounts::find_by_email(txn, &email)?
                .filter(|account| account.verified_at.is_some() && account.disabled_at.is_none());
            audit::add(txn, &AuditEntry { subject: account.as_ref().map(|account| account.id), ..entry.clone() });
            let quota = RecipientQuota::find(txn, RequestedMail::PasswordReset, address, now)?;
            let is_sent = account.is_some() && quota.is_open;
            let mut account = account.unwrap_or(stand_in);
            txn.run_or_rehearse(is_sent, |txn| {
                audit::add(txn, &AuditEntry { subject: Some(account.id), ..entry });
                if account.password_reset.is_none() {
                    // Another time it replaces an older link.
                    account.password_reset = Some(PasswordReset { token: address.hash(), created_at: now });
                    txn.rehearse(|txn| accounts::put(txn, &account))?;
                }
                account.password_reset = Some(PasswordReset { token: token.hash, created_at: now });
                accounts::put(txn, &account)?;
                quota.queue(txn, &mail, now);
                Ok::<_, Error>(())
            })?;
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(())
}

/// The account whose password a link would reset. Changes nothing.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn find_reset(app: &App, token: &str) -> Result<Account, Error> {
    let hash = app.keys.hash(Purpose::Reset, token);
    let now = app.clock.now();
    app.store.read(|txn| require_reset(accounts::find_by_token(txn, &hash)?, hash, now))
}

fn require_reset(account: Option<Account>, token: TokenHash, now: Timestamp) -> Result<Account, Error> {
    let account = account.filter(|account| account.disabled_at.is_none()).ok_or(Refusal::LinkInvalid)?;
    let reset = account.password_reset.as_ref().filter(|reset| reset.token == token).ok_or(Refusal::LinkInvalid)?;
    if reset.expires_at() <= now { Err(Refusal::LinkExpired.into()) } else { Ok(account) }
}

/// Resets a forgotten password. The link is used up, every session ends, and the user must sign in again. Also ends a
/// lockout, so that an owner whom an attacker locked out by guessing can sign in.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`]; an error per field; [`Error::Busy`].
pub async fn reset_password(
    app: &App,
    token: &str,
    password: String,
    confirmation: Option<&str>,
    client: &Client,
) -> Result<(), Error> {
    let account = find_reset(app, token)?;
    let password = prepare_password(app, &account, password, confirmation).await?;
    let hash = app.keys.hash(Purpose::Reset, token);
    let now = app.clock.now();
    let email = account.email.clone();
    let notice = app.compose_mail(email, templates::password_changed(&app.app_url), VERIFICATION_LIFETIME)?;
    let entry = app.audit_entry(Actor::User(account.id), AuditAction::PasswordReset, None, client)?;
    let lockout = app.lockout.clone();
    app.store
        .write(move |txn| {
            let mut account = require_reset(accounts::find_by_token(txn, &hash)?, hash, now)?;
            account.credentials.password = password;
            account.password_reset = None;
            account.new_address = None;
            accounts::put(txn, &account)?;
            sessions::remove_all(txn, account.id, None)?;
            challenges::remove_all(txn, account.id)?;
            lockout.reset_attempts(txn, account.id, now)?;
            queue(txn, &notice);
            audit::add(txn, &entry);
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(())
}
