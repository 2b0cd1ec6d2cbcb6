//! Sending what waits in the outbox: who may get it, whether it is still true, and what a relay's answer means for it.

use std::time::Duration;

use jiff::Timestamp;

use super::{App, Error, outbox::save, random};
use crate::domain::mail::{Carries, Mail, Standing, pause_before_retry};
use crate::domain::{MailId, link};
use crate::mail::{Connection, Relay, Trouble, Verdict};
use crate::store::{Read, accounts, links, outbox};

/// Most mails taken up in one round.
const ROUND: usize = 50;
/// So many connections may break in one round; then the rest of it waits, too.
const BREAKS: usize = 3;
/// How long nothing is tried after the data file refused something.
const TROUBLED: Duration = Duration::from_secs(10);
/// How long to wait before what became of a mail is written down after others came first.
const SOON: Duration = Duration::from_millis(100);
/// Most held mails that are let go at once; what is left goes at its own time.
const LET_GO: usize = 1_000;

/// Sends what is due, for as long as the server runs. Ends only by being dropped.
pub async fn keep_sending(app: &App, relay: &Relay) {
    // Whoever mended the settings has started the server anew; what waited for that waits no longer.
    match relay.try_out().await {
        Ok(()) => arrived(app).await,
        Err(trouble) => failed(app, &trouble),
    }
    if let Err(error) = let_go(app).await {
        tracing::error!(%error, "held mail could not be let go");
    }
    loop {
        let pause = match send_due(app, relay).await {
            Ok(()) => pause_until_next(app),
            Err(error) => {
                tracing::error!(%error, "the outbox could not be read or written");
                TROUBLED
            }
        };
        tokio::select! {
            () = app.mail_waits.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn pause_until_next(app: &App) -> Duration {
    let longest = Duration::from_mins(1);
    let now = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0);
    match app.store.read(outbox::next_due) {
        Ok(Some(due)) => Duration::from_millis(due.saturating_sub(now).max(100)).min(longest),
        _ => longest,
    }
}

/// Sends everything that is due now, once, over as few connections as it takes.
///
/// # Errors
/// [`Error`] when the file cannot be read or written; a relay that refuses is no error here. A mail about which something
/// stored cannot be read stays where it is, and that is told after the others were sent.
pub async fn send_due(app: &App, relay: &Relay) -> Result<(), Error> {
    // A mail that was sent and cannot be marked as sent would be sent again and again.
    if !app.store.can_commit() {
        return Err(Error::Unavailable("the data file takes no writes, so no mail is sent".to_owned()));
    }
    let millis = u64::try_from(app.clock.now().as_millisecond()).unwrap_or(0).saturating_add(1);
    let due = app.store.read(|view| outbox::due(view, millis, ROUND))?;
    let mut round = Round { app, relay, connection: None, breaks: 0, stopped: None };
    let mut broken = Ok(());
    for id in due {
        match round.after(id).await {
            Ok(None) => {}
            Ok(Some(after)) => {
                tracing::info!(mail = %id, to = %after.to.masked(), standing = after.standing.word(), "mail");
                written_down(app, after).await?;
            }
            Err(Error::Broken(why)) => broken = Err(Error::Broken(format!("mail {id}: {why}"))),
            Err(error) => return Err(error),
        }
    }
    if let Some(connection) = round.connection {
        connection.quit().await;
    }
    broken
}

/// Writes down what became of a mail, however many others want to write something.
async fn written_down(app: &App, after: Mail) -> Result<(), Error> {
    loop {
        match save(app, after.clone()).await {
            Err(Error::Busy) => tokio::time::sleep(SOON).await,
            saved => return saved,
        }
    }
}

/// One round: a connection for all of it, as far as that holds.
struct Round<'a> {
    app: &'a App,
    relay: &'a Relay,
    connection: Option<Connection<'a>>,
    breaks: usize,
    /// Why nothing more is tried in this round.
    stopped: Option<Trouble>,
}

impl Round<'_> {
    /// How a mail stands after its turn; `None` for one that is gone meanwhile.
    async fn after(&mut self, id: MailId) -> Result<Option<Mail>, Error> {
        let now = self.app.clock.now();
        let looked = self.app.store.read(|view| {
            let Some(mail) = outbox::get(view, id)? else { return Ok::<_, Error>(None) };
            let why = untrue(view, &mail, now)?;
            Ok(Some((mail, why)))
        })?;
        Ok(match looked {
            None => None,
            Some((mail, Some(why))) => Some(mail.over(now, why)),
            Some((mail, None)) => Some(self.tried(mail, now).await?),
        })
    }

    /// How a mail stands after it was tried to send it, if it may be.
    async fn tried(&mut self, mail: Mail, now: Timestamp) -> Result<Mail, Error> {
        // SECURITY: asked again at the last moment, for the list may be shorter than when the mail was written.
        if !self.app.mail.allows(&mail.to) {
            return Ok(Mail { standing: Standing::Captured, ..mail });
        }
        if let Some(until) = self.app.relaying.held_until(now) {
            return Ok(held(mail, until));
        }
        if let Some(trouble) = &self.stopped {
            return postponed(mail, trouble, now);
        }
        match self.send(&mail).await {
            // SECURITY: the link in a mail is a secret; once it is sent, only its reader has it.
            Ok(reply) => Ok(Mail { letter: None, answer: Some(reply), standing: Standing::Sent { at: now }, ..mail }),
            Err(trouble) => self.give_way(mail, trouble, now),
        }
    }

    async fn send(&mut self, mail: &Mail) -> Result<String, Trouble> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.relay.connect().await {
                Ok(connection) => connection,
                Err(trouble) => {
                    failed(self.app, &trouble);
                    self.stopped = Some(trouble.clone());
                    return Err(trouble);
                }
            },
        };
        let Some(letter) = &mail.letter else { return Err(Trouble::empty()) };
        let sent = connection.send(mail, letter).await;
        match &sent {
            Err(trouble) if matches!(trouble.verdict, Verdict::Mend(_)) => {
                failed(self.app, trouble);
                self.stopped = Some(trouble.clone());
            }
            Err(trouble) if trouble.verdict == Verdict::Lost => {
                self.breaks += 1;
                if self.breaks == BREAKS {
                    failed(self.app, trouble);
                    self.stopped = Some(trouble.clone());
                }
            }
            // Whatever it says of this mail: it listens to us.
            _ => arrived(self.app).await,
        }
        self.connection = Some(connection).filter(Connection::is_open);
        sent
    }

    /// How a mail stands that was not taken.
    fn give_way(&self, mail: Mail, trouble: Trouble, now: Timestamp) -> Result<Mail, Error> {
        match trouble.verdict {
            // The text stays until it is no longer true, so that it can be tried again once its reason is gone.
            Verdict::Never => {
                tracing::warn!(mail = %mail.id, what = trouble.what, "a mail was refused for good");
                let why = trouble.to_string();
                Ok(Mail { answer: trouble.reply, standing: Standing::Failed { at: now, why }, ..mail })
            }
            Verdict::Later | Verdict::Lost => {
                tracing::warn!(mail = %mail.id, what = trouble.what, "a mail waits");
                postponed(mail, &trouble, now)
            }
            Verdict::Mend(_) => {
                let until = self.app.relaying.held_until(now).unwrap_or(now);
                Ok(Mail { answer: Some(trouble.to_string()), ..held(mail, until) })
            }
        }
    }
}

