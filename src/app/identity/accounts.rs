//! Creating an account with a verification email, and deleting it with all its data.

use jiff::Timestamp;

use crate::app::identity::keys::Purpose;
use crate::app::identity::pending_sign_up;
use crate::app::identity::recipient_limit::RecipientQuota;
use crate::app::identity::sign_up_browser::{BrowserToken, SignUpDraft, hash_token};
use crate::app::identity::step_up::consume;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::credentials::Credentials;
use crate::domain::accounts::link::{EmailLink, SignUpBrowser, VERIFICATION_LIFETIME, VerificationCode};
use crate::domain::accounts::password::is_same;
use crate::domain::accounts::requested_mail::RequestedMail;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::field_error::FieldErrors;
use crate::domain::mail::TokenRef;
use crate::domain::{Account, AccountId, Client, DisplayName, Email, Refusal, Zone};
use crate::mail::templates;
use crate::store::WriteTxn;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{
    accounts, attempts, audit, challenges, completions, day_logs, habits, imports, links, outbox, sessions,
};

/// The fields of the sign-up form, not yet parsed.
#[derive(Debug, Default, Clone)]
pub struct SignUpInput {
    pub email: String,
    pub name: String,
    pub password: String,
    /// The password once more; `None` where it is entered once.
    pub confirmation: Option<String>,
    /// The name of the time zone; `None` for UTC.
    pub zone: Option<String>,
}

/// What a sign-up returns.
pub struct NewSignUp {
    /// The id of the new account. If the address was known before, it belongs to no account.
    pub id: AccountId,
    /// The cookie of the browser that signed up; see [`sign_up_browser`](crate::app::identity::sign_up_browser).
    pub cookie: String,
}

impl SignUpInput {
    /// Parses the fields, reporting all errors at once, and hashes the password if there are none.
    pub(super) async fn parse(self, app: &App) -> Result<(Email, Credentials), Error> {
        let mut errors = FieldErrors::default();
        // In the order of the form, because the first field with an error gets the focus.
        let name = errors.record(DisplayName::parse(&self.name));
        let email = errors.record(Email::parse(&self.email));
        let differs = self.confirmation.is_some_and(|confirmation| !is_same(&confirmation, &self.password));
        let known = [
            name.as_ref().map(|name| name.as_str().to_owned()),
            email.as_ref().map(|email| email.as_str().to_owned()),
            app.app_url.host_str().map(str::to_owned),
        ];
        let known = known.into_iter().flatten().collect();
        let password = errors.record(app.passwords.check_strength(self.password, known).await?);
        if differs {
            errors.add("confirmPassword", "The passwords don't match.");
        }
        let zone = errors.record(self.zone.map_or(Ok(Zone::UTC), |name| Zone::parse(&name)));
        match (email, name, zone, password) {
            (Some(email), Some(name), Some(zone), Some(password)) if !differs => {
                let password = app.passwords.hash(password).await?;
                Ok((email, Credentials { name, password, zone }))
            }
            _ => Err(errors.into_refusal().into()),
        }
    }
}

/// Creates an account and sends a verification email. For a taken address the response is the same, and its owner is
/// notified by email. [`pending_sign_up`] says why signing in afterwards is answered alike, too.
///
/// `cookie` is that of an earlier sign-up in the same browser. Its mail stops working if it was for the same address, so that
/// submitting the form twice leaves one sign-up.
///
/// # Errors
/// [`Error::Refused`] with an error per field; [`Error::Busy`].
pub async fn sign_up(app: &App, input: SignUpInput, cookie: Option<&str>, client: &Client) -> Result<NewSignUp, Error> {
    let (email, credentials) = input.parse(app).await?;
    let now = app.clock.now();
    let draft = SignUpDraft {
        email: email.clone(),
        name: credentials.name.clone(),
        zone: credentials.zone.clone(),
        signed_up_at: now,
    };
    let BrowserToken { cookie: new_cookie, hash } = BrowserToken::generate(&app.keys, &draft)?;
    let earlier = cookie.map(|cookie| hash_token(&app.keys, cookie));
    let id = app.generate_account_id()?;
    let preferences = app.new_user_preferences;
    let token = app.keys.generate_token(Purpose::Verification)?;
    let code = app.keys.generate_code()?;
    let body = templates::verification(&app.app_url, &token.text, &code);
    let verification = app.compose_mail(email.clone(), body, VERIFICATION_LIFETIME)?;
    let verification = verification.with_token(TokenRef::Verification(token.hash));
    let notice = app.compose_mail(email.clone(), templates::address_taken(&app.app_url), VERIFICATION_LIFETIME)?;
    let hash_code = app.keys.code_hasher();
    let address = app.address_key(&email);
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::SignedUp, None, client)?;
    app.store
        .write(move |txn| {
            pending_sign_up::record(txn, address, &credentials, now);
            let known = accounts::find_by_email(txn, &email)?;
            let taken = known.as_ref().is_some_and(|account| account.verified_at.is_some());
            let kind = if taken { RequestedMail::AddressTaken } else { RequestedMail::Verification };
            let quota = RecipientQuota::find(txn, kind, address, now)?;
            let mail = if taken { &notice } else { &verification };
            txn.run_or_rehearse(quota.is_open, |txn| {
                quota.queue(txn, mail, now);
                Ok::<_, Error>(())
            })?;
            // SECURITY: a taken address takes as long as a new one, and as many writes.
            txn.run_or_rehearse(!taken, |txn| {
                let mut account = match known.filter(|_| !taken) {
                    Some(known) => known,
                    None => Account::new(id, email, credentials.clone(), preferences, None, now),
                };
                account.credentials = credentials.clone();
                remove_earlier(txn, account.id, earlier.as_ref(), &hash, now)?;
                // The link is stored even when no mail may be sent, so that a later mail can confirm these credentials.
                // SECURITY: a code that was mailed to nobody is not stored, so that it cannot be guessed.
                let code =
                    quota.is_open.then(|| VerificationCode { hash: hash_code(account.id, &code), wrong_attempts: 0 });
                let browser = Some(SignUpBrowser { hash, signed_up_at: now });
                let link =
                    EmailLink { account: account.id, credentials, code, browser, created_at: now, used_at: None };
                links::put(txn, &token.hash, &link);
                accounts::put(txn, &account)?;
                audit::add(txn, &AuditEntry { subject: Some(account.id), ..entry });
                Ok::<_, Error>(())
            })?;
            Ok::<_, Error>(())
        })
        .await?;
    app.notify_mail_queued();
    Ok(NewSignUp { id, cookie: new_cookie })
}

