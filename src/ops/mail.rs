//! What an operator does about mail, as one list of verbs with their answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::admin::By;
use crate::app::relaying::{self, MailHealth};
use crate::app::{App, Error, outbox};
use crate::domain::mail::{Mail, Standing};
use crate::domain::{Email, MailId, Refusal};
use crate::mail::Fault;

/// Most mails in one answer.
pub const MOST: usize = 500;

/// A verb of `atlas mail`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Mail, newest first.
    List {
        /// Whom it goes to.
        to: Option<String>,
        /// How it stands: `waiting`, `sent`, `captured` or `failed`.
        standing: Option<String>,
        /// How many.
        limit: usize,
        /// Where to go on, as the list before says.
        cursor: Option<String>,
    },
    /// One mail, with what it says for as long as that is kept.
    Show {
        /// Its id, or an address for the newest mail to it.
        which: String,
    },
    /// Has one mail tried again now.
    Retry {
        /// Its id, or an address for the newest mail to it.
        which: String,
    },
    /// Has everything tried again now that waits.
    RetryAll,
}

/// Does what the verb says.
///
/// # Errors
/// [`Error::Refused`] when there is no such mail, and whatever the use case refuses.
pub async fn obey(app: &App, verb: Verb) -> Result<Value, Error> {
    match verb {
        Verb::List { to, standing, limit, cursor } => {
            list(app, to.as_deref(), standing.as_deref(), limit, cursor.as_deref())
        }
        Verb::Show { which } => Ok(full(&find(app, &which)?)),
        Verb::Retry { which } => {
            let id = find(app, &which)?.id;
            Ok(json!({ "retried": [shown(&outbox::retry(app, &By::operator(), id).await?)] }))
        }
        Verb::RetryAll => {
            let mails = outbox::list(app, None, Some("waiting"), None, MOST)?.rows;
            let mut retried = Vec::new();
            for mail in mails {
                match outbox::retry(app, &By::operator(), mail.id).await {
                    Ok(mail) => retried.push(shown(&mail)),
                    // It was sent, or its meaning ended, a moment ago.
                    Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(json!({ "retried": retried }))
        }
    }
}

fn list(
    app: &App,
    to: Option<&str>,
    standing: Option<&str>,
    limit: usize,
    cursor: Option<&str>,
) -> Result<Value, Error> {
    let below: Option<MailId> = match cursor.map(str::parse) {
        None => None,
        Some(Ok(id)) => Some(id),
        Some(Err(_)) => return Err(Refusal::field("cursor", "The cursor is none of ours.").into()),
    };
    let to = to.map(Email::parse).transpose().map_err(|fault| Refusal::Invalid(vec![fault]))?;
    if standing.is_some_and(|word| !Standing::WORDS.contains(&word)) {
        return Err(Refusal::field("standing", format!("Mail is {}.", Standing::WORDS.join(", "))).into());
    }
    let page = outbox::list(app, to.as_ref(), standing, below, limit.clamp(1, MOST))?;
    Ok(json!({
        "mails": page.rows.iter().map(shown).collect::<Vec<_>>(),
        "nextCursor": page.next,
        "outbox": outbox_of(&relaying::health(app)),
    }))
}

fn outbox_of(health: &MailHealth) -> Value {
    json!({
        "leaves": health.leaves,
        "waiting": health.waiting,
        "oldestWaitingSince": health.oldest,
        "relay": health.relaying.word(),
        "fault": health.relaying.fault().map(Fault::word),
        "why": health.relaying.why(),
    })
}

fn find(app: &App, which: &str) -> Result<Mail, Error> {
    let found = match (which.parse::<MailId>(), Email::parse(which)) {
        (Ok(id), _) => outbox::get(app, id)?,
        (Err(_), Ok(to)) => outbox::list(app, Some(&to), None, None, 1)?.rows.into_iter().next(),
        (Err(_), Err(_)) => None,
    };
    found.ok_or_else(|| Refusal::field("mail", "There is no such mail.").into())
}

fn shown(mail: &Mail) -> Value {
    let (mut due, mut attempts, mut held, mut ended_at, mut why) = (None, None, None, None, None);
    match &mail.standing {
        Standing::Waiting { due: at, attempts: tries, held: is_held } => {
            (due, attempts, held) = (Some(*at), Some(*tries), Some(*is_held));
        }
        Standing::Captured => {}
        Standing::Sent { at } => ended_at = Some(*at),
        Standing::Failed { at, why: reason } => (ended_at, why) = (Some(*at), Some(reason)),
    }
    json!({
        "id": mail.id,
        "to": mail.to,
        "subject": mail.letter.as_ref().map_or(&mail.subject, |letter| &letter.subject),
        "state": mail.standing.word(),
        "createdAt": mail.created_at,
        "trueUntil": mail.expires_at,
        "dueAt": due,
        "attempts": attempts,
        "held": held,
        "endedAt": ended_at,
        "why": why,
        "answer": mail.answer,
    })
}

/// With what it says. Whoever may speak to the control socket may read the data file, so nothing is hidden here.
fn full(mail: &Mail) -> Value {
    let mut value = shown(mail);
    if let Some(value) = value.as_object_mut() {
        value.insert("messageId".to_owned(), json!(mail.message_id));
        value.insert("text".to_owned(), json!(mail.letter.as_ref().map(|letter| &letter.text)));
        value.insert("html".to_owned(), json!(mail.letter.as_ref().map(|letter| &letter.html)));
    }
    value
}
