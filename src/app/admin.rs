//! What admins and operators may do about people, and who is an admin.
//!
//! A page, JSON, a command and the control socket come here. Every deed has its line in the audit trail, written in the
//! same transaction; nobody but the person ever sees a password's hash or the token of a session.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;

use super::accounts::demand;
use super::{App, Error, links, two_factor};
use crate::domain::audit::{Actor, Deed};
use crate::domain::{Account, AccountId, AuditId, Client, Email, FileId, HabitId, Refusal};
use crate::domain::{Environment, audit::Line};
use crate::store::counts::{self, Count};
use crate::store::schema::{ACCOUNTS, HABITS, MAIL, MAIL_DUE, STAMP};
use crate::store::{Draft, Page, Turn, accounts, audit, challenges, habits, migrations, sessions};

/// Most rows looked at for one page of a search: 40 ms among people and 70 ms among habits, measured at 2 µs a person and
/// 3.6 µs a habit in a file of 100,000 people. A page that ends for this reason says where to go on, so a search is
/// complete however many people there are, and none keeps the server for long.
pub const EFFORT: usize = 20_000;

impl App {
    /// Whether this person is an admin of this environment.
    ///
    /// SECURITY: the address is compared whole and in the one spelling [`Email`] has, and only a confirmed one counts.
    /// Nothing in the data file makes an admin, so nothing that writes to it can. It is asked at every request.
    pub fn is_admin(&self, person: &Account) -> bool {
        person.verified_at.is_some() && person.disabled_at.is_none() && self.admins.contains(&person.email)
    }
}

/// Whether this person may use the admin pages now. The one place that decides it, whatever the route: a second factor
/// that admins must have is demanded here.
///
/// # Errors
/// [`Refusal::NotAdmin`]; [`Refusal::SecondFactorWanted`] for an admin who has to set one up first.
pub fn admit(app: &App, person: &Account) -> Result<(), Refusal> {
    if !app.is_admin(person) {
        return Err(Refusal::NotAdmin);
    }
    if two_factor::must_enrol(app, person) { Err(Refusal::SecondFactorWanted) } else { Ok(()) }
}

/// Who does something about somebody else, and from where.
#[derive(Debug, Clone)]
pub struct By {
    /// The admin or the operator.
    pub actor: Actor,
    /// Where the request came from.
    pub client: Client,
}

impl By {
    /// An operator in a terminal of the machine.
    pub fn operator() -> Self {
        Self { actor: Actor::Operator, client: Client::default() }
    }

    /// Demands that an admin still has an account: nothing is done by one that was deleted meanwhile.
    fn demand(&self, draft: &Draft<'_, '_>) -> Result<(), Error> {
        match self.actor {
            Actor::Person(me) => demand(draft, me),
            Actor::Stranger | Actor::Operator => Ok(()),
        }
    }
}

/// How many people there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// All of them.
    pub total: u64,
    /// Those whose address is confirmed.
    pub verified: u64,
    /// Those who are switched off.
    pub disabled: u64,
}

/// How many habits there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Habits {
    /// All of them.
    pub total: u64,
    /// Those that were put away.
    pub archived: u64,
}

/// How many people there are.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn count_people(app: &App) -> Result<People, Error> {
    app.store.read(|view| {
        let total = view.count(ACCOUNTS.name())?;
        let (verified, disabled) = (counts::get(view, Count::Verified)?, counts::get(view, Count::Disabled)?);
        Ok(People { total, verified, disabled })
    })
}

/// How many habits there are.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn count_habits(app: &App) -> Result<Habits, Error> {
    app.store
        .read(|view| Ok(Habits { total: view.count(HABITS.name())?, archived: counts::get(view, Count::Archived)? }))
}

/// Where a page of a list begins.
fn turn<K>(below: Option<K>, most: usize) -> Turn<K> {
    Turn { below, most, effort: EFFORT.max(most) }
}

