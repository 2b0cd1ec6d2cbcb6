//! The report of a checklist for people.

use std::fmt::Write;

use crate::ops::protocol::report::{CheckStatus, VerifyReport};

/// One line per check, with the details of a failure below it, and a summary.
pub(super) fn to_text(report: &VerifyReport) -> String {
    let mut text = format!("{} at {}\n", report.environment, report.url);
    for item in &report.items {
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
    if let Some(left) = &report.left {
        let _ = writeln!(text, "Left behind: {left}");
    }
    text + &summary(report)
}

fn summary(report: &VerifyReport) -> String {
    let failed = report.failed();
    let mut summary =
        if failed.is_empty() { "No checks failed".to_owned() } else { format!("Failed: {}", failed.join(", ")) };
    if !report.missing.is_empty() {
        let _ = write!(summary, "; skipped: {}", report.missing.join(", "));
    }
    let _ = write!(summary, " ({} ms)", report.millis);
    summary
}
