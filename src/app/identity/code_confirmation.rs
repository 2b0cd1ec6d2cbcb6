//! Confirming the address of a sign-up with the code of the verification email, for users who read it on another device.
//!
//! SECURITY: wrong codes are counted by address, and a wrong one costs the same writes for every address, so neither the
//! response nor its time tells which addresses have an account.

use jiff::Timestamp;

use crate::app::identity::address_key::{AddressKey, WRONG_CODES};
use crate::app::identity::email_confirmation::{Confirmation, confirm};
use crate::app::identity::sign_up_browser::{BrowserCookies, hash_token};
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::code::normalize_digits;
use crate::domain::accounts::link::{ACCOUNT_CODE_LIMIT, EmailLink, LinkStatus, VerificationCode};
use crate::domain::{Account, AccountId, Client, Email, Refusal};
use crate::store::WriteTxn;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, attempts, audit, links};

/// Confirms with the code of the mail. The browser that signed up can submit a code twice: the second time shows that the
/// address is confirmed, and signs in nobody.
///
/// # Errors
/// As for [`confirm_email`](super::email_confirmation::confirm_email); [`Refusal::WrongCode`] for an unknown address, a wrong
/// or dead code, and after too many attempts.
pub async fn confirm_email_by_code(
    app: &App,
    email: &str,
    code: &str,
    password: &str,
    cookies: BrowserCookies<'_>,
    client: &Client,
) -> Result<Confirmation, Error> {
    let email = Email::parse(email).map_err(|error| Refusal::InvalidFields(vec![error]))?;
    let code = normalize_digits(code);
    let now = app.clock.now();
    let miss = WrongCode {
        address: app.address_key(&email),
        stand_in: stand_in_link(app.address_key(&email), email.clone(), now)?,
        failure: app.audit_entry(Actor::Anonymous, AuditAction::SignInFailed, None, client)?,
        lockout: app.audit_entry(Actor::Anonymous, AuditAction::LockedOut, None, client)?,
    };
    let hash_code = app.keys.code_hasher();
    let browser = cookies.sign_up.map(|cookie| hash_token(&app.keys, cookie));
    let found = app
        .store
        .write(move |txn| {
            let account = accounts::find_by_email(txn, &email)?.map(|account| account.id);
            let id = account.unwrap_or(miss.address.stand_in());
            let counted = attempts::find_attempts(txn, miss.address.stand_in(), WRONG_CODES, now)?;
            let is_blocked = counted.blocked_for(now).is_some();
            let hash = hash_code(id, &code);
            let links = links::list_for_account(txn, id)?;
            let is_open = |link: &EmailLink| matches!(link.status(now), Ok(LinkStatus::Open));
            let is_own = |link: &EmailLink| browser.is_some_and(|browser| link.is_from_browser(&browser, now));
            let mut accepting = links.iter().filter(|(_, link)| !is_blocked && link.accepts_code(&hash));
            if let Some((token, _)) = accepting.find(|(_, link)| is_open(link) || is_own(link)) {
                return Ok::<_, Error>(Some(*token));
            }
            let open = links.into_iter().filter(|(_, link)| is_open(link)).collect();
            miss.record(txn, account, open)?;
            Ok(None)
        })
        .await?;
    confirm(app, found.ok_or(Refusal::WrongCode)?, password, cookies, client).await
}

/// What a wrong code leaves behind.
struct WrongCode {
    address: AddressKey,
    /// A link for an address without one.
    stand_in: (TokenHash, EmailLink),
    failure: AuditEntry,
    /// Added when no more codes are accepted.
    lockout: AuditEntry,
}

impl WrongCode {
    /// Counts it against the address, and against every mail in `open` that it could have been meant for.
    fn record(
        self,
        txn: &mut WriteTxn<'_, '_>,
        account: Option<AccountId>,
        open: Vec<(TokenHash, EmailLink)>,
    ) -> Result<(), Error> {
        let (recipient, now) = (self.address.stand_in(), self.failure.at);
        let mut counted = attempts::find_attempts(txn, recipient, WRONG_CODES, now)?;
        let is_blocked = counted.blocked_for(now).is_some();
        let mut entries = vec![self.failure];
        if !is_blocked {
            counted.record(now, ACCOUNT_CODE_LIMIT);
            attempts::put(txn, recipient, WRONG_CODES, &counted);
            entries.extend(counted.blocked_for(now).map(|_| self.lockout));
        }
        for entry in entries {
            audit::add(txn, &AuditEntry { subject: account, ..entry.clone() });
            txn.rehearse(|txn| {
                audit::add(txn, &AuditEntry { subject: Some(account.unwrap_or(recipient)), ..entry });
                Ok::<_, Error>(())
            })?;
        }
        let has_codes = open.iter().any(|(_, link)| link.code.is_some());
        let open = if has_codes { open } else { vec![self.stand_in] };
        txn.run_or_rehearse(has_codes && !is_blocked, |txn| {
            count_wrong_code(txn, open);
            Ok(())
        })
    }
}

/// A link with a code, to rehearse what a wrong code does.
fn stand_in_link(address: AddressKey, email: Email, now: Timestamp) -> Result<(TokenHash, EmailLink), Error> {
    let Account { id: account, credentials, .. } = address.stand_in_account(email, now)?;
    let code = Some(VerificationCode { hash: address.hash(), wrong_attempts: 0 });
    Ok((address.hash(), EmailLink { account, credentials, code, browser: None, created_at: now, used_at: None }))
}

fn count_wrong_code(txn: &mut WriteTxn<'_, '_>, open: Vec<(TokenHash, EmailLink)>) {
    for (token, mut link) in open {
        if let Some(code) = &mut link.code {
            code.wrong_attempts = code.wrong_attempts.saturating_add(1);
            links::put(txn, &token, &link);
        }
    }
}
