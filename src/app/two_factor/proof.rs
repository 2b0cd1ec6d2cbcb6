//! Judging what somebody answers with: a code of the app, or a recovery code.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use super::{News, recovery_hash};
use crate::app::keys::{Keys, Purpose};
use crate::app::{App, Error};
use crate::domain::attempts::{Attempts, Rule};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::challenge::WRONG_ANSWERS;
use crate::domain::two_factor::{Method, TotpSecret, WRONG_CODES, WRONG_CODES_A_DAY};
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::pages::letters;
use crate::store::{Draft, accounts, attempts, audit};

/// Under what wrong codes are counted, whatever they were to answer.
const KIND: &str = "code";
/// Under what they are counted for the day.
const DAILY: &str = "code-day";

/// What somebody answers with, and what judging it may need: prepared before a decision, judged inside it.
pub struct Proof {
    method: Method,
    typed: String,
    now: Timestamp,
    keys: Keys,
    used: (Line, News),
    paused: Line,
    blocked: News,
    blocked_today: News,
}

impl Proof {
    /// Prepares what `actor` answers with for `account`.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(in crate::app) fn prepare(
        app: &App,
        actor: Actor,
        account: &Account,
        (method, typed): (Method, &str),
        client: &Client,
    ) -> Result<Self, Error> {
        let whom = (actor != Actor::Person(account.id)).then_some(account.id);
        let line = app.line(Actor::Person(account.id), Deed::RecoveryUsed, None, client)?;
        Ok(Self {
            method,
            typed: typed.to_owned(),
            now: app.clock.now(),
            keys: app.keys.clone(),
            used: (line, News::prepare(app, account, letters::recovery_code_used(&app.app_url))?),
            paused: app.line(actor, Deed::GuessesPaused, whom, client)?,
            blocked: News::prepare(app, account, letters::codes_refused(&app.app_url))?,
            blocked_today: News::prepare(app, account, letters::codes_refused_today(&app.app_url))?,
        })
    }

    /// Judges it inside a decision. A right code is used up with it: the account is stored without it. A wrong one is
    /// counted, so a decision must answer `Ok` for the count to be kept. [`App::mail_posted`] is called afterwards.
    ///
    /// The inner error is [`Refusal::WrongProof`], also for an account without a second factor; [`Refusal::TooMany`] for a
    /// code of the app after too many wrong ones; [`Refusal::FactorUnreadable`] for one that cannot be checked.
    ///
    /// SECURITY: wrong codes never keep recovery codes from counting, so that somebody who knows the password cannot keep
    /// the owner out by guessing.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read.
    pub(in crate::app) fn judge(
        &self,
        draft: &mut Draft<'_, '_>,
        account: &mut Account,
    ) -> Result<Result<(), Refusal>, Error> {
        match self.method {
            Method::Totp => self.judge_code(draft, account),
            Method::RecoveryCode => self.judge_recovery(draft, account),
        }
    }

    fn judge_code(&self, draft: &mut Draft<'_, '_>, account: &mut Account) -> Result<Result<(), Refusal>, Error> {
        if let Some(left) = self.pause(draft, account.id)? {
            return Ok(Err(Refusal::TooMany(left)));
        }
        let Some(factor) = &mut account.two_factor else { return Ok(Err(self.miss(draft, account.id)?)) };
        let opened = self.keys.open(Purpose::TwoFactor, account.id, &factor.secret);
        let Some(opened) = opened else { return Ok(Err(Refusal::FactorUnreadable)) };
        let bytes =
            opened.plain.try_into().map_err(|_| Error::Broken("a sealed secret has another length".to_owned()))?;
        let secret = TotpSecret::new(bytes);
        let Some(step) = secret.accepts(&self.typed, self.now, Some(factor.last_step)) else {
            return Ok(Err(self.miss(draft, account.id)?));
        };
        factor.last_step = step;
        if opened.is_old {
            factor.secret = self.keys.seal(Purpose::TwoFactor, account.id, secret.as_bytes())?;
        }
        accounts::put(draft, account)?;
        Ok(Ok(()))
    }

    fn judge_recovery(&self, draft: &mut Draft<'_, '_>, account: &mut Account) -> Result<Result<(), Refusal>, Error> {
        let typed = recovery_hash(&self.keys, account.id, &self.typed);
        let Some(factor) = &mut account.two_factor else { return Ok(Err(Refusal::WrongProof)) };
        let before = factor.recovery.len();
        factor.recovery.retain(|known| !bool::from(known.ct_eq(&typed)));
        if factor.recovery.len() == before {
            return Ok(Err(Refusal::WrongProof));
        }
        accounts::put(draft, account)?;
        let (line, news) = &self.used;
        audit::add(draft, line);
        news.post(draft);
        Ok(Ok(()))
    }

    /// How much longer codes are refused; `None` when they are not.
    pub(super) fn pause(&self, draft: &Draft<'_, '_>, whose: AccountId) -> Result<Option<SignedDuration>, Error> {
        let short = attempts::get(draft, whose, KIND, self.now)?.blocked_for(self.now);
        Ok(short.max(attempts::get(draft, whose, DAILY, self.now)?.blocked_for(self.now)))
    }

    /// Counts a wrong answer, tells the owner when that blocks further ones, and answers what to say.
    pub(super) fn miss(&self, draft: &mut Draft<'_, '_>, whose: AccountId) -> Result<Refusal, Error> {
        let blocks = self.count(draft, whose, KIND, WRONG_CODES)?;
        let blocks_today = self.count(draft, whose, DAILY, WRONG_CODES_A_DAY)?;
        if blocks_today {
            self.blocked_today.post(draft);
        } else if blocks {
            self.blocked.post(draft);
        }
        if blocks || blocks_today {
            audit::add(draft, &self.paused);
        }
        Ok(Refusal::WrongProof)
    }

    /// Counts a wrong answer against the question it was to answer. Codes of the app are counted for the account, too, and
    /// that is what pauses them.
    pub(in crate::app) fn missed(&self, draft: &mut Draft<'_, '_>, wrong: &mut Attempts) {
        wrong.count(self.now, WRONG_ANSWERS);
        if self.method == Method::RecoveryCode && wrong.blocked_for(self.now).is_some() {
            audit::add(draft, &self.paused);
        }
    }

    /// Counts a wrong answer under a rule, and answers whether further ones are refused.
    fn count(&self, draft: &mut Draft<'_, '_>, whose: AccountId, kind: &str, rule: Rule) -> Result<bool, Error> {
        let mut wrong = attempts::get(draft, whose, kind, self.now)?;
        wrong.count(self.now, rule);
        attempts::put(draft, whose, kind, &wrong);
        Ok(wrong.blocked_for(self.now).is_some())
    }
}
