//! The report of a checklist for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::ops::protocol::report::{CheckStatus, VerifyReport};

/// One line per check, with the details of a failure below it, one for the checks that a failure blocked, and a summary.
pub(super) fn to_text(report: &VerifyReport) -> String {
    let mut text = format!("{} at {}\n", report.environment, report.url);
    for item in report.items.iter().filter(|item| item.because.is_none()) {
        let status = match item.state {
            CheckStatus::Passed => "ok",
            CheckStatus::Failed => "FAILED",
            CheckStatus::Warned => "warning",
            CheckStatus::Skipped => "skipped",
        };
        let _ = writeln!(text, "{status:8} {:15} {:6} ms  {}", item.id, item.millis, item.title);
        let details =
            [("", &item.note), ("expected: ", &item.expected), ("found: ", &item.seen), ("fix: ", &item.remedy)];
        for (label, detail) in details.iter().filter_map(|(label, detail)| Some((label, detail.as_ref()?))) {
            let _ = writeln!(text, "{:36}{label}{detail}", "");
        }
    }
    for (cause, blocked) in blocked(report) {
        let _ = writeln!(text, "{:8} {} (because {cause} failed)", "skipped", blocked.join(", "));
    }
    if let Some(left) = &report.left {
        let _ = writeln!(text, "Left behind: {left}");
    }
    text + &summary(report)
}

/// The checks that were skipped because of another, by that one.
fn blocked(report: &VerifyReport) -> BTreeMap<&str, Vec<&str>> {
    let mut blocked = BTreeMap::<_, Vec<_>>::new();
    for item in &report.items {
        if let Some(cause) = &item.because {
            blocked.entry(cause.as_ref()).or_default().push(item.id.as_ref());
        }
    }
    blocked
}

fn summary(report: &VerifyReport) -> String {
    let failed = report.failed();
    let mut summary =
        if failed.is_empty() { "No checks failed".to_owned() } else { format!("Failed: {}", failed.join(", ")) };
    let missing = report.items.iter().filter(|item| item.is_missing() && item.because.is_none());
    let missing: Vec<&str> = missing.map(|item| item.id.as_ref()).collect();
    if !missing.is_empty() {
        let _ = write!(summary, "; skipped: {}", missing.join(", "));
    }
    let _ = write!(summary, " ({} ms)", report.millis);
    summary
}
