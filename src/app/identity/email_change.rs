//! Changing the email address of an account. The new address takes effect when the link mailed to it is confirmed; the
//! old one stays until then.

use jiff::Timestamp;

use crate::app::identity::accounts::erase_account;
use crate::app::identity::keys::Purpose;
use crate::app::identity::recipient_limit::RecipientQuota;
use crate::app::identity::sessions::Member;
use crate::app::identity::step_up::consume;
use crate::app::mail::outbox::queue;
use crate::app::{App, Error};
use crate::domain::accounts::account::NewAddress;
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::accounts::link::VERIFICATION_LIFETIME;
use crate::domain::accounts::requested_mail::RequestedMail;
use crate::domain::accounts::step_up::{PendingChange, ProtectedAction};
use crate::domain::mail::TokenRef;
use crate::domain::{Account, Client, Email, Refusal};
use crate::mail::templates;
use crate::store::WriteTxn;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, audit, challenges};

/// Mails a link to a new address: the one given, or the one stored with the step-up challenge. The old address is
/// notified. If another account has the new address, its owner is notified and the change is dropped; the response is
/// the same.
///
/// # Errors
/// [`Refusal::StepUpRequired`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn request_email_change(
    app: &App,
    member: &Member,
    proof: &str,
    email: Option<Email>,
    client: &Client,
) -> Result<(), Error> {
    let now = app.clock.now();
    let me = member.account.id;
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let pending =
        app.store.read(|txn| challenges::find_challenge(txn, &proof))?.and_then(|challenge| challenge.pending_change);
    let ((Some(email), _) | (None, Some(PendingChange::Email(email)))) = (email, pending) else {
        return Err(Refusal::StepUpRequired.into());
    };
    let token = app.keys.generate_token(Purpose::NewAddress)?;
    let compose = |to: &Email, body| app.compose_mail(to.clone(), body, VERIFICATION_LIFETIME);
    let confirmation = compose(&email, templates::new_address(&app.app_url, &token.text))?;
    let confirmation = confirmation.with_token(TokenRef::NewAddress(token.hash));
    let taken_notice = compose(&email, templates::address_taken(&app.app_url))?;
    let notice = compose(&member.account.email, templates::address_change_requested(&app.app_url))?;
    let address = app.address_key(&email);
    let entry = app.audit_entry(Actor::User(me), AuditAction::EmailChangeRequested, None, client)?;
    app.store
        .write(move |txn| {
            consume(txn, &proof, me, ProtectedAction::AccountEmailChange, now)?;
            let mut account = accounts::find_account(txn, me)?.ok_or(Refusal::StepUpRequired)?;
            let owner = accounts::find_by_email(txn, &email)?;
            let taken = owner.is_some_and(|owner| owner.verified_at.is_some() && owner.id != me);
            let (kind, mail) = if taken {
                (RequestedMail::AddressTaken, &taken_notice)
            } else {
                (RequestedMail::NewAddress, &confirmation)
            };
            let quota = RecipientQuota::find(txn, kind, address, now)?;
            // Above a limit nothing is sent, so that nobody can flood inboxes; the response is the same.
            let is_sent = account.try_record_new_address_mail(now) && quota.is_open;
            txn.run_or_rehearse(is_sent, |txn| {
                quota.queue(txn, mail, now);
                Ok::<_, Error>(())
            })?;
            if is_sent && !taken {
                account.record_mailed_address(email.clone(), now);
            }
            // SECURITY: without a mail nobody has the token, and the account page still shows the address as waiting. Otherwise the
            // page would tell which addresses have accounts.
            account.new_address = Some(NewAddress { email, token: token.hash, created_at: now });
            accounts::put(txn, &account)?;
            queue(txn, &notice);
            audit::add(txn, &entry);
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(())
}

/// The account and the new address that a link would confirm. Changes nothing.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn find_email_change(app: &App, token: &str) -> Result<(Account, Email), Error> {
    let hash = app.keys.hash(Purpose::NewAddress, token);
    let now = app.clock.now();
    app.store.read(|txn| require_pending(accounts::find_by_token(txn, &hash)?, hash, now))
}

fn require_pending(account: Option<Account>, token: TokenHash, now: Timestamp) -> Result<(Account, Email), Error> {
    let account = account.filter(|account| account.disabled_at.is_none()).ok_or(Refusal::LinkInvalid)?;
    let pending = account.new_address.as_ref().filter(|pending| pending.token == token).ok_or(Refusal::LinkInvalid)?;
    if pending.expires_at() <= now {
        return Err(Refusal::LinkExpired.into());
    }
    let email = pending.email.clone();
    Ok((account, email))
}

/// Confirms the new address and notifies the old one. Password reset links stop working, because they were mailed to
/// the old address. An unconfirmed sign-up with the new address is removed: the address belongs to the person who confirms it
/// first.
///
/// # Errors
/// [`Refusal::LinkInvalid`], also when another account has confirmed the address in the meantime;
/// [`Refusal::LinkExpired`].
pub async fn confirm_email_change(app: &App, token: &str, client: &Client) -> Result<Email, Error> {
    let (account, email) = find_email_change(app, token)?;
    let hash = app.keys.hash(Purpose::NewAddress, token);
    let now = app.clock.now();
    let notice = app.compose_mail(account.email, templates::address_changed(&app.app_url), VERIFICATION_LIFETIME)?;
    let entry = app.audit_entry(Actor::User(account.id), AuditAction::EmailChanged, None, client)?;
    app.store
        .write(move |txn| {
            let (mut account, email) = require_pending(accounts::find_by_token(txn, &hash)?, hash, now)?;
            remove_unconfirmed_rival(txn, &email, &account)?;
            let former = std::mem::replace(&mut account.email, email);
            account.record_mailed_address(former, now);
            account.verified_at = Some(now);
            account.new_address = None;
            account.password_reset = None;
            accounts::put(txn, &account)?;
            challenges::remove_all(txn, account.id)?;
            queue(txn, &notice);
            audit::add(txn, &entry);
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(email)
}

/// Removes another account with this address if it never confirmed it.
fn remove_unconfirmed_rival(txn: &mut WriteTxn<'_, '_>, email: &Email, owner: &Account) -> Result<(), Error> {
    match accounts::find_by_email(txn, email)? {
        Some(other) if other.id == owner.id => Ok(()),
        Some(other) if other.verified_at.is_some() => Err(Refusal::LinkInvalid.into()),
        Some(other) => erase_account(txn, &other),
        None => Ok(()),
    }
}