/// People, newest first, whose address or name contains `search` in any case. A whole address that is somebody's finds its
/// owner alone, at once.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn people(
    app: &App,
    search: &str,
    below: Option<AccountId>,
    most: usize,
) -> Result<Page<AccountId, Account>, Error> {
    app.store.read(|view| {
        if let Ok(email) = Email::parse(search)
            && let Some(owner) = accounts::with_email(view, &email)?
        {
            return Ok(Page { rows: vec![owner], next: None });
        }
        Ok(accounts::page(view, &search.trim().to_lowercase(), &turn(below, most))?)
    })
}

/// Everybody's habits with their owners: the newest people's first, and of each the newest first. `active` takes those that
/// are kept or those that were put away; `search` is in the title, the description, or the owner's name or address.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn habits(
    app: &App,
    search: &str,
    active: Option<bool>,
    below: Option<(AccountId, HabitId)>,
    most: usize,
) -> Result<habits::Owned, Error> {
    app.store.read(|view| Ok(habits::page(view, &search.trim().to_lowercase(), active, &turn(below, most))?))
}

/// The audit trail, newest first: lines about `whom`, of `deed`.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn trail(
    app: &App,
    whom: Option<AccountId>,
    deed: Option<Deed>,
    below: Option<AuditId>,
    most: usize,
) -> Result<Page<AuditId, Line>, Error> {
    app.store.read(|view| Ok(audit::page(view, whom, deed, &turn(below, most))?))
}

/// The names of people as they are now; who is gone has none.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn names(app: &App, people: impl Iterator<Item = AccountId>) -> Result<BTreeMap<AccountId, String>, Error> {
    app.store.read(|view| {
        let mut names = BTreeMap::new();
        for id in people {
            if let Entry::Vacant(place) = names.entry(id)
                && let Some(account) = accounts::get(view, id)?
            {
                place.insert(account.name().to_owned());
            }
        }
        Ok(names)
    })
}

/// What is known about a person, without what only the person may know.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The account.
    pub account: Account,
    /// Whether the person is an admin.
    pub is_admin: bool,
    /// How many sessions are live.
    pub sessions: usize,
    /// When the person was last here, to a minute, as far as live sessions tell.
    pub seen_at: Option<Timestamp>,
    /// Habits that are kept.
    pub active: usize,
    /// Habits that were put away.
    pub archived: usize,
}

/// What is known about a person.
///
/// # Errors
/// [`Refusal::NoSuchPerson`].
pub fn facts(app: &App, id: AccountId) -> Result<Facts, Error> {
    let now = app.clock.now();
    app.store.read(|view| {
        let account = accounts::get(view, id)?.ok_or(Refusal::NoSuchPerson)?;
        let mut sessions = sessions::of(view, id)?;
        sessions.retain(|(_, session)| session.is_live(now));
        let kept = habits::all(view, id)?;
        let active = kept.iter().filter(|habit| habit.is_active()).count();
        Ok(Facts {
            is_admin: app.is_admin(&account),
            account,
            seen_at: sessions.iter().map(|(_, session)| session.used_at).max(),
            sessions: sessions.len(),
            active,
            archived: kept.len() - active,
        })
    })
}

/// The person with that address or id.
///
/// # Errors
/// [`Refusal::NoSuchPerson`].
pub fn find(app: &App, who: &str) -> Result<AccountId, Error> {
    let found = app.store.read(|view| match (who.parse::<AccountId>(), Email::parse(who)) {
        (Ok(id), _) => accounts::get(view, id),
        (Err(_), Ok(email)) => accounts::with_email(view, &email),
        (Err(_), Err(_)) => Ok(None),
    })?;
    Ok(found.ok_or(Refusal::NoSuchPerson)?.id)
}

