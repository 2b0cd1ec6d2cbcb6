//! What needs attention, in a sentence with a link to where it is fixed.

use crate::app::admin::attention::Attention;
use crate::domain::calendar::format::format_duration;
use crate::web::admin::view::format_bytes;

/// Something that needs attention, as the page says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttentionItem {
    pub message: String,
    /// The page where it is fixed, or that says how.
    pub path: &'static str,
    pub link: &'static str,
}

/// Words an item.
pub fn describe_attention(attention: &Attention) -> AttentionItem {
    let (message, path, link) = match attention {
        Attention::Corruption(alert) => ((*alert).to_owned(), "/admin/handbook/roll-back", "How to roll back"),
        Attention::LowDisk { free_bytes } => (
            format!("The disk is nearly full: {} left.", format_bytes(*free_bytes)),
            "/admin/handbook/capacity",
            "What needs space",
        ),
        Attention::Mail(alert) => (alert.message.clone(), "/admin/mail?standing=waiting", "Waiting mail"),
        Attention::FailedMail { count: 1 } => {
            let message = "1 email of the last 7 days couldn't be delivered.".to_owned();
            (message, "/admin/mail?standing=failed", "Failed mail")
        }
        Attention::FailedMail { count } => (
            format!("{count} emails of the last 7 days couldn't be delivered."),
            "/admin/mail?standing=failed",
            "Failed mail",
        ),
        Attention::NoSnapshot => {
            ("There's no snapshot to roll back to.".to_owned(), "/admin/snapshots", "Create a snapshot")
        }
        Attention::OldSnapshot { age } => {
            (format!("The newest snapshot is {} old.", format_duration(*age)), "/admin/snapshots", "Create a snapshot")
        }
        Attention::Offsite(alert) => (alert.clone(), "/admin/configuration", "Configuration"),
        Attention::UnverifiedRelease => {
            ("The running release hasn't been verified.".to_owned(), "/admin/handbook/verify", "How to verify")
        }
        Attention::FailedRelease { checks } => (
            format!("The running release failed verification: {}.", checks.join(", ")),
            "/admin/handbook/verify",
            "How to verify",
        ),
    };
    AttentionItem { message, path, link }
}
