//! Arguments that many commands share.

use std::path::PathBuf;

use clap::Args;

use crate::config::Flags;

#[derive(Args)]
pub(super) struct EnvironmentArgs {
    /// Environment: production, staging, development or preview/<name> [default: development]
    #[arg(long = "env", value_name = "NAME")]
    environment: Option<String>,
    /// Configuration file [default: atlas.toml]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl EnvironmentArgs {
    pub(super) fn flags(self) -> Flags {
        Flags { environment: self.environment, config: self.config, ..Flags::default() }
    }
}

/// The environment and the form of the answer.
#[derive(Args)]
pub(super) struct CommandArgs {
    #[command(flatten)]
    pub(super) environment: EnvironmentArgs,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}
