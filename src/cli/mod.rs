//! Top floor: words typed in a terminal. One file per command.
//!
//! Every command ends in an [`Exit`], whose number means the same everywhere: 0 fine, 1 refused or found wrong,
//! 2 usage, 69 not reachable, 74 input or output, 78 configuration.

mod answer;
mod check;
mod control;
mod mail;
mod migrate;
mod open;
mod preview;
mod release;
mod rollback;
mod seed;
mod serve;
mod snapshot;
mod user;
mod verify;
mod version;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config;
use crate::ops::users::Verb;

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
        /// What is logged, as in info or atlas=debug
        #[arg(long, value_name = "FILTER")]
        log: Option<String>,
        /// How it is logged: auto, pretty or json
        #[arg(long, value_name = "FORMAT")]
        log_format: Option<String>,
        /// Only serve if staging passed this very binary; for production
        #[arg(long)]
        require_verified: bool,
    },
    /// Show the configuration with its origins, and every problem at once
    Check {
        #[command(flatten)]
        place: Place,
        /// Sign in to the mail relay, too, without sending anything
        #[arg(long)]
        connect: bool,
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
        /// Empty the environment first; never production
        #[arg(long)]
        reset: bool,
        /// The environment's name, typed to confirm --reset
        #[arg(long, value_name = "NAME", requires = "reset")]
        confirm: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make, list and remove previews: one environment per branch, for a while
    Preview {
        #[command(subcommand)]
        verb: preview::Verb,
    },
    /// Look at people, switch them off and on, sign them out; the server may run or not
    User {
        #[command(subcommand)]
        verb: UserVerb,
    },
    /// Look at the outbox, and have mail tried again; the server may run or not
    Mail {
        #[command(subcommand)]
        verb: mail::MailVerb,
    },
    /// Take, prove and remove copies of the data file; the server may run or not
    Snapshot {
        #[command(subcommand)]
        verb: snapshot::SnapshotVerb,
    },
    /// Go back to the data and the binary of a release or snapshot; the server may run or not
    Rollback {
        /// A snapshot or a release [default: the known-good release]
        #[arg(long, value_name = "SNAPSHOT|RELEASE")]
        to: Option<String>,
        /// Go back to the binary and keep the data
        #[arg(long)]
        code_only: bool,
        /// Say what would be done and change nothing
        #[arg(long)]
        dry_run: bool,
        /// The environment's name, typed; needed in production
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Show what ran, what passed its verification, and what is kept
    Release {
        #[command(subcommand)]
        verb: release::ReleaseVerb,
    },
    /// Lead the data file to another schema; no server may have it
    Migrate {
        #[command(subcommand)]
        verb: migrate::MigrateVerb,
    },
    /// Run the checklist against the running deployment, like a person; leaves nothing behind
    Verify(verify::Wanted),
    /// Print the version and the schema this binary writes
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum UserVerb {
    /// List people, the newest first
    List {
        /// Only those whose address or name contains this
        #[arg(long, value_name = "WORDS", default_value = "")]
        search: String,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Where to go on, as the list before says
        #[arg(long, value_name = "ID")]
        cursor: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Show one person
    Show(About),
    /// Switch an account off: every session ends, and nobody signs in
    Disable(About),
    /// Switch an account on again
    Enable(About),
    /// End every session of a person
    SignOut(About),
    /// Take the second factor of somebody who lost it away, and tell them by mail.
    #[command(name = "reset-2fa")]
    ResetTwoFactor(About),
}

/// Where a verb counts, and how it answers.
#[derive(Args)]
struct Asked {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Whom a verb is about.
#[derive(Args)]
struct About {
    /// Address or id of the person
    #[arg(value_name = "WHO")]
    who: String,
    #[command(flatten)]
    asked: Asked,
}

impl UserVerb {
    fn run(self) -> Exit {
        let (verb, Asked { place, json }) = match self {
            Self::List { search, limit, cursor, asked } => (Verb::List { search, limit, cursor }, asked),
            Self::Show(About { who, asked }) => (Verb::Show { who }, asked),
            Self::Disable(About { who, asked }) => (Verb::Disable { who }, asked),
            Self::Enable(About { who, asked }) => (Verb::Enable { who }, asked),
            Self::SignOut(About { who, asked }) => (Verb::SignOut { who }, asked),
            Self::ResetTwoFactor(About { who, asked }) => (Verb::ResetTwoFactor { who }, asked),
        };
        user::run(&place.flags(None), verb, json)
    }
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
        config::Flags { environment: self.environment, config: self.config, listen, ..config::Flags::default() }
    }
}

/// Runs the command of this process's words.
pub fn run() -> ExitCode {
    let exit = match Words::parse().command {
        Command::Serve { place, listen, log, log_format, require_verified } => {
            serve::run(&config::Flags { log, log_format, require_verified, ..place.flags(listen) })
        }
        Command::Check { place, connect, json } => check::run(&place.flags(None), connect, json),
        Command::Seed { place, set, reset, confirm, json } => {
            seed::run(&place.flags(None), &set, reset.then_some(confirm.as_deref()), json)
        }
        Command::Preview { verb } => preview::run(verb),
        Command::User { verb } => verb.run(),
        Command::Mail { verb } => verb.run(),
        Command::Snapshot { verb } => verb.run(),
        Command::Rollback { to, code_only, dry_run, confirm, asked: Asked { place, json } } => {
            let wanted = crate::ops::rollback::Wanted { to, code_only, dry_run };
            rollback::run(&place.flags(None), &wanted, confirm.as_deref(), json)
        }
        Command::Release { verb } => verb.run(),
        Command::Migrate { verb } => verb.run(),
        Command::Verify(wanted) => verify::run(wanted),
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
