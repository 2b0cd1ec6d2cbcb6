//! The sessions of users: beginning, finding, listing and ending them.

use std::sync::Arc;

use data_encoding::HEXLOWER;

use crate::app::identity::active_account::require_active_account;
use crate::app::identity::device_cookie::remember_device;
use crate::app::identity::keys::{Purpose, Token};
use crate::app::{App, Error};
use crate::domain::accounts::audit::{Actor, AuditAction, AuditEntry};
use crate::domain::accounts::session;
use crate::domain::accounts::session::Session;
use crate::domain::{Account, AccountId, Client, Refusal};
use crate::store::WriteTxn;
use crate::store::tables::schema::TokenHash;
use crate::store::tables::{accounts, audit, sessions};

/// How much of the token's hash identifies a session to its owner.
const SESSION_ID_BYTES: usize = 12;

/// A signed-in user.
#[derive(Debug, Clone)]
pub struct Member {
    pub account: Arc<Account>,
    pub session: Arc<Session>,
    /// The hash of the session's token.
    pub hash: TokenHash,
}

/// The cookies of a browser that has just signed in.
pub struct SignedIn {
    /// The token of the new session.
    pub token: String,
    /// The device cookie, which identifies the browser at later sign-ins.
    pub device: String,
}

/// A session that is prepared and not yet stored.
pub(super) struct NewSession {
    token: Token,
    session: Session,
    replaced: Option<TokenHash>,
    entry: AuditEntry,
    device: String,
}

impl NewSession {
    /// Prepares a session of `account`, which replaces the session with the token `presented`.
    pub(super) fn prepare(
        app: &App,
        account: AccountId,
        presented: Option<&str>,
        device: Option<&str>,
        client: Client,
    ) -> Result<Self, Error> {
        Ok(Self {
            device: remember_device(&app.keys, device, account)?,
            token: app.keys.generate_token(Purpose::Session)?,
            entry: app.audit_entry(Actor::User(account), AuditAction::SignedIn, None, &client)?,
            session: Session::new(account, client, app.clock.now()),
            replaced: presented.map(|text| app.keys.hash(Purpose::Session, text)),
        })
    }

    /// Stores the session in the transaction of the sign-in.
    pub(super) fn begin(self, txn: &mut WriteTxn<'_, '_>) -> Result<SignedIn, Error> {
        if let Some(replaced) = &self.replaced {
            sessions::remove(txn, replaced)?;
        }
        self.enforce_limit(txn)?;
        sessions::put(txn, &self.token.hash, &self.session);
        audit::add(txn, &self.entry);
        Ok(SignedIn { token: self.token.text, device: self.device })
    }

    /// Removes sessions above the limit: first expired ones, then the one used longest ago.
    fn enforce_limit(&self, txn: &mut WriteTxn<'_, '_>) -> Result<(), Error> {
        let now = self.session.created_at;
        let mut others = sessions::list_for_account(txn, self.session.account)?;
        others.sort_by_key(|(_, session)| (session.is_live(now), session.used_at));
        let surplus = (others.len() + 1).saturating_sub(session::MAX_SESSIONS);
        for (hash, _) in others.iter().take(surplus) {
            sessions::remove(txn, hash)?;
        }
        Ok(())
    }
}

/// Finds the user who is signed in with this token.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn find_member(app: &App, token: &str) -> Result<Option<Member>, Error> {
    let hash = app.keys.hash(Purpose::Session, token);
    let now = app.clock.now();
    app.store.read(|txn| {
        let Some(session) = sessions::find_shared(txn, &hash)?.filter(|session| session.is_live(now)) else {
            return Ok(None);
        };
        let account = accounts::find_shared(txn, session.account)?;
        // SECURITY: checked on every request, so that disabling an account takes effect at once, and a session planted
        // in the file opens no account whose address was never confirmed.
        let account = account.filter(|account| account.disabled_at.is_none() && account.verified_at.is_some());
        Ok(account.map(|account| Member { account, session, hash }))
    })
}

/// Updates the time a session was last used.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; the update may be lost without harm.
pub async fn record_use(app: &App, hash: TokenHash) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |txn| {
            if let Some(session) = sessions::find_session(txn, &hash)? {
                sessions::put(txn, &hash, &Session { used_at: now, ..session });
            }
            Ok(())
        })
        .await
}

/// Ends the session of this token. Does nothing if there is none.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`].
pub async fn sign_out(app: &App, token: &str, client: &Client) -> Result<(), Error> {
    let hash = app.keys.hash(Purpose::Session, token);
    let entry = app.audit_entry(Actor::Anonymous, AuditAction::SignedOut, None, client)?;
    app.store
        .write(move |txn| {
            let Some(session) = sessions::find_session(txn, &hash)? else { return Ok(()) };
            sessions::remove(txn, &hash)?;
            audit::add(txn, &AuditEntry { actor: Actor::User(session.account).into(), ..entry });
            Ok(())
        })
        .await
}

/// A signed-in device, as shown to its owner.
pub struct Device {
    /// Identifies the session when it is ended: the beginning of the token's hash, which grants no access.
    pub id: String,
    pub session: Session,
    /// Whether the request came from it.
    pub is_current: bool,
}

/// The devices a user is signed in on, the one used last first.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_devices(app: &App, member: &Member) -> Result<Vec<Device>, Error> {
    let now = app.clock.now();
    let mut sessions = app.store.read(|txn| sessions::list_for_account(txn, member.account.id))?;
    sessions.retain(|(_, session)| session.is_live(now));
    sessions.sort_by_key(|(_, session)| std::cmp::Reverse(session.used_at));
    let device = |(hash, session): (TokenHash, Session)| Device {
        id: session_id(&hash),
        session,
        is_current: hash == member.hash,
    };
    Ok(sessions.into_iter().map(device).collect())
}

/// Which sessions to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionSelection {
    /// The one with this id.
    One(String),
    /// All but the current one.
    Others,
    All,
}

/// Ends sessions of the user. Returns how many ended, and whether the current one was among them.
///
/// # Errors
/// [`Refusal::SessionNotFound`] for an id that is not a session of this user; [`Refusal::WrongCredentials`] when the
/// account was deleted; [`Error::Busy`].
pub async fn end_sessions(
    app: &App,
    member: &Member,
    which: SessionSelection,
    client: &Client,
) -> Result<(usize, bool), Error> {
    let (me, current) = (member.account.id, member.hash);
    let entry = app.audit_entry(Actor::User(me), AuditAction::SignedOut, None, client)?;
    app.store
        .write(move |txn| {
            require_active_account(txn, me)?;
            let ended = match which {
                SessionSelection::One(id) => {
                    let found =
                        sessions::list_for_account(txn, me)?.into_iter().find(|(hash, _)| session_id(hash) == id);
                    let (hash, _) = found.ok_or(Refusal::SessionNotFound)?;
                    sessions::remove(txn, &hash)?;
                    (1, hash == current)
                }
                SessionSelection::Others => (sessions::remove_all(txn, me, Some(&current))?, false),
                SessionSelection::All => (sessions::remove_all(txn, me, None)?, true),
            };
            audit::add(txn, &entry);
            Ok(ended)
        })
        .await
}

fn session_id(hash: &TokenHash) -> String {
    HEXLOWER.encode(hash.split_at(SESSION_ID_BYTES).0)
}
