//! The last requests, for the admin pages: in memory, bounded, lost on restart.
//!
//! SECURITY: a record names the route by its template, never a path, a query or a body, so no token of a link and no person's id
//! is kept here. It does not say who was signed in either; actions of people are in the audit trail.

use std::collections::VecDeque;

use jiff::Timestamp;
use parking_lot::Mutex;

/// How many requests are kept.
pub const MAX_RECORDS: usize = 200;

/// One request and its response.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// When the response was sent.
    pub at: Timestamp,
    /// The request id, as in the log.
    pub request: String,
    pub method: String,
    /// The template of the route.
    pub route: &'static str,
    pub status: u16,
    pub millis: f64,
    /// The error code of the response, if it has one.
    pub code: Option<&'static str>,
}

impl RequestRecord {
    /// The log level that fits the status.
    pub fn level(&self) -> &'static str {
        match self.status {
            500.. => "error",
            400.. => "warn",
            _ => "info",
        }
    }
}

/// The last [`MAX_RECORDS`] requests.
#[derive(Debug, Default)]
pub struct Activity(Mutex<VecDeque<RequestRecord>>);

impl Activity {
    /// Adds a record and drops the oldest one when the limit is reached.
    pub fn record(&self, record: RequestRecord) {
        let mut records = self.0.lock();
        if records.len() == MAX_RECORDS {
            records.pop_front();
        }
        records.push_back(record);
    }

    /// Up to `limit` records, newest first.
    pub fn newest(&self, limit: usize) -> Vec<RequestRecord> {
        let records = self.0.lock();
        records.iter().rev().take(limit).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_records_are_kept() {
        let activity = Activity::default();
        for n in 0..u16::try_from(MAX_RECORDS).unwrap() + 50 {
            activity.record(RequestRecord {
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
        assert_eq!((kept.len(), kept[0].status, kept[MAX_RECORDS - 1].status), (MAX_RECORDS, 249, 50));
    }
}