/// Removes the link of an earlier sign-up in the same browser.
///
/// SECURITY: without one, as for a taken address, the same write is rehearsed with `stand_in`, the token of no link.
fn remove_earlier(
    txn: &mut WriteTxn<'_, '_>,
    account: AccountId,
    browser: Option<&TokenHash>,
    stand_in: &TokenHash,
    now: Timestamp,
) -> Result<(), Error> {
    let links = links::list_for_account(txn, account)?;
    let mut own = links.iter().filter(|(_, link)| browser.is_some_and(|hash| link.is_from_browser(hash, now)));
    match own.next() {
        Some((token, _)) => links::remove(txn, token, account),
        None => txn.rehearse(|txn| {
            links::remove(txn, stand_in, account);
            Ok::<_, Error>(())
        })?,
    }
    Ok(())
}

/// Creates an account without sending mail, unless its address is taken. Returns the account and whether it is new. For
/// seeds.
///
/// # Errors
/// [`Error::Refused`] with an error per field.
pub async fn seed_account(app: &App, input: SignUpInput, confirmed: bool) -> Result<(Account, bool), Error> {
    let taken = match Email::parse(&input.email) {
        Ok(email) => app.store.read(|txn| accounts::find_by_email(txn, &email))?,
        Err(_) => None,
    };
    if let Some(account) = taken {
        return Ok((account, false));
    }
    let (email, credentials) = input.parse(app).await?;
    let now = app.clock.now();
    let id = app.generate_account_id()?;
    let address = app.address_key(&email);
    let verified_at = confirmed.then_some(now);
    let account = Account::new(id, email, credentials, app.new_user_preferences, verified_at, now);
    app.store
        .write(move |txn| {
            if !confirmed {
                pending_sign_up::record(txn, address, &account.credentials, now);
            }
            accounts::put(txn, &account)?;
            Ok((account, true))
        })
        .await
}

/// Permanently deletes an account and all its data. Only the audit trail stays, without names and addresses; its last
/// entry says that an account was deleted.
///
/// # Errors
/// [`Refusal::StepUpRequired`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn delete_account(app: &App, me: &Account, proof: &str) -> Result<(), Error> {
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let now = app.clock.now();
    let id = me.id;
    let entry = app.audit_entry(Actor::User(id), AuditAction::AccountDeleted, None, &Client::default())?;
    app.store
        .write(move |txn| {
            consume(txn, &proof, id, ProtectedAction::AccountDelete, now)?;
            let account = accounts::find_account(txn, id)?.ok_or(Refusal::StepUpRequired)?;
            erase_account(txn, &account)?;
            audit::add(txn, &entry);
            Ok(())
        })
        .await
}

/// Removes an account from every table.
pub(super) fn erase_account(txn: &mut WriteTxn<'_, '_>, account: &Account) -> Result<(), Error> {
    let id = account.id;
    for habit in habits::list_all(txn, id)? {
        habits::remove(txn, id, habit.id)?;
    }
    completions::remove_all(txn, id)?;
    day_logs::remove_all(txn, id)?;
    imports::remove_all(txn, id)?;
    sessions::remove_all(txn, id, None)?;
    challenges::remove_all(txn, id)?;
    attempts::remove_all(txn, id)?;
    for (token, _) in links::list_for_account(txn, id)? {
        links::remove(txn, &token, id);
    }
    outbox::remove_to(txn, &mailed_addresses(txn, account)?)?;
    audit::anonymize(txn, id)?;
    Ok(accounts::remove(txn, account)?)
}

/// The addresses that mail of this account went to, except those that another account has now, with mail of its own.
fn mailed_addresses(txn: &WriteTxn<'_, '_>, account: &Account) -> Result<Vec<Email>, Error> {
    let pending = account.new_address.iter().map(|pending| &pending.email);
    let others = account.mailed_addresses.iter().map(|mailed| &mailed.email).chain(pending);
    let mut addresses = vec![account.email.clone()];
    for email in others {
        if accounts::find_by_email(txn, email)?.is_none() {
            addresses.push(email.clone());
        }
    }
    Ok(addresses)
}
