//! Numbers for Prometheus: how long requests took, when snapshots were made, and how numbers are written down.
//!
//! SECURITY: labels come from short lists known at build time, route templates above all, so nobody can make more of them
//! and nothing of anybody's stands in them. Format: Prometheus' text format 0.0.4.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Upper bounds of the groups of durations, in seconds.
const BOUNDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Route template, method, class of status.
type Labels = (&'static str, &'static str, &'static str);

/// How long requests took.
#[derive(Debug, Default)]
pub struct Requests(Mutex<BTreeMap<Labels, Durations>>);

#[derive(Debug, Clone, Default)]
struct Durations {
    /// In each group alone.
    groups: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Requests {
    /// Counts an answer.
    pub fn note(&self, route: &'static str, method: &str, status: u16, took: Duration) {
        let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or("other");
        let class = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let seconds = took.as_secs_f64();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let durations = all.entry((route, method, class)).or_default();
        durations.count += 1;
        durations.sum += seconds;
        if let Some((_, group)) = BOUNDS.iter().zip(&mut durations.groups).find(|(bound, _)| seconds <= **bound) {
            *group += 1;
        }
    }

    /// Writes them down.
    pub fn write(&self, into: &mut Exposition) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let family = "atlas_http_request_duration_seconds";
        into.family(family, "histogram", "Time from a request's headers to its answer.");
        for ((route, method, status), durations) in &all {
            let labels = [("route", *route), ("method", *method), ("status", *status)];
            into.histogram(family, &labels, &BOUNDS, &durations.groups, durations.count, durations.sum);
        }
    }
}

/// When the newest snapshot of a data file was made, and when one was last found to be whole.
#[derive(Debug)]
pub struct SnapshotAges {
    created: AtomicI64,
    verified: AtomicI64,
}

impl Default for SnapshotAges {
    fn default() -> Self {
        Self { created: AtomicI64::new(i64::MIN), verified: AtomicI64::new(i64::MIN) }
    }
}

impl SnapshotAges {
    /// Notes that one was made then and proven then; older times than those known change nothing.
    pub fn note(&self, created: Timestamp, verified: Timestamp) {
        self.created.fetch_max(created.as_second(), Ordering::Relaxed);
        self.verified.fetch_max(verified.as_second(), Ordering::Relaxed);
    }

    /// Seconds between the newest one and `now`, if there is one.
    pub fn created(&self, now: Timestamp) -> Option<i64> {
        age(&self.created, now)
    }

    /// Seconds between the last proof and `now`, if there was one.
    pub fn verified(&self, now: Timestamp) -> Option<i64> {
        age(&self.verified, now)
    }
}

fn age(at: &AtomicI64, now: Timestamp) -> Option<i64> {
    let at = at.load(Ordering::Relaxed);
    (at != i64::MIN).then(|| now.as_second().saturating_sub(at).max(0))
}

/// A page of numbers.
#[derive(Debug, Default)]
pub struct Exposition(String);

impl Exposition {
    /// Begins a family of samples.
    pub fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// A number of a family.
    pub fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (n, (label, text)) in labels.iter().enumerate() {
            let before = if n == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{after} {value}");
    }

    /// A family of one number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "gauge", help);
        self.sample(name, &[], value);
    }

    /// A family of one number that only goes up.
    pub fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.family(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// One histogram of a family. `groups` has how many are in each group alone, up to its bound.
    pub fn histogram<B: Display>(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        bounds: &[B],
        groups: &[u64],
        count: u64,
        sum: impl Display,
    ) {
        let mut below = 0;
        for (bound, group) in bounds.iter().zip(groups) {
            below += group;
            self.sample(&format!("{name}_bucket"), &[labels, &[("le", &bound.to_string())]].concat(), below);
        }
        self.sample(&format!("{name}_bucket"), &[labels, &[("le", "+Inf")]].concat(), count);
        self.sample(&format!("{name}_sum"), labels, sum);
        self.sample(&format!("{name}_count"), labels, count);
    }

    /// The whole page.
    pub fn into_text(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_adds_up_and_labels_are_escaped() {
        let mut page = Exposition::default();
        page.histogram("x", &[("a", "\"\\\n")], &[1, 2], &[3, 4], 9, 1.5);
        let label = "a=\"\\\"\\\\\\n\"";
        let expected = format!(
            "x_bucket{{{label},le=\"1\"}} 3\nx_bucket{{{label},le=\"2\"}} 7\nx_bucket{{{label},le=\"+Inf\"}} 9\n\
             x_sum{{{label}}} 1.5\nx_count{{{label}}} 9\n"
        );
        assert_eq!(page.into_text(), expected);
    }

    #[test]
    fn no_method_that_somebody_makes_up_becomes_a_label() {
        let requests = Requests::default();
        for n in 0..100 {
            requests.note("(none)", &format!("MADE-UP-{n}"), 405, Duration::from_millis(3));
        }
        let mut page = Exposition::default();
        requests.write(&mut page);
        let text = page.into_text();
        assert!(text.contains("_count{route=\"(none)\",method=\"other\",status=\"4xx\"} 100\n"), "{text}");
        assert_eq!(text.matches("_count").count(), 1);
    }
}
