//! `atlas user`. The same whether a server has the data file or no process has it.

use std::fmt::Write;

use clap::{Args, Subcommand};

use super::args::CommandArgs;
use super::dispatch;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, Render};
use crate::domain::AccountId;
use crate::domain::calendar::format::format_utc;
use crate::ops::protocol::users::{SignedOutUser, TwoFactorReset, UserInfo, UserList, UserRef};
use crate::ops::protocol::{Answer, Command, UserAnswer, UserCommand};
use crate::store::migrations::Migrations;

#[derive(Subcommand)]
pub(super) enum UserArgs {
    /// List users, newest first
    List {
        /// Only users whose email address or name contains this
        #[arg(long, value_name = "TEXT", default_value = "")]
        search: String,
        /// Maximum number of users
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Continue a list, with the cursor it printed
        #[arg(long, value_name = "ID")]
        cursor: Option<String>,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Show a user
    Show(OneUserArgs),
    /// Disable a user: ends every session and blocks sign-in
    Disable(OneUserArgs),
    /// Enable a disabled user
    Enable(OneUserArgs),
    /// End every session of a user
    SignOut(OneUserArgs),
    /// Remove the second factor of a user who lost it, and notify them by email
    #[command(name = "reset-2fa")]
    ResetTwoFactor(OneUserArgs),
}

#[derive(Args)]
pub(super) struct OneUserArgs {
    /// Email address or id
    #[arg(value_name = "USER")]
    user: String,
    #[command(flatten)]
    args: CommandArgs,
}

pub(super) fn run(args: UserArgs, migrations: Migrations) -> ExitStatus {
    let (command, CommandArgs { environment, json }) = match parse(args) {
        (Ok(command), args) => (command, args),
        (Err(error), args) => return Printer::new(args.json).print_failure(&error),
    };
    let select = |answer| if let Answer::User(answer) = answer { Some(answer) } else { None };
    Printer::new(json).finish(dispatch::run(&environment.flags(), migrations, Command::User(command), select))
}

fn parse(args: UserArgs) -> (Result<UserCommand, CommandError>, CommandArgs) {
    let one = |args: OneUserArgs, command: fn(UserRef) -> UserCommand| {
        (args.user.parse().map(command).map_err(CommandError::refused), args.args)
    };
    match args {
        UserArgs::List { search, limit, cursor, args } => {
            let cursor = cursor.map(|text| parse_cursor(&text)).transpose();
            (cursor.map(|cursor| UserCommand::List { search, limit, cursor }), args)
        }
        UserArgs::Show(args) => one(args, |user| UserCommand::Show { user }),
        UserArgs::Disable(args) => one(args, |user| UserCommand::Disable { user }),
        UserArgs::Enable(args) => one(args, |user| UserCommand::Enable { user }),
        UserArgs::SignOut(args) => one(args, |user| UserCommand::SignOut { user }),
        UserArgs::ResetTwoFactor(args) => one(args, |user| UserCommand::ResetTwoFactor { user }),
    }
}

fn parse_cursor(text: &str) -> Result<AccountId, CommandError> {
    text.parse().map_err(|_| {
        CommandError::Refused(format!("--cursor says “{}”, which no list of users printed", text.escape_debug()))
    })
}

impl Render for UserAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::List(list) => list_text(list),
            Self::Info(user) => info_text(user),
            Self::Disabled(user) => format!("Disabled {}", user.summary.email),
            Self::Enabled(user) => format!("Enabled {}", user.summary.email),
            Self::SignedOut(SignedOutUser { user, ended_sessions }) => {
                let devices = if *ended_sessions == 1 { "device" } else { "devices" };
                format!("Signed out {} on {ended_sessions} {devices}", user.summary.email)
            }
            Self::TwoFactorReset(TwoFactorReset { user, had_two_factor: true }) => {
                format!("Removed the second factor of {}", user.summary.email)
            }
            Self::TwoFactorReset(TwoFactorReset { user, had_two_factor: false }) => {
                format!("{} had no second factor; nothing was changed", user.summary.email)
            }
        }
    }
}

fn list_text(list: &UserList) -> String {
    let width = list.users.iter().map(|user| user.email.as_str().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for user in &list.users {
        let mark = match (user.disabled_at, user.email_verified_at) {
            (Some(_), _) => "  (disabled)",
            (None, None) => "  (not confirmed)",
            (None, Some(_)) => "",
        };
        let _ = writeln!(text, "{:width$}  {}{mark}", user.email.as_str(), user.display_name);
    }
    let _ = write!(text, "{} of {} users", list.users.len(), list.counts.total);
    if let Some(next) = list.next_cursor {
        let _ = write!(text, "\nMore with --cursor {next}");
    }
    text
}

fn info_text(user: &UserInfo) -> String {
    let instant = |at: Option<jiff::Timestamp>| at.map_or_else(|| "–".to_owned(), format_utc);
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let summary = &user.summary;
    let rows = [
        ("email", summary.email.to_string()),
        ("name", summary.display_name.clone()),
        ("id", summary.id.to_string()),
        ("joined", format_utc(summary.created_at)),
        ("confirmed", instant(summary.email_verified_at)),
        ("disabled", instant(summary.disabled_at)),
        ("last seen", instant(user.last_seen_at)),
        ("sessions", user.sessions.to_string()),
        ("habits", format!("{} active, {} archived", user.active_habits, user.archived_habits)),
        ("time zone", user.time_zone.clone()),
        ("admin", yes_no(user.is_admin)),
        ("2FA", yes_no(user.two_factor_enabled)),
    ];
    rows.map(|(label, value)| format!("{label:9}  {value}")).join("\n")
}
