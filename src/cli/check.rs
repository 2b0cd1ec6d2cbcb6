//! `atlas check`: is the configuration right? Reads, touches nothing.

use serde_json::json;

use super::{Exit, complain, say};
use crate::config::keys::{self, Shape};
use crate::config::report::{Shown, report};
use crate::config::{self, Checked, Flags, Problem, Severity};
use crate::ops::fence;
use crate::store::OpenError;

/// Prints every setting with its origin, then every problem.
pub fn run(flags: &Flags, as_json: bool) -> Exit {
    let mut checked = match config::process_variables().and_then(|variables| config::check(flags, &variables)) {
        Ok(checked) => checked,
        Err(error) => {
            complain(error);
            return Exit::Configuration;
        }
    };
    let crossings = crossings(&checked);
    let exit = match (&checked.settings, crossings.is_empty()) {
        (None, _) => Exit::Configuration,
        (Some(_), false) => Exit::Refused,
        (Some(_), true) => Exit::Fine,
    };
    // Errors come first.
    checked.problems.splice(..0, crossings);
    say(if as_json { json(&checked, exit) } else { text(&checked) });
    exit
}

/// Where the fence says no: to what is written, and to the data file as it is.
fn crossings(checked: &Checked) -> Vec<Problem> {
    let mut crossings = fence::crossings(&checked.surroundings);
    if let (Some(settings), true) = (&checked.settings, crossings.is_empty())
        && let Err(error) = fence::recognise(settings)
        // A server that has the file has looked at it.
        && !matches!(error, fence::Error::Open(OpenError::Locked { .. }))
    {
        let message = error.to_string();
        crossings.push(Problem { severity: Severity::Error, key: keys::DATA_FILE, message });
    }
    crossings
}

fn json(checked: &Checked, exit: Exit) -> String {
    let settings: Vec<_> = keys::ALL
        .iter()
        .zip(report(&checked.written))
        .map(|(key, shown)| {
            json!({
                "key": key.name,
                "value": shown.value,
                "secret": key.shape == Shape::Secret,
                "origin": shown.origin,
                "variables": key.variables,
            })
        })
        .collect();
    let problems: Vec<_> = checked
        .problems
        .iter()
        .map(|problem| {
            let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
            json!({ "severity": severity, "key": problem.key, "message": problem.message })
        })
        .collect();
    let answer = json!({
        "environment": checked.environment.to_string(),
        "kind": checked.environment.kind(),
        "ok": exit == Exit::Fine,
        "settings": settings,
        "problems": problems,
    });
    format!("{answer:#}")
}

fn text(checked: &Checked) -> String {
    use std::fmt::Write;
    let mut out = format!("{} (kind {})\n\n", checked.environment, checked.environment.kind());
    let width = keys::ALL.iter().map(|key| key.name.len()).max().unwrap_or(0);
    for Shown { key, value, origin, .. } in report(&checked.written) {
        let (value, origin) = (value.as_deref().unwrap_or("–"), origin.as_deref().unwrap_or("not set"));
        let _ = writeln!(out, "  {key:width$}  {value}  ({origin})");
    }
    out.push('\n');
    for problem in &checked.problems {
        let mark = if problem.severity == Severity::Error { "error" } else { "warning" };
        let _ = writeln!(out, "{mark}: {}", problem.message);
    }
    let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = checked.problems.len() - errors;
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let _ = write!(out, "{}, {}", count(errors, "error"), count(warnings, "warning"));
    out
}
