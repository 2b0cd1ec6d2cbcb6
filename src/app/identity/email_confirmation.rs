//! Confirming the address of a sign-up with the link of the verification email.
//!
//! The invariant: every open link that was mailed to an address is enough for its owner, who either enters the password of
//! a sign-up or signs up again on the page of the link. Strangers can cause mail to the address, but each mail that they
//! cause lets the owner in, too.

use std::cmp::Reverse;

use crate::app::identity::accounts::SignUpInput;
use crate::app::identity::address_key::WRONG_CODES;
use crate::app::identity::keys::Purpose;
use crate::app::identity::pending_sign_up;
use crate::app::identity::sessions::{NewSession, SignedIn};
use crate::app::identity::sign_up_browser::{BrowserCookies, hash_token};
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::credentials::Credentials;
use crate::domain::accounts::link::{EmailLink, LinkStatus};
use crate::domain::accounts::password::Password;
use crate::domain::{AccountId, Client, DisplayName, Email, Refusal};
use crate::store::Reader;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, attempts, audit, links};

/// Sign-ups for one address whose passwords are compared, the newest; each comparison costs one hash.
const MAX_RIVALS: usize = 16;

/// What a link would confirm.
pub struct OpenedLink {
    pub status: LinkStatus,
    pub email: Email,
    /// The name of the sign-up.
    pub name: DisplayName,
    /// Whether the address was used for several sign-ups, so that confirming needs the password.
    pub contested: bool,
}

/// What confirming an address led to.
pub struct Confirmation {
    pub account: AccountId,
    pub email: Email,
    /// The status that the link had before, so that a second press can show success.
    pub status: LinkStatus,
    /// The new session, in the browser that signed up.
    pub signed_in: Option<SignedIn>,
}

/// Reads a link without using it, because mail scanners open links too. `cookie` is that of a browser that signed up.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub fn open_link(app: &App, token: &str, cookie: Option<&str>) -> Result<OpenedLink, Error> {
    let hash = app.keys.hash(Purpose::Verification, token);
    let browser = cookie.map(|cookie| hash_token(&app.keys, cookie));
    let now = app.clock.now();
    app.store.read(|txn| {
        let link = links::find_link(txn, &hash)?.ok_or(Refusal::LinkInvalid)?;
        let account = accounts::find_account(txn, link.account)?.ok_or(Refusal::LinkInvalid)?;
        let status = link.status(now)?;
        let is_own = browser.is_some_and(|browser| link.is_from_browser(&browser, now));
        let contested = !is_own && rivals(txn, &link)?.len() > 1;
        Ok(OpenedLink { status, email: account.email, name: link.credentials.name, contested })
    })
}

/// The credentials of all unconfirmed sign-ups for the same address: those of `link` first, then the newest.
fn rivals(txn: &impl Reader, link: &EmailLink) -> Result<Vec<Credentials>, Error> {
    let mut unused = links::list_for_account(txn, link.account)?;
    // SECURITY: expired sign-ups are rivals too. Otherwise waiting a day would be enough to be asked for no password.
    unused.retain(|(_, other)| other.used_at.is_none());
    unused.sort_by_key(|(_, other)| Reverse(other.created_at));
    let mut rivals = vec![link.credentials.clone()];
    for (_, other) in unused {
        if rivals.len() < MAX_RIVALS && !rivals.contains(&other.credentials) {
            rivals.push(other.credentials);
        }
    }
    Ok(rivals)
}

/// Confirms the address of a link and puts the credentials of its sign-up in force. Removes the account's other links.
/// Signs in the browser that made this sign-up, which need not enter its password: [`sign_up_browser`](super::sign_up_browser) says when.
///
/// SECURITY: if the address was used for several sign-ups, `password` decides which credentials win. Someone who signs
/// up with another person's address can make Atlas mail it, but cannot make the owner confirm the attacker's password.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`]; [`Refusal::PasswordRequired`] when there are several sign-ups
/// and `password` belongs to none of them.
pub async fn confirm_email(
    app: &App,
    token: &str,
    password: &str,
    browser: BrowserCookies<'_>,
    client: &Client,
) -> Result<Confirmation, Error> {
    confirm(app, app.keys.hash(Purpose::Verification, token), password, browser, client).await
}

