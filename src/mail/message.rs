//! The message on the wire: a text and an HTML part, and headers that are the same in every attempt.

use mail_send::mail_builder::MessageBuilder;
use mail_send::mail_builder::headers::raw::Raw;

use crate::config::Sender;
use crate::domain::mail::{Mail, MessageBody};

/// Encodes a message. `host` completes the Message-ID of a mail without one; `environment` goes into a header outside
/// production.
pub(super) fn encode(
    mail: &Mail,
    body: &MessageBody,
    from: &Sender,
    host: &str,
    environment: Option<&str>,
) -> std::io::Result<Vec<u8>> {
    let message_id = mail.message_id.clone().unwrap_or_else(|| format!("{}@{host}", mail.id));
    let mut builder = MessageBuilder::new()
        .message_id(message_id)
        .date(mail.created_at.as_second())
        .from((from.name.as_str(), from.email.as_str()))
        .to(mail.to.as_str())
        .subject(body.subject.as_str())
        // RFC 3834: keeps automatic replies, such as vacation notices, from answering.
        .header("Auto-Submitted", Raw::new("auto-generated"))
        // Resend ignores a second message with the same key within a day.
        .header("Resend-Idempotency-Key", Raw::new(mail.id.to_string()))
        .text_body(body.text.as_str())
        .html_body(body.html.as_str());
    if let Some(environment) = environment {
        builder = builder.header("X-Atlas-Environment", Raw::new(environment));
    }
    builder.write_to_vec()
}
