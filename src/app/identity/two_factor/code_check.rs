//! Checking a code of the second factor: a TOTP code of the app, or a recovery code.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq;

use crate::app::identity::keys::{Keys, Purpose};
use crate::app::identity::two_factor::owner_email::OwnerEmail;
use crate::app::identity::two_factor::recovery_codes::hash_recovery_code;
use crate::app::{App, Error};
use crate::domain::accounts::attempts::{AttemptLimit, Attempts};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::step_up::ANSWER_LIMIT;
use crate::domain::accounts::totp::TotpSecret;
use crate::domain::accounts::two_factor::{CODE_LIMIT, DAILY_CODE_LIMIT, SecondFactorMethod};
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::mail::templates;
use crate::store::WriteTxn;
use crate::store::tables::{accounts, attempts, audit};

/// Stored with the attempts of all uses of a code.
const ATTEMPT_KIND: &str = "code";
/// Stored with the attempts counted against the daily limit.
const DAILY_ATTEMPT_KIND: &str = "code-day";

/// A code with everything that checking it may need. Prepared before a decision, verified in its transaction.
pub struct SecondFactorCheck {
    method: SecondFactorMethod,
    code: String,
    now: Timestamp,
    keys: Keys,
    recovery_code_used: (AuditEntry, OwnerEmail),
    lockout: AuditEntry,
    blocked_notice: OwnerEmail,
    blocked_today_notice: OwnerEmail,
}

impl SecondFactorCheck {
    /// Prepares the check of a code that `actor` entered for `account`.
    ///
    /// # Errors
    /// When the operating system provides no random bytes.
    pub(in crate::app) fn prepare(
        app: &App,
        actor: Actor,
        account: &Account,
        (method, code): (SecondFactorMethod, &str),
        client: &Client,
    ) -> Result<Self, Error> {
        let subject = (actor != Actor::User(account.id)).then_some(account.id);
        let used = app.audit_entry(Actor::User(account.id), AuditAction::RecoveryCodeUsed, None, client)?;
        let notice = |body| OwnerEmail::prepare(app, account, body);
        Ok(Self {
            method,
            code: code.to_owned(),
            now: app.clock.now(),
            keys: app.keys.clone(),
            recovery_code_used: (used, notice(templates::recovery_code_used(&app.app_url))?),
            lockout: app.audit_entry(actor, AuditAction::LockedOut, subject, client)?,
            blocked_notice: notice(templates::codes_refused(&app.app_url))?,
            blocked_today_notice: notice(templates::codes_refused_today(&app.app_url))?,
        })
    }

    /// Verifies the code in the transaction of a decision. A right code is used up and the account stored without it. A
    /// wrong one is counted, so the decision must return `Ok` to keep the count. Call [`App::notify_mail_queued`]
    /// afterwards.
    ///
    /// The inner error is [`Refusal::StepUpFailed`] for a wrong code and for an account without a second factor;
    /// [`Refusal::TooManyAttempts`] for a TOTP code after too many wrong ones; [`Refusal::TwoFactorUnreadable`] if the
    /// secret cannot be decrypted.
    ///
    /// SECURITY: wrong TOTP codes never block recovery codes, so an attacker who knows the password cannot lock the
    /// owner out.
    ///
    /// # Errors
    /// [`Error`] when the file cannot be read.
    pub(in crate::app) fn verify(
        &self,
        txn: &mut WriteTxn<'_, '_>,
        account: &mut Account,
    ) -> Result<Result<(), Refusal>, Error> {
        match self.method {
            SecondFactorMethod::Totp => self.verify_totp_code(txn, account),
            SecondFactorMethod::RecoveryCode => self.verify_recovery_code(txn, account),
        }
    }

