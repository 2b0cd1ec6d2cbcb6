//! What came of a checklist: for people, as JSON, and as JUnit's XML.

use std::fmt::Write;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Looked, Run, Short};
use crate::app::clock::Clock;
use crate::domain::approval::{End, Judged};

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

/// Why an item was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// Nothing of the kind is asked for in this environment.
    NotAsked,
    /// Production was only looked at.
    ReadOnly,
    /// The deployment was looked at where nobody but this machine reaches it.
    Rehearsal,
    /// Nobody could be asked who knows.
    NoAnswer,
    /// Another item's failure was in the way.
    Blocked,
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
    /// Why it was not looked at, when it was not.
    pub skip: Option<Skip>,
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
            skip: None,
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
            Err(Short::Skipped(skip, note)) => Self { skip: Some(skip), ..plain(State::Skipped, Some(note)) },
            Err(Short::Failed { expected, seen, remedy }) => {
                Self { expected: Some(expected), seen: Some(seen), remedy: Some(remedy), ..plain(State::Failed, None) }
            }
        }
    }

    /// How it ended, as it counts for the release.
    fn end(&self) -> End {
        match (self.state, self.skip) {
            (State::Failed, _) => End::Failed,
            (State::Skipped, Some(Skip::NotAsked)) => End::NotAsked,
            (State::Skipped, _) => End::Missing,
            (State::Passed | State::Warned, _) => End::Passed,
        }
    }

    pub(super) fn because_of(id: &'static str, title: &'static str, cause: &'static str) -> Self {
        let note = format!("skipped because {cause} failed");
        Self { because: Some(cause), ..Self::of(id, title, Err(Short::Skipped(Skip::Blocked, note)), Duration::ZERO) }
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
    /// Whether nothing failed, nothing was left behind, and everybody answered who had to be asked.
    pub passed: bool,
    /// What this environment asks for and was not looked at.
    pub missing: Vec<&'static str>,
    /// What was left behind, which is nothing unless something is very wrong.
    pub left: Option<String>,
    /// The items.
    pub items: Vec<Finding>,
}

impl Report {
    pub(super) fn of(run: &Run<'_>, items: Vec<Finding>, left: Option<String>, took: Duration) -> Self {
        let in_the_way = |item: &Finding| item.state == State::Failed || item.skip == Some(Skip::NoAnswer);
        let passed = left.is_none() && !items.iter().any(in_the_way);
        let text = |name: &str| run.facts.as_ref().ok().and_then(|facts| facts[name].as_str()).map(str::to_owned);
        Self {
            environment: run.subject.settings.environment.to_string(),
            url: run.subject.way.base.to_string(),
            binary: text("binary"),
            at: Clock::System.now(),
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            passed,
            missing: items.iter().filter(|item| item.end() == End::Missing).map(|item| item.id).collect(),
            left,
            items,
        }
    }

    /// The ids of the items that failed.
    pub fn failed(&self) -> Vec<String> {
        let failed = self.items.iter().filter(|item| item.state == State::Failed);
        failed.map(|item| item.id.to_owned()).chain(self.left.iter().map(|_| "leave".to_owned())).collect()
    }

    /// Whether something is wrong, rather than only unknown.
    pub fn has_failed(&self) -> bool {
        !self.failed().is_empty()
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
        let mut end =
            if failed.is_empty() { "nothing failed".to_owned() } else { format!("failed: {}", failed.join(", ")) };
        if !self.missing.is_empty() {
            let _ = write!(end, "; not looked at: {}", self.missing.join(", "));
        }
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

/// How every item of a report that was written as JSON ended. What cannot be read was not looked at.
pub fn ends_of(report: &Value) -> Vec<Judged> {
    let end = |item: &Value| match (item["state"].as_str(), item["skip"].as_str()) {
        (Some("passed" | "warned"), _) => End::Passed,
        (Some("failed"), _) => End::Failed,
        (Some("skipped"), Some("not-asked")) => End::NotAsked,
        _ => End::Missing,
    };
    let judged = |item: &Value| Some(Judged { id: item["id"].as_str()?.to_owned(), end: end(item) });
    report["items"].as_array().into_iter().flatten().filter_map(judged).collect()
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
