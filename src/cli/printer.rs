//! The only place that writes to the terminal: answers to standard output, errors and progress to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use serde::Serialize;
use serde_json::json;

use super::error::CommandError;
use super::exit_status::ExitStatus;
use crate::domain::Environment;

/// Prints a line to standard output. A reader that closed the pipe wants no more, which is no error.
///
/// # Errors
/// [`CommandError::Io`], e.g. when standard output is a file on a full disk.
pub(super) fn print(text: impl Display) -> Result<(), CommandError> {
    let mut stdout = std::io::stdout();
    printed(writeln!(stdout, "{text}").and_then(|()| stdout.flush()))
}

/// What writing to standard output came to.
pub(super) fn printed(written: io::Result<()>) -> Result<(), CommandError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(CommandError::io("the answer cannot be written to standard output", error))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error, as `atlas: …`.
pub(super) fn print_error(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "atlas: {text}");
}

/// Prints the steps of long work on a terminal; elsewhere they are not printed.
pub(super) fn print_progress() -> impl FnMut(&str) + Send {
    let is_terminal = std::io::stderr().is_terminal();
    move |step| {
        if is_terminal {
            print_error(step);
        }
    }
}

/// The typed answer of a command. `--json` and the text for people are two renderings of the same value.
pub(super) trait Render: Serialize {
    fn to_text(&self) -> String;

    fn exit_status(&self) -> ExitStatus {
        ExitStatus::Success
    }
}

/// An answer about one environment, which the JSON names.
#[derive(Serialize)]
pub(super) struct InEnvironment<A> {
    #[serde(flatten)]
    pub(super) answer: A,
    pub(super) environment: Environment,
}

impl<A: Render> Render for InEnvironment<A> {
    fn to_text(&self) -> String {
        self.answer.to_text()
    }

    fn exit_status(&self) -> ExitStatus {
        self.answer.exit_status()
    }
}

/// Prints in the form that was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Printer {
    as_json: bool,
}

impl Printer {
    pub(super) fn new(as_json: bool) -> Self {
        Self { as_json }
    }

    /// Prints how a command ended, and gives its exit status.
    pub(super) fn finish<A: Render>(self, result: Result<A, CommandError>) -> ExitStatus {
        match result {
            Ok(answer) => match self.print_answer(&answer) {
                Ok(()) => answer.exit_status(),
                Err(error) => self.print_failure(&error),
            },
            Err(error) => self.print_failure(&error),
        }
    }

    /// # Errors
    /// As for [`print`].
    pub(super) fn print_answer(self, answer: &impl Render) -> Result<(), CommandError> {
        if !self.as_json {
            return print(answer.to_text());
        }
        let value = serde_json::to_value(answer).map_err(CommandError::fault)?;
        print(format_args!("{value:#}"))
    }

    /// Prints an answer for people only; programs read the final one.
    ///
    /// # Errors
    /// As for [`print`].
    pub(super) fn print_interim(self, answer: &impl Render) -> Result<(), CommandError> {
        if self.as_json { Ok(()) } else { print(answer.to_text()) }
    }

    pub(super) fn print_failure(self, error: &CommandError) -> ExitStatus {
        if self.as_json
            && error.is_refusal()
            && let Err(unprinted) = print(format_args!("{:#}", json!({ "error": error.to_string() })))
        {
            print_error(unprinted);
        }
        if !matches!(error, CommandError::Reported(_)) {
            print_error(error);
        }
        error.exit_status()
    }
}
