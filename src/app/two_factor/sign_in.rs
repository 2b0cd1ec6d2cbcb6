//! The second step of signing in.

use crate::app::challenges::without_link;
use crate::app::keys::Purpose;
use crate::app::sessions::SignedIn;
use crate::app::{App, Error, sessions};
use crate::domain::audit::{Actor, Deed};
use crate::domain::challenge::Action;
use crate::domain::two_factor::Method;
use crate::domain::{Client, Refusal};
use crate::store::{accounts, audit, challenges};

use super::Proof;

/// Answers the challenge that [`sessions::sign_in`] asked, and signs in. The session the browser presented, if any, ends.
///
/// # Errors
/// [`Refusal::ProofWanted`] for a token that is none of a sign-in that waits, [`Refusal::ChallengeOver`] when it waited too
/// long, [`Refusal::Disabled`], [`Refusal::WrongProof`], [`Refusal::TooMany`], [`Refusal::FactorUnreadable`]; [`Error::Busy`].
pub async fn sign_in(
    app: &App,
    challenge: &str,
    method: Method,
    code: &str,
    presented: Option<&str>,
    device: Option<&str>,
    client: Client,
) -> Result<SignedIn, Error> {
    let hash = app.keys.hash(Purpose::Challenge, challenge);
    let account = app.store.read(|view| match challenges::get(view, &hash)? {
        Some(asked) => Ok::<_, Error>(accounts::get(view, asked.account)?),
        None => Ok(None),
    })?;
    let account = account.ok_or(Refusal::ProofWanted)?;
    let proof = Proof::prepare(app, Actor::Stranger, &account, (method, code), &client)?;
    let begin = sessions::Beginning::prepare(app, account.id, presented, device, client.clone())?;
    let refused = app.line(Actor::Stranger, Deed::SignInFailed, Some(account.id), &client)?;
    let now = app.clock.now();
    let judged = app
        .store
        .write(move |draft| {
            let mut asked = challenges::get(draft, &hash)?.ok_or(Refusal::ProofWanted)?;
            asked.may_answer(account.id, Action::SignIn, now).map_err(without_link)?;
            let mut account = accounts::get(draft, account.id)?.ok_or(Refusal::ProofWanted)?;
            if account.disabled_at.is_some() {
                return Err(Refusal::Disabled.into());
            }
            if let Err(refusal) = proof.judge(draft, &mut account)? {
                if refusal == Refusal::WrongProof {
                    proof.missed(draft, &mut asked.wrong);
                    challenges::put(draft, &hash, &asked);
                    audit::add(draft, &refused);
                }
                return Ok::<_, Error>(Err(refusal));
            }
            challenges::remove(draft, &hash);
            Ok(Ok(begin.now(draft)?))
        })
        .await?;
    app.mail_posted();
    Ok(judged?)
}
