//! What the settings of mail mean.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Settling;
use crate::config::keys;
use crate::config::policy::MailRule;
use crate::config::relay;
use crate::config::settings::{Mail, Sender, Transport};
use crate::domain::Email;

impl Settling<'_> {
    /// The relay, the sender and whom mail may go to.
    pub(super) fn mail(&mut self) -> Option<Mail> {
        let from = self.sender();
        let captured = self.policy.mail == MailRule::Captured;
        let transport = match (self.text(keys::RESEND_API_KEY), self.text(keys::SMTP_URL)) {
            _ if captured => Some(Transport::Capture),
            (Some(_), Some(_)) => {
                self.error(keys::SMTP_URL, "RESEND_API_KEY and SMTP_URL are both set; keep the relay you mean");
                None
            }
            (Some(key), None) => Some(Transport::Smtp(relay::resend(key))),
            (None, Some(url)) => {
                let relay = relay::parse(url);
                if let Err(why) = &relay {
                    self.wrong(keys::SMTP_URL, why);
                }
                relay.ok().map(Transport::Smtp)
            }
            (None, None) if self.asked.elsewhere => Some(Transport::Capture),
            (None, None) => {
                let kind = self.environment.kind();
                self.error(
                    keys::RESEND_API_KEY,
                    format!(
                        "mail is required in {kind}: set RESEND_API_KEY for Resend, or SMTP_URL for any other relay"
                    ),
                );
                None
            }
        };
        let authorities = self.authorities();
        let allow: Vec<String> = self.list(keys::MAIL_ALLOW).iter().map(|item| item.to_ascii_lowercase()).collect();
        if let Some(bad) = allow.iter().find(|item| !is_allowance(item)) {
            self.wrong(
                keys::MAIL_ALLOW,
                &format!("has “{bad}”, which is neither an address nor a domain as in @example.com"),
            );
        }
        if self.policy.mail == MailRule::ToAllowed && allow.is_empty() {
            self.warn(
                keys::MAIL_ALLOW,
                "mail.allow is empty: mail leaves only to the admins of this environment, the rest is captured",
            );
        }
        Some(Mail { from: from?, transport: transport?, authorities: authorities?, allow })
    }

    /// Certificates of authorities that the relay's may be from.
    fn authorities(&mut self) -> Option<Vec<Vec<u8>>> {
        let Some(name) = self.text(keys::SMTP_CA_FILE) else { return Some(Vec::new()) };
        let path = self.written.folder.join(name);
        let read = || {
            let pem = std::fs::read(&path).map_err(|error| format!("cannot be read: {error}"))?;
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
            let found = found.map_err(|error| format!("is no PEM file: {error:?}"))?;
            for certificate in &found {
                let tried = RootCertStore::empty().add(certificate.clone());
                tried.map_err(|error| format!("has a certificate that cannot be used: {error}"))?;
            }
            if found.is_empty() { Err("has no certificate in it".to_owned()) } else { Ok(found) }
        };
        match read() {
            Ok(found) => Some(found.iter().map(|certificate| certificate.to_vec()).collect()),
            Err(why) => {
                self.wrong(keys::SMTP_CA_FILE, &format!("names {}, which {why}", path.display()));
                None
            }
        }
    }

    /// Whom mail comes from.
    fn sender(&mut self) -> Option<Sender> {
        let Some(text) = self.text(keys::MAIL_FROM) else {
            if self.is_required() {
                self.missing(keys::MAIL_FROM);
                return None;
            }
            return Email::parse("atlas@atlas.invalid").ok().map(|email| Sender { name: "Atlas".to_owned(), email });
        };
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim().trim_matches('"'), rest.trim_end().trim_end_matches('>')),
            None => ("Atlas", text),
        };
        let Ok(email) = Email::parse(address) else {
            self.wrong(keys::MAIL_FROM, "must be an address, as in Atlas <atlas@example.com>");
            return None;
        };
        Some(Sender { name: if name.is_empty() { "Atlas" } else { name }.to_owned(), email })
    }
}

/// An address, or a domain as in `@example.com`.
fn is_allowance(item: &str) -> bool {
    match item.strip_prefix('@') {
        Some(domain) => Email::parse(&format!("a@{domain}")).is_ok(),
        None => Email::parse(item).is_ok(),
    }
}
