//! Another password, a forgotten one, another address.
//!
//! Whoever changes the password ends every other session and hears of it by mail. An address counts once a link that was
//! mailed there has been confirmed; until then the old one stays.

use super::challenges::spend;
use super::keys::Purpose;
use super::sessions::Member;
use super::{App, Error, outbox};
use crate::domain::account::{NewAddress, Reset};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::challenge::{Action, Prepared};
use crate::domain::link::{RESET_LIFE, VERIFICATION_LIFE};
use crate::domain::mail::Carries;
use crate::domain::password::PasswordHash;
use crate::domain::refusal::Faults;
use crate::domain::{Account, Client, Email, Refusal};
use crate::pages::letters;
use crate::store::{Draft, accounts, audit, challenges, sessions};

/// Judges and hashes a new password; `again` is the same once more, where the face asks for it twice.
///
/// # Errors
/// [`Error::Refused`] with a fault of `password` or `confirmPassword`; [`Error::Busy`].
pub async fn prepare_password(
    app: &App,
    me: &Account,
    typed: String,
    again: Option<&str>,
) -> Result<PasswordHash, Error> {
    let mut faults = Faults::default();
    let differs = again.is_some_and(|again| again != typed);
    let known = [me.name().to_owned(), me.email.as_str().to_owned()];
    let known = known.into_iter().chain(app.app_url.host_str().map(str::to_owned)).collect();
    let password = faults.take(app.passwords.judge(typed, known).await?);
    if differs {
        faults.add("confirmPassword", "The two passwords differ. Type the same one twice.");
    }
    match password {
        Some(password) if !differs => app.passwords.hash(password).await,
        _ => Err(faults.refusal().into()),
    }
}

