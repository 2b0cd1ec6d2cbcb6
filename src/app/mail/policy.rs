//! Which mail may leave this environment. The policy follows the stamp of the data file, not the configuration.

use crate::app::mail::probe_mailbox::ProbeMailbox;
use crate::domain::Email;

/// Which mail may leave this environment, and how it is labeled.
pub(in crate::app) struct MailPolicy {
    /// Prefixed to every subject outside production.
    pub(in crate::app) label: Option<String>,
    pub(in crate::app) recipients: RecipientPolicy,
    /// The account of the checklist that is running; it receives mail wherever any mail may be sent.
    pub(in crate::app) probe: ProbeMailbox,
}

/// Whom mail may be sent to; all other mail is captured.
pub enum RecipientPolicy {
    Nobody,
    /// These addresses, and these domains (written with a leading `@`).
    Allowed(Vec<String>),
    Everybody,
}

impl MailPolicy {
    /// Whether mail may be sent to this address.
    pub(in crate::app) fn allows(&self, email: &Email) -> bool {
        match &self.recipients {
            RecipientPolicy::Nobody => false,
            RecipientPolicy::Everybody => true,
            RecipientPolicy::Allowed(_) if self.probe.is_probe(email) => true,
            RecipientPolicy::Allowed(list) => list.iter().any(|item| match item.strip_prefix('@') {
                Some(domain) => domain == email.domain(),
                None => item == email.as_str(),
            }),
        }
    }

    /// Whether any mail may be sent.
    pub(in crate::app) fn can_send_mail(&self) -> bool {
        !matches!(self.recipients, RecipientPolicy::Nobody)
    }
}
