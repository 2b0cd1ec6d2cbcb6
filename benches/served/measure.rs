//! Medians, quantiles, and the kernel's figures about processes. Nothing here depends on Atlas.

use std::time::Duration;

/// The unit of CPU time in `/proc`: 1/100 s on every Linux.
const SECONDS_PER_TICK: f64 = 0.01;

/// The latencies of an operation that several clients repeated concurrently.
pub struct LoadResult {
    /// Wall-clock time of the whole run.
    pub elapsed: Duration,
    /// In ascending order.
    latencies: Vec<Duration>,
}

impl LoadResult {
    pub fn new(elapsed: Duration, mut latencies: Vec<Duration>) -> Self {
        assert!(!latencies.is_empty(), "no operation finished");
        latencies.sort_unstable();
        Self { elapsed, latencies }
    }

    /// The number of operations.
    pub fn count(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// Operations per second.
    pub fn per_second(&self) -> f64 {
        self.count() / self.elapsed.as_secs_f64()
    }

    /// The latency in microseconds at a quantile between 0 and 1.
    pub fn latency_micros(&self, quantile: f64) -> f64 {
        let index = (self.count() * quantile) as usize;
        self.latencies[index.min(self.latencies.len() - 1)].as_secs_f64() * 1e6
    }
}

pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// One figure of a subject and of its baseline, measured in the same rounds.
pub struct RoundComparison {
    /// The subject's median.
    pub subject: f64,
    /// The baseline's median.
    pub baseline: f64,
    /// The median over the rounds of the subject divided by the baseline in the same round.
    pub ratio: f64,
}

/// Compares a subject with its baseline, round by round.
pub fn compare_rounds<A, B>(
    subject: &[A],
    subject_figure: impl Fn(&A) -> f64,
    baseline: &[B],
    baseline_figure: impl Fn(&B) -> f64,
) -> RoundComparison {
    RoundComparison {
        subject: median(subject.iter().map(&subject_figure)),
        baseline: median(baseline.iter().map(&baseline_figure)),
        ratio: median(subject.iter().zip(baseline).map(|(a, b)| subject_figure(a) / baseline_figure(b))),
    }
}

/// CPU seconds that a process has used: user and system time of all its threads.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = read(&format!("/proc/{pid}/stat"));
    // The program's name may contain any character; it ends at the last parenthesis.
    let (_, fields) = stat.rsplit_once(") ").expect("a process");
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() * SECONDS_PER_TICK
}

/// The resident set size of a process, in megabytes.
pub fn resident_megabytes(pid: u32) -> f64 {
    let status = read(&format!("/proc/{pid}/status"));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("kilobytes") * 1_024.0 / 1e6
}

/// CPU seconds of the whole machine since it booted: used, and available.
pub fn machine_cpu_seconds() -> (f64, f64) {
    let stat = read("/proc/stat");
    let first = stat.lines().next().unwrap_or_default();
    // user nice system idle iowait irq softirq steal; `user` already includes the fields after these.
    let fields =
        first.split_whitespace().skip(1).take(8).map(|ticks| ticks.parse::<f64>().expect("ticks") * SECONDS_PER_TICK);
    let fields: Vec<f64> = fields.collect();
    let all: f64 = fields.iter().sum();
    (all - fields[3] - fields[4], all)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
