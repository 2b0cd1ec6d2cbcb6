//! `atlas seed`: adds demo users with habits.

use clap::Args;
use serde::Serialize;

use super::args::EnvironmentArgs;
use super::data_file::open_or_create;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, Render};
use super::settings::{app_url, load_settings};
use crate::app::App;
use crate::app::clock::Clock;
use crate::domain::Environment;
use crate::ops::isolation::{Creation, DataFile};
use crate::ops::reset::reset_environment;
use crate::ops::seeds::{self, DEFAULT_PASSWORD, Seeded};
use crate::store::migrations::Migrations;

#[derive(Args)]
pub(super) struct SeedArgs {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Name of the seed set
    #[arg(long = "set", value_name = "NAME", default_value = "demo")]
    set: String,
    /// Delete all data of the environment first (never production)
    #[arg(long)]
    reset: bool,
    /// Name of the environment, to confirm --reset
    #[arg(long, value_name = "NAME", requires = "reset")]
    confirm: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct SeedResult {
    environment: Environment,
    set: String,
    #[serde(rename = "planted")]
    seeded: Seeded,
    #[serde(skip)]
    has_default_password: bool,
}

impl Render for SeedResult {
    fn to_text(&self) -> String {
        let Self { environment, set, seeded, has_default_password } = self;
        if *seeded == Seeded::default() {
            return format!("{environment} already has everything in “{set}”; nothing was changed");
        }
        let Seeded { users, habits, completions } = seeded;
        let added =
            format!("Added {users} users, {habits} habits and {completions} completions from “{set}” to {environment}");
        if *has_default_password { format!("{added}\nPassword of all users: {DEFAULT_PASSWORD}") } else { added }
    }
}

pub(super) fn run(args: SeedArgs, migrations: Migrations) -> ExitStatus {
    Printer::new(args.json).finish(seed(args, migrations))
}

fn seed(args: SeedArgs, migrations: Migrations) -> Result<SeedResult, CommandError> {
    let settings = load_settings(&args.environment.flags())?;
    let password = settings.seed_password.as_ref();
    let prepared = seeds::prepare(settings.environment.kind(), &args.set, password)?;
    let file = DataFile { settings: &settings, migrations };
    if args.reset {
        reset_environment(file, args.confirm.as_deref())?;
    }
    let creation = if args.reset { Creation::Anew } else { Creation::First };
    let opened = open_or_create(file, creation)?;
    let app_url = app_url(&settings, settings.listen)?;
    let app = App::new(opened.store, &settings, app_url, Clock::System)
        .map_err(|error| CommandError::io("starting the use cases", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::io("starting the runtime", error))?;
    let seeded = runtime.block_on(seeds::seed(&app, prepared))?;
    let has_default_password = settings.seed_password.is_none();
    Ok(SeedResult { environment: settings.environment, set: args.set, seeded, has_default_password })
}
