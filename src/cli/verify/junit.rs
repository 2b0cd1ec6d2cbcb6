//! The report of a checklist as JUnit XML, which most build servers show. `quick-junit` would bring seven crates, a second library
//! for time among them, for the sixty lines below.

use std::fmt::Write;

use crate::ops::protocol::report::{CheckStatus, Finding, VerifyReport};

pub(super) fn to_xml(report: &VerifyReport) -> String {
    let skipped = report.items.iter().filter(|item| item.state == CheckStatus::Skipped).count();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{skipped}\" time=\"{}\">\n",
        escape(&format!("atlas verify {}", report.environment)),
        report.items.len(),
        report.failed().len(),
        seconds(report.millis)
    );
    for item in &report.items {
        write_case(&mut xml, item);
    }
    xml.push_str("</testsuite>\n");
    xml
}

fn write_case(xml: &mut String, item: &Finding) {
    let title = escape(&item.title);
    let time = seconds(item.millis);
    let text = |part: &Option<String>| escape(part.as_deref().unwrap_or_default());
    let result = match item.state {
        CheckStatus::Failed => format!(
            "<failure message=\"expected {}; found {}\">{}</failure>",
            text(&item.expected),
            text(&item.seen),
            text(&item.remedy)
        ),
        CheckStatus::Skipped => format!("<skipped message=\"{}\"/>", text(&item.note)),
        CheckStatus::Passed | CheckStatus::Warned => format!("<system-out>{}</system-out>", text(&item.note)),
    };
    let _ = writeln!(xml, "  <testcase classname=\"{}\" name=\"{title}\" time=\"{time}\">{result}</testcase>", item.id);
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// Escapes text for XML and replaces control characters, which XML cannot contain.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_server_is_escaped() {
        assert_eq!(escape("<a b=\"c\">&\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp; ");
    }

    #[test]
    fn durations_are_in_seconds() {
        assert_eq!(seconds(1_042), "1.042");
    }
}
