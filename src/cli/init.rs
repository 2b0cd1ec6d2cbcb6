//! `atlas init`: creates an empty data file, also in place of a lost one. `atlas serve` creates one only where there was none.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::args::CommandArgs;
use super::confirm::is_confirmed;
use super::data_file::open_or_create;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{InEnvironment, Printer, Render};
use super::settings::load_settings;
use crate::config::Flags;
use crate::domain::FileId;
use crate::ops::isolation::{Creation, DataFile};
use crate::store::migrations::Migrations;

#[derive(Args)]
pub(super) struct InitArgs {
    /// Name of the environment, to give up a lost data file and its snapshots
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    #[command(flatten)]
    args: CommandArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedFile {
    data_file: PathBuf,
    file_id: FileId,
}

impl Render for CreatedFile {
    fn to_text(&self) -> String {
        format!("Created {}", self.data_file.display())
    }
}

pub(super) fn run(args: InitArgs, migrations: Migrations) -> ExitStatus {
    let InitArgs { confirm, args: CommandArgs { environment, json } } = args;
    Printer::new(json).finish(init(&environment.flags(), migrations, confirm.as_deref()))
}

fn init(
    flags: &Flags,
    migrations: Migrations,
    confirm: Option<&str>,
) -> Result<InEnvironment<CreatedFile>, CommandError> {
    let settings = load_settings(flags)?;
    let file = DataFile { settings: &settings, migrations };
    file.check()?;
    // In every kind of environment, giving up a lost data file requires typing the name.
    let creation = if is_confirmed(&settings, confirm)? { Creation::Anew } else { Creation::First };
    let opened = open_or_create(file, creation)?;
    let data_file = settings.data_file.clone();
    if !opened.created {
        let why = format!("{} exists already. Nothing was changed", data_file.display());
        return Err(CommandError::Refused(why));
    }
    let answer = CreatedFile { data_file, file_id: opened.store.stamp().file_id };
    Ok(InEnvironment { answer, environment: settings.environment })
}
