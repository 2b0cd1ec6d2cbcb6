//! Email: the relay, the sender, and the allowed recipients.

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::policy::MailRule;
use crate::config::settings::{MailSettings, Sender, Transport};
use crate::config::smtp::{SeparateCredentials, Smtp};
use crate::domain::Email;

const DEFAULT_SENDER_NAME: &str = "Atlas";

impl Resolver<'_> {
    pub(super) fn mail(&mut self) -> Option<MailSettings> {
        let from = self.sender();
        let transport = self.transport();
        let authorities = self.authorities(keys::SMTP_CA_FILE);
        let allow = self.allowed_recipients();
        Some(MailSettings { from: from?, transport: transport?, authorities: authorities?, allow })
    }

    fn separate_credentials(&self) -> SeparateCredentials<'_> {
        SeparateCredentials { user: self.text(keys::SMTP_USER), password: self.text(keys::SMTP_PASSWORD) }
    }

    fn transport(&mut self) -> Option<Transport> {
        if self.policy.mail == MailRule::Capture {
            return Some(Transport::Capture);
        }
        for key in [keys::SMTP_USER, keys::SMTP_PASSWORD] {
            if self.text(key).is_some() && self.text(keys::SMTP_URL).is_none() {
                self.report_error(
                    key,
                    format!("{key} is set without mail.smtp_url; set SMTP_URL, such as smtps://host:465"),
                );
            }
        }
        match (self.text(keys::RESEND_API_KEY), self.text(keys::SMTP_URL)) {
            (Some(_), Some(_)) => {
                self.report_error(
                    keys::SMTP_URL,
                    "RESEND_API_KEY and SMTP_URL are both set; unset the one that should not be used",
                );
                None
            }
            (Some(api_key), None) => Some(Transport::Smtp(Smtp::resend(api_key))),
            (None, Some(url)) => match Smtp::parse(url, self.separate_credentials()) {
                Ok(smtp) => Some(Transport::Smtp(smtp)),
                Err(invalid) => {
                    self.report_invalid(keys::SMTP_URL, invalid.to_string());
                    None
                }
            },
            (None, None) if self.options.remote => Some(Transport::Capture),
            (None, None) => {
                let kind = self.environment.kind();
                self.report_error(
                    keys::RESEND_API_KEY,
                    format!(
                        "a mail relay is required in {kind}: set RESEND_API_KEY for Resend, or SMTP_URL for any other relay"
                    ),
                );
                None
            }
        }
    }

    fn allowed_recipients(&mut self) -> Vec<String> {
        let mut allow = Vec::new();
        for item in self.list(keys::MAIL_ALLOW) {
            match parse_address_or_domain(item) {
                Some(item) => allow.push(item),
                None => self.report_invalid(
                    keys::MAIL_ALLOW,
                    format!("has “{item}”, which is neither an address nor a domain such as @example.com"),
                ),
            }
        }
        if self.policy.mail == MailRule::SendToAllowed && allow.is_empty() {
            self.report_warning(
                keys::MAIL_ALLOW,
                "mail.allow is empty: email is sent only to this environment's admins and captured for everyone else",
            );
        }
        allow
    }

    fn sender(&mut self) -> Option<Sender> {
        let Some(text) = self.text(keys::MAIL_FROM) else {
            if self.is_required() {
                self.report_missing(keys::MAIL_FROM);
                return None;
            }
            let email = Email::parse("atlas@atlas.invalid").ok()?;
            return Some(Sender { name: DEFAULT_SENDER_NAME.to_owned(), email });
        };
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim().trim_matches('"'), rest.trim_end().trim_end_matches('>')),
            None => (DEFAULT_SENDER_NAME, text),
        };
        let Ok(email) = Email::parse(address) else {
            self.report_invalid(keys::MAIL_FROM, "must be an address, such as Atlas <atlas@example.com>");
            return None;
        };
        Some(Sender { name: if name.is_empty() { DEFAULT_SENDER_NAME } else { name }.to_owned(), email })
    }
}

/// An item of `mail.allow` as it is compared with recipients: an address, or a domain such as `@example.com`.
fn parse_address_or_domain(item: &str) -> Option<String> {
    match item.strip_prefix('@') {
        Some(domain) => Email::parse(&format!("a@{domain}")).ok().map(|email| format!("@{}", email.domain())),
        None => Email::parse(item).ok().map(|email| email.as_str().to_owned()),
    }
}
