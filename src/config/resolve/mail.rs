//! Email: the relay, the sender, and the allowed recipients.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::policy::MailRule;
use crate::config::settings::{MailSettings, Sender, Transport};
use crate::config::smtp::Smtp;
use crate::domain::Email;

const DEFAULT_SENDER_NAME: &str = "Atlas";

/// A file with certificates cannot be used. The message continues "the file, which …".
#[derive(Debug, thiserror::Error)]
enum InvalidAuthorities {
    #[error("cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("is not a PEM file: {0:?}")]
    Pem(#[from] pem::Error),
    #[error("contains an unusable certificate: {0}")]
    Certificate(#[from] rustls::Error),
    #[error("contains no certificate")]
    Empty,
}

impl Resolver<'_> {
    pub(super) fn mail(&mut self) -> Option<MailSettings> {
        let from = self.sender();
        let transport = self.transport();
        let authorities = self.relay_authorities();
        let allow = self.allowed_recipients();
        Some(MailSettings { from: from?, transport: transport?, authorities: authorities?, allow })
    }

    fn transport(&mut self) -> Option<Transport> {
        if self.policy.mail == MailRule::Capture {
            return Some(Transport::Capture);
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
            (None, Some(url)) => match Smtp::parse(url) {
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

    /// Certificate authorities to trust for the relay besides the public ones.
    fn relay_authorities(&mut self) -> Option<Vec<Vec<u8>>> {
        let Some(name) = self.text(keys::SMTP_CA_FILE) else { return Some(Vec::new()) };
        let path = self.raw.folder.join(name);
        match read_authorities(&path) {
            Ok(authorities) => Some(authorities),
            Err(invalid) => {
                self.report_invalid(keys::SMTP_CA_FILE, format!("names {}, which {invalid}", path.display()));
                None
            }
        }
    }

    fn allowed_recipients(&mut self) -> Vec<String> {
        let allow: Vec<String> = self.list(keys::MAIL_ALLOW).iter().map(|item| item.to_ascii_lowercase()).collect();
        if let Some(item) = allow.iter().find(|item| !is_address_or_domain(item)) {
            self.report_invalid(
                keys::MAIL_ALLOW,
                format!("has “{item}”, which is neither an address nor a domain such as @example.com"),
            );
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

fn read_authorities(path: &Path) -> Result<Vec<Vec<u8>>, InvalidAuthorities> {
    let pem = std::fs::read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>()?;
    for certificate in &certificates {
        RootCertStore::empty().add(certificate.clone())?;
    }
    if certificates.is_empty() {
        return Err(InvalidAuthorities::Empty);
    }
    Ok(certificates.iter().map(|certificate| certificate.to_vec()).collect())
}

/// Whether an item of `mail.allow` is an address or a domain such as `@example.com`.
fn is_address_or_domain(item: &str) -> bool {
    match item.strip_prefix('@') {
        Some(domain) => Email::parse(&format!("a@{domain}")).is_ok(),
        None => Email::parse(item).is_ok(),
    }
}
