//! The command line: one file or folder per command.
//!
//! | file | what it does |
//! |---|---|
//! | `args`, `confirm`, `settings`, `data_file`, `descriptors` | what commands begin with |
//! | `dispatch` | executes a command in the server that has the data file, or here |
//! | `printer`, `exit_status`, `error` | how commands end |
//! | the others | one command each: its arguments, parsed into a typed command, and the text of its typed answer |
//!
//! Ids, addresses and names are parsed here; below this layer they are typed.

mod args;
mod check;
mod confirm;
mod data_file;
mod descriptors;
mod dispatch;
mod error;
mod exit_status;
mod help;
mod identity;
mod init;
mod mail;
mod migrate;
mod preview;
mod printer;
mod release;
mod rollback;
mod seed;
mod serve;
mod settings;
mod snapshot;
mod user;
mod verify;
mod version;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::store::migrations::Migrations;

#[derive(Parser)]
#[command(name = "atlas", version, about = "A self-hosted habit tracker for small teams.", max_term_width = 100)]
#[command(disable_help_subcommand = true, after_help = help::topics_help())]
struct Cli {
    #[command(subcommand)]
    command: CliCommand,
}

#[derive(Subcommand)]
enum CliCommand {
    /// Serve one environment until stopped
    Serve(serve::ServeArgs),
    /// Show settings, where they come from, and all problems
    Check(check::CheckArgs),
    /// Create an empty data file, also in place of a lost one
    Init(init::InitArgs),
    /// Load demo users (never production)
    Seed(seed::SeedArgs),
    /// Create, list and destroy previews: one environment per branch
    #[command(subcommand)]
    Preview(preview::PreviewArgs),
    /// Manage users (works with or without a running server)
    #[command(subcommand)]
    User(user::UserArgs),
    /// Show and retry mail (works with or without a running server)
    #[command(subcommand)]
    Mail(mail::MailArgs),
    /// Create, verify and remove snapshots (works with or without a running server)
    #[command(subcommand)]
    Snapshot(snapshot::SnapshotArgs),
    /// Roll back to the data and binary of a release or snapshot (works with or without a running server)
    Rollback(rollback::RollbackArgs),
    /// Show releases, pin them, and carry staging's reports to production
    #[command(subcommand)]
    Release(release::ReleaseArgs),
    /// Carry what keeps environments apart between machines
    #[command(subcommand)]
    Identity(identity::IdentityArgs),
    /// Migrate the data file (stop the server first)
    #[command(subcommand)]
    Migrate(migrate::MigrateArgs),
    /// Check a running deployment the way a user would; leaves nothing behind
    Verify(verify::VerifyArgs),
    /// Print the version and the schema this binary writes
    Version {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print a topic of the operator's handbook, or the help of a command
    Help(help::HelpArgs),
}

/// Runs the command that the process's arguments name, in a binary with these migrations.
pub fn run(migrations: Migrations) -> ExitCode {
    let arguments = match Cli::try_parse_from(help::arguments()) {
        Ok(arguments) => arguments,
        Err(error) => return help::exit_of_clap(&error).into(),
    };
    if let Err(error) = descriptors::require_descriptors() {
        return printer::Printer::new(false).print_failure(&error).into();
    }
    let status = match arguments.command {
        CliCommand::Serve(args) => serve::run(args, migrations),
        CliCommand::Check(args) => check::run(args, migrations),
        CliCommand::Init(args) => init::run(args, migrations),
        CliCommand::Seed(args) => seed::run(args, migrations),
        CliCommand::Preview(args) => preview::run(args, migrations),
        CliCommand::User(args) => user::run(args, migrations),
        CliCommand::Mail(args) => mail::run(args, migrations),
        CliCommand::Snapshot(args) => snapshot::run(args, migrations),
        CliCommand::Rollback(args) => rollback::run(args, migrations),
        CliCommand::Release(args) => release::run(args),
        CliCommand::Identity(args) => identity::run(args),
        CliCommand::Migrate(args) => migrate::run(args, migrations),
        CliCommand::Verify(args) => verify::run(args, migrations),
        CliCommand::Version { json } => version::run(json, migrations),
        CliCommand::Help(args) => help::run(&args, Cli::command()),
    };
    status.into()
}
