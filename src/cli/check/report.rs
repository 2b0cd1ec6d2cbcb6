//! What `atlas check` found: every setting with its origin, every problem, and the mail relay's answer.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;

use super::relay::RelayCheck;
use crate::cli::exit_status::ExitStatus;
use crate::cli::printer::Render;
use crate::config::keys::{self, SettingShape};
use crate::config::report::report_settings;
use crate::config::{CheckedConfig, Severity};
use crate::domain::{Environment, EnvironmentKind};
use crate::ops::isolation::{ComparisonResult, PeerComparison};

#[derive(Serialize)]
pub(super) struct CheckReport {
    environment: Environment,
    kind: EnvironmentKind,
    ok: bool,
    settings: Vec<SettingRow>,
    problems: Vec<ProblemRow>,
    /// The other environments, and whether this one was compared with them.
    comparisons: Vec<ComparisonRow>,
    /// Only with `--connect`.
    mail: Option<MailRow>,
    #[serde(skip)]
    status: ExitStatus,
}

#[derive(Serialize)]
struct SettingRow {
    key: &'static str,
    /// Secrets are replaced by a placeholder.
    value: Option<String>,
    secret: bool,
    origin: Option<String>,
    variables: &'static [&'static str],
}

#[derive(Serialize)]
struct ProblemRow {
    severity: &'static str,
    key: &'static str,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ComparisonRow {
    environment: Environment,
    compared: bool,
    /// When its identity was exported, if it was imported here.
    exported_at: Option<Timestamp>,
    /// Why it was not compared.
    why: Option<String>,
    #[serde(skip)]
    summary: String,
}

impl ComparisonRow {
    fn new(comparison: &PeerComparison) -> Self {
        let (exported_at, why) = match &comparison.result {
            ComparisonResult::Compared { exported_at, .. } => (*exported_at, None),
            ComparisonResult::NotCompared { why } => (None, Some(why.clone())),
        };
        let (environment, compared) = (comparison.environment.clone(), why.is_none());
        Self { environment, compared, exported_at, why, summary: comparison.summary() }
    }
}

#[derive(Serialize)]
struct MailRow {
    result: &'static str,
    relay: Option<String>,
    message: Option<String>,
}

impl CheckReport {
    pub(super) fn new(
        checked: &CheckedConfig,
        comparisons: &[PeerComparison],
        mail: Option<RelayCheck>,
        status: ExitStatus,
    ) -> Self {
        let settings = keys::ALL.iter().zip(report_settings(&checked.raw)).map(|(key, setting)| SettingRow {
            key: key.name,
            value: setting.value,
            secret: key.shape == SettingShape::Secret,
            origin: setting.origin,
            variables: key.variables,
        });
        let problems = checked.problems.iter().map(|problem| ProblemRow {
            severity: if problem.severity == Severity::Error { "error" } else { "warning" },
            key: problem.key,
            message: problem.message.clone(),
        });
        let mail = mail.map(|mail| MailRow {
            result: mail.as_str(),
            message: mail.error.as_ref().map(ToString::to_string),
            relay: mail.relay,
        });
        Self {
            environment: checked.environment.clone(),
            kind: checked.environment.kind(),
            ok: status == ExitStatus::Success,
            settings: settings.collect(),
            problems: problems.collect(),
            comparisons: comparisons.iter().map(ComparisonRow::new).collect(),
            mail,
            status,
        }
    }
}

impl Render for CheckReport {
    fn to_text(&self) -> String {
        let mut text = format!("{} (kind {})\n\n", self.environment, self.kind);
        let width = self.settings.iter().map(|row| row.key.len()).max().unwrap_or(0);
        for row in &self.settings {
            let (value, origin) = (row.value.as_deref().unwrap_or("–"), row.origin.as_deref().unwrap_or("not set"));
            let _ = writeln!(text, "  {:width$}  {value}  ({origin})", row.key);
        }
        text.push('\n');
        let compared = self.comparisons.iter().filter(|row| row.compared).map(|row| row.summary.as_str());
        let compared = compared.collect::<Vec<_>>().join(", ");
        if !compared.is_empty() {
            let _ = writeln!(text, "compared with {compared}");
        }
        for problem in &self.problems {
            let _ = writeln!(text, "{}: {}", problem.severity, problem.message);
        }
        if let Some(mail) = &self.mail {
            let _ = writeln!(text, "{}", mail.to_text());
        }
        let problems = self.problems.iter().filter(|problem| problem.severity == "error").count();
        let warnings = self.problems.len() - problems;
        let errors = problems + usize::from(self.mail.as_ref().is_some_and(|mail| mail.message.is_some()));
        text + &format!("{}, {}", count(errors, "error"), count(warnings, "warning"))
    }

    fn exit_status(&self) -> ExitStatus {
        self.status
    }
}

impl MailRow {
    fn to_text(&self) -> String {
        match (&self.relay, &self.message) {
            (None, _) => "mail: captured in this environment, so there is no relay to sign in to".to_owned(),
            (Some(relay), None) => format!("mail: signed in to {relay}; nothing was sent"),
            (Some(relay), Some(message)) => format!("error: mail: {relay}: {message}"),
        }
    }
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
