//! Signing up and proving that an address is one's own.

use jiff::Timestamp;

use super::keys::Purpose;
use super::{App, Error, outbox};
use crate::domain::account::Credentials;
use crate::domain::link::{Link, RESEND_PAUSE, Standing, VERIFICATION_LIFE};
use crate::domain::password::Password;
use crate::domain::preferences::{Accent, Backfill, Preferences, Theme, WeekStart};
use crate::domain::refusal::Faults;
use crate::domain::{Account, AccountId, DisplayName, Email, Refusal, Zone};
use crate::pages::letters;
use crate::store::{Read, accounts, links};

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

impl SignUp {
    /// Parses what was typed, all faults at once, and hashes the password when there are none.
    async fn parse(self, app: &App) -> Result<(Email, Credentials), Error> {
        let mut faults = Faults::default();
        // In the order of the form, for the first one at fault takes the focus.
        let name = faults.take(DisplayName::parse(&self.name));
        let email = faults.take(Email::parse(&self.email));
        let zone = match self.zone.trim() {
            "" => Some(Zone::UTC),
            name => faults.take(Zone::parse(name)),
        };
        let differs = self.again.is_some_and(|again| again != self.password);
        let known = [
            name.as_ref().map(|name| name.as_str().to_owned()),
            email.as_ref().map(|email| email.as_str().to_owned()),
            app.app_url.host_str().map(str::to_owned),
        ];
        let password = faults.take(app.passwords.judge(self.password, known.into_iter().flatten().collect()).await?);
        if differs {
            faults.add("confirmPassword", "The two passwords differ. Type the same one twice.");
        }
        match (email, name, zone, password) {
            (Some(email), Some(name), Some(zone), Some(password)) if !differs => {
                let password = app.passwords.hash(password).await?;
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
    let welcome = app.compose(email.clone(), letters::verification(&app.app_url, &token.text), VERIFICATION_LIFE)?;
    let notice = app.compose(email.clone(), letters::address_taken(&app.app_url), VERIFICATION_LIFE)?;
    app.store
        .write(move |draft| {
            let mut account = match accounts::with_email(draft, &email)? {
                Some(known) => known,
                None => new_account(id, email, credentials.clone(), None, now),
            };
            if account.verified_at.is_some() {
                if account.count_notice(now) {
                    outbox::post(draft, &notice);
                    accounts::put(draft, &account);
                }
                return Ok(());
            }
            account.credentials = credentials.clone();
            // The link is kept even when no mail may go out, so that these credentials can be confirmed with another one.
            let link = Link { account: account.id, credentials, created_at: now, used_at: None };
            links::put(draft, &token.hash, &link);
            if account.count_mail(now) {
                outbox::post(draft, &welcome);
            }
            accounts::put(draft, &account);
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(id)
}

/// An account as it begins.
fn new_account(
    id: AccountId,
    email: Email,
    credentials: Credentials,
    verified_at: Option<Timestamp>,
    now: Timestamp,
) -> Account {
    let preferences = Preferences::default();
    Account {
        id,
        email,
        credentials,
        verified_at,
        created_at: now,
        preferences,
        noticed_at: None,
        mailed_at: Vec::new(),
    }
}

/// Mails a new link to an account that waits to be confirmed; older links of the same sign-up stop working. Nothing
/// happens, and nothing different is said, for an unknown or confirmed address, within five minutes of the last link, or
/// when the address has had its mails of the hour.
///
/// # Errors
/// [`Error::Refused`] when the address is none.
pub async fn resend(app: &App, email: &str) -> Result<(), Error> {
    let email = Email::parse(email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
    let now = app.clock.now();
    let Some(account) = app.store.read(|view| accounts::with_email(view, &email))? else { return Ok(()) };
    let token = app.keys.mint(Purpose::Verification)?;
    let mail = app.compose(email, letters::verification(&app.app_url, &token.text), VERIFICATION_LIFE)?;
    let hurried = app.hurried;
    app.store
        .write(move |draft| {
            let waits = accounts::get(draft, account.id)?.filter(|account| account.verified_at.is_none());
            let Some(mut account) = waits else { return Ok(()) };
            let older = links::of(draft, account.id)?;
            let newest = older.iter().map(|(_, link)| link.created_at).max();
            if !hurried && newest.is_some_and(|at| now.duration_since(at) < RESEND_PAUSE) || !account.count_mail(now) {
                return Ok(());
            }
            // SECURITY: links of other sign-ups stay. Whoever asked for this one may not be who made those.
            for (token, _) in older.iter().filter(|(_, link)| link.credentials == account.credentials) {
                links::remove(draft, token, account.id);
            }
            let credentials = account.credentials.clone();
            links::put(draft, &token.hash, &Link { account: account.id, credentials, created_at: now, used_at: None });
            accounts::put(draft, &account);
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
        let contested = rivals(view, &link, now)?.len() > 1;
        Ok(Opened { standing, email: account.email, name: link.credentials.name, contested })
    })
}

/// Most sign-ups for one address whose passwords are compared; each comparison is one hash.
const MOST_RIVALS: usize = 16;

/// What was typed at the sign-ups that wait for the same address: that of `link` first, then the newest.
fn rivals(read: &impl Read, link: &Link, now: Timestamp) -> Result<Vec<Credentials>, Error> {
    let mut waiting = links::of(read, link.account)?;
    waiting.retain(|(_, other)| matches!(other.standing(now), Ok(Standing::Open)));
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
pub async fn confirm(app: &App, token: &str, password: &str) -> Result<(AccountId, Standing), Error> {
    let hash = app.keys.hash(Purpose::Verification, token);
    let now = app.clock.now();
    let (link, rivals) = app.store.read(|view| {
        let link = links::get(view, &hash)?.ok_or(Refusal::LinkInvalid)?;
        let rivals = rivals(view, &link, now)?;
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
                accounts::put(draft, &account);
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
    let account = new_account(id, email, credentials, confirmed.then_some(now), now);
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