/// It works, and what was held goes at once.
async fn arrived(app: &App) {
    if app.relaying.works(app.clock.now()) {
        tracing::info!("mail leaves again");
        if let Err(error) = let_go(app).await {
            tracing::error!(%error, "held mail could not be let go");
        }
    }
}

fn failed(app: &App, trouble: &Trouble) {
    let what = &trouble.what;
    if let Some(retry_at) = app.relaying.fails(trouble, app.clock.now()) {
        tracing::error!(what, %retry_at, "mail cannot leave until the relay's settings are mended");
    } else {
        tracing::warn!(what, "the relay cannot be reached");
    }
}

/// Makes mail that waited for the settings to be mended due at once.
async fn let_go(app: &App) -> Result<(), Error> {
    let now = app.clock.now();
    app.store
        .write(move |draft| {
            for mail in outbox::waiting(draft, LET_GO)? {
                if let Standing::Waiting { held: true, attempts, .. } = mail.standing {
                    let standing = Standing::Waiting { due: now, attempts, held: false };
                    outbox::put(draft, &Mail { standing, ..mail.clone() }, Some(&mail));
                }
            }
            Ok::<_, Error>(())
        })
        .await?;
    app.mail_posted();
    Ok(())
}

fn attempts_of(mail: &Mail) -> u32 {
    match mail.standing {
        Standing::Waiting { attempts, .. } => attempts,
        _ => 0,
    }
}

/// Waiting for somebody to mend the settings. It is not the mail that failed, so no try is counted.
fn held(mail: Mail, until: Timestamp) -> Mail {
    let due = until.min(mail.expires_at);
    Mail { standing: Standing::Waiting { due, attempts: attempts_of(&mail), held: true }, ..mail }
}

/// Waiting for its next try, which is never later than the end of what it says.
fn postponed(mail: Mail, trouble: &Trouble, now: Timestamp) -> Result<Mail, Error> {
    let attempts = attempts_of(&mail);
    let pause = pause_before_retry(attempts, u32::from_le_bytes(random()?));
    let due = now.checked_add(pause).unwrap_or(Timestamp::MAX).min(mail.expires_at);
    let standing = Standing::Waiting { due, attempts: attempts.saturating_add(1), held: false };
    Ok(Mail { answer: Some(trouble.to_string()), standing, ..mail })
}

/// Why what a mail says is no longer true at `now`; `None` when it is.
pub(super) fn untrue(read: &impl Read, mail: &Mail, now: Timestamp) -> Result<Option<&'static str>, Error> {
    if mail.letter.is_none() {
        return Ok(Some("it has no text any more"));
    }
    if mail.expires_at <= now {
        return Ok(Some("what it says is no longer true"));
    }
    let gone = Some("its link does not work any more: it was used or replaced, or the account is gone");
    Ok(match mail.carries {
        None => None,
        Some(Carries::Verification(token)) => {
            let link = links::get(read, &token)?;
            let owner = link.as_ref().map(|link| accounts::get(read, link.account)).transpose()?.flatten();
            let waits = owner.is_some_and(|owner| owner.verified_at.is_none());
            let works = link.is_some_and(|link| matches!(link.standing(now), Ok(link::Standing::Open)));
            if works && waits { None } else { gone }
        }
        Some(Carries::Reset(token)) => {
            let owner = accounts::with_token(read, &token)?.filter(|owner| owner.disabled_at.is_none());
            let works = owner.and_then(|owner| owner.reset).is_some_and(|reset| reset.token == token);
            if works { None } else { gone }
        }
        Some(Carries::NewAddress(token)) => {
            let owner = accounts::with_token(read, &token)?.filter(|owner| owner.disabled_at.is_none());
            let works = owner.and_then(|owner| owner.new_address).is_some_and(|waiting| waiting.token == token);
            if works { None } else { gone }
        }
    })
}