    fn verify_totp_code(
        &self,
        txn: &mut WriteTxn<'_, '_>,
        account: &mut Account,
    ) -> Result<Result<(), Refusal>, Error> {
        if let Some(remaining) = self.blocked_for(txn, account.id)? {
            return Ok(Err(Refusal::TooManyAttempts(remaining)));
        }
        let Some(factor) = &mut account.two_factor else { return Ok(Err(self.record_wrong_code(txn, account.id)?)) };
        let decrypted = self.keys.decrypt(Purpose::TwoFactor, account.id, &factor.secret);
        let Some(decrypted) = decrypted else { return Ok(Err(Refusal::TwoFactorUnreadable)) };
        let bytes =
            decrypted.plaintext.try_into().map_err(|_| Error::broken("a two-factor secret has the wrong length"))?;
        let secret = TotpSecret::new(bytes);
        let Some(step) = secret.matching_step(&self.code, self.now, Some(factor.last_step)) else {
            return Ok(Err(self.record_wrong_code(txn, account.id)?));
        };
        factor.last_step = step;
        if decrypted.is_old {
            factor.secret = self.keys.encrypt(Purpose::TwoFactor, account.id, secret.as_bytes())?;
        }
        accounts::put(txn, account)?;
        Ok(Ok(()))
    }

    fn verify_recovery_code(
        &self,
        txn: &mut WriteTxn<'_, '_>,
        account: &mut Account,
    ) -> Result<Result<(), Refusal>, Error> {
        let hash = hash_recovery_code(&self.keys, account.id, &self.code);
        let Some(factor) = &mut account.two_factor else { return Ok(Err(Refusal::StepUpFailed)) };
        let before = factor.recovery_codes.len();
        factor.recovery_codes.retain(|known| !bool::from(known.ct_eq(&hash)));
        if factor.recovery_codes.len() == before {
            return Ok(Err(Refusal::StepUpFailed));
        }
        accounts::put(txn, account)?;
        let (entry, notice) = &self.recovery_code_used;
        audit::add(txn, entry);
        notice.queue(txn);
        Ok(Ok(()))
    }

    /// How much longer TOTP codes are blocked; `None` if they are not.
    pub(super) fn blocked_for(
        &self,
        txn: &WriteTxn<'_, '_>,
        account: AccountId,
    ) -> Result<Option<SignedDuration>, Error> {
        let short_term = attempts::find_attempts(txn, account, ATTEMPT_KIND, self.now)?.blocked_for(self.now);
        Ok(short_term.max(attempts::find_attempts(txn, account, DAILY_ATTEMPT_KIND, self.now)?.blocked_for(self.now)))
    }

    /// Counts a wrong code, notifies the owner when that blocks further ones, and returns the refusal.
    pub(super) fn record_wrong_code(&self, txn: &mut WriteTxn<'_, '_>, account: AccountId) -> Result<Refusal, Error> {
        let blocks = self.count(txn, account, ATTEMPT_KIND, CODE_LIMIT)?;
        let blocks_today = self.count(txn, account, DAILY_ATTEMPT_KIND, DAILY_CODE_LIMIT)?;
        if blocks_today {
            self.blocked_today_notice.queue(txn);
        } else if blocks {
            self.blocked_notice.queue(txn);
        }
        if blocks || blocks_today {
            audit::add(txn, &self.lockout);
        }
        Ok(Refusal::StepUpFailed)
    }

    /// Counts a wrong answer against its challenge. TOTP codes are also counted per account, which is what blocks them.
    pub(in crate::app) fn count_wrong_answer(&self, txn: &mut WriteTxn<'_, '_>, answers: &mut Attempts) {
        answers.record(self.now, ANSWER_LIMIT);
        if self.method == SecondFactorMethod::RecoveryCode && answers.blocked_for(self.now).is_some() {
            audit::add(txn, &self.lockout);
        }
    }

    /// Counts an attempt and returns whether further ones are blocked.
    fn count(
        &self,
        txn: &mut WriteTxn<'_, '_>,
        account: AccountId,
        kind: &str,
        limit: AttemptLimit,
    ) -> Result<bool, Error> {
        let mut attempts = attempts::find_attempts(txn, account, kind, self.now)?;
        attempts.record(self.now, limit);
        attempts::put(txn, account, kind, &attempts);
        Ok(attempts.blocked_for(self.now).is_some())
    }
}
