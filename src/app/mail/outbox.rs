//! The outbox. A mail is saved in the transaction of its cause and sent afterwards, so a dead relay never fails a
//! sign-up.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::initiator::Initiator;
use crate::app::list_request::ListRequest;
use crate::app::mail::stale::stale_reason;
use crate::app::{App, Error};
use crate::domain::accounts::audit::{AuditAction, AuditEntry};
use crate::domain::mail::{DeliveryStatus, Mail, MessageBody};
use crate::domain::{Email, MailId, Refusal};
use crate::store::tables::{accounts, audit, outbox};
use crate::store::{RowPage, WriteTxn};

/// How long to wait before saving an outcome again when the store was busy.
const BUSY_RETRY_PAUSE: Duration = Duration::from_millis(100);

impl App {
    /// Prepares a mail to be queued. The mail policy decides whether it will be sent or captured.
    pub(in crate::app) fn compose_mail(
        &self,
        to: Email,
        mut body: MessageBody,
        lifetime: SignedDuration,
    ) -> Result<Mail, Error> {
        let now = self.clock.now();
        if let Some(label) = &self.mail_policy.label {
            body.subject = format!("[{label}] {}", body.subject);
        }
        let status = if self.mail_policy.allows(&to) { DeliveryStatus::queued(now) } else { DeliveryStatus::Captured };
        let id = self.generate_mail_id()?;
        self.mail_policy.probe.record(&to, id, &body);
        Ok(Mail {
            id,
            message_id: Some(format!("{id}@{}", self.app_url.host_str().unwrap_or("localhost"))),
            to,
            subject: body.subject.clone(),
            body: Some(body),
            token: None,
            reply: None,
            created_at: now,
            expires_at: now.checked_add(lifetime).unwrap_or(Timestamp::MAX),
            status,
        })
    }

    /// Wakes delivery after the transaction that queued a mail.
    pub(in crate::app) fn notify_mail_queued(&self) {
        self.mail_queued.notify_one();
    }
}

/// Queues a mail in the transaction of its cause.
pub(in crate::app) fn queue(txn: &mut WriteTxn<'_, '_>, mail: &Mail) {
    outbox::put(txn, mail, None);
}

/// The newest mails, for reading captured mail.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_newest(app: &App, limit: usize) -> Result<Vec<Mail>, Error> {
    app.store.read(|txn| Ok(outbox::list_newest(txn, limit)?))
}

/// The newest token mailed to `email` that confirms the address, for browser tests.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn find_verification_token(app: &App, email: &Email) -> Result<Option<String>, Error> {
    let mails = list_newest(app, usize::MAX)?;
    let mut bodies = mails.iter().filter(|mail| mail.to == *email).filter_map(|mail| mail.body.as_ref());
    let token = |body: &MessageBody| {
        let of_link = |path| body.text.split_once(path).map(|(_, rest)| rest);
        let rest = of_link("/verify-email?token=").or_else(|| of_link("/new-address?token="))?;
        Some(rest.split_whitespace().next()?.to_owned())
    };
    Ok(bodies.find_map(token))
}

/// Finds a mail by its id.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn find_mail(app: &App, id: MailId) -> Result<Option<Mail>, Error> {
    app.store.read(|txn| Ok(outbox::find_mail(txn, id)?))
}

/// Saves the new status of a mail. Does nothing if it was deleted in the meantime, with the account of its recipient.
async fn update_mail(app: &App, after: Mail) -> Result<(), Error> {
    app.store
        .write(move |txn| {
            if let Some(before) = outbox::find_mail(txn, after.id)? {
                outbox::put(txn, &after, Some(&before));
            }
            Ok(())
        })
        .await
}

/// Saves the outcome of an attempt to send a mail, however busy the store is.
pub(super) async fn save_outcome(app: &App, mail: Mail) -> Result<(), Error> {
    loop {
        match update_mail(app, mail.clone()).await {
            Err(Error::Busy) => tokio::time::sleep(BUSY_RETRY_PAUSE).await,
            saved => return saved,
        }
    }
}

/// Mail by when it was created, filtered by recipient and status.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_mail(
    app: &App,
    to: Option<&Email>,
    status: Option<&str>,
    request: ListRequest<MailId>,
) -> Result<RowPage<MailId, Mail>, Error> {
    let matches =
        |mail: &Mail| to.is_none_or(|to| *to == mail.to) && status.is_none_or(|status| status == mail.status.as_str());
    app.store.read(|txn| Ok(outbox::list_page(txn, matches, &request.into_page_request())?))
}

/// Whether [`retry_mail`] would succeed.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn can_retry(app: &App, mail: &Mail) -> Result<bool, Error> {
    let sent = matches!(mail.status, DeliveryStatus::Sent { .. } | DeliveryStatus::Unknown(_));
    let now = app.clock.now();
    Ok(!sent && app.mail_policy.allows(&mail.to) && app.store.read(|txn| stale_reason(txn, mail, now))?.is_none())
}

/// Makes a mail due at once: one that waits, failed, or was captured although its address is allowed by now. Also ends
/// the pause of a misconfigured relay.
///
/// # Errors
/// [`Error::Refused`] when the mail doesn't exist, was sent, may not be sent, or is stale.
pub async fn retry_mail(app: &App, by: &Initiator, id: MailId) -> Result<Mail, Error> {
    let entry = app.audit_entry(by.actor, AuditAction::MailRetried, None, &by.client)?;
    let now = app.clock.now();
    let refused = |why: &str| Error::from(Refusal::field("mail", why));
    let policy = Arc::clone(&app.mail_policy);
    let mail = app
        .store
        .write(move |txn| {
            let before = outbox::find_mail(txn, id)?.ok_or_else(|| refused("Email not found."))?;
            if matches!(before.status, DeliveryStatus::Sent { .. }) {
                return Err(refused("This email was already sent."));
            }
            if matches!(before.status, DeliveryStatus::Unknown(_)) {
                return Err(refused("A newer version of Atlas set this email's status."));
            }
            if !policy.allows(&before.to) {
                return Err(refused(
                    "This email was captured because this environment doesn't send email to that address.",
                ));
            }
            if let Some(why) = stale_reason(txn, &before, now)? {
                return Err(refused(&format!("This email won't be sent: {why}.")));
            }
            let after = Mail { status: DeliveryStatus::queued(now), ..before.clone() };
            outbox::put(txn, &after, Some(&before));
            let subject = accounts::find_by_email(txn, &after.to)?.map(|owner| owner.id);
            audit::add(txn, &AuditEntry { subject, ..entry });
            Ok(after)
        })
        .await?;
    app.relay.retry_now(now);
    app.notify_mail_queued();
    Ok(mail)
}
