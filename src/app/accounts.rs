//! Signing up and proving that an address is one's own.

use jiff::SignedDuration;

use super::keys::Purpose;
use super::{App, Error, outbox};
use crate::domain::account::Credentials;
use crate::domain::link::{Link, RESEND_PAUSE, Standing, VERIFICATION_LIFE};
use crate::domain::preferences::{Accent, Backfill, Preferences, Theme, WeekStart};
use crate::domain::refusal::Faults;
use crate::domain::{Account, AccountId, DisplayName, Email, Refusal, Zone};
use crate::pages::letters;
use crate::store::{accounts, links};

/// What was typed into the sign-up form, as it was typed.
#[derive(Debug, Default, Clone)]
pub struct SignUp {
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The password once more, where the face asks for it twice.
    pub again: Option<String>,
    /// The zone; blank for UTC.
    pub zone: String,
}

/// Most mails about one unconfirmed account within an hour; past it the answer is the same and nothing is sent.
const MOST_LINKS_AN_HOUR: usize = 5;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl SignUp {
    /// Parses what was typed, all faults at once. The password is judged and hashed elsewhere.
    async fn parse(self, app: &App) -> Result<(Email, Credentials), Error> {
        let mut faults = Faults::default();
        // In the order of the form, for the first one at fault takes the focus.
        let name = faults.take(DisplayName::parse(&self.name));
        let email = faults.take(Email::parse(&self.email));
        let zone = match self.zone.trim() {
            "" => Some(Zone::UTC),
            name => faults.take(Zone::parse(name)),
        };
        let mut known = vec![self.name.clone(), self.email.clone()];
        known.extend(app.app_url.host_str().map(str::to_owned));
        let differs = self.again.is_some_and(|again| again != self.password);
        let password = faults.take(app.passwords.choose(self.password, known).await?);
        if differs {
            faults.add("confirmPassword", "The two passwords differ. Type the same one twice.");
        }
        match (email, name, zone, password) {
            (Some(email), Some(name), Some(zone), Some(password)) if !differs => {
                Ok((email, Credentials { name, password, zone }))
            }
            _ => Err(faults.refusal().into()),
        }
    }
}

