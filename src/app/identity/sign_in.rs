//! Signing in with a password. [`super::two_factor::complete_sign_in`] is the second step.

use crate::app::identity::keys::Purpose;
use crate::app::identity::login_attempt::clear_failed_logins;
use crate::app::identity::password_hasher::PasswordHasher;
use crate::app::identity::pending_sign_up;
use crate::app::identity::sessions::{NewSession, SignedIn};
use crate::app::{App, Error};
use crate::domain::accounts::password::{Password, PasswordHash};
use crate::domain::accounts::step_up::{Challenge, ProtectedAction};
use crate::domain::{Account, Client, Email, Refusal};
use crate::store::tables::{accounts, challenges};

/// What a correct password leads to.
pub enum SignInOutcome {
    Session(SignedIn),
    /// The second factor is required. Holds the token of the challenge to complete.
    SecondStep(String),
}

/// Signs in, or starts the second step if the account has a second factor. `presented` is the session token of the
/// browser, if any; that session ends when the new one begins, so a token planted by an attacker is never adopted.
/// `device` is the cookie that identifies a browser that signed in before.
///
/// # Errors
/// [`Refusal::WrongCredentials`] for an unknown address, a wrong password, and a locked account: all alike and in the
/// same time. [`Refusal::AccountDisabled`] only when the password is correct; [`Refusal::EmailNotVerified`] when it is
/// that of the newest sign-up with the address ([`pending_sign_up`]); [`Error::Busy`].
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &str,
    presented: Option<&str>,
    device: Option<&str>,
    client: Client,
) -> Result<SignInOutcome, Error> {
    let known = find_address(app, email)?;
    let attempt = app.begin_login_attempt(&known.spelling, known.account.as_ref(), device)?;
    // SECURITY: a password that cannot exist is wrong like any other, and takes as long.
    let (password, can_match) = match Password::parse(password) {
        Ok(password) => (password, true),
        Err(_) => (Password::parse("-").map_err(|_| Refusal::WrongCredentials)?, false),
    };
    let hash = known.account.as_ref().map(|account| account.credentials.password.clone()).filter(|_| can_match);
    let verified = app.passwords.verify(password.clone(), hash).await;
    let is_correct = verified.inspect_err(|_| app.undo_login_attempt(&attempt))?;
    let Some(account) = known.account.filter(|_| is_correct && !attempt.blocked) else {
        // SECURITY: this costs a second hash for every address, with an account or without, and whether or not there
        // was a sign-up.
        let pending = known.pending.filter(|_| can_match);
        if app.passwords.verify(password, pending).await? && !attempt.pending_blocked {
            app.undo_login_attempt(&attempt);
            return Err(Refusal::EmailNotVerified.into());
        }
        app.record_failed_login(&attempt, &client)?;
        return Err(Refusal::WrongCredentials.into());
    };
    app.record_successful_login(&attempt);
    if account.disabled_at.is_some() {
        return Err(Refusal::AccountDisabled.into());
    }
    let stronger = rehash_if_needed(app, password, &account.credentials.password).await?;
    let new_session = NewSession::prepare(app, account.id, presented, device, client)?;
    let token = app.keys.generate_token(Purpose::Challenge)?;
    let now = app.clock.now();
    app.store
        .write(move |txn| {
            // The password may have been changed while this one was being verified.
            let mut current = accounts::find_account(txn, account.id)?.ok_or(Refusal::WrongCredentials)?;
            if current.credentials.password != account.credentials.password {
                return Err(Refusal::WrongCredentials.into());
            }
            clear_failed_logins(txn, &attempt);
            if current.disabled_at.is_some() {
                return Err(Refusal::AccountDisabled.into());
            }
            let has_second_factor = current.two_factor.is_some();
            if let Some(stronger) = stronger {
                current.credentials.password = stronger;
                accounts::put(txn, &current)?;
            }
            if has_second_factor {
                let challenge = Challenge::new(account.id, ProtectedAction::SignIn, None, now);
                challenges::put(txn, &token.hash, &challenge);
                return Ok(SignInOutcome::SecondStep(token.text));
            }
            new_session.begin(txn).map(SignInOutcome::Session)
        })
        .await
}

/// What an address is known for when someone signs in with it.
struct KnownAddress {
    /// One spelling for all that mean the same address.
    spelling: String,
    /// The account that has confirmed it. Nobody can sign in to another.
    account: Option<Account>,
    /// The password of the newest sign-up with it.
    pending: Option<PasswordHash>,
}

fn find_address(app: &App, input: &str) -> Result<KnownAddress, Error> {
    let Ok(email) = Email::parse(input) else {
        return Ok(KnownAddress { spelling: input.trim().to_ascii_lowercase(), account: None, pending: None });
    };
    let (address, now) = (app.address_key(&email), app.clock.now());
    app.store.read(|txn| {
        let account = accounts::find_by_email(txn, &email)?.filter(|account| account.verified_at.is_some());
        let pending = pending_sign_up::find(txn, address, now)?;
        Ok(KnownAddress { spelling: email.as_str().to_owned(), account, pending })
    })
}

/// Hashes the password again if the stored hash has weaker parameters than today's; only a sign-in has the password to
/// do so. When the hasher is busy, the next sign-in tries again.
async fn rehash_if_needed(app: &App, password: Password, stored: &PasswordHash) -> Result<Option<PasswordHash>, Error> {
    if !PasswordHasher::needs_rehash(stored) {
        return Ok(None);
    }
    match app.passwords.hash(password).await {
        Ok(stronger) => Ok(Some(stronger)),
        Err(Error::Busy) => Ok(None),
        Err(error) => Err(error),
    }
}
