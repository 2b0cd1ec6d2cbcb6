//! The checklist's disposable person: the one address that mail is kept readable for while a checklist runs, and the end of
//! whatever was made for it.
//!
//! SECURITY: a probe exists in memory only, for one address that nobody chose, and for ten minutes at most. Only an operator
//! at the control socket begins one, and reads the mail to it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{App, Error, audit, outbox, random};
use crate::domain::audit::{Actor, Deed};
use crate::domain::mail::{Letter, Mail};
use crate::domain::{Client, Email, MailId, Refusal};
use crate::store::{self, accounts};

/// Longest life of a probe.
pub const LIFE: SignedDuration = SignedDuration::from_mins(10);
/// What the name of every probe holds, before its nonce.
const TAG: &str = "atlas-verify-";

/// The probe that is out, if one is.
#[derive(Default)]
pub(super) struct Watch(Mutex<Option<Probe>>);

struct Probe {
    email: Email,
    until: Timestamp,
    /// What its mails say, the only copy once they were sent.
    texts: HashMap<MailId, String>,
}

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Option<Probe>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether mail to this address is the probe's.
    pub(super) fn is(&self, email: &Email) -> bool {
        self.lock().as_ref().is_some_and(|probe| probe.email == *email)
    }

    /// Keeps what a mail to the probe says.
    pub(super) fn keep(&self, email: &Email, id: MailId, letter: &Letter) {
        if let Some(probe) = self.lock().as_mut().filter(|probe| probe.email == *email) {
            probe.texts.insert(id, letter.text.clone());
        }
    }
}

/// Begins a probe and answers its address and its end. Its mail reaches the owner of the environment, for the address is
/// theirs with a tag behind the name; without an owner it leads nowhere.
///
/// # Errors
/// [`Refusal::Operating`] while another probe is out; [`Error::Unavailable`].
pub async fn begin(app: &App) -> Result<(Email, Timestamp), Error> {
    let now = app.clock.now();
    let taken = || Refusal::operating("another checklist is running; try again when it has ended");
    if app.mail.probe.lock().as_ref().is_some_and(|probe| probe.until > now) {
        return Err(taken().into());
    }
    end(app).await?;
    let nonce = u64::from_be_bytes(random()?);
    let owner = app.admins.first().map_or("nobody@atlas.invalid", Email::as_str);
    let (name, domain) = owner.split_once('@').unwrap_or((owner, "atlas.invalid"));
    let email = Email::parse(&format!("{name}+{TAG}{nonce:016x}@{domain}"));
    let email = email.map_err(|_| Refusal::operating(format!("{owner} is too long to be tagged")))?;
    let until = now.checked_add(LIFE).unwrap_or(Timestamp::MAX);
    audit::note(app, Actor::Operator, Deed::ChecklistBegun, &Client::default()).await?;
    let mut place = app.mail.probe.lock();
    // Two may have come this far at once.
    if place.is_some() {
        return Err(taken().into());
    }
    *place = Some(Probe { email: email.clone(), until, texts: HashMap::new() });
    Ok((email, until))
}

/// The newest mail to the probe, with what it says.
///
/// # Errors
/// [`Refusal::Operating`] when no probe is out; [`Error::Unavailable`].
pub fn mail(app: &App) -> Result<Option<(Mail, Option<String>)>, Error> {
    let Some(email) = address(app) else { return Err(Refusal::operating("no checklist is running").into()) };
    let Some(mail) = outbox::list(app, Some(&email), None, None, 1)?.rows.into_iter().next() else { return Ok(None) };
    let text = app.mail.probe.lock().as_ref().and_then(|probe| probe.texts.get(&mail.id).cloned());
    Ok(Some((mail, text)))
}

/// The address of the probe that is out.
pub fn address(app: &App) -> Option<Email> {
    app.mail.probe.lock().as_ref().map(|probe| probe.email.clone())
}

/// Ends the probe that is out. Answers whether its account was still there.
///
/// # Errors
/// [`Error::Busy`], [`Error::Unavailable`]; the probe stays out.
pub async fn end(app: &App) -> Result<bool, Error> {
    let Some(email) = address(app) else { return Ok(false) };
    let was_there = remove(app, email).await?;
    *app.mail.probe.lock() = None;
    Ok(was_there)
}

/// Ends a probe whose time is over. Answers whether it did.
///
/// # Errors
/// As for [`end`].
pub async fn end_if_over(app: &App) -> Result<bool, Error> {
    let now = app.clock.now();
    if app.mail.probe.lock().as_ref().is_none_or(|probe| probe.until > now) {
        return Ok(false);
    }
    end(app).await.map(|_| true)
}

/// Removes the account of a probe, also one of a server before this one, and mail to it. Answers whether it was there.
///
/// # Errors
/// [`Refusal::Operating`] for an address that is no probe's; [`Error::Busy`], [`Error::Unavailable`].
pub async fn remove(app: &App, email: Email) -> Result<bool, Error> {
    // SECURITY: nobody but a checklist is ever removed in this way, whatever a file beside the data file says.
    if !email.as_str().contains(TAG) {
        return Err(Refusal::operating("this is not the address of a checklist").into());
    }
    let line = app.line(Actor::Operator, Deed::AccountDeleted, None, &Client::default())?;
    app.store
        .write(move |draft| {
            let account = accounts::with_email(draft, &email)?;
            match &account {
                Some(account) => {
                    super::accounts::erase(draft, account)?;
                    store::audit::add(draft, &line);
                }
                None => store::outbox::remove_to(draft, std::slice::from_ref(&email))?,
            }
            Ok(account.is_some())
        })
        .await
}
