//! The last requests, for admins to look at: in memory, bounded, lost on restart.
//!
//! SECURITY: an entry names the route by its template and never a path, a query or a body, so that no link's token and
//! nobody's id is kept where it does not belong. Who was signed in is not noted either; deeds are in the audit trail.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// Most entries that are kept.
pub const MOST: usize = 200;

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When it was answered.
    pub at: Timestamp,
    /// The number of the request, as it stands in the log.
    pub request: String,
    /// The method.
    pub method: String,
    /// The template of the route.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub millis: f64,
    /// The word of the error, where there was one.
    pub code: Option<&'static str>,
}

impl Entry {
    /// As logs call it: a breakdown is an error, a refusal a warning.
    pub fn level(&self) -> &'static str {
        match self.status {
            500.. => "error",
            400.. => "warn",
            _ => "info",
        }
    }
}

/// The last requests.
#[derive(Debug, Default)]
pub struct Activity(Mutex<VecDeque<Entry>>);

impl Activity {
    /// Adds an entry; the oldest goes when there are [`MOST`].
    pub fn note(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == MOST {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// Up to `most` entries, newest first.
    pub fn newest(&self, most: usize) -> Vec<Entry> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().rev().take(most).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ones_are_kept() {
        let activity = Activity::default();
        for n in 0..u16::try_from(MOST).unwrap() + 50 {
            activity.note(Entry {
                at: Timestamp::UNIX_EPOCH,
                request: String::new(),
                method: "GET".to_owned(),
                route: "/",
                status: n,
                millis: 0.1,
                code: None,
            });
        }
        let kept = activity.newest(usize::MAX);
        assert_eq!((kept.len(), kept[0].status, kept[MOST - 1].status), (MOST, 249, 50));
    }
}