/// Switches an account off: every session ends with it, and nobody signs in until it is switched on again. One that is
/// off already stays as it is.
///
/// An admin cannot switch off the own account, so whoever presses the button is always left; another admin can be switched
/// off, because a stolen account must be. An operator may switch off anybody.
///
/// # Errors
/// [`Refusal::NoSuchPerson`], [`Refusal::OwnAccount`].
pub async fn disable(app: &App, by: &By, whom: AccountId) -> Result<Account, Error> {
    if by.actor == Actor::Person(whom) {
        return Err(Refusal::OwnAccount.into());
    }
    let line = app.line(by.actor, Deed::AccountDisabled, Some(whom), &by.client)?;
    let now = app.clock.now();
    let by = by.clone();
    app.store
        .write(move |draft| {
            by.demand(draft)?;
            let mut account = accounts::get(draft, whom)?.ok_or(Refusal::NoSuchPerson)?;
            if account.disabled_at.is_none() {
                account.disabled_at = Some(now);
                // What a thief has begun must not come true when the owner is let in again.
                account.new_address = None;
                account.reset = None;
                accounts::put(draft, &account)?;
                sessions::remove_all(draft, whom, None)?;
                challenges::remove_all(draft, whom)?;
                audit::add(draft, &line);
            }
            Ok(account)
        })
        .await
}

/// Switches an account on again. Sessions that ended with it stay ended.
///
/// # Errors
/// [`Refusal::NoSuchPerson`].
pub async fn enable(app: &App, by: &By, whom: AccountId) -> Result<Account, Error> {
    let line = app.line(by.actor, Deed::AccountEnabled, Some(whom), &by.client)?;
    let by = by.clone();
    app.store
        .write(move |draft| {
            by.demand(draft)?;
            let mut account = accounts::get(draft, whom)?.ok_or(Refusal::NoSuchPerson)?;
            if account.disabled_at.take().is_some() {
                accounts::put(draft, &account)?;
                audit::add(draft, &line);
            }
            Ok(account)
        })
        .await
}

/// Ends every session of a person. Answers how many there were.
///
/// # Errors
/// [`Refusal::NoSuchPerson`].
pub async fn sign_out(app: &App, by: &By, whom: AccountId) -> Result<usize, Error> {
    let line = app.line(by.actor, Deed::SessionsEnded, Some(whom), &by.client)?;
    let by = by.clone();
    app.store
        .write(move |draft| {
            by.demand(draft)?;
            accounts::get(draft, whom)?.ok_or(Refusal::NoSuchPerson)?;
            audit::add(draft, &line);
            Ok(sessions::remove_all(draft, whom, None)?)
        })
        .await
}

/// Mails the link that confirms a person's address again. Answers whether a mail left: none does for an address that is
/// confirmed, or that had its mails of the hour.
///
/// # Errors
/// [`Refusal::NoSuchPerson`].
pub async fn resend(app: &App, by: &By, whom: AccountId) -> Result<bool, Error> {
    let account = app.store.read(|view| accounts::get(view, whom))?.ok_or(Refusal::NoSuchPerson)?;
    let line = app.line(by.actor, Deed::VerificationResent, Some(whom), &by.client)?;
    links::mail_again(app, account, links::Wish::Admins(line)).await
}

/// Writes down that somebody takes a list along, before it is made.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]: then there is no list either.
pub async fn note_export(app: &App, by: &By) -> Result<(), Error> {
    super::audit::note(app, by.actor, Deed::ListExported, &by.client).await
}

/// How the environment and its data file are.
#[derive(Debug, Clone)]
pub struct Health {
    /// Whose data file it is.
    pub environment: Environment,
    /// Its id, for its whole life.
    pub file: FileId,
    /// When it was made.
    pub made_at: Timestamp,
    /// Its size in bytes.
    pub bytes: u64,
    /// The schema it is in.
    pub schema: u32,
    /// Whether it can be read and written.
    pub works: bool,
    /// Mail that waits to be sent.
    pub waiting: u64,
    /// Mail that is kept, however it stands.
    pub mails: u64,
}

/// How the environment and its data file are.
pub fn health(app: &App) -> Health {
    let stamp = app.store.stamp();
    let count = |table: &'static str| app.store.read(|view| view.count(table));
    Health {
        environment: stamp.environment.clone(),
        file: stamp.file_id,
        made_at: stamp.created_at,
        bytes: std::fs::metadata(app.store.path()).map_or(0, |facts| facts.len()),
        schema: migrations::newest(),
        works: count(STAMP.name()).is_ok() && app.store.can_commit(),
        waiting: count(MAIL_DUE.name()).unwrap_or(0),
        mails: count(MAIL.name()).unwrap_or(0),
    }
}