/// Puts another password in force: `typed`, or what was prepared when the proof was asked for. Every other session ends.
///
/// # Errors
/// [`Refusal::ProofWanted`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn change_password(
    app: &App,
    member: &Member,
    proof: &str,
    typed: Option<PasswordHash>,
    client: &Client,
) -> Result<(), Error> {
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let now = app.clock.now();
    let (me, session) = (member.account.id, member.hash);
    let told = app.compose(member.account.email.clone(), letters::password_changed(&app.app_url), VERIFICATION_LIFE)?;
    let line = app.line(Actor::Person(me), Deed::PasswordChanged, None, client)?;
    app.store
        .write(move |draft| {
            let challenge = spend(draft, &proof, me, Action::AccountPasswordChange, now)?;
            let prepared = match challenge.prepared {
                Some(Prepared::Password(hash)) => Some(hash),
                _ => None,
            };
            let mut account = accounts::get(draft, me)?.ok_or(Refusal::ProofWanted)?;
            account.credentials.password = typed.or(prepared).ok_or(Refusal::ProofWanted)?;
            account.reset = None;
            account.new_address = None;
            accounts::put(draft, &account)?;
            sessions::remove_all(draft, me, Some(&session))?;
            challenges::remove_all(draft, me)?;
            outbox::post(draft, &told);
            audit::add(draft, &line);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

/// Mails a link that lets a forgotten password be replaced; an older link stops working. Nothing happens, and nothing
/// different is said, for an unknown or unconfirmed address, and when the address has had its mails of the hour.
///
/// SECURITY: known and unknown addresses cost one durable write each, so the time says nothing.
///
/// # Errors
/// [`Error::Refused`] when the address is none.
pub async fn ask_reset(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let now = app.clock.now();
    let token = app.keys.mint(Purpose::Reset)?;
    let mail = app.compose(email.clone(), letters::reset(&app.app_url, &token.text), RESET_LIFE)?;
    let mail = mail.carrying(Carries::Reset(token.hash));
    let line = app.line(Actor::Stranger, Deed::ResetAsked, None, client)?;
    app.store
        .write(move |draft| {
            let account = accounts::with_email(draft, &email)?
                .filter(|account| account.verified_at.is_some() && account.disabled_at.is_none());
            audit::add(draft, &Line { whom: account.as_ref().map(|account| account.id), ..line });
            if let Some(mut account) = account
                && account.count_reset(now)
            {
                account.reset = Some(Reset { token: token.hash, created_at: now });
                accounts::put(draft, &account)?;
                outbox::post(draft, &mail);
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

/// Whose password a link would replace. Looking changes nothing.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn open_reset(app: &App, token: &str) -> Result<Account, Error> {
    let hash = app.keys.hash(Purpose::Reset, token);
    let now = app.clock.now();
    app.store.read(|view| with_reset(accounts::with_token(view, &hash)?, hash, now))
}

fn with_reset(account: Option<Account>, token: [u8; 32], now: jiff::Timestamp) -> Result<Account, Error> {
    let account = account.filter(|account| account.disabled_at.is_none()).ok_or(Refusal::LinkInvalid)?;
    let reset = account.reset.as_ref().filter(|reset| reset.token == token).ok_or(Refusal::LinkInvalid)?;
    if reset.expires_at() <= now { Err(Refusal::LinkExpired.into()) } else { Ok(account) }
}

/// Replaces a forgotten password. The link is used up, every session ends, nobody is signed in, the owner is told. What
/// went wrong before is forgotten: whoever was locked out by a stranger's guesses is not any more.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`]; a fault per field; [`Error::Busy`].
pub async fn reset(app: &App, token: &str, typed: String, again: Option<&str>, client: &Client) -> Result<(), Error> {
    let account = open_reset(app, token)?;
    let password = prepare_password(app, &account, typed, again).await?;
    let hash = app.keys.hash(Purpose::Reset, token);
    let now = app.clock.now();
    let told = app.compose(account.email.clone(), letters::password_changed(&app.app_url), VERIFICATION_LIFE)?;
    let line = app.line(Actor::Person(account.id), Deed::PasswordReset, None, client)?;
    let guesses = app.guesses.clone();
    app.store
        .write(move |draft| {
            let mut account = with_reset(accounts::with_token(draft, &hash)?, hash, now)?;
            account.credentials.password = password;
            account.reset = None;
            account.new_address = None;
            accounts::put(draft, &account)?;
            sessions::remove_all(draft, account.id, None)?;
            challenges::remove_all(draft, account.id)?;
            guesses.forgive(draft, account.id, now)?;
            outbox::post(draft, &told);
            audit::add(draft, &line);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

/// Mails a link to another address: `typed`, or what was prepared when the proof was asked for. The old address is told.
/// An address that somebody else has gets a mail that says so, and nothing waits.
///
/// # Errors
/// [`Refusal::ProofWanted`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn ask_new_address(
    app: &App,
    member: &Member,
    proof: &str,
    typed: Option<Email>,
    client: &Client,
) -> Result<(), Error> {
    let now = app.clock.now();
    let me = member.account.id;
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let prepared = app.store.read(|view| challenges::get(view, &proof))?.and_then(|challenge| challenge.prepared);
    let ((Some(email), _) | (None, Some(Prepared::Email(email)))) = (typed, prepared) else {
        return Err(Refusal::ProofWanted.into());
    };
    let token = app.keys.mint(Purpose::NewAddress)?;
    let welcome = app.compose(email.clone(), letters::new_address(&app.app_url, &token.text), VERIFICATION_LIFE)?;
    let welcome = welcome.carrying(Carries::NewAddress(token.hash));
    let taken = app.compose(email.clone(), letters::address_taken(&app.app_url), VERIFICATION_LIFE)?;
    let told = app.compose(member.account.email.clone(), letters::address_asked(&app.app_url), VERIFICATION_LIFE)?;
    let line = app.line(Actor::Person(me), Deed::EmailChangeAsked, None, client)?;
    app.store
        .write(move |draft| {
            spend(draft, &proof, me, Action::AccountEmailChange, now)?;
            let mut account = accounts::get(draft, me)?.ok_or(Refusal::ProofWanted)?;
            match accounts::with_email(draft, &email)? {
                Some(mut other) if other.verified_at.is_some() && other.id != me => {
                    if other.count_notice(now) {
                        outbox::post(draft, &taken);
                        accounts::put(draft, &other)?;
                    }
                    account.new_address = None;
                }
                // Whoever asks again and again floods no inbox, and hears nothing of it.
                _ if !account.count_new_address(now) => account.new_address = None,
                _ => {
                    account.mails_elsewhere(email.clone(), now);
                    account.new_address = Some(NewAddress { email, token: token.hash, created_at: now });
                    outbox::post(draft, &welcome);
                }
            }
            accounts::put(draft, &account)?;
            outbox::post(draft, &told);
            audit::add(draft, &line);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

/// The account and the address that a link would put in force. Looking changes nothing.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn open_new_address(app: &App, token: &str) -> Result<(Account, Email), Error> {
    let hash = app.keys.hash(Purpose::NewAddress, token);
    let now = app.clock.now();
    app.store.read(|view| with_new_address(accounts::with_token(view, &hash)?, hash, now))
}

fn with_new_address(
    account: Option<Account>,
    token: [u8; 32],
    now: jiff::Timestamp,
) -> Result<(Account, Email), Error> {
    let account = account.filter(|account| account.disabled_at.is_none()).ok_or(Refusal::LinkInvalid)?;
    let waiting = account.new_address.as_ref().filter(|waiting| waiting.token == token).ok_or(Refusal::LinkInvalid)?;
    if waiting.expires_at() <= now {
        return Err(Refusal::LinkExpired.into());
    }
    let email = waiting.email.clone();
    Ok((account, email))
}

/// Puts the address behind a link in force and tells the old one. Links for a forgotten password stop working, for they
/// were mailed to the old address. A sign-up that waited for the address gives way: who confirms it, has it.
///
/// # Errors
/// [`Refusal::LinkInvalid`] also when somebody else has confirmed the address meanwhile, [`Refusal::LinkExpired`].
pub async fn confirm_new_address(app: &App, token: &str, client: &Client) -> Result<Email, Error> {
    let (account, email) = open_new_address(app, token)?;
    let hash = app.keys.hash(Purpose::NewAddress, token);
    let now = app.clock.now();
    let told = app.compose(account.email, letters::address_changed(&app.app_url), VERIFICATION_LIFE)?;
    let line = app.line(Actor::Person(account.id), Deed::EmailChanged, None, client)?;
    app.store
        .write(move |draft| {
            let (mut account, email) = with_new_address(accounts::with_token(draft, &hash)?, hash, now)?;
            make_room(draft, &email, &account)?;
            let former = std::mem::replace(&mut account.email, email);
            account.mails_elsewhere(former, now);
            account.verified_at = Some(now);
            account.new_address = None;
            account.reset = None;
            accounts::put(draft, &account)?;
            challenges::remove_all(draft, account.id)?;
            outbox::post(draft, &told);
            audit::add(draft, &line);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(email)
}

/// Removes a sign-up that waits for an address somebody has proved to own.
fn make_room(draft: &mut Draft<'_, '_>, email: &Email, owner: &Account) -> Result<(), Error> {
    match accounts::with_email(draft, email)? {
        Some(other) if other.id == owner.id => Ok(()),
        Some(other) if other.verified_at.is_some() => Err(Refusal::LinkInvalid.into()),
        Some(other) => super::accounts::erase(draft, &other),
        None => Ok(()),
    }
}
