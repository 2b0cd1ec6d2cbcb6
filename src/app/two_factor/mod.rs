//! The second factor of an account: setting it up, switching it on and off, and recovery codes.
//!
//! What the app and Atlas know together lies sealed in the file (`app::seal`); of recovery codes only keyed hashes are kept.
//! A wrong code is an answer that is written down, so decisions about codes are `Ok(Err(refusal))`, never undone.

mod proof;
mod sign_in;

use jiff::SignedDuration;

use super::challenges::spend;
use super::keys::{Keys, Purpose};
use super::sessions::Member;
use super::{App, Error, outbox, random};
use crate::config::policy;
use crate::domain::audit::{Actor, Deed};
use crate::domain::challenge::Action;
use crate::domain::mail::{Letter, Mail};
use crate::domain::password::Password;
use crate::domain::two_factor::{
    Enrolment, Method, RECOVERY_CODES, TotpSecret, TwoFactor, recovery_code, recovery_text,
};
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::pages::letters;
use crate::store::{Draft, accounts, audit, challenges, sessions};

pub use proof::Proof;
pub use sign_in::sign_in;

/// Mail that tells of a change is worth sending for this long.
const NEWS_LIFE: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How an account's second factor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether signing in asks for it.
    pub enabled: bool,
    /// Whether codes of the app can be checked: not when the server's secret was changed since.
    pub readable: bool,
    /// How many recovery codes are left.
    pub recovery_left: usize,
}

/// How the second factor of `account` stands.
pub fn standing(app: &App, account: &Account) -> Standing {
    let factor = account.two_factor.as_ref();
    let is_readable = |factor: &TwoFactor| app.keys.open(Purpose::TwoFactor, account.id, &factor.secret).is_some();
    Standing {
        enabled: factor.is_some(),
        readable: factor.is_none_or(is_readable),
        recovery_left: factor.map_or(0, |factor| factor.recovery.len()),
    }
}

/// Whether `account` is an admin who has no second factor and must have one here. Until then nothing of the admin
/// dashboard is for this person but the page where it is set up.
pub fn must_enrol(app: &App, account: &Account) -> bool {
    is_enforced(app, account) && account.two_factor.is_none()
}

/// Whether `account` must have a second factor here, and so cannot switch it off.
pub fn is_enforced(app: &App, account: &Account) -> bool {
    policy::of(app.store.stamp().kind).admins_need_two_factor && app.is_admin(account)
}

/// What somebody types or scans into an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// For typing.
    pub secret: String,
    /// For scanning.
    pub uri: String,
}

/// Makes a new secret that waits for its first code, in place of one that waited.
///
/// SECURITY: a session alone is not enough, or whoever stole one could lock the owner out with a factor of their own. It
/// takes a sign-in of the last few minutes, or a `proof` of [`Action::AccountTwoFactor`].
///
/// # Errors
/// [`Error::Refused`] when a second factor is on already; [`Refusal::ProofWanted`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn set_up(app: &App, member: &Member, proof: Option<&str>) -> Result<Shown, Error> {
    let (me, session) = (member.account.id, member.hash);
    let is_fresh = member.session.is_fresh(app.clock.now());
    let proof = proof.map(|proof| app.keys.hash(Purpose::Challenge, proof));
    let secret = TotpSecret::new(random()?);
    let sealed = app.keys.seal(Purpose::TwoFactor, me, secret.as_bytes())?;
    let now = app.clock.now();
    let account = app
        .store
        .write(move |draft| {
            let mut account = account(draft, me)?;
            if account.two_factor.is_some() {
                return Err(already_on());
            }
            if !is_fresh {
                spend(draft, &proof.ok_or(Refusal::ProofWanted)?, me, Action::AccountTwoFactor, now)?;
            }
            account.enrolment = Some(Enrolment { secret: sealed, created_at: now, session });
            accounts::put(draft, &account)?;
            Ok(account)
        })
        .await?;
    Ok(shown(app, &account, &secret))
}

/// The secret that waits for its first code, to be shown again. `None` when there is none, or none that still counts.
pub fn waiting(app: &App, member: &Member) -> Option<Shown> {
    let me = &member.account;
    let waiting = me
        .enrolment
        .as_ref()
        .filter(|waiting| waiting.is_open(app.clock.now(), &member.hash) && me.two_factor.is_none())?;
    Some(shown(app, me, &open(&app.keys, me.id, waiting)?))
}

