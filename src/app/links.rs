//! Proving that an address is one's own: the link in the mail, what it would do, and its button.

use super::keys::Purpose;
use super::{App, Error, outbox};
use crate::domain::attempts::is_recent;
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::credentials::Credentials;
use crate::domain::link::{CODE_RULE, Code, Link, RESEND_PAUSE, Standing, VERIFICATION_LIFE};
use crate::domain::mail::Carries;
use crate::domain::password::Password;
use crate::domain::{Account, AccountId, Client, DisplayName, Email, Refusal};
use crate::pages::letters;
use crate::store::schema::TokenHash;
use crate::store::{Draft, Read, accounts, attempts, audit, links};

/// Mails a new link to an account that waits to be confirmed; older links of the same sign-up stop working. Nothing
/// happens, and nothing different is said, for an unknown or confirmed address, within five minutes of the last link, or
/// when the address has had its mails of the hour.
///
/// SECURITY: whatever the address, it costs one durable write, the line of the audit trail, so the time says nothing.
///
/// # Errors
/// [`Error::Refused`] when the address is none.
pub async fn resend(app: &App, email: &str, client: &Client) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let account = app.store.read(|view| accounts::with_email(view, &email))?;
    let whom = account.as_ref().map(|account| account.id);
    let line = app.line(Actor::Stranger, Deed::ConfirmationAsked, whom, client)?;
    match account {
        Some(account) => mail_again(app, account, Wish::Anybodys(line)).await.map(drop),
        None => {
            app.store
                .write(move |draft| {
                    audit::add(draft, &line);
                    Ok(())
                })
                .await
        }
    }
}

/// Who wants a mail sent again, with the line that tells of it.
pub(super) enum Wish {
    /// Whoever typed the address.
    Anybodys(Line),
    /// An admin, who need not wait until the last link is five minutes old.
    Admins(Line),
}

/// Mails a new link to an account. Answers whether a mail was posted.
pub(super) async fn mail_again(app: &App, account: Account, wish: Wish) -> Result<bool, Error> {
    let now = app.clock.now();
    let token = app.keys.mint(Purpose::Verification)?;
    let digits = app.keys.digits()?;
    let letter = letters::verification(&app.app_url, &token.text, &digits);
    let mail =
        app.compose(account.email.clone(), letter, VERIFICATION_LIFE)?.carrying(Carries::Verification(token.hash));
    let code = Some(Code { hash: app.keys.codes()(account.id, &digits), wrong: 0 });
    let hurried = app.hurried || matches!(wish, Wish::Admins(_));
    let posted = app
        .store
        .write(move |draft| {
            let waits = accounts::get(draft, account.id)?;
            if let Wish::Anybodys(line) = &wish {
                audit::add(draft, &Line { whom: line.whom.filter(|_| waits.is_some()), ..line.clone() });
            }
            // The address may have been confirmed, or changed, since the mail was written.
            let waits = waits.filter(|now| now.verified_at.is_none() && now.email == account.email);
            let Some(mut account) = waits else { return Ok(false) };
            let older = links::of(draft, account.id)?;
            let newest = older.iter().map(|(_, link)| link.created_at).max();
            if !hurried && newest.is_some_and(|at| is_recent(at, now, RESEND_PAUSE)) || !account.count_mail(now) {
                return Ok(false);
            }
            // SECURITY: links of other sign-ups stay. Whoever asked for this one may not be who made those.
            for (token, _) in older.iter().filter(|(_, link)| link.credentials == account.credentials) {
                links::remove(draft, token, account.id);
            }
            let credentials = account.credentials.clone();
            let link = Link { account: account.id, credentials, code, created_at: now, used_at: None };
            links::put(draft, &token.hash, &link);
            accounts::put(draft, &account)?;
            outbox::post(draft, &mail);
            if let Wish::Admins(line) = &wish {
                audit::add(draft, line);
            }
            Ok::<_, Error>(true)
        })
        .await?;
    app.mail_posted();
    Ok(posted)
}

/// What a link that was opened would do. Looking changes nothing.
pub struct Opened {
    /// Whether its button confirms or did so before.
    pub standing: Standing,
    /// The address it is about.
    pub email: Email,
    /// The name it would put in force.
    pub name: DisplayName,
    /// Whether other sign-ups wait for the same address, so that the password is asked for.
    pub contested: bool,
}

/// Looks at a link without using it: mail scanners open links too.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn open_link(app: &App, token: &str) -> Result<Opened, Error> {
    let hash = app.keys.hash(Purpose::Verification, token);
    let now = app.clock.now();
    app.store.read(|view| {
        let link = links::get(view, &hash)?.ok_or(Refusal::LinkInvalid)?;
        let account = accounts::get(view, link.account)?.ok_or(Refusal::LinkInvalid)?;
        let standing = link.standing(now)?;
        let contested = rivals(view, &link)?.len() > 1;
        Ok(Opened { standing, email: account.email, name: link.credentials.name, contested })
    })
}

/// Most sign-ups for one address whose passwords are compared; each comparison is one hash.
const MOST_RIVALS: usize = 16;

/// What was typed at the sign-ups that wait for the same address: that of `link` first, then the newest.
fn rivals(read: &impl Read, link: &Link) -> Result<Vec<Credentials>, Error> {
    let mut waiting = links::of(read, link.account)?;
    // SECURITY: one that has expired is a rival still, or waiting a day would be enough to have no password asked for.
    waiting.retain(|(_, other)| other.used_at.is_none());
    waiting.sort_by_key(|(_, other)| std::cmp::Reverse(other.created_at));
    let mut rivals = vec![link.credentials.clone()];
    for (_, other) in waiting {
        if rivals.len() < MOST_RIVALS && !rivals.contains(&other.credentials) {
            rivals.push(other.credentials);
        }
    }
    Ok(rivals)
}

