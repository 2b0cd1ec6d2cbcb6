//! What the settings of snapshots mean.

use std::time::Duration;

use jiff::SignedDuration;

use super::Settling;
use crate::config::keys;
use crate::config::settings::Snapshots;
use crate::domain::snapshot::Keep;

/// Shortest time between two snapshots on schedule.
const SHORTEST: Duration = Duration::from_mins(1);

impl Settling<'_> {
    /// How often, how many, and where to.
    pub(super) fn snapshots(&mut self) -> Snapshots {
        let copy_to = self.text(keys::SNAPSHOTS_COPY_TO).map(|path| self.written.folder.join(path));
        Snapshots { every: self.every(), keep: self.keep(), copy_to }
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