fn open(keys: &Keys, whose: AccountId, waiting: &Enrolment) -> Option<TotpSecret> {
    let opened = keys.open(Purpose::TwoFactor, whose, &waiting.secret)?;
    opened.plain.try_into().ok().map(TotpSecret::new)
}

fn shown(app: &App, account: &Account, secret: &TotpSecret) -> Shown {
    let stamp = app.store.stamp();
    let is_marked = policy::of(stamp.kind).marked;
    let issuer = if is_marked { format!("Atlas ({})", stamp.environment) } else { "Atlas".to_owned() };
    Shown { secret: secret.to_base32(), uri: secret.uri(&issuer, &account.email) }
}

/// Switches the second factor on with its first code, and answers the recovery codes, which nobody sees again. Every
/// other session ends: whoever has one never showed the second factor.
///
/// # Errors
/// [`Error::Refused`] when it is on already; [`Refusal::WrongProof`] for a wrong code, or when no secret waits for one.
pub async fn enable(app: &App, me: &Member, code: &str, client: &Client) -> Result<Vec<String>, Error> {
    let now = app.clock.now();
    let (id, here, keys, code) = (me.account.id, me.hash, app.keys.clone(), code.to_owned());
    let (codes, hashes) = recovery_codes(app, id)?;
    let news = News::prepare(app, &me.account, letters::two_factor_enabled(&app.app_url))?;
    let line = app.line(Actor::Person(id), Deed::TwoFactorEnabled, None, client)?;
    app.store
        .write(move |draft| {
            let mut account = account(draft, id)?;
            if account.two_factor.is_some() {
                return Err(already_on());
            }
            let waiting = account.enrolment.take().filter(|waiting| waiting.is_open(now, &here));
            let waiting = waiting.ok_or(Refusal::WrongProof)?;
            let secret = open(&keys, id, &waiting).ok_or(Refusal::WrongProof)?;
            let last_step = secret.accepts(&code, now, None).ok_or(Refusal::WrongProof)?;
            let factor = TwoFactor { secret: waiting.secret, enabled_at: now, last_step, recovery: hashes };
            account.two_factor = Some(factor);
            account.new_address = None;
            accounts::put(draft, &account)?;
            sessions::remove_all(draft, id, Some(&here))?;
            // What was proved with a password alone is proved no longer.
            challenges::remove_all(draft, id)?;
            audit::add(draft, &line);
            news.post(draft);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(codes)
}

/// Switches the second factor off, given the password and a code.
///
/// # Errors
/// [`Refusal::AdminsNeedTwoFactor`]; [`Error::Refused`] when it is off; [`Refusal::WrongProof`] for a wrong password or
/// code alike, [`Refusal::TooMany`]; [`Error::Busy`].
pub async fn disable(
    app: &App,
    me: &Account,
    password: &str,
    method: Method,
    code: &str,
    client: &Client,
) -> Result<(), Error> {
    if is_enforced(app, me) {
        return Err(Refusal::AdminsNeedTwoFactor.into());
    }
    if me.two_factor.is_none() {
        return Err(not_on());
    }
    let known = me.credentials.password.clone();
    let right = match Password::typed(password) {
        Ok(typed) => app.passwords.verify(typed, Some(known.clone())).await?,
        Err(_) => false,
    };
    let (id, proof) = (me.id, Proof::prepare(app, Actor::Person(me.id), me, (method, code), client)?);
    let news = News::prepare(app, me, letters::two_factor_disabled(&app.app_url))?;
    let line = app.line(Actor::Person(id), Deed::TwoFactorDisabled, None, client)?;
    let judged = app
        .store
        .write(move |draft| {
            let mut account = account(draft, id)?;
            // SECURITY: a wrong password counts as a wrong code does, and neither is looked at while codes are refused, so
            // whoever found an open browser cannot go on guessing.
            let right = right && account.credentials.password == known;
            let judged = match proof.pause(draft, id)? {
                Some(left) => Err(Refusal::TooMany(left)),
                None if right => proof.judge(draft, &mut account)?,
                None => Err(proof.miss(draft, id)?),
            };
            if let Err(refusal) = judged {
                return Ok::<_, Error>(Err(refusal));
            }
            account.two_factor = None;
            accounts::put(draft, &account)?;
            challenges::remove_all(draft, id)?;
            audit::add(draft, &line);
            news.post(draft);
            Ok(Ok(()))
        })
        .await?;
    app.mail_posted();
    Ok(judged?)
}

/// Gives new recovery codes in place of all old ones, given a code.
///
/// # Errors
/// [`Error::Refused`] when it is off; [`Refusal::WrongProof`], [`Refusal::TooMany`]; [`Error::Busy`].
pub async fn rotate(
    app: &App,
    me: &Account,
    method: Method,
    code: &str,
    client: &Client,
) -> Result<Vec<String>, Error> {
    if me.two_factor.is_none() {
        return Err(not_on());
    }
    let (id, proof) = (me.id, Proof::prepare(app, Actor::Person(me.id), me, (method, code), client)?);
    let (codes, hashes) = recovery_codes(app, id)?;
    let line = app.line(Actor::Person(id), Deed::RecoveryRotated, None, client)?;
    let judged = app
        .store
        .write(move |draft| {
            let mut account = account(draft, id)?;
            if let Err(refusal) = proof.judge(draft, &mut account)? {
                return Ok::<_, Error>(Err(refusal));
            }
            if let Some(factor) = &mut account.two_factor {
                factor.recovery = hashes;
            }
            accounts::put(draft, &account)?;
            audit::add(draft, &line);
            Ok(Ok(()))
        })
        .await?;
    app.mail_posted();
    judged?;
    Ok(codes)
}

/// Takes the second factor of somebody who lost it away, and tells the owner. Answers whether there was one. An admin who
/// must have one sets it up anew before anything else. Every session ends, so that nobody else sets one up first.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn reset(app: &App, whose: &Account, actor: Actor, client: &Client) -> Result<bool, Error> {
    let id = whose.id;
    let news = News::prepare(app, whose, letters::two_factor_reset(&app.app_url))?;
    let line = app.line(actor, Deed::TwoFactorReset, Some(id), client)?;
    let was_on = app
        .store
        .write(move |draft| {
            let Some(mut account) = accounts::get(draft, id)? else { return Ok::<_, Error>(false) };
            account.enrolment = None;
            let was_on = account.two_factor.take().is_some();
            accounts::put(draft, &account)?;
            sessions::remove_all(draft, id, None)?;
            challenges::remove_all(draft, id)?;
            if was_on {
                audit::add(draft, &line);
                news.post(draft);
            }
            Ok(was_on)
        })
        .await?;
    app.mail_posted();
    Ok(was_on)
}

/// Recovery codes for `whose`, and under what they are stored.
fn recovery_codes(app: &App, whose: AccountId) -> Result<(Vec<String>, Vec<[u8; 32]>), Error> {
    let codes = (0..RECOVERY_CODES).map(|_| random().map(recovery_code)).collect::<Result<Vec<_>, _>>()?;
    let hashes = codes.iter().map(|code| recovery_hash(&app.keys, whose, code)).collect();
    Ok((codes, hashes))
}

/// Under what a recovery code is stored: told together with whose it is, so that it is nobody else's.
fn recovery_hash(keys: &Keys, whose: AccountId, typed: &str) -> [u8; 32] {
    keys.hash(Purpose::Recovery, &format!("{whose} {}", recovery_text(typed)))
}

fn account(draft: &Draft<'_, '_>, id: AccountId) -> Result<Account, Error> {
    // Whoever asks was signed in a moment ago; the account may have been deleted since.
    accounts::get(draft, id)?.ok_or_else(|| Refusal::WrongCredentials.into())
}

fn already_on() -> Error {
    Refusal::field("code", "Two-factor sign-in is on already.").into()
}

fn not_on() -> Error {
    Refusal::field("code", "Two-factor sign-in is not on.").into()
}

/// A letter to the owner about what was done, and when.
struct News(Mail);

impl News {
    fn prepare(app: &App, whose: &Account, letter: Letter) -> Result<Self, Error> {
        app.compose(whose.email.clone(), letter, NEWS_LIFE).map(Self)
    }

    fn post(&self, draft: &mut Draft<'_, '_>) {
        outbox::post(draft, &self.0);
    }
}
