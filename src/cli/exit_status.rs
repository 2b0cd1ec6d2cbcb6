//! How a command ended, as the shell sees it. The numbers are part of the interface: scripts and service units test them.

use std::process::ExitCode;

/// The same meaning for every command. `clap` exits with 2 for wrong usage before a command begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    Success,
    /// A rule forbids it, or a check found something wrong.
    Refused,
    /// What is needed is in use or does not answer.
    Unreachable,
    /// A file, a port or the disk failed.
    InputOutput,
    /// The configuration has errors.
    Configuration,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::Refused => 1,
            ExitStatus::Unreachable => 69,
            ExitStatus::InputOutput => 74,
            ExitStatus::Configuration => 78,
        })
    }
}
