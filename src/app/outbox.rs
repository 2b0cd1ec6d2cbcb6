//! The outbox: mail is saved in the transaction of its cause and sent afterwards. A dead relay never fails a sign-up.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::admin::{By, EFFORT};
use super::probes::Watch;
use super::sending::untrue;
use super::{App, Error};
use crate::domain::audit::{Deed, Line};
use crate::domain::mail::{Letter, Mail, Standing};
use crate::domain::{Email, MailId, Refusal};
use crate::store::{Draft, Page, Turn, accounts, audit, outbox};

/// What may be sent from this file. It follows the stamp.
pub(super) struct Rules {
    /// Named in every subject outside production.
    pub label: Option<String>,
    pub sends_to: SendsTo,
    /// The person of the checklist that runs.
    pub probe: Watch,
}

/// Whom mail may be sent to; mail to anybody else is captured.
pub(super) enum SendsTo {
    Nobody,
    These(Vec<String>),
    Everybody,
}

impl Rules {
    /// Whether mail may be sent to this address.
    pub(super) fn allows(&self, email: &Email) -> bool {
        match &self.sends_to {
            SendsTo::Nobody => false,
            SendsTo::Everybody => true,
            SendsTo::These(_) if self.probe.is(email) => true,
            SendsTo::These(list) => list.iter().any(|item| match item.strip_prefix('@') {
                Some(domain) => domain == email.domain(),
                None => item == email.as_str(),
            }),
        }
    }

    /// Whether any mail may be sent at all.
    pub(super) fn lets_mail_out(&self) -> bool {
        !matches!(self.sends_to, SendsTo::Nobody)
    }
}

impl App {
    /// A mail ready to be posted: captured or waiting, by the rules of the file's stamp.
    pub(super) fn compose(&self, to: Email, mut letter: Letter, life: SignedDuration) -> Result<Mail, Error> {
        let now = self.clock.now();
        if let Some(label) = &self.mail.label {
            letter.subject = format!("[{label}] {}", letter.subject);
        }
        let standing = if self.mail.allows(&to) { Standing::due_at(now) } else { Standing::Captured };
        let id = self.mint_mail()?;
        self.mail.probe.keep(&to, id, &letter);
        Ok(Mail {
            id,
            message_id: Some(format!("{id}@{}", self.app_url.host_str().unwrap_or("localhost"))),
            to,
            subject: letter.subject.clone(),
            letter: Some(letter),
            carries: None,
            answer: None,
            created_at: now,
            expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
            standing,
        })
    }

    /// Says that mail was posted, so that it leaves at once.
    pub(super) fn mail_posted(&self) {
        self.mail_waits.notify_one();
    }
}

/// Saves a mail with everything else its cause changes.
pub(super) fn post(draft: &mut Draft<'_, '_>, mail: &Mail) {
    outbox::put(draft, mail, None);
}

/// Mail newest first, for reading where it is captured.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn newest(app: &App, most: usize) -> Result<Vec<Mail>, Error> {
    app.store.read(|view| Ok(outbox::newest(view, most)?))
}

/// The newest verification token mailed to `email`, for browser tests.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn newest_verification_token(app: &App, email: &Email) -> Result<Option<String>, Error> {
    let mails = newest(app, usize::MAX)?;
    let mut texts = mails.iter().filter(|mail| mail.to == *email).filter_map(|mail| mail.letter.as_ref());
    let token = |letter: &Letter| {
        let (_, rest) = letter.text.split_once("/verify-email?token=")?;
        Some(rest.split_whitespace().next()?.to_owned())
    };
    Ok(texts.find_map(token))
}

/// The mail with that id.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn get(app: &App, id: MailId) -> Result<Option<Mail>, Error> {
    app.store.read(|view| Ok(outbox::get(view, id)?))
}

/// Stores how a mail stands now. One that is gone, because its person's account was deleted meanwhile, stays gone.
pub(super) async fn save(app: &App, after: Mail) -> Result<(), Error> {
    app.store
        .write(move |draft| {
            if let Some(before) = outbox::get(draft, after.id)? {
                outbox::put(draft, &after, Some(&before));
            }
            Ok(())
        })
        .await
}

/// Mail newest first, to `to` and standing as `standing` says, where those are given.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list(
    app: &App,
    to: Option<&Email>,
    standing: Option<&str>,
    below: Option<MailId>,
    most: usize,
) -> Result<Page<MailId, Mail>, Error> {
    let turn = Turn { below, most, effort: EFFORT.max(most) };
    let wanted = |mail: &Mail| {
        to.is_none_or(|to| *to == mail.to) && standing.is_none_or(|standing| standing == mail.standing.word())
    };
    app.store.read(|view| Ok(outbox::page(view, wanted, &turn)?))
}

/// Whether [`retry`] would do something.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn may_retry(app: &App, mail: &Mail) -> Result<bool, Error> {
    let sent = matches!(mail.standing, Standing::Sent { .. });
    let now = app.clock.now();
    Ok(!sent && app.mail.allows(&mail.to) && app.store.read(|view| untrue(view, mail, now))?.is_none())
}

/// Has a mail sent at once that waits, was refused, or was captured although its address may be written to by now. A relay
/// whose settings were wrong is tried, too.
///
/// # Errors
/// [`Error::Refused`] when there is no such mail, when it was sent, when it may not be sent, and when what it says is no
/// longer true.
pub async fn retry(app: &App, by: &By, id: MailId) -> Result<Mail, Error> {
    let line = app.line(by.actor, Deed::MailRetried, None, &by.client)?;
    let now = app.clock.now();
    let no = |why: &str| Error::from(Refusal::field("mail", why));
    let rules = Arc::clone(&app.mail);
    let mail = app
        .store
        .write(move |draft| {
            let before = outbox::get(draft, id)?.ok_or_else(|| no("There is no such mail."))?;
            if matches!(before.standing, Standing::Sent { .. }) {
                return Err(no("This mail was sent already."));
            }
            if !rules.allows(&before.to) {
                return Err(no("This mail is captured: this environment does not write to its address."));
            }
            if let Some(why) = untrue(draft, &before, now)? {
                return Err(no(&format!("This mail is not sent any more: {why}.")));
            }
            let after = Mail { standing: Standing::due_at(now), ..before.clone() };
            outbox::put(draft, &after, Some(&before));
            let whom = accounts::with_email(draft, &after.to)?.map(|owner| owner.id);
            audit::add(draft, &Line { whom, ..line });
            Ok(after)
        })
        .await?;
    app.relaying.hurry(now);
    app.mail_posted();
    Ok(mail)
}
