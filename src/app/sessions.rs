//! Signing in, staying signed in, signing out.

use std::sync::Arc;

use super::accounts::demand;
use super::keys::{Purpose, Token};
use super::passwords::Passwords;
use super::{App, Error, guesses};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::challenge::{Action, Challenge};
use crate::domain::password::{Password, PasswordHash};
use crate::domain::session::{self, Session};
use crate::domain::{Account, AccountId, Client, Email, Refusal};
use crate::store::schema::TokenHash;
use crate::store::{Draft, accounts, audit, challenges, sessions};

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct Member {
    /// The person's account.
    pub account: Arc<Account>,
    /// The session that was presented.
    pub session: Arc<Session>,
    /// Under what it is stored.
    pub hash: TokenHash,
}

/// What a browser is given that has signed in.
pub struct SignedIn {
    /// The new session's token.
    pub token: String,
    /// The cookie by which its device is known from now on.
    pub device: String,
}

/// What a right password leads to.
pub enum Entry {
    /// Being signed in.
    Session(SignedIn),
    /// The question for the second factor, to be answered with this challenge's token.
    SecondStep(String),
}

/// Signs in, or asks for the second factor where there is one. The session the browser presented, if any, ends with the
/// new one: no token that somebody else could have planted is ever adopted. `device` is the cookie by which a browser that
/// signed in before is known.
///
/// # Errors
/// [`Refusal::WrongCredentials`] for an unknown address, a wrong password and an account that pauses after too many of
/// them, all alike and in the same time;
/// [`Refusal::Disabled`] and [`Refusal::Unverified`] only when the password is right; [`Error::Busy`].
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &str,
    presented: Option<&str>,
    device: Option<&str>,
    client: Client,
) -> Result<Entry, Error> {
    // Something that could never have been chosen is simply wrong, at the usual price.
    let account = match Email::parse(email) {
        Ok(email) => app.store.read(|view| accounts::with_email(view, &email))?,
        Err(_) => None,
    };
    let guess = app.guess(email, account.as_ref(), device)?;
    let (typed, hash) = match Password::typed(password) {
        Ok(typed) => (typed, account.as_ref().map(|account| account.credentials.password.clone())),
        Err(_) => (Password::typed("-").map_err(|_| Refusal::WrongCredentials)?, None),
    };
    let right = app.passwords.verify(typed.clone(), hash).await.inspect_err(|_| app.not_guessed(&guess))?;
    let Some(account) = account.filter(|_| right && !guess.paused) else {
        app.guessed_wrong(&guess, &client)?;
        return Err(Refusal::WrongCredentials.into());
    };
    app.guessed_right(&guess);
    if account.disabled_at.is_some() {
        return Err(Refusal::Disabled.into());
    }
    if account.verified_at.is_none() {
        return Err(Refusal::Unverified.into());
    }
    let stronger = hashed_anew(app, typed, &account.credentials.password).await?;
    let begin = Beginning::prepare(app, account.id, presented, device, client)?;
    let challenge = app.keys.mint(Purpose::Challenge)?;
    let now = app.clock.now();
    app.store
        .write(move |draft| {
            // The password may have been changed while this one was being hashed.
            let mut current = accounts::get(draft, account.id)?.ok_or(Refusal::WrongCredentials)?;
            if current.credentials.password != account.credentials.password {
                return Err(Refusal::WrongCredentials.into());
            }
            guesses::forgiven(draft, &guess);
            if current.disabled_at.is_some() {
                return Err(Refusal::Disabled.into());
            }
            let has_second_factor = current.two_factor.is_some();
            if let Some(stronger) = stronger {
                current.credentials.password = stronger;
                accounts::put(draft, &current)?;
            }
            if has_second_factor {
                let asked = Challenge::new(account.id, Action::SignIn, None, now);
                challenges::put(draft, &challenge.hash, &asked);
                return Ok(Entry::SecondStep(challenge.text));
            }
            begin.now(draft).map(Entry::Session)
        })
        .await
}

