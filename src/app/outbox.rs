//! The outbox: mail is saved in the transaction of its cause and sent afterwards. A dead relay never fails a sign-up.

use jiff::{SignedDuration, Timestamp};

use super::{App, Error, random};
use crate::domain::mail::{Letter, Mail, Standing, pause_before_retry};
use crate::domain::{Email, MailId};
use crate::mail::{Relay, Trouble};
use crate::store::{Draft, outbox};

/// What may be sent from this file. It follows the stamp.
pub(super) struct Rules {
    /// Named in every subject outside production.
    pub label: Option<String>,
    pub sends_to: SendsTo,
}

/// Whom mail may be sent to; mail to anybody else is captured.
pub(super) enum SendsTo {
    Nobody,
    These(Vec<String>),
    Everybody,
}

impl SendsTo {
    fn allows(&self, email: &Email) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::These(list) => list.iter().any(|item| match item.strip_prefix('@') {
                Some(domain) => domain == email.domain(),
                None => item == email.as_str(),
            }),
        }
    }
}

/// Most mails taken up in one round.
const ROUND: usize = 50;
/// A mail whose relay is misconfigured waits this long; retrying sooner mends nothing.
const CONFIGURATION_PAUSE: SignedDuration = SignedDuration::from_mins(15);

impl App {
    /// A mail ready to be posted: captured or waiting, by the rules of the file's stamp.
    pub(super) fn compose(&self, to: Email, mut letter: Letter, life: SignedDuration) -> Result<Mail, Error> {
        let now = self.clock.now();
        if let Some(label) = &self.mail.label {
            letter.subject = format!("[{label}] {}", letter.subject);
        }
        let standing = if self.mail.sends_to.allows(&to) {
            Standing::Waiting { due: now, attempts: 0 }
        } else {
            Standing::Captured
        };
        let expires_at = now.checked_add(life).unwrap_or(Timestamp::MAX);
        Ok(Mail { id: self.mint_mail()?, to, letter: Some(letter), created_at: now, expires_at, standing })
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

/// Sends what is due, for as long as the server runs. Ends only by being dropped.
pub async fn keep_sending(app: &App, relay: &Relay) {
    loop {
        match send_due(app, relay).await {
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the outbox could not be read or written"),
        }
        let pause = pause_until_next(app);
        tokio::select! {
            () = app.mail_waits.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn pause_until_next(app: &App) -> std::time::Duration {
    let longest = std::time::Duration::from_mins(1);
    let now = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0);
    match app.store.read(outbox::next_due) {
        Ok(Some(due)) => std::time::Duration::from_millis(due.saturating_sub(now).max(100)).min(longest),
        _ => longest,
    }
}

/// Sends everything that is due now, once.
///
/// # Errors
/// [`Error`] when the file cannot be read or written; a relay that refuses is no error here.
pub async fn send_due(app: &App, relay: &Relay) -> Result<(), Error> {
    let millis = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0).saturating_add(1);
    for mail in app.store.read(|view| outbox::due(view, millis, ROUND))? {
        let after = after_sending(app, relay, &mail).await?;
        let id = mail.id;
        tracing::info!(mail = %id, to = %mail.to.masked(), standing = ?after.standing, "mail");
        app.store
            .write(move |draft| {
                // It is gone when its person's account was deleted meanwhile; then it stays gone.
                if let Some(before) = outbox::get(draft, id)? {
                    outbox::put(draft, &after, Some(&before));
                }
                Ok::<_, Error>(())
            })
            .await?;
    }
    Ok(())
}

/// How a mail stands after one try.
async fn after_sending(app: &App, relay: &Relay, mail: &Mail) -> Result<Mail, Error> {
    let (Standing::Waiting { attempts, .. }, Some(letter)) = (&mail.standing, &mail.letter) else {
        return Ok(Mail { standing: gave_up(app, "it has no text any more"), ..mail.clone() });
    };
    if mail.expires_at <= app.clock.now() {
        return Ok(Mail { letter: None, standing: gave_up(app, "what it says is no longer true"), ..mail.clone() });
    }
    let pause = match relay.send(mail, letter).await {
        // SECURITY: the link in a mail is a secret; once it is sent, only its reader has it.
        Ok(()) => return Ok(Mail { letter: None, standing: Standing::Sent { at: app.clock.now() }, ..mail.clone() }),
        Err(Trouble::Final(why)) => {
            return Ok(Mail { letter: None, standing: gave_up(app, &why), ..mail.clone() });
        }
        Err(trouble @ Trouble::Configuration(_)) => {
            tracing::error!(%trouble, "mail cannot leave");
            CONFIGURATION_PAUSE
        }
        Err(trouble @ Trouble::Passing(_)) => {
            tracing::warn!(%trouble, "mail waits");
            pause_before_retry(*attempts, u32::from_le_bytes(random()?))
        }
    };
    let due = app.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
    Ok(Mail { standing: Standing::Waiting { due, attempts: attempts.saturating_add(1) }, ..mail.clone() })
}

fn gave_up(app: &App, why: &str) -> Standing {
    Standing::Failed { at: app.clock.now(), why: why.to_owned() }
}

/// The mail with that id.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn get(app: &App, id: MailId) -> Result<Option<Mail>, Error> {
    app.store.read(|view| Ok(outbox::get(view, id)?))
}