/// Confirms the address behind a link and puts in force what was typed at the sign-up that caused it. The account's
/// other links go. Answers how the link stood, so a second press can be told that all is well.
///
/// SECURITY: when several sign-ups wait for the address, `password` decides whose credentials count. Somebody who signs up
/// with another's address can have mail sent there, but not what the owner presses put a stranger's password in force.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`]; [`Refusal::PasswordWanted`] when several sign-ups wait and `password`
/// is none of theirs.
pub async fn confirm(app: &App, token: &str, password: &str, client: &Client) -> Result<(AccountId, Standing), Error> {
    confirm_hashed(app, app.keys.hash(Purpose::Verification, token), password, client).await
}

/// The same with the digits of the mail, for whoever reads it on another device.
///
/// # Errors
/// As for [`confirm`]; [`Refusal::WrongCode`] for an unknown address, wrong or dead digits, and after too many guesses.
pub async fn confirm_by_code(
    app: &App,
    email: &str,
    digits: &str,
    password: &str,
    client: &Client,
) -> Result<(AccountId, Standing), Error> {
    let email = Email::parse(email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let code_of = app.keys.codes();
    let missed = app.line(Actor::Stranger, Deed::SignInFailed, None, client)?;
    let paused = app.line(Actor::Stranger, Deed::GuessesPaused, None, client)?;
    let found = app
        .store
        .write(move |draft| {
            let account = accounts::with_email(draft, &email)?;
            let found = match &account {
                Some(account) => guess_digits(draft, account.id, &code_of(account.id, &digits), paused)?,
                None => None,
            };
            if found.is_none() {
                // SECURITY: a miss costs one durable write whatever the address, so the time says nothing.
                audit::add(draft, &Line { whom: account.map(|account| account.id), ..missed });
            }
            Ok::<_, Error>(found)
        })
        .await?;
    confirm_hashed(app, found.ok_or(Refusal::WrongCode)?, password, client).await
}

/// The open link of `account` whose digits have that hash. A wrong guess is counted; `paused` tells of one too many.
fn guess_digits(
    draft: &mut Draft<'_, '_>,
    account: AccountId,
    hash: &[u8; 32],
    paused: Line,
) -> Result<Option<TokenHash>, Error> {
    let now = paused.at;
    let mut guesses = attempts::get(draft, account, "digits", now)?;
    if guesses.blocked_for(now).is_some() {
        return Ok(None);
    }
    let mut open = links::of(draft, account)?;
    open.retain(|(_, link)| matches!(link.standing(now), Ok(Standing::Open)));
    if let Some((token, _)) = open.iter().find(|(_, link)| link.has_code(hash)) {
        return Ok(Some(*token));
    }
    // A wrong guess counts for every mail it could have been about.
    for (token, mut link) in open {
        if let Some(code) = &mut link.code {
            code.wrong = code.wrong.saturating_add(1);
            links::put(draft, &token, &link);
        }
    }
    guesses.count(now, CODE_RULE);
    attempts::put(draft, account, "digits", &guesses);
    if guesses.blocked_for(now).is_some() {
        audit::add(draft, &Line { whom: Some(account), ..paused });
    }
    Ok(None)
}

async fn confirm_hashed(
    app: &App,
    hash: TokenHash,
    password: &str,
    client: &Client,
) -> Result<(AccountId, Standing), Error> {
    let now = app.clock.now();
    let line = app.line(Actor::Stranger, Deed::AddressConfirmed, None, client)?;
    let (link, rivals) = app.store.read(|view| {
        let link = links::get(view, &hash)?.ok_or(Refusal::LinkInvalid)?;
        let rivals = rivals(view, &link)?;
        Ok::<_, Error>((link, rivals))
    })?;
    let credentials = match link.standing(now)? {
        Standing::Open if rivals.len() > 1 => meant(app, rivals, password).await?,
        _ => link.credentials,
    };
    app.store
        .write(move |draft| {
            let link = links::get(draft, &hash)?.ok_or(Refusal::LinkInvalid)?;
            let mut account = accounts::get(draft, link.account)?.ok_or(Refusal::LinkInvalid)?;
            let standing = link.standing(now)?;
            if standing == Standing::Open {
                for (other, _) in links::of(draft, account.id)?.into_iter().filter(|(other, _)| *other != hash) {
                    links::remove(draft, &other, account.id);
                }
                account.credentials = credentials;
                account.verified_at = Some(now);
                accounts::put(draft, &account)?;
                attempts::remove_all(draft, account.id)?;
                audit::add(draft, &Line { actor: Actor::Person(account.id), ..line });
                links::put(draft, &hash, &Link { used_at: Some(now), ..link });
            }
            Ok((account.id, standing))
        })
        .await
}

/// The credentials whose password was typed.
async fn meant(app: &App, rivals: Vec<Credentials>, password: &str) -> Result<Credentials, Error> {
    let Ok(typed) = Password::typed(password) else { return Err(Refusal::PasswordWanted.into()) };
    for credentials in rivals {
        if app.passwords.verify(typed.clone(), Some(credentials.password.clone())).await? {
            return Ok(credentials);
        }
    }
    Err(Refusal::PasswordWanted.into())
}
