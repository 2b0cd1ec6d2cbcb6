//! The second step of signing in.

use crate::app::identity::keys::Purpose;
use crate::app::identity::sessions::{NewSession, SignedIn};
use crate::app::identity::step_up::as_challenge_refusal;
use crate::app::identity::two_factor::code_check::SecondFactorCheck;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::domain::{Client, Refusal};
use crate::store::tables::{accounts, audit, challenges};

/// Answers the challenge of [`sign_in`](crate::app::identity::sign_in::sign_in) with a code, and signs in. The session
/// with the token `presented` ends.
///
/// # Errors
/// [`Refusal::StepUpRequired`] for a token that belongs to no pending sign-in, [`Refusal::ChallengeExpired`],
/// [`Refusal::AccountDisabled`], [`Refusal::StepUpFailed`], [`Refusal::TooManyAttempts`],
/// [`Refusal::TwoFactorUnreadable`]; [`Error::Busy`].
pub async fn complete_sign_in(
    app: &App,
    token: &str,
    method: SecondFactorMethod,
    code: &str,
    presented: Option<&str>,
    device: Option<&str>,
    client: Client,
) -> Result<SignedIn, Error> {
    let hash = app.keys.hash(Purpose::Challenge, token);
    let account = app.store.read(|txn| match challenges::find_challenge(txn, &hash)? {
        Some(challenge) => Ok::<_, Error>(accounts::find_account(txn, challenge.account)?),
        None => Ok(None),
    })?;
    let account = account.ok_or(Refusal::StepUpRequired)?;
    let check = SecondFactorCheck::prepare(app, Actor::Anonymous, &account, (method, code), &client)?;
    let new_session = NewSession::prepare(app, account.id, presented, device, client.clone())?;
    let failure = app.audit_entry(Actor::Anonymous, AuditAction::SignInFailed, Some(account.id), &client)?;
    let now = app.clock.now();
    let result = app
        .store
        .write(move |txn| {
            let mut challenge = challenges::find_challenge(txn, &hash)?.ok_or(Refusal::StepUpRequired)?;
            challenge.check_answerable(account.id, ProtectedAction::SignIn, now).map_err(as_challenge_refusal)?;
            let mut account = accounts::find_account(txn, account.id)?.ok_or(Refusal::StepUpRequired)?;
            if account.disabled_at.is_some() {
                return Err(Refusal::AccountDisabled.into());
            }
            if let Err(refusal) = check.verify(txn, &mut account)? {
                if refusal == Refusal::StepUpFailed {
                    check.count_wrong_answer(txn, &mut challenge.attempts);
                    challenges::put(txn, &hash, &challenge);
                    audit::add(txn, &failure);
                }
                return Ok::<_, Error>(Err(refusal));
            }
            challenges::remove(txn, &hash);
            Ok(Ok(new_session.begin(txn)?))
        })
        .await?;
    app.notify_mail_queued();
    Ok(result?)
}
