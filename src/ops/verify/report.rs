//! What came of a checklist: for people, as JSON, and as JUnit's XML.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::{Looked, Run, Short};
use crate::app::clock::Clock;

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is well.
    Passed,
    /// Something is wrong.
    Failed,
    /// Something may become wrong.
    Warned,
    /// It was not looked at.
    Skipped,
}

/// One item and what was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Its name, which never changes.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// How it ended.
    pub state: State,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// What there is to say when it did not fail.
    pub note: Option<String>,
    /// The item whose failure kept this one from being looked at.
    pub because: Option<&'static str>,
    /// What was expected, for a failure.
    pub expected: Option<String>,
    /// What was seen, for a failure.
    pub seen: Option<String>,
    /// What to do, for a failure.
    #[serde(rename = "do")]
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn of(id: &'static str, title: &'static str, looked: Looked, took: Duration) -> Self {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let plain = |state, note| Self {
            id,
            title,
            state,
            millis,
            note,
            because: None,
            expected: None,
            seen: None,
            remedy: None,
        };
        match looked {
            Ok(note) => plain(State::Passed, Some(note).filter(|note| !note.is_empty())),
            Err(Short::Warned(note)) => plain(State::Warned, Some(note)),
            Err(Short::Skipped(note)) => plain(State::Skipped, Some(note)),
            Err(Short::Failed { expected, seen, remedy }) => {
                Self { expected: Some(expected), seen: Some(seen), remedy: Some(remedy), ..plain(State::Failed, None) }
            }
        }
    }

    pub(super) fn because_of(id: &'static str, title: &'static str, cause: &'static str) -> Self {
        let note = format!("skipped because {cause} failed");
        Self { because: Some(cause), ..Self::of(id, title, Err(Short::Skipped(note)), Duration::ZERO) }
    }

    /// Whether another item's failure kept it from being looked at.
    pub(super) fn is_blocked(&self) -> bool {
        self.because.is_some()
    }
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The environment.
    pub environment: String,
    /// Where it was looked at.
    pub url: String,
    /// The digest of the binary that serves it, when it was told.
    pub binary: Option<String>,
    /// When it ended.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Whether nothing failed and everything was looked at as far as this environment asks for it.
    pub passed: bool,
    /// What was left behind, which is nothing unless something is very wrong.
    pub left: Option<String>,
    /// The items.
    pub items: Vec<Finding>,
}

impl Report {
    pub(super) fn of(run: &Run<'_>, items: Vec<Finding>, left: Option<String>, took: Duration) -> Self {
        let failed = items.iter().any(|item| item.state == State::Failed);
        let text = |name: &str| run.facts.as_ref().and_then(|facts| facts[name].as_str()).map(str::to_owned);
        Self {
            environment: run.subject.settings.environment.to_string(),
            url: run.subject.way.base.to_string(),
            binary: text("binary"),
            at: Clock::System.now(),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            passed: !failed && left.is_none(),
            left,
            items,
        }
    }

    /// The ids of the items that failed.
    pub fn failed(&self) -> Vec<String> {
        let failed = self.items.iter().filter(|item| item.state == State::Failed);
        failed.map(|item| item.id.to_owned()).chain(self.left.iter().map(|_| "leave".to_owned())).collect()
    }

    /// For people.
    pub fn words(&self) -> String {
        let mut text = format!("{} at {}\n", self.environment, self.url);
        for item in &self.items {
            let mark = match item.state {
                State::Passed => "ok",
                State::Failed => "FAILED",
                State::Warned => "warning",
                State::Skipped => "skipped",
            };
            let _ = writeln!(text, "{mark:8} {:15} {:6} ms  {}", item.id, item.millis, item.title);
            let lines =
                [("", &item.note), ("expected: ", &item.expected), ("seen: ", &item.seen), ("do: ", &item.remedy)];
            for (name, words) in lines.iter().filter_map(|(name, words)| Some((name, words.as_ref()?))) {
                let _ = writeln!(text, "{:36}{name}{words}", "");
            }
        }
        if let Some(left) = &self.left {
            let _ = writeln!(text, "left behind: {left}");
        }
        let failed = self.failed();
        let end = if self.passed { "nothing failed".to_owned() } else { format!("failed: {}", failed.join(", ")) };
        let _ = write!(text, "{end}, after {} ms", self.millis);
        text
    }

    /// As JUnit's XML, which most build servers show.
    pub fn junit(&self) -> String {
        let skipped = self.items.iter().filter(|item| item.state == State::Skipped).count();
        let failures = self.failed().len();
        let name = escaped(&format!("atlas verify {}", self.environment));
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\" time=\"{}\">\n",
            self.items.len(),
            seconds(self.millis)
        );
        for item in &self.items {
            let title = escaped(item.title);
            let _ = write!(
                xml,
                "  <testcase classname=\"{}\" name=\"{title}\" time=\"{}\">",
                item.id,
                seconds(item.millis)
            );
            let part = |words: &Option<String>| escaped(words.as_deref().unwrap_or_default());
            let _ = match item.state {
                State::Failed => write!(
                    xml,
                    "<failure message=\"expected {}; seen {}\">{}</failure>",
                    part(&item.expected),
                    part(&item.seen),
                    part(&item.remedy)
                ),
                State::Skipped => write!(xml, "<skipped message=\"{}\"/>", part(&item.note)),
                State::Passed | State::Warned => write!(xml, "<system-out>{}</system-out>", part(&item.note)),
            };
            xml.push_str("</testcase>\n");
        }
        xml.push_str("</testsuite>\n");
        xml
    }
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// As text in XML, without what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_cannot_break_out_of_the_xml() {
        assert_eq!(escaped("<a b=\"c\">&\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp; ");
        assert_eq!(seconds(1_042), "1.042");
    }
}
