//! Asking "is it really you?" before something that matters, and spending the proof that the answer becomes.

use jiff::Timestamp;

use super::accounts::demand;
use super::keys::Purpose;
use super::two_factor::Proof;
use super::{App, Error};
use crate::domain::audit::{Actor, Deed};
use crate::domain::challenge::{Action, Challenge, Prepared, WRONG_ANSWERS};
use crate::domain::password::Password;
use crate::domain::two_factor::Method;
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::store::schema::TokenHash;
use crate::store::{Draft, accounts, audit, challenges};

/// A challenge that was asked.
pub struct Asked {
    /// What the answer is given with; once answered, the proof.
    pub token: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What somebody answers with.
pub enum Answer<'a> {
    /// The present password; where there is a second factor, it is not enough.
    Password(&'a str),
    /// A code of the second factor.
    Code(Method, &'a str),
}

/// Asks `account` to prove who it is for `action`, and keeps what was `prepared`.
///
/// # Errors
/// [`Refusal::WrongCredentials`] when the account is gone; [`Error::Busy`], [`Error::Unavailable`].
pub async fn ask(app: &App, account: AccountId, action: Action, prepared: Option<Prepared>) -> Result<Asked, Error> {
    let token = app.keys.mint(Purpose::Challenge)?;
    let challenge = Challenge::new(account, action, prepared, app.clock.now());
    let expires_at = challenge.expires_at();
    app.store
        .write(move |draft| {
            demand(draft, account)?;
            challenges::put(draft, &token.hash, &challenge);
            Ok(Asked { token: token.text, expires_at })
        })
        .await
}

/// Asks `me` for a code of the second factor, and for nothing else.
///
/// # Errors
/// [`Refusal::NotAdmin`] for the access of admins, [`Refusal::NoSecondFactor`]; [`Error::Busy`].
pub async fn ask_code(app: &App, me: &Account, action: Action) -> Result<Asked, Error> {
    if action == Action::AdminAccess && !app.is_admin(me) {
        return Err(Refusal::NotAdmin.into());
    }
    if me.two_factor.is_none() {
        return Err(Refusal::NoSecondFactor.into());
    }
    ask(app, me.id, action, None).await
}

/// The challenge as it was answered; its token is a proof from now on.
///
/// # Errors
/// [`Refusal::LinkInvalid`] for a token that is none of this person's open challenges, [`Refusal::LinkExpired`],
/// [`Refusal::TooMany`] after too many wrong answers, [`Refusal::WrongProof`], [`Refusal::FactorUnreadable`]; [`Error::Busy`].
pub async fn answer(
    app: &App,
    me: &Account,
    token: &str,
    answer: Answer<'_>,
    client: &Client,
) -> Result<Challenge, Error> {
    let hash = app.keys.hash(Purpose::Challenge, token);
    let now = app.clock.now();
    let asked = app.store.read(|view| challenges::get(view, &hash))?.ok_or(Refusal::LinkInvalid)?;
    asked.may_answer(me.id, asked.action, now)?;
    let (right, proof) = match answer {
        Answer::Password(typed) => match Password::typed(typed) {
            Ok(typed) => (app.passwords.verify(typed, Some(me.credentials.password.clone())).await?, None),
            Err(_) => (false, None),
        },
        Answer::Code(method, typed) => {
            (false, Some(Proof::prepare(app, Actor::Person(me.id), me, (method, typed), client)?))
        }
    };
    let (me, known, action) = (me.id, me.credentials.password.clone(), asked.action);
    let line = app.line(Actor::Person(me), Deed::SignInFailed, None, client)?;
    let paused = app.line(Actor::Person(me), Deed::GuessesPaused, None, client)?;
    let answered = app
        .store
        .write(move |draft| {
            let mut challenge = challenges::get(draft, &hash)?.ok_or(Refusal::LinkInvalid)?;
            challenge.may_answer(me, action, now)?;
            let mut account = accounts::get(draft, me)?.ok_or(Refusal::LinkInvalid)?;
            let judged = match &proof {
                Some(proof) => proof.judge(draft, &mut account)?,
                // The password may have been changed, and a second factor switched on, while this one was being hashed.
                None if right && account.credentials.password == known && account.two_factor.is_none() => Ok(()),
                None => Err(Refusal::WrongProof),
            };
            match &judged {
                Ok(()) => challenge.verified_at = Some(now),
                Err(Refusal::WrongProof) => {
                    audit::add(draft, &line);
                    match &proof {
                        Some(proof) => proof.missed(draft, &mut challenge.wrong),
                        None => challenge.wrong.count(now, WRONG_ANSWERS),
                    }
                    if proof.is_none() && challenge.wrong.blocked_for(now).is_some() {
                        audit::add(draft, &paused);
                    }
                }
                Err(_) => {}
            }
            challenges::put(draft, &hash, &challenge);
            // A wrong answer is counted, so it is no refusal of the decision.
            Ok::<_, Error>(judged.map(|()| challenge))
        })
        .await?;
    app.mail_posted();
    Ok(answered?)
}

/// In what words a challenge is refused to whoever was told of no link.
pub fn without_link(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::LinkInvalid => Refusal::ProofWanted,
        Refusal::LinkExpired => Refusal::ChallengeOver,
        other => other,
    }
}

/// Whether a proof of `action` would count. It is not spent.
///
/// # Errors
/// [`Refusal::ProofWanted`] when it is none, [`Refusal::LinkExpired`] when it was one.
pub fn check(app: &App, me: &Account, proof: &str, action: Action) -> Result<(), Error> {
    let hash = app.keys.hash(Purpose::Challenge, proof);
    let challenge = app.store.read(|view| challenges::get(view, &hash))?.ok_or(Refusal::ProofWanted)?;
    Ok(challenge.proves(me.id, action, app.clock.now())?)
}

/// Takes a proof of `action` away and answers the challenge it came from: it is good for one use, in the same transaction.
///
/// # Errors
/// [`Refusal::ProofWanted`] when it is none, [`Refusal::LinkExpired`] when it was one.
pub(super) fn spend(
    draft: &mut Draft<'_, '_>,
    proof: &TokenHash,
    account: AccountId,
    action: Action,
    now: Timestamp,
) -> Result<Challenge, Error> {
    let challenge = challenges::get(draft, proof)?.ok_or(Refusal::ProofWanted)?;
    challenge.proves(account, action, now)?;
    challenges::remove(draft, proof);
    Ok(challenge)
}
