//! Top floor: words typed in a terminal. One file per command.
//!
//! Every command ends in an [`Exit`], whose number means the same everywhere: 0 fine, 1 refused or found wrong,
//! 2 usage, 69 not reachable, 74 input or output, 78 configuration.

mod check;
mod open;
mod seed;
mod serve;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Fine,
    /// Something was found wrong, or refused.
    Refused,
    /// What is needed is in use or does not answer.
    Unreachable,
    /// A file, a port or the disk said no.
    InputOutput,
    /// The configuration has errors.
    Configuration,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Refused => 1,
            Exit::Unreachable => 69,
            Exit::InputOutput => 74,
            Exit::Configuration => 78,
        })
    }
}

#[derive(Parser)]
#[command(name = "atlas", version, about = "A habit tracker that a small team hosts itself.", max_term_width = 100)]
struct Words {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve one environment until it is stopped
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port to serve on, as in 127.0.0.1:3000
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Show the configuration with its origins, and every problem at once
    Check {
        #[command(flatten)]
        place: Place,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Fill an environment with people to look at; never production
    Seed {
        #[command(flatten)]
        place: Place,
        /// Which set of seeds
        #[arg(long = "set", value_name = "NAME", default_value = "demo")]
        set: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the version and the schema this binary writes
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
struct Place {
    /// Environment: production, staging, development or preview/<name> [default: development]
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
    /// Configuration file [default: atlas.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Place {
    fn flags(self, listen: Option<String>) -> config::Flags {
        config::Flags { environment: self.environment, config: self.config, listen }
    }
}

/// Runs the command of this process's words.
pub fn run() -> ExitCode {
    let exit = match Words::parse().command {
        Command::Serve { place, listen } => serve::run(&place.flags(listen)),
        Command::Check { place, json } => check::run(&place.flags(None), json),
        Command::Seed { place, set, json } => seed::run(&place.flags(None), &set, json),
        Command::Version { json } => version::run(json),
    };
    exit.into()
}

/// Prints to standard output. Whoever closed it does not want to read on, which is no error.
fn say(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error, as `atlas: …`.
fn complain(text: impl std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "atlas: {text}");
}
