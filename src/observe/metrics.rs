//! Metrics: how long requests took, how old the snapshots are, and the numbers of one scrape.
//!
//! SECURITY: labels come from short lists known at build time, above all route templates, so no client can add a series and no label
//! holds anything about a person.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::{
    EncodeGaugeValue, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

/// The content type of [`Scrape::into_text`].
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Upper bounds of the request duration buckets, in seconds.
const DURATION_BOUNDS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0];

const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    /// The class of the status, such as `2xx`.
    status: &'static str,
}

/// How long requests took, by route template, method and class of status.
#[derive(Debug, Clone)]
pub struct RequestDurations(Family<RequestLabels, Histogram, fn() -> Histogram>);

impl Default for RequestDurations {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(DURATION_BOUNDS)))
    }
}

impl RequestDurations {
    /// Records one response.
    pub fn record(&self, route: &'static str, method: &str, status: u16, took: Duration) {
        let method = METHODS.iter().find(|known| **known == method).copied().unwrap_or("other");
        let status = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.0.get_or_create(&RequestLabels { route, method, status }).observe(took.as_secs_f64());
    }
}

/// When the newest snapshot was created, and when one was last verified.
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
    /// Records a snapshot. Times older than those already known change nothing.
    pub fn note(&self, created: Timestamp, verified: Timestamp) {
        self.created.fetch_max(created.as_second(), Ordering::Relaxed);
        self.verified.fetch_max(verified.as_second(), Ordering::Relaxed);
    }

    /// Seconds since the newest snapshot was created, if there is one.
    pub fn created(&self, now: Timestamp) -> Option<i64> {
        age(&self.created, now)
    }

    /// Seconds since a snapshot was last verified, if one was.
    pub fn verified(&self, now: Timestamp) -> Option<i64> {
        age(&self.verified, now)
    }
}

fn age(at: &AtomicI64, now: Timestamp) -> Option<i64> {
    let at = at.load(Ordering::Relaxed);
    (at != i64::MIN).then(|| now.as_second().saturating_sub(at).max(0))
}

/// The numbers of one scrape, in the Prometheus text format 0.0.4.
#[derive(Debug, Default)]
pub struct Scrape(Registry);

impl Scrape {
    /// Adds a number that goes up and down.
    pub fn gauge<N>(&mut self, name: &str, help: &str, value: N)
    where
        N: EncodeGaugeValue + fmt::Debug + Send + Sync + 'static,
    {
        self.0.register(name, help, ConstGauge::new(value));
    }

    /// Adds a gauge of 1 whose labels say what is running.
    pub fn info(&mut self, name: &str, help: &str, labels: &[(&'static str, &str)]) {
        let labels: Vec<(String, String)> =
            labels.iter().map(|(label, text)| ((*label).to_owned(), (*text).to_owned())).collect();
        let family: Family<Vec<(String, String)>, Gauge> = Family::default();
        family.get_or_create(&labels).set(1);
        self.0.register(name, help, family);
    }

    /// Adds a number that only goes up. `_total` is added to its name.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.0.register(name, help, ConstCounter::new(value));
    }

    /// Adds a histogram that another part of Atlas counted: `counts` holds how many values lie in each bucket alone.
    pub fn histogram(&mut self, name: &str, help: &str, bounds: &[u64], counts: &[u64], count: u64, sum: u64) {
        #[allow(clippy::cast_precision_loss, reason = "bounds and sums of writes are far below 2^53")]
        let buckets = bounds.iter().zip(counts).map(|(bound, count)| (*bound as f64, *count)).collect();
        #[allow(clippy::cast_precision_loss, reason = "see above")]
        self.0.register(name, help, CountedHistogram { buckets, count, sum: sum as f64 });
    }

    /// Adds the durations of all requests so far.
    pub fn request_durations(&mut self, durations: &RequestDurations) {
        self.0.register(
            "atlas_http_request_duration_seconds",
            "Time from a request's headers to its response",
            durations.0.clone(),
        );
    }

    /// The whole page; empty if a value cannot be written, which no value of ours can cause.
    pub fn into_text(self) -> String {
        let mut text = String::new();
        if prometheus_text::encode(&mut text, &self.0).is_err() {
            text.clear();
        }
        text
    }
}

/// A histogram whose buckets were counted by the store.
#[derive(Debug)]
struct CountedHistogram {
    buckets: Vec<(f64, u64)>,
    count: u64,
    sum: f64,
}

impl EncodeMetric for CountedHistogram {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), fmt::Error> {
        // The encoder adds the buckets up; the last one holds what is above every bound.
        let counted: u64 = self.buckets.iter().map(|(_, count)| count).sum();
        let mut buckets = self.buckets.clone();
        buckets.push((f64::MAX, self.count.saturating_sub(counted)));
        encoder.encode_histogram::<NoLabelSet>(self.sum, self.count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl TypedMetric for CountedHistogram {
    const TYPE: MetricType = MetricType::Histogram;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_histogram_adds_up_and_labels_are_escaped() {
        let mut scrape = Scrape::default();
        scrape.info("build", "What runs", &[("version", "\"\\\n")]);
        scrape.histogram("writes", "Writes", &[1, 2], &[3, 4], 9, 12);
        let text = scrape.into_text();
        assert!(text.contains("build{version=\"\\\"\\\\\\n\"} 1\n"), "{text}");
        for line in
            ["writes_bucket{le=\"1\"} 3", "writes_bucket{le=\"2\"} 7", "writes_bucket{le=\"+Inf\"} 9", "writes_count 9"]
        {
            assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_made_up_method_adds_no_series() {
        let durations = RequestDurations::default();
        for n in 0..100 {
            durations.record("(none)", &format!("MADE-UP-{n}"), 405, Duration::from_millis(3));
        }
        let mut scrape = Scrape::default();
        scrape.request_durations(&durations);
        let text = scrape.into_text();
        assert!(text.contains("_count{route=\"(none)\",method=\"other\",status=\"4xx\"} 100\n"), "{text}");
        assert_eq!(text.matches("_count").count(), 1);
    }
}
