//! `atlas migrate`: the schema of a data file that no server has.

use std::fmt::Write;

use clap::Subcommand;

use super::args::CommandArgs;
use super::confirm::require_confirmation;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render, print_error, print_progress};
use super::settings::load_settings;
use crate::app::backup::offsite::Offsite;
use crate::app::clock::Clock;
use crate::config::Flags;
use crate::ops::isolation::{self, DataFile};
use crate::ops::migrations::{MigrationTarget, downgrade, losses, status, upgrade};
use crate::ops::protocol::migrations::{MigrateAnswer, MigrateCommand, MigrationResult, MigrationStatus};
use crate::store::OpenError;
use crate::store::migrations::Migrations;

#[derive(Subcommand)]
pub(super) enum MigrateArgs {
    /// Show the data file's schema and the migrations this binary knows
    Status(CommandArgs),
    /// Migrate to a newer schema
    Up {
        /// Schema to migrate to [default: the newest]
        #[arg(long, value_name = "SCHEMA")]
        to: Option<u32>,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Migrate to an older schema, for an older binary; shows first what that loses
    Down {
        /// Schema to migrate to
        #[arg(long, value_name = "SCHEMA")]
        to: u32,
        /// Name of the environment, required in production
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        #[command(flatten)]
        args: CommandArgs,
    },
}

pub(super) fn run(args: MigrateArgs, migrations: Migrations) -> ExitStatus {
    let (command, confirm, CommandArgs { environment, json }) = match args {
        MigrateArgs::Status(args) => (MigrateCommand::Status, None, args),
        MigrateArgs::Up { to, args } => (MigrateCommand::Up { to }, None, args),
        MigrateArgs::Down { to, confirm, args } => (MigrateCommand::Down { to }, confirm, args),
    };
    Printer::new(json).finish(execute(&environment.flags(), migrations, &command, confirm.as_deref()))
}

fn execute(
    flags: &Flags,
    migrations: Migrations,
    command: &MigrateCommand,
    confirm: Option<&str>,
) -> Result<InEnvironment<MigrateAnswer>, CommandError> {
    let settings = load_settings(flags)?;
    check_data_file(DataFile { settings: &settings, migrations })?;
    let offsite = Offsite::from_settings(&settings);
    let target = MigrationTarget {
        data_file: &settings.data_file,
        environment: &settings.environment,
        migrations,
        clock: &Clock::System,
        offsite: offsite.as_ref(),
    };
    let answer = match command {
        MigrateCommand::Status => MigrateAnswer::Status(status(&target)?),
        MigrateCommand::Up { to } => MigrateAnswer::Migrated(upgrade(&target, *to, &mut print_progress())?),
        MigrateCommand::Down { to } => {
            for loss in losses(&target, *to)? {
                print_error(format_args!("migrating down to schema {to} loses {} {}", loss.number, loss.what));
            }
            require_confirmation(&settings, confirm)?;
            MigrateAnswer::Migrated(downgrade(&target, *to, &mut print_progress())?)
        }
    };
    Ok(InEnvironment { answer, environment: settings.environment.clone() })
}

fn check_data_file(file: DataFile<'_>) -> Result<(), CommandError> {
    file.require_not_lost()?;
    match file.check() {
        // Another schema is what these commands are for; a server that has the file is reported when it is opened.
        Err(isolation::Error::Open(OpenError::Older { .. } | OpenError::Newer { .. } | OpenError::Locked { .. })) => {
            Ok(())
        }
        checked => Ok(checked?),
    }
}

impl Render for MigrateAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::Status(status) => status_text(status),
            Self::Migrated(result) => result_text(result),
        }
    }
}

fn result_text(result: &MigrationResult) -> String {
    let MigrationResult { from, to, snapshot, .. } = result;
    match snapshot {
        None => format!("The data file already has schema {to}"),
        Some(snapshot) => {
            format!("Migrated the data file from schema {from} to {to}; snapshot {snapshot} is its previous state")
        }
    }
}

fn status_text(status: &MigrationStatus) -> String {
    let mut text = format!("schema {} (this binary: {})", status.schema, status.known);
    for step in &status.steps {
        let mark = if step.applied { "applied" } else { "pending" };
        let _ = write!(text, "\n{mark}  {}  {}", step.to, step.about);
    }
    text
}
