//! Step-up authentication: before a sensitive action the user must enter the password or a code. A verified challenge
//! is a proof, and the action consumes it.

use jiff::Timestamp;

use crate::app::identity::active_account::require_active_account;
use crate::app::identity::keys::Purpose;
use crate::app::identity::sessions::Member;
use crate::app::identity::two_factor::SecondFactorCheck;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::accounts::password::Password;
use crate::domain::accounts::session::Session;
use crate::domain::accounts::step_up::{ANSWER_LIMIT, Challenge, PendingChange, ProtectedAction};
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::store::WriteTxn;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, audit, challenges, sessions};

/// A challenge for the user to answer.
pub struct StepUpChallenge {
    /// Sent with the answer. Once the challenge is verified, the same token is the proof.
    pub token: String,
    pub expires_at: Timestamp,
}

/// The user's answer to a challenge.
pub enum StepUpAnswer<'a> {
    /// The current password. Not accepted from an account with a second factor.
    Password(&'a str),
    /// A code of the second factor.
    Code(SecondFactorMethod, &'a str),
}

/// Starts a challenge for `action`, and stores the change that it will permit.
///
/// # Errors
/// [`Refusal::WrongCredentials`] when the account was deleted; [`Error::Busy`], [`Error::Unavailable`].
pub async fn start(
    app: &App,
    account: AccountId,
    action: ProtectedAction,
    change: Option<PendingChange>,
) -> Result<StepUpChallenge, Error> {
    let token = app.keys.generate_token(Purpose::Challenge)?;
    let challenge = Challenge::new(account, action, change, app.clock.now());
    let expires_at = challenge.expires_at();
    app.store
        .write(move |txn| {
            require_active_account(txn, account)?;
            challenges::put(txn, &token.hash, &challenge);
            Ok(StepUpChallenge { token: token.text, expires_at })
        })
        .await
}

/// Starts a challenge that only a code of the second factor can answer.
///
/// # Errors
/// [`Refusal::AdminRequired`] for admin access, [`Refusal::TwoFactorNotEnabled`]; [`Error::Busy`].
pub async fn start_with_code(app: &App, me: &Account, action: ProtectedAction) -> Result<StepUpChallenge, Error> {
    if action == ProtectedAction::AdminAccess && !app.is_admin(me) {
        return Err(Refusal::AdminRequired.into());
    }
    if me.two_factor.is_none() {
        return Err(Refusal::TwoFactorNotEnabled.into());
    }
    start(app, me.id, action, None).await
}

/// Verifies the answer to a challenge. Its token is a proof from now on, and the session may carry out an admin's actions for
/// a while.
///
/// # Errors
/// [`Refusal::LinkInvalid`] for a token that belongs to no open challenge of this user, [`Refusal::LinkExpired`],
/// [`Refusal::TooManyAttempts`], [`Refusal::StepUpFailed`] for a wrong answer, [`Refusal::TwoFactorUnreadable`];
/// [`Error::Busy`].
pub async fn verify(
    app: &App,
    member: &Member,
    token: &str,
    answer: StepUpAnswer<'_>,
    client: &Client,
) -> Result<Challenge, Error> {
    let (me, session) = (&member.account, member.hash);
    let hash = app.keys.hash(Purpose::Challenge, token);
    let now = app.clock.now();
    let challenge = app.store.read(|txn| challenges::find_challenge(txn, &hash))?.ok_or(Refusal::LinkInvalid)?;
    challenge.check_answerable(me.id, challenge.action, now)?;
    let (is_correct, check) = match answer {
        StepUpAnswer::Password(password) => match Password::parse(password) {
            Ok(password) => (app.passwords.verify(password, Some(me.credentials.password.clone())).await?, None),
            Err(_) => (false, None),
        },
        StepUpAnswer::Code(method, code) => {
            (false, Some(SecondFactorCheck::prepare(app, Actor::User(me.id), me, (method, code), client)?))
        }
    };
    let (me, known, action) = (me.id, me.credentials.password.clone(), challenge.action);
    let failure = app.audit_entry(Actor::User(me), AuditAction::SignInFailed, None, client)?;
    let lockout = app.audit_entry(Actor::User(me), AuditAction::LockedOut, None, client)?;
    let verified = app
        .store
        .write(move |txn| {
            let mut challenge = challenges::find_challenge(txn, &hash)?.ok_or(Refusal::LinkInvalid)?;
            challenge.check_answerable(me, action, now)?;
            let mut account = accounts::find_account(txn, me)?.ok_or(Refusal::LinkInvalid)?;
            let result = match &check {
                Some(check) => check.verify(txn, &mut account)?,
                // The password may have been changed, or a second factor turned on, while this one was being verified.
                None if is_correct && account.credentials.password == known && account.two_factor.is_none() => Ok(()),
                None => Err(Refusal::StepUpFailed),
            };
            match &result {
                Ok(()) => {
                    challenge.verified_at = Some(now);
                    if let Some(stored) = sessions::find_session(txn, &session)? {
                        sessions::put(txn, &session, &Session { verified_at: Some(now), ..stored });
                    }
                }
                Err(Refusal::StepUpFailed) => {
                    audit::add(txn, &failure);
                    match &check {
                        Some(check) => check.count_wrong_answer(txn, &mut challenge.attempts),
                        None => challenge.attempts.record(now, ANSWER_LIMIT),
                    }
                    if check.is_none() && challenge.attempts.blocked_for(now).is_some() {
                        audit::add(txn, &lockout);
                    }
                }
                Err(_) => {}
            }
            challenges::put(txn, &hash, &challenge);
            // The inner result, because an error would abort the transaction and lose the count of wrong answers.
            Ok::<_, Error>(result.map(|()| challenge))
        })
        .await?;
    app.notify_mail_queued();
    Ok(verified?)
}

/// Rewords a refusal for users who never saw a link.
pub fn as_challenge_refusal(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::LinkInvalid => Refusal::StepUpRequired,
        Refusal::LinkExpired => Refusal::ChallengeExpired,
        other => other,
    }
}

/// Checks that `proof` permits `action`, without consuming it.
///
/// # Errors
/// [`Refusal::StepUpRequired`] for an invalid proof, [`Refusal::LinkExpired`] for an expired one.
pub fn check(app: &App, me: &Account, proof: &str, action: ProtectedAction) -> Result<(), Error> {
    let hash = app.keys.hash(Purpose::Challenge, proof);
    let challenge = app.store.read(|txn| challenges::find_challenge(txn, &hash))?.ok_or(Refusal::StepUpRequired)?;
    Ok(challenge.check_proof(me.id, action, app.clock.now())?)
}

/// Consumes a proof of `action` in the transaction of that action, so that it can be used once. Returns its challenge.
///
/// # Errors
/// [`Refusal::StepUpRequired`] for an invalid proof, [`Refusal::LinkExpired`] for an expired one.
pub(super) fn consume(
    txn: &mut WriteTxn<'_, '_>,
    proof: &TokenHash,
    account: AccountId,
    action: ProtectedAction,
    now: Timestamp,
) -> Result<Challenge, Error> {
    let challenge = challenges::find_challenge(txn, proof)?.ok_or(Refusal::StepUpRequired)?;
    challenge.check_proof(account, action, now)?;
    challenges::remove(txn, proof);
    Ok(challenge)
}
