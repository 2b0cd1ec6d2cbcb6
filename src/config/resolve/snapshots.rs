//! Snapshots: how often, how many, and the off-site copies.

use std::time::Duration;

use jiff::SignedDuration;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::secret::Secret;
use crate::config::settings::{Encryption, SnapshotSettings};
use crate::domain::backup::retention::SnapshotRetention;

const MIN_INTERVAL: Duration = Duration::from_mins(1);
/// SECURITY: anyone who has a copy can try passphrases without limit.
const MIN_PASSPHRASE_CHARS: usize = 16;

impl Resolver<'_> {
    pub(super) fn snapshots(&mut self) -> SnapshotSettings {
        let copy_to = self.text(keys::SNAPSHOTS_COPY_TO).map(|path| self.raw.folder.join(path));
        let passphrase = self.passphrase();
        let encryption = self.encryption(passphrase.as_ref());
        if copy_to.is_none() && !self.list(keys::SNAPSHOTS_ENCRYPT_TO).is_empty() {
            self.report_invalid(
                keys::SNAPSHOTS_ENCRYPT_TO,
                "is for off-site copies, but snapshots.copy_to is not set; set it to a folder",
            );
        }
        if let Some(folder) = copy_to.as_ref().filter(|folder| !folder.is_dir() && !self.options.remote) {
            let message = format!(
                "snapshots.copy_to is {}, which is not a folder; nothing is copied off-site until you create it or mount its disk",
                folder.display()
            );
            self.report_warning(keys::SNAPSHOTS_COPY_TO, message);
        }
        SnapshotSettings { interval: self.interval(), retention: self.retention(), copy_to, encryption, passphrase }
    }

    fn passphrase(&mut self) -> Option<Secret> {
        let passphrase = self.text(keys::SNAPSHOTS_PASSPHRASE)?;
        if passphrase.chars().count() < MIN_PASSPHRASE_CHARS {
            self.report_invalid(
                keys::SNAPSHOTS_PASSPHRASE,
                format!("must have at least {MIN_PASSPHRASE_CHARS} characters, because anyone with a copy can try passphrases without limit"),
            );
        }
        Some(Secret::new(passphrase))
    }

    /// Public keys take precedence. A passphrase then only decrypts copies that were encrypted with it before.
    fn encryption(&mut self, passphrase: Option<&Secret>) -> Option<Encryption> {
        let mut recipients = Vec::new();
        for item in self.list(keys::SNAPSHOTS_ENCRYPT_TO) {
            if let Ok(recipient) = item.parse() {
                recipients.push(recipient);
                continue;
            }
            // SECURITY: a private key that was set by mistake is not repeated in the message.
            let is_private = item.to_ascii_uppercase().starts_with("AGE-SECRET-KEY");
            let item = if is_private { "a private key" } else { item };
            self.report_invalid(
                keys::SNAPSHOTS_ENCRYPT_TO,
                format!("has “{item}”, which is not an age public key (age1…); run `age-keygen -y key.txt` to print the one of a private key"),
            );
        }
        let with_passphrase = || passphrase.cloned().map(Encryption::Passphrase);
        if recipients.is_empty() { with_passphrase() } else { Some(Encryption::Keys(recipients)) }
    }

    fn interval(&mut self) -> Option<Duration> {
        let text = self.text(keys::SNAPSHOTS_EVERY).unwrap_or("off");
        if text.eq_ignore_ascii_case("off") {
            if self.is_required() {
                let message = format!(
                    "snapshots.every is off: nothing can undo a mistake in {}. Set it to a time such as 6h",
                    self.environment
                );
                self.report_warning(keys::SNAPSHOTS_EVERY, message);
            }
            return None;
        }
        let interval = text.parse::<SignedDuration>().ok().and_then(|interval| Duration::try_from(interval).ok());
        let interval = interval.filter(|interval| *interval >= MIN_INTERVAL);
        if interval.is_none() {
            self.report_invalid(
                keys::SNAPSHOTS_EVERY,
                "must be off or a time of at least one minute, such as 6h or 30m",
            );
        }
        interval
    }

    fn retention(&mut self) -> SnapshotRetention {
        let mut retention = SnapshotRetention::default();
        for item in self.list(keys::SNAPSHOTS_KEEP) {
            let slot = match item.split_once(' ') {
                Some((number, "latest")) => Some((number, &mut retention.latest)),
                Some((number, "daily")) => Some((number, &mut retention.daily)),
                Some((number, "weekly")) => Some((number, &mut retention.weekly)),
                _ => None,
            };
            match slot.and_then(|(number, slot)| Some((number.parse().ok()?, slot))) {
                Some((number, slot)) => *slot = number,
                None => self.report_invalid(
                    keys::SNAPSHOTS_KEEP,
                    format!("has “{item}”; expected a number and a word, such as “8 latest”, “7 daily”, or “4 weekly”"),
                ),
            }
        }
        retention
    }
}
