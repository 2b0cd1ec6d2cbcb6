//! `atlas mail`: what an operator does about the outbox.

use super::protocol::mail::{
    MAX_MAILS_PER_LIST, MailAnswer, MailCommand, MailDetail, MailList, MailRef, MailState, MailSummary, OutboxSummary,
    RetriedMail,
};
use crate::app::initiator::Initiator;
use crate::app::list_request::ListRequest;
use crate::app::mail::health;
use crate::app::mail::health::MailHealth;
use crate::app::mail::outbox;
use crate::app::{App, Error};
use crate::domain::mail::{DeliveryStatus, Mail};
use crate::domain::{Email, MailId, Refusal};
use crate::mail::RelayFault;

/// Executes a command about mail.
///
/// # Errors
/// [`Error::Refused`] when there is no such message, and what the use case refuses.
pub async fn execute(app: &App, command: MailCommand) -> Result<MailAnswer, Error> {
    Ok(match command {
        MailCommand::List { to, state, limit, cursor } => {
            MailAnswer::List(list(app, to.as_ref(), state, limit, cursor)?)
        }
        MailCommand::Show { mail } => MailAnswer::Detail(detail(find(app, &mail)?)),
        MailCommand::Retry { mail } => {
            let id = find(app, &mail)?.id;
            let retried = outbox::retry_mail(app, &Initiator::operator(), id).await?;
            MailAnswer::Retried(RetriedMail { retried: vec![summary(&retried)] })
        }
        MailCommand::RetryAll => MailAnswer::Retried(RetriedMail { retried: retry_all(app).await? }),
    })
}

async fn retry_all(app: &App) -> Result<Vec<MailSummary>, Error> {
    let newest = ListRequest::newest_first(None, MAX_MAILS_PER_LIST);
    let waiting = outbox::list_mail(app, None, Some(MailState::Waiting.as_str()), newest)?.rows;
    let mut retried = Vec::new();
    for mail in waiting {
        match outbox::retry_mail(app, &Initiator::operator(), mail.id).await {
            Ok(mail) => retried.push(summary(&mail)),
            // It was sent or expired a moment ago.
            Err(Error::Refused(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(retried)
}

fn list(
    app: &App,
    to: Option<&Email>,
    state: Option<MailState>,
    limit: usize,
    cursor: Option<MailId>,
) -> Result<MailList, Error> {
    let request = ListRequest::newest_first(cursor, limit.clamp(1, MAX_MAILS_PER_LIST));
    let page = outbox::list_mail(app, to, state.map(MailState::as_str), request)?;
    Ok(MailList {
        mails: page.rows.iter().map(summary).collect(),
        next_cursor: page.next,
        outbox: outbox_summary(&health::check_mail_health(app)),
    })
}

fn outbox_summary(health: &MailHealth) -> OutboxSummary {
    OutboxSummary {
        leaves: health.leaves,
        waiting: health.waiting,
        oldest_waiting_since: health.oldest,
        relay: health.relay.as_str().to_owned(),
        fault: health.relay.fault().map(|fault| RelayFault::as_str(fault).to_owned()),
        why: health.relay.why().map(str::to_owned),
    }
}

fn find(app: &App, mail: &MailRef) -> Result<Mail, Error> {
    let found = match mail {
        MailRef::Id(id) => outbox::find_mail(app, *id)?,
        MailRef::NewestTo(email) => {
            outbox::list_mail(app, Some(email), None, ListRequest::newest_first(None, 1))?.rows.into_iter().next()
        }
    };
    found.ok_or_else(|| Refusal::field("mail", "Email not found.").into())
}

impl From<&DeliveryStatus> for MailState {
    fn from(standing: &DeliveryStatus) -> Self {
        match standing {
            DeliveryStatus::Waiting { .. } => Self::Waiting,
            DeliveryStatus::Captured => Self::Captured,
            DeliveryStatus::Sent { .. } => Self::Sent,
            DeliveryStatus::Failed { .. } => Self::Failed,
            DeliveryStatus::Unknown(_) => Self::Unknown,
        }
    }
}

fn summary(mail: &Mail) -> MailSummary {
    let (mut due_at, mut attempts, mut deferred, mut ended_at, mut why) = (None, None, None, None, None);
    match &mail.status {
        DeliveryStatus::Waiting { due, attempts: tries, deferred: held } => {
            (due_at, attempts, deferred) = (Some(*due), Some(*tries), Some(*held));
        }
        DeliveryStatus::Captured | DeliveryStatus::Unknown(_) => {}
        DeliveryStatus::Sent { at } => ended_at = Some(*at),
        DeliveryStatus::Failed { at, reason } => (ended_at, why) = (Some(*at), Some(reason.clone())),
    }
    MailSummary {
        id: mail.id,
        to: mail.to.clone(),
        subject: mail.body.as_ref().map_or(&mail.subject, |body| &body.subject).clone(),
        state: (&mail.status).into(),
        created_at: mail.created_at,
        expires_at: mail.expires_at,
        due_at,
        attempts,
        deferred,
        ended_at,
        why,
        answer: mail.reply.clone(),
    }
}

/// With its text. A process that may use the control socket may read the data file anyway, so nothing is hidden.
fn detail(mail: Mail) -> MailDetail {
    let summary = summary(&mail);
    let (text, html) = mail.body.map(|body| (body.text, body.html)).unzip();
    MailDetail { summary, message_id: mail.message_id, text, html }
}
