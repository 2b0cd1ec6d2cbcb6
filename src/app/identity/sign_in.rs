//! Signing in with a password. [`super::two_factor::complete_sign_in`] is the second step.

use crate::app::identity::keys::Purpose;
use crate::app::identity::login_attempt::clear_failed_logins;
use crate::app::identity::password_hasher::PasswordHasher;
use crate::app::identity::sessions::{NewSession, SignedIn};
use crate::app::{App, Error};
use crate::domain::accounts::password::{Password, PasswordHash};
use crate::domain::accounts::step_up::{Challenge, ProtectedAction};
use crate::domain::{Client, Email, Refusal};
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
/// same time. [`Refusal::AccountDisabled`] and [`Refusal::EmailNotVerified`] only when the password is correct;
/// [`Error::Busy`].
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &str,
    presented: Option<&str>,
    device: Option<&str>,
    client: Client,
) -> Result<SignInOutcome, Error> {
    // SECURITY: an address or password that cannot exist is wrong like any other, and takes as long.
    let account = match Email::parse(email) {
        Ok(email) => app.store.read(|txn| accounts::find_by_email(txn, &email))?,
        Err(_) => None,
    };
    let attempt = app.begin_login_attempt(email, account.as_ref(), device)?;
    let (password, hash) = match Password::parse(password) {
        Ok(password) => (password, account.as_ref().map(|account| account.credentials.password.clone())),
        Err(_) => (Password::parse("-").map_err(|_| Refusal::WrongCredentials)?, None),
    };
    let verified = app.passwords.verify(password.clone(), hash).await;
    let is_correct = verified.inspect_err(|_| app.undo_login_attempt(&attempt))?;
    let Some(account) = account.filter(|_| is_correct && !attempt.blocked) else {
        app.record_failed_login(&attempt, &client)?;
        return Err(Refusal::WrongCredentials.into());
    };
    app.record_successful_login(&attempt);
    if account.disabled_at.is_some() {
        return Err(Refusal::AccountDisabled.into());
    }
    if account.verified_at.is_none() {
        return Err(Refusal::EmailNotVerified.into());
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