/// Confirms the address of a link with a name, a password, and a time zone that are entered now, in place of those of a
/// sign-up. The address in `input` is replaced by that of the link.
///
/// SECURITY: the link proves access to the inbox, so it is enough. An owner always gets in with any link that
/// Atlas mailed, no matter how many strangers signed up with the address, and whether or not a sign-up of the owner's is
/// still stored.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`]; an error per field; [`Error::Busy`].
pub async fn confirm_with_new_sign_up(
    app: &App,
    token: &str,
    input: SignUpInput,
    client: &Client,
) -> Result<Confirmation, Error> {
    let email = open_link(app, token, None)?.email.to_string();
    let (_, credentials) = SignUpInput { email, ..input }.parse(app).await?;
    put_in_force(app, app.keys.hash(Purpose::Verification, token), credentials, None, client).await
}

pub(super) async fn confirm(
    app: &App,
    hash: TokenHash,
    password: &str,
    cookies: BrowserCookies<'_>,
    client: &Client,
) -> Result<Confirmation, Error> {
    let now = app.clock.now();
    let (link, rivals) = app.store.read(|txn| {
        let link = links::find_link(txn, &hash)?.ok_or(Refusal::LinkInvalid)?;
        let rivals = rivals(txn, &link)?;
        Ok::<_, Error>((link, rivals))
    })?;
    let browser = cookies.sign_up.map(|cookie| hash_token(&app.keys, cookie));
    if browser.is_some_and(|browser| link.is_from_browser(&browser, now)) {
        let BrowserCookies { session, device, .. } = cookies;
        let session = NewSession::prepare(app, link.account, session, device, client.clone())?;
        return put_in_force(app, hash, link.credentials, Some(session), client).await;
    }
    let credentials = match link.status(now)? {
        LinkStatus::Open if rivals.len() > 1 => find_by_password(app, rivals, password).await?,
        _ => link.credentials,
    };
    put_in_force(app, hash, credentials, None, client).await
}

/// Confirms the address of a link with these credentials, and begins the session that is prepared for the browser that
/// signed up. A used link does neither.
async fn put_in_force(
    app: &App,
    hash: TokenHash,
    credentials: Credentials,
    session: Option<NewSession>,
    client: &Client,
) -> Result<Confirmation, Error> {
    let now = app.clock.now();
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::AddressConfirmed, None, client)?;
    let address_key = app.address_keys();
    app.store
        .write(move |txn| {
            let link = links::find_link(txn, &hash)?.ok_or(Refusal::LinkInvalid)?;
            let mut account = accounts::find_account(txn, link.account)?.ok_or(Refusal::LinkInvalid)?;
            let status = link.status(now)?;
            let mut signed_in = None;
            if status == LinkStatus::Open {
                for (other, _) in
                    links::list_for_account(txn, account.id)?.into_iter().filter(|(other, _)| *other != hash)
                {
                    links::remove(txn, &other, account.id);
                }
                let address = address_key(&account.email);
                pending_sign_up::forget(txn, address, &credentials.password, now)?;
                account.credentials = credentials;
                account.verified_at = Some(now);
                accounts::put(txn, &account)?;
                attempts::remove_all(txn, account.id)?;
                attempts::remove(txn, address.stand_in(), WRONG_CODES);
                audit::add(txn, &AuditEntry { actor: Actor::User(account.id).into(), ..entry });
                links::put(txn, &hash, &EmailLink { used_at: Some(now), ..link });
                // SECURITY: as at a sign-in, a disabled account gets no session, nor one that has a second factor.
                let may_sign_in = account.disabled_at.is_none() && account.two_factor.is_none();
                signed_in = session.filter(|_| may_sign_in).map(|session| session.begin(txn)).transpose()?;
            }
            Ok(Confirmation { account: account.id, email: account.email, status, signed_in })
        })
        .await
}

async fn find_by_password(app: &App, rivals: Vec<Credentials>, password: &str) -> Result<Credentials, Error> {
    let Ok(password) = Password::parse(password) else { return Err(Refusal::PasswordRequired.into()) };
    for credentials in rivals {
        if app.passwords.verify(password.clone(), Some(credentials.password.clone())).await? {
            return Ok(credentials);
        }
    }
    Err(Refusal::PasswordRequired.into())
}
