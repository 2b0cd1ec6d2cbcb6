//! What the settings of snapshots mean.

use std::time::Duration;

use jiff::SignedDuration;

use super::Settling;
use crate::config::keys;
use crate::config::settings::{Encryption, Secret, Snapshots};
use crate::domain::snapshot::Keep;

/// Shortest time between two snapshots on schedule.
const SHORTEST: Duration = Duration::from_mins(1);
/// Least length of a passphrase, in characters: whoever has a copy may guess for as long as they like.
const SHORTEST_PASSPHRASE: usize = 16;

impl Settling<'_> {
    /// How often, how many, and where to.
    pub(super) fn snapshots(&mut self) -> Snapshots {
        let copy_to = self.text(keys::SNAPSHOTS_COPY_TO).map(|path| self.written.folder.join(path));
        let passphrase = self.passphrase();
        let encryption = self.encryption(passphrase.as_ref());
        if copy_to.is_none() && !self.list(keys::SNAPSHOTS_ENCRYPT_TO).is_empty() {
            self.wrong(
                keys::SNAPSHOTS_ENCRYPT_TO,
                "is for copies in a second folder, and snapshots.copy_to names none",
            );
        }
        Snapshots { every: self.every(), keep: self.keep(), copy_to, encryption, passphrase }
    }

    fn passphrase(&mut self) -> Option<Secret> {
        let passphrase = self.text(keys::SNAPSHOTS_PASSPHRASE)?;
        if passphrase.chars().count() < SHORTEST_PASSPHRASE {
            self.wrong(
                keys::SNAPSHOTS_PASSPHRASE,
                "must be at least 16 characters, as it guards copies that anybody may try for ever",
            );
        }
        Some(Secret::new(passphrase))
    }

    /// To keys where there are any; a passphrase then only opens what was encrypted with it before.
    fn encryption(&mut self, passphrase: Option<&Secret>) -> Option<Encryption> {
        let mut recipients = Vec::new();
        for item in self.list(keys::SNAPSHOTS_ENCRYPT_TO) {
            // SECURITY: a private key that was put there by mistake is not told any further.
            let is_private = item.to_ascii_uppercase().starts_with("AGE-SECRET-KEY");
            let told = if is_private { "a private key" } else { item };
            match item.parse() {
                Ok(recipient) => recipients.push(recipient),
                Err(_) => self.wrong(
                    keys::SNAPSHOTS_ENCRYPT_TO,
                    &format!(
                        "has “{told}”, which is no public key of age, as `age-keygen -y key.txt` prints it (age1…)"
                    ),
                ),
            }
        }
        let with_passphrase = || passphrase.cloned().map(Encryption::Passphrase);
        if recipients.is_empty() { with_passphrase() } else { Some(Encryption::Keys(recipients)) }
    }

    fn every(&mut self) -> Option<Duration> {
        let text = self.text(keys::SNAPSHOTS_EVERY).unwrap_or("off");
        if text.eq_ignore_ascii_case("off") {
            return None;
        }
        let every = text.parse::<SignedDuration>().ok().and_then(|every| Duration::try_from(every).ok());
        let every = every.filter(|every| *every >= SHORTEST);
        if every.is_none() {
            self.wrong(keys::SNAPSHOTS_EVERY, "must be a time of a minute or more, as in 6h or 30m, or off");
        }
        every
    }

    fn keep(&mut self) -> Keep {
        let mut keep = Keep::default();
        for item in self.list(keys::SNAPSHOTS_KEEP) {
            let place = match item.split_once(' ') {
                Some((number, "latest")) => Some((number, &mut keep.latest)),
                Some((number, "daily")) => Some((number, &mut keep.daily)),
                Some((number, "weekly")) => Some((number, &mut keep.weekly)),
                _ => None,
            };
            match place.and_then(|(number, place)| Some((number.parse().ok()?, place))) {
                Some((number, place)) => *place = number,
                None => self.wrong(
                    keys::SNAPSHOTS_KEEP,
                    &format!("has “{item}”; it takes “8 latest”, “7 daily” and “4 weekly”, with numbers of your own"),
                ),
            }
        }
        keep
    }
}
