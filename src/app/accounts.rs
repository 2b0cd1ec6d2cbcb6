//! How an account begins, with a link that proves whose address it is, and how it ends.

use super::challenges::spend;
use super::keys::Purpose;
use super::{App, Error, outbox};
use crate::domain::audit::{Actor, Deed, Line};
use crate::domain::challenge::Action;
use crate::domain::credentials::Credentials;
use crate::domain::link::{Code, Link, VERIFICATION_LIFE};
use crate::domain::mail::Carries;
use crate::domain::refusal::Faults;
use crate::domain::{Account, AccountId, Client, DisplayName, Email, Refusal, Zone};
use crate::pages::letters;
use crate::store::{Draft, accounts, attempts, audit, challenges, completions, habits, links, sessions};

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
    /// The zone; `None` for UTC, where a face does not ask.
    pub zone: Option<String>,
}

impl SignUp {
    /// Parses what was typed, all faults at once, and hashes the password when there are none.
    async fn parse(self, app: &App) -> Result<(Email, Credentials), Error> {
        let mut faults = Faults::default();
        // In the order of the form, for the first one at fault takes the focus.
        let name = faults.take(DisplayName::parse(&self.name));
        let email = faults.take(Email::parse(&self.email));
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
        let zone = faults.take(self.zone.map_or(Ok(Zone::UTC), |name| Zone::parse(&name)));
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
pub async fn sign_up(app: &App, typed: SignUp, client: &Client) -> Result<AccountId, Error> {
    let (email, credentials) = typed.parse(app).await?;
    let now = app.clock.now();
    let id = app.mint_account()?;
    let token = app.keys.mint(Purpose::Verification)?;
    let digits = app.keys.digits()?;
    let welcome = letters::verification(&app.app_url, &token.text, &digits);
    let welcome = app.compose(email.clone(), welcome, VERIFICATION_LIFE)?.carrying(Carries::Verification(token.hash));
    let notice = app.compose(email.clone(), letters::address_taken(&app.app_url), VERIFICATION_LIFE)?;
    let code_of = app.keys.codes();
    let line = app.line(Actor::Stranger, Deed::SignedUp, None, client)?;
    app.store
        .write(move |draft| {
            let mut account = match accounts::with_email(draft, &email)? {
                Some(known) => known,
                None => Account::new(id, email, credentials.clone(), None, now),
            };
            if account.verified_at.is_some() {
                if account.count_notice(now) {
                    outbox::post(draft, &notice);
                }
                // SECURITY: written also when nothing changed, so that a taken address waits for the disk like a new one.
                accounts::put(draft, &account)?;
                return Ok(());
            }
            account.credentials = credentials.clone();
            // The link is kept even when no mail may go out, so that these credentials can be confirmed with another one.
            let mails = account.count_mail(now);
            // SECURITY: digits that nobody was mailed are none, or guesses at them would come for free.
            let code = mails.then(|| Code { hash: code_of(account.id, &digits), wrong: 0 });
            links::put(
                draft,
                &token.hash,
                &Link { account: account.id, credentials, code, created_at: now, used_at: None },
            );
            if mails {
                outbox::post(draft, &welcome);
            }
            accounts::put(draft, &account)?;
            audit::add(draft, &Line { whom: Some(account.id), ..line });
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(id)
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
    let account = Account::new(id, email, credentials, confirmed.then_some(now), now);
    app.store
        .write(move |draft| {
            accounts::put(draft, &account)?;
            Ok((account, true))
        })
        .await
}

/// Deletes an account and everything of it, at once and for good. What stays is the audit trail, which names nobody and no
/// place; its last line says that an account was deleted.
///
/// # Errors
/// [`Refusal::ProofWanted`], [`Refusal::LinkExpired`]; [`Error::Busy`].
pub async fn delete(app: &App, me: &Account, proof: &str) -> Result<(), Error> {
    let proof = app.keys.hash(Purpose::Challenge, proof);
    let now = app.clock.now();
    let id = me.id;
    let line = app.line(Actor::Person(id), Deed::AccountDeleted, None, &Client::default())?;
    app.store
        .write(move |draft| {
            spend(draft, &proof, id, Action::AccountDelete, now)?;
            let account = accounts::get(draft, id)?.ok_or(Refusal::ProofWanted)?;
            erase(draft, &account)?;
            audit::add(draft, &line);
            Ok(())
        })
        .await
}

/// Demands that whoever was signed in when a request began still has an account: one that was deleted meanwhile must not
/// come back in pieces.
pub(super) fn demand(draft: &Draft<'_, '_>, me: AccountId) -> Result<(), Error> {
    match accounts::get(draft, me)? {
        Some(account) if account.disabled_at.is_none() => Ok(()),
        _ => Err(Refusal::WrongCredentials.into()),
    }
}

/// Removes an account from every table.
pub(super) fn erase(draft: &mut Draft<'_, '_>, account: &Account) -> Result<(), Error> {
    let id = account.id;
    for habit in habits::all(draft, id)? {
        habits::remove(draft, id, habit.id)?;
    }
    completions::remove_all(draft, id)?;
    sessions::remove_all(draft, id, None)?;
    challenges::remove_all(draft, id)?;
    attempts::remove_all(draft, id)?;
    for (token, _) in links::of(draft, id)? {
        links::remove(draft, &token, id);
    }
    crate::store::outbox::remove_to(draft, &addresses(draft, account)?)?;
    audit::make_nameless(draft, id)?;
    Ok(accounts::remove(draft, account)?)
}

/// The addresses that mail of this account went to. Somebody else may have a former one by now, and mail of their own there.
fn addresses(draft: &Draft<'_, '_>, account: &Account) -> Result<Vec<Email>, Error> {
    let waiting = account.new_address.iter().map(|waiting| &waiting.email);
    let elsewhere = account.mailed_elsewhere.iter().map(|other| &other.email).chain(waiting);
    let mut addresses = vec![account.email.clone()];
    for email in elsewhere {
        if accounts::with_email(draft, email)?.is_none() {
            addresses.push(email.clone());
        }
    }
    Ok(addresses)
}
