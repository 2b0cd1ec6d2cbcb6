//! A mail as it goes over the wire: both parts, and headers that are the same at every try.

use mail_send::mail_builder::MessageBuilder;
use mail_send::mail_builder::headers::raw::Raw;

use crate::config::Sender;
use crate::domain::mail::{Letter, Mail};

/// The bytes of a mail. `host` stands in the Message-ID of mail that has none of its own; `environment` is named in a
/// header outside production.
pub(super) fn write(
    mail: &Mail,
    letter: &Letter,
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
        .subject(letter.subject.as_str())
        // RFC 3834: nobody's holiday notice answers it.
        .header("Auto-Submitted", Raw::new("auto-generated"))
        // Resend takes a second mail with the same key within a day for the first one.
        .header("Resend-Idempotency-Key", Raw::new(mail.id.to_string()))
        .text_body(letter.text.as_str())
        .html_body(letter.html.as_str());
    if let Some(environment) = environment {
        builder = builder.header("X-Atlas-Environment", Raw::new(environment));
    }
    builder.write_to_vec()
}
