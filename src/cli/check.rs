//! `atlas check`: is the configuration right? Reads, touches nothing; with `--connect` it also signs in to the mail relay.

use serde_json::json;

use super::{Exit, complain, open, say};
use crate::app::clock::Clock;
use crate::config::keys::{self, Shape};
use crate::config::report::{Shown, report};
use crate::config::{self, Checked, Flags, Problem, Settings, Severity, Tls, Transport};
use crate::mail::{Fault, Relay, Trouble, Verdict};
use crate::ops::approvals::admit;
use crate::ops::fence;
use crate::store::OpenError;

/// Prints every setting with its origin, then every problem, and what the mail relay said where `connect` asks for it.
pub fn run(flags: &Flags, connect: bool, as_json: bool) -> Exit {
    let mut checked = match config::process_variables().and_then(|variables| config::check(flags, &variables)) {
        Ok(checked) => checked,
        Err(error) => {
            complain(error);
            return Exit::Configuration;
        }
    };
    let crossings = refusals(&checked);
    let is_crossed = !crossings.is_empty();
    // Errors come first.
    checked.problems.splice(..0, crossings);
    // Settings with errors lead nowhere.
    let mail = checked.settings.as_ref().filter(|_| connect && !is_crossed).map(sign_in);
    let exit = match &checked.settings {
        None => Exit::Configuration,
        Some(_) if is_crossed => Exit::Refused,
        Some(_) => mail.as_ref().map_or(Exit::Fine, SignedIn::exit),
    };
    say(if as_json { json(&checked, mail.as_ref(), exit) } else { text(&checked, mail.as_ref()) });
    exit
}

/// What became of signing in to the mail relay.
struct SignedIn {
    /// Where it is; `None` where mail is captured.
    relay: Option<String>,
    /// Why it could not be done.
    trouble: Option<Trouble>,
}

impl SignedIn {
    fn word(&self) -> &'static str {
        match (&self.relay, self.trouble.as_ref().map(|trouble| trouble.verdict)) {
            (None, _) => "captured",
            (Some(_), None) => "signed-in",
            (Some(_), Some(Verdict::Mend(fault))) => fault.word(),
            (Some(_), Some(_)) => "unreachable",
        }
    }

    /// What must be mended here is configuration; anything else may be better in a minute.
    fn exit(&self) -> Exit {
        match self.trouble.as_ref().map(|trouble| trouble.verdict) {
            None => Exit::Fine,
            Some(Verdict::Mend(Fault::SignIn | Fault::Tls | Fault::Sender)) => Exit::Configuration,
            Some(_) => Exit::Unreachable,
        }
    }

    fn sentence(&self) -> String {
        match (&self.relay, &self.trouble) {
            (None, _) => "mail: captured in this environment, so there is no relay to sign in to".to_owned(),
            (Some(relay), None) => format!("mail: {relay} takes us in; nothing was sent"),
            (Some(relay), Some(trouble)) => format!("error: mail: {relay}: {trouble}"),
        }
    }
}

fn sign_in(settings: &Settings) -> SignedIn {
    let Transport::Smtp(smtp) = &settings.mail.transport else { return SignedIn { relay: None, trouble: None } };
    let scheme = if smtp.tls == Tls::Implicit { "smtps" } else { "smtp" };
    let relay = Some(format!("{scheme}://{}:{}", smtp.host, smtp.port));
    let tried = || {
        let broken = |error: &dyn std::fmt::Display| Trouble::here(&error.to_string());
        let app_url = open::app_url(settings, settings.listen).map_err(|_| broken(&"no address of this server"))?;
        let relay = Relay::of(&settings.mail, &app_url, None).map_err(|error| broken(&error))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| broken(&error))?;
        relay.map_or(Ok(()), |relay| runtime.block_on(relay.try_out()))
    };
    SignedIn { relay, trouble: tried().err() }
}

/// Where a server would be refused: by the fence, for what is written and for the data file as it is, and for its binary.
fn refusals(checked: &Checked) -> Vec<Problem> {
    let mut crossings = fence::crossings(&checked.surroundings);
    if let (Some(settings), true) = (&checked.settings, crossings.is_empty())
        && let Err(error) = fence::recognise(settings)
        // A server that has the file has looked at it.
        && !matches!(error, fence::Error::Open(OpenError::Locked { .. }))
    {
        let message = error.to_string();
        crossings.push(Problem { severity: Severity::Error, key: keys::DATA_FILE, message });
    }
    if let Some(Err(message)) = checked.settings.as_ref().map(|settings| admit(settings, Clock::System.now())) {
        crossings.push(Problem { severity: Severity::Error, key: keys::REQUIRE_VERIFIED, message });
    }
    crossings
}

fn json(checked: &Checked, mail: Option<&SignedIn>, exit: Exit) -> String {
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
        "mail": mail.map(|mail| json!({
            "result": mail.word(),
            "relay": mail.relay,
            "message": mail.trouble.as_ref().map(ToString::to_string),
        })),
    });
    format!("{answer:#}")
}

fn text(checked: &Checked, mail: Option<&SignedIn>) -> String {
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
    if let Some(mail) = mail {
        let _ = writeln!(out, "{}", mail.sentence());
    }
    let wrong = checked.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = checked.problems.len() - wrong;
    let errors = wrong + usize::from(mail.is_some_and(|mail| mail.trouble.is_some()));
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let _ = write!(out, "{}, {}", count(errors, "error"), count(warnings, "warning"));
    out
}
