//! `atlas mail`. The same whether a server has the data file or no process has it.

use std::fmt::Write;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::args::CommandArgs;
use super::dispatch;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, Render};
use crate::domain::calendar::format::format_utc;
use crate::domain::mail::DeliveryStatus;
use crate::domain::{Email, MailId};
use crate::ops::protocol::mail::{MailDetail, MailList, MailRef, MailState, RetriedMail};
use crate::ops::protocol::{Answer, Command, MailAnswer, MailCommand};
use crate::store::migrations::Migrations;

#[derive(Subcommand)]
pub(super) enum MailArgs {
    /// List mail, newest first
    List {
        /// Only mail to this address
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        /// Only mail that is waiting, sent, captured or failed
        #[arg(long = "status", alias = "standing", value_name = "STATUS", value_parser = state_parser())]
        state: Option<MailState>,
        /// Maximum number of messages
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Continue a list, with the cursor it printed
        #[arg(long, value_name = "ID")]
        cursor: Option<String>,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Show a message: its delivery, and its text while that is kept
    Show {
        /// Id, or an email address for the newest message to it
        #[arg(value_name = "MAIL")]
        mail: String,
        #[command(flatten)]
        args: CommandArgs,
    },
    /// Retry mail now
    Retry {
        /// Id, or an email address for the newest message to it
        #[arg(value_name = "MAIL", required_unless_present = "all", conflicts_with = "all")]
        mail: Option<String>,
        /// Retry everything that waits
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        args: CommandArgs,
    },
}

pub(super) fn run(args: MailArgs, migrations: Migrations) -> ExitStatus {
    let (command, CommandArgs { environment, json }) = match parse(args) {
        (Ok(command), args) => (command, args),
        (Err(error), args) => return Printer::new(args.json).print_failure(&error),
    };
    let select = |answer| if let Answer::Mail(answer) = answer { Some(answer) } else { None };
    Printer::new(json).finish(dispatch::run(&environment.flags(), migrations, Command::Mail(command), select))
}

/// Accepts the words of [`DeliveryStatus::NAMES`] only.
fn state_parser() -> impl TypedValueParser<Value = MailState> {
    PossibleValuesParser::new(DeliveryStatus::NAMES).try_map(|word| word.parse())
}

fn parse(args: MailArgs) -> (Result<MailCommand, CommandError>, CommandArgs) {
    let one =
        |mail: &str, command: fn(MailRef) -> MailCommand| mail.parse().map(command).map_err(CommandError::refused);
    match args {
        MailArgs::List { to, state, limit, cursor, args } => (parse_list(to, state, limit, cursor), args),
        MailArgs::Show { mail, args } => (one(&mail, |mail| MailCommand::Show { mail }), args),
        MailArgs::Retry { mail: Some(mail), args, .. } => (one(&mail, |mail| MailCommand::Retry { mail }), args),
        MailArgs::Retry { mail: None, args, .. } => (Ok(MailCommand::RetryAll), args),
    }
}

fn parse_list(
    to: Option<String>,
    state: Option<MailState>,
    limit: usize,
    cursor: Option<String>,
) -> Result<MailCommand, CommandError> {
    let to = to.map(|text| Email::parse(&text)).transpose();
    let to = to.map_err(|error| CommandError::Refused(format!("--to: {}", error.message)))?;
    let cursor = cursor.map(|text| {
        text.parse::<MailId>().map_err(|_| {
            CommandError::Refused(format!("--cursor says “{}”, which no list of mail printed", text.escape_debug()))
        })
    });
    Ok(MailCommand::List { to, state, limit, cursor: cursor.transpose()? })
}

impl Render for MailAnswer {
    fn to_text(&self) -> String {
        match self {
            Self::List(list) => list_text(list),
            Self::Detail(mail) => detail_text(mail),
            Self::Retried(RetriedMail { retried }) => match retried.as_slice() {
                [] => "No mail is waiting".to_owned(),
                [mail] => format!("Scheduled the message to {} for immediate delivery", mail.to),
                mails => format!("Scheduled {} messages for immediate delivery", mails.len()),
            },
        }
    }
}

fn list_text(list: &MailList) -> String {
    let width = list.mails.iter().map(|mail| mail.to.as_str().chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for mail in &list.mails {
        let _ = writeln!(text, "{}  {:8}  {:width$}  {}", mail.id, mail.state, mail.to.as_str(), mail.subject);
    }
    let _ = write!(text, "{} waiting", list.outbox.waiting);
    if let Some(why) = &list.outbox.why {
        let _ = write!(text, "\nThe relay is {}: {why}", list.outbox.relay);
    }
    if let Some(next) = list.next_cursor {
        let _ = write!(text, "\nMore with --cursor {next}");
    }
    text
}

fn detail_text(mail: &MailDetail) -> String {
    let summary = &mail.summary;
    let rows = [
        ("id", Some(summary.id.to_string())),
        ("to", Some(summary.to.to_string())),
        ("subject", Some(summary.subject.clone())),
        ("status", Some(summary.state.to_string())),
        ("created", Some(format_utc(summary.created_at))),
        ("expires", Some(format_utc(summary.expires_at))),
        ("due", summary.due_at.map(format_utc)),
        ("attempts", summary.attempts.map(|attempts| attempts.to_string())),
        (
            "deferred",
            summary.deferred.filter(|deferred| *deferred).map(|_| "until the relay settings are fixed".to_owned()),
        ),
        ("ended", summary.ended_at.map(format_utc)),
        ("reason", summary.why.clone()),
        ("relay said", summary.answer.clone()),
        ("message id", mail.message_id.clone()),
    ];
    let rows = rows.into_iter().filter_map(|(label, value)| Some(format!("{label:10}  {}", value?)));
    let mut lines: Vec<String> = rows.collect();
    if let Some(text) = &mail.text {
        lines.push(format!("\n{}", text.trim_end()));
    }
    lines.join("\n")
}
