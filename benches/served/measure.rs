//! Medians, and what the kernel knows about processes. Knows nothing of Atlas.

use std::time::Duration;

/// What the kernel counts processor time in: 1/100 s on every Linux that reports it through `/proc`.
const TICK: f64 = 0.01;

/// Something that was done many times by several at once.
pub struct Load {
    /// How long it took all of them together.
    pub took: Duration,
    /// How long each waited, shortest first.
    waits: Vec<Duration>,
}

impl Load {
    /// Of everybody's waits.
    pub fn new(took: Duration, mut waits: Vec<Duration>) -> Self {
        assert!(!waits.is_empty(), "nothing was done");
        waits.sort_unstable();
        Self { took, waits }
    }

    /// How many were done.
    pub fn count(&self) -> f64 {
        self.waits.len() as f64
    }

    /// How many a second.
    pub fn per_second(&self) -> f64 {
        self.count() / self.took.as_secs_f64()
    }

    /// The wait, in microseconds, that `share` of all did not exceed.
    pub fn wait(&self, share: f64) -> f64 {
        let at = (self.count() * share) as usize;
        self.waits[at.min(self.waits.len() - 1)].as_secs_f64() * 1e6
    }
}

/// The middle one.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// The same figure of two lanes, round by round.
pub struct Pair {
    /// The median of the first.
    pub ours: f64,
    /// The median of the second.
    pub theirs: f64,
    /// The median of the first divided by the second in the same round.
    pub ratio: f64,
}

/// Compares two lanes of the same rounds.
pub fn pair<A, B>(ours: &[A], our: impl Fn(&A) -> f64, theirs: &[B], their: impl Fn(&B) -> f64) -> Pair {
    Pair {
        ours: median(ours.iter().map(&our)),
        theirs: median(theirs.iter().map(&their)),
        ratio: median(ours.iter().zip(theirs).map(|(a, b)| our(a) / their(b))),
    }
}

/// Processor time a process has used, in seconds, all its threads and the kernel on their behalf.
pub fn processor_seconds(pid: u32) -> f64 {
    let stat = read(&format!("/proc/{pid}/stat"));
    // The name of the program may hold anything, and ends at the last parenthesis.
    let (_, fields) = stat.rsplit_once(") ").expect("a process");
    fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().expect("ticks")).sum::<f64>() * TICK
}

/// Memory a process keeps in RAM, in megabytes.
pub fn resident_megabytes(pid: u32) -> f64 {
    let status = read(&format!("/proc/{pid}/status"));
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("kilobytes") * 1_024.0 / 1e6
}

/// Processor seconds of the whole machine since it began: used, and there to be used.
pub fn machine_seconds() -> (f64, f64) {
    let stat = read("/proc/stat");
    let first = stat.lines().next().unwrap_or_default();
    // user nice system idle iowait irq softirq steal; what follows is counted in `user` already.
    let fields = first.split_whitespace().skip(1).take(8).map(|ticks| ticks.parse::<f64>().expect("ticks") * TICK);
    let fields: Vec<f64> = fields.collect();
    let all: f64 = fields.iter().sum();
    (all - fields[3] - fields[4], all)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