/// Signs somebody up and mails a link. A taken address gets the same answer, and its owner a mail that says so.
///
/// The id is that of the new account, or one that leads nowhere when the address was known before.
///
/// # Errors
/// [`Error::Refused`] with a fault per field; [`Error::Busy`].
pub async fn sign_up(app: &App, typed: SignUp) -> Result<AccountId, Error> {
    let (email, credentials) = typed.parse(app).await?;
    let now = app.clock.now();
    let id = app.mint_account()?;
    let token = app.keys.mint(Purpose::Verification)?;
    let welcome = app.compose(
        email.clone(),
        letters::verification(&app.app_url, credentials.name.as_str(), &token.text),
        VERIFICATION_LIFE,
    )?;
    let notice = app.compose(email.clone(), letters::address_taken(&app.app_url), VERIFICATION_LIFE)?;
    app.store
        .write(move |draft| {
            let account = match accounts::with_email(draft, &email)? {
                Some(mut known) if known.verified_at.is_some() => {
                    let recent = known.noticed_at.is_some_and(|at| now.duration_since(at) < HOUR);
                    if !recent {
                        known.noticed_at = Some(now);
                        accounts::put(draft, &known);
                        outbox::post(draft, &notice);
                    }
                    return Ok(());
                }
                Some(known) => Account { credentials: credentials.clone(), ..known },
                None => Account {
                    id,
                    email,
                    credentials: credentials.clone(),
                    verified_at: None,
                    created_at: now,
                    preferences: Preferences::default(),
                    noticed_at: None,
                },
            };
            let recent = links::of(draft, account.id)?;
            let recent = recent.iter().filter(|(_, link)| now.duration_since(link.created_at) < HOUR);
            accounts::put(draft, &account);
            if recent.count() < MOST_LINKS_AN_HOUR {
                let link = Link { account: account.id, credentials, created_at: now, used_at: None };
                links::put(draft, &token.hash, &link);
                outbox::post(draft, &welcome);
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(id)
}

/// Mails a new link to an account that waits to be confirmed; older links stop working. Nothing happens, and nothing
/// different is said, for an unknown or confirmed address or within five minutes of the last link.
///
/// # Errors
/// [`Error::Refused`] when the address is none.
pub async fn resend(app: &App, email: &str) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let now = app.clock.now();
    let Some(account) = app.store.read(|view| accounts::with_email(view, &email))? else { return Ok(()) };
    let token = app.keys.mint(Purpose::Verification)?;
    let letter = letters::verification(&app.app_url, account.name(), &token.text);
    let mail = app.compose(email, letter, VERIFICATION_LIFE)?;
    let hurried = app.hurried;
    app.store
        .write(move |draft| {
            let Some(account) = accounts::get(draft, account.id)?.filter(|account| account.verified_at.is_none())
            else {
                return Ok(());
            };
            let older = links::of(draft, account.id)?;
            let newest = older.iter().map(|(_, link)| link.created_at).max();
            if !hurried && newest.is_some_and(|at| now.duration_since(at) < RESEND_PAUSE) {
                return Ok(());
            }
            for (token, _) in older {
                links::remove(draft, &token, account.id);
            }
            let link = Link { account: account.id, credentials: account.credentials, created_at: now, used_at: None };
            links::put(draft, &token.hash, &link);
            outbox::post(draft, &mail);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

/// What a link that was opened would do. Looking changes nothing.
pub struct Opened {
    /// Whether its button confirms or did so before.
    pub standing: Standing,
    /// The address it is about.
    pub email: Email,
    /// The name it would put in force.
    pub name: DisplayName,
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
        Ok(Opened { standing: link.standing(now)?, email: account.email, name: link.credentials.name })
    })
}

/// Confirms the address behind a link and puts in force what was typed at the sign-up that caused it. The account's
/// other links go. Answers how the link stood, so a second press can be told that all is well.
///
/// # Errors
/// [`Refusal::LinkInvalid`], [`Refusal::LinkExpired`].
pub async fn confirm(app: &App, token: &str) -> Result<(AccountId, Standing), Error> {
    let hash = app.keys.hash(Purpose::Verification, token);
    let now = app.clock.now();
    app.store
        .write(move |draft| {
            let link = links::get(draft, &hash)?.ok_or(Refusal::LinkInvalid)?;
            let mut account = accounts::get(draft, link.account)?.ok_or(Refusal::LinkInvalid)?;
            let standing = link.standing(now)?;
            if standing == Standing::Open {
                for (other, _) in links::of(draft, account.id)?.into_iter().filter(|(other, _)| *other != hash) {
                    links::remove(draft, &other, account.id);
                }
                account.credentials = link.credentials.clone();
                account.verified_at = Some(now);
                accounts::put(draft, &account);
                links::put(draft, &hash, &Link { used_at: Some(now), ..link });
            }
            Ok((account.id, standing))
        })
        .await
}

/// Makes an account without mail, confirmed or not; the one that has the address already stays as it is. For seeds.
///
/// # Errors
/// [`Error::Refused`] with a fault per field.
pub async fn plant(app: &App, typed: SignUp, confirmed: bool) -> Result<(Account, bool), Error> {
    let taken = match Email::parse(&typed.email) {
        Ok(email) => app.store.read(|view| accounts::with_email(view, &email))?,
        Err(_) => None,
    };
    if let Some(account) = taken {
        return Ok((account, false));
    }
    let (email, credentials) = typed.parse(app).await?;
    let now = app.clock.now();
    let id = app.mint_account()?;
    let verified_at = confirmed.then_some(now);
    let account = Account {
        id,
        email,
        credentials,
        verified_at,
        created_at: now,
        preferences: Preferences::default(),
        noticed_at: None,
    };
    app.store
        .write(move |draft| {
            accounts::put(draft, &account);
            Ok((account, true))
        })
        .await
}

/// What is to be different about an account; what is `None` stays.
#[derive(Debug, Default, Clone)]
pub struct Change {
    /// A new name.
    pub name: Option<DisplayName>,
    /// Another zone. Days that were ticked stay the dates they are.
    pub zone: Option<Zone>,
    /// The day a week begins with.
    pub week_start: Option<WeekStart>,
    /// Whether what is done sinks below what is open.
    pub done_sinks: Option<bool>,
    /// How far back ticking goes.
    pub backfill: Option<Backfill>,
    /// Light or dark.
    pub theme: Option<Theme>,
    /// The colour of a day that is done.
    pub accent: Option<Accent>,
}

/// Changes an account.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; [`Error::Broken`] when the account is gone.
pub async fn change(app: &App, me: AccountId, change: Change) -> Result<Account, Error> {
    app.store
        .write(move |draft| {
            let mut account =
                accounts::get(draft, me)?.ok_or_else(|| Error::Broken("the account is gone".to_owned()))?;
            account.credentials.name = change.name.unwrap_or(account.credentials.name);
            account.credentials.zone = change.zone.unwrap_or(account.credentials.zone);
            let before = account.preferences;
            account.preferences = Preferences {
                week_start: change.week_start.unwrap_or(before.week_start),
                done_sinks: change.done_sinks.unwrap_or(before.done_sinks),
                backfill: change.backfill.unwrap_or(before.backfill),
                theme: change.theme.unwrap_or(before.theme),
                accent: change.accent.unwrap_or(before.accent),
            };
            accounts::put(draft, &account);
            Ok(account)
        })
        .await
}