/// The right password hashed once more, where it was kept under parameters weaker than today's: only now is it at hand. When
/// too many wait it stays as it is until the next sign-in.
async fn hashed_anew(app: &App, typed: Password, kept: &PasswordHash) -> Result<Option<PasswordHash>, Error> {
    if !Passwords::is_weak(kept) {
        return Ok(None);
    }
    match app.passwords.hash(typed).await {
        Ok(stronger) => Ok(Some(stronger)),
        Err(Error::Busy) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A session that is about to begin.
pub(super) struct Beginning {
    token: Token,
    session: Session,
    replaced: Option<TokenHash>,
    line: Line,
    device: String,
}

impl Beginning {
    /// Prepares a session of `account`, in place of the one that was presented.
    pub(super) fn prepare(
        app: &App,
        account: AccountId,
        presented: Option<&str>,
        device: Option<&str>,
        client: Client,
    ) -> Result<Self, Error> {
        Ok(Self {
            device: app.remember_device(device, account)?,
            token: app.keys.mint(Purpose::Session)?,
            line: app.line(Actor::Person(account), Deed::SignedIn, None, &client)?,
            session: Session::new(account, client, app.clock.now()),
            replaced: presented.map(|text| app.keys.hash(Purpose::Session, text)),
        })
    }

    /// Begins it inside a decision and answers what the browser is given.
    pub(super) fn now(self, draft: &mut Draft<'_, '_>) -> Result<SignedIn, Error> {
        if let Some(replaced) = &self.replaced {
            sessions::remove(draft, replaced)?;
        }
        self.make_room(draft)?;
        sessions::put(draft, &self.token.hash, &self.session);
        audit::add(draft, &self.line);
        Ok(SignedIn { token: self.token.text, device: self.device })
    }

    /// Ends what is one too many: sessions that are over already, then the one used longest ago.
    fn make_room(&self, draft: &mut Draft<'_, '_>) -> Result<(), Error> {
        let now = self.session.created_at;
        let mut others = sessions::of(draft, self.session.account)?;
        others.sort_by_key(|(_, session)| (session.is_live(now), session.used_at));
        let too_many = (others.len() + 1).saturating_sub(session::MOST);
        for (hash, _) in others.iter().take(too_many) {
            sessions::remove(draft, hash)?;
        }
        Ok(())
    }
}

/// Who presents this token, if anybody is signed in with it.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn member(app: &App, token: &str) -> Result<Option<Member>, Error> {
    let hash = app.keys.hash(Purpose::Session, token);
    let now = app.clock.now();
    app.store.read(|view| {
        let Some(session) = sessions::shared(view, &hash)?.filter(|session| session.is_live(now)) else {
            return Ok(None);
        };
        let account = accounts::shared(view, session.account)?;
        // SECURITY: looked at again at every request, so that switching an account off needs no other step to count, and
        // no session that somebody else's hand put into the file opens an account whose address was never confirmed.
        let account = account.filter(|account| account.disabled_at.is_none() && account.verified_at.is_some());
        Ok(account.map(|account| Member { account, session, hash }))
    })
}

/// Writes down that a session was used just now.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; losing one such note harms nobody.
pub async fn touch(app: &App, hash: TokenHash) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |draft| {
            if let Some(session) = sessions::get(draft, &hash)? {
                sessions::put(draft, &hash, &Session { used_at: now, ..session });
            }
            Ok(())
        })
        .await
}

/// Ends the session of this token. One that is none is ended already.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn sign_out(app: &App, token: &str, client: &Client) -> Result<(), Error> {
    let hash = app.keys.hash(Purpose::Session, token);
    let line = app.line(Actor::Stranger, Deed::SignedOut, None, client)?;
    app.store
        .write(move |draft| {
            let Some(session) = sessions::get(draft, &hash)? else { return Ok(()) };
            sessions::remove(draft, &hash)?;
            audit::add(draft, &Line { actor: Actor::Person(session.account), ..line });
            Ok(())
        })
        .await
}

/// A signed-in device as its owner sees it.
pub struct Device {
    /// What it is called when it is to end: the beginning of its hash, which opens nothing.
    pub id: String,
    /// The session.
    pub session: Session,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// The devices on which somebody is signed in, the one used last first.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn devices(app: &App, member: &Member) -> Result<Vec<Device>, Error> {
    let now = app.clock.now();
    let mut sessions = app.store.read(|view| sessions::of(view, member.account.id))?;
    sessions.retain(|(_, session)| session.is_live(now));
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.used_at));
    let device =
        |(hash, session): (TokenHash, Session)| Device { id: id_of(&hash), session, is_current: hash == member.hash };
    Ok(sessions.into_iter().map(device).collect())
}

/// Which sessions are to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one with this id.
    One(String),
    /// All but the one that asks.
    Others,
    /// All.
    All,
}

/// Ends sessions of one's own. Answers how many ended and whether the one that asks was among them.
///
/// # Errors
/// [`Refusal::NoSuchSession`] for an id that is none of this person's; [`Refusal::WrongCredentials`] when the account is gone;
/// [`Error::Busy`].
pub async fn end(app: &App, member: &Member, which: Which, client: &Client) -> Result<(usize, bool), Error> {
    let (me, current) = (member.account.id, member.hash);
    let line = app.line(Actor::Person(me), Deed::SignedOut, None, client)?;
    app.store
        .write(move |draft| {
            demand(draft, me)?;
            let ended = match which {
                Which::One(id) => {
                    let found = sessions::of(draft, me)?.into_iter().find(|(hash, _)| id_of(hash) == id);
                    let (hash, _) = found.ok_or(Refusal::NoSuchSession)?;
                    sessions::remove(draft, &hash)?;
                    (1, hash == current)
                }
                Which::Others => (sessions::remove_all(draft, me, Some(&current))?, false),
                Which::All => (sessions::remove_all(draft, me, None)?, true),
            };
            audit::add(draft, &line);
            Ok(ended)
        })
        .await
}

fn id_of(hash: &TokenHash) -> String {
    use std::fmt::Write;
    hash.iter().take(12).fold(String::new(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}
