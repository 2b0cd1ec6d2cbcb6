//! `atlas mail`: the outbox, from a terminal. The same whether a server has the data file or nobody has.

use clap::Subcommand;
use serde_json::Value;

use super::{Asked, Exit, control};
use crate::ops::control::Order;
use crate::ops::mail::Verb;

/// The words after `atlas mail`.
#[derive(Subcommand)]
pub enum MailVerb {
    /// List mail, the newest first
    List {
        /// Only mail to this address
        #[arg(long, value_name = "ADDRESS")]
        to: Option<String>,
        /// Only mail that is waiting, sent, captured or failed
        #[arg(long, value_name = "WORD")]
        standing: Option<String>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Where to go on, as the list before says
        #[arg(long, value_name = "ID")]
        cursor: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Show one mail: what became of it, and what it says for as long as that is kept
    Show {
        /// Its id, or an address for the newest mail to it
        #[arg(value_name = "WHICH")]
        which: String,
        #[command(flatten)]
        asked: Asked,
    },
    /// Try mail again now
    Retry {
        /// Its id, or an address for the newest mail to it
        #[arg(value_name = "WHICH", required_unless_present = "all", conflicts_with = "all")]
        which: Option<String>,
        /// Everything that waits
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        asked: Asked,
    },
}

impl MailVerb {
    /// Does what the words say and tells what came of it.
    pub(super) fn run(self) -> Exit {
        let (verb, Asked { place, json: as_json }, told): (_, _, fn(&Value) -> String) = match self {
            Self::List { to, standing, limit, cursor, asked } => {
                (Verb::List { to, standing, limit, cursor }, asked, list)
            }
            Self::Show { which, asked } => (Verb::Show { which }, asked, one),
            Self::Retry { which: Some(which), asked, .. } => (Verb::Retry { which }, asked, retried),
            Self::Retry { which: None, asked, .. } => (Verb::RetryAll, asked, retried),
        };
        control::carry_out(&place.flags(None), Order::Mail(verb), as_json, told)
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("–")
}

fn rows<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    answer.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn list(answer: &Value) -> String {
    let mails = rows(answer, "mails");
    let width = mails.iter().map(|mail| text(mail, "to").chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = mails
        .iter()
        .map(|mail| {
            let (id, to, subject) = (text(mail, "id"), text(mail, "to"), text(mail, "subject"));
            format!("{id}  {:8}  {to:width$}  {subject}", text(mail, "state"))
        })
        .collect();
    lines.push(format!("{} waiting", answer.pointer("/outbox/waiting").and_then(Value::as_u64).unwrap_or(0)));
    if let Some(why) = answer.pointer("/outbox/why").and_then(Value::as_str) {
        lines.push(format!(
            "the relay is {}: {why}",
            answer.pointer("/outbox/relay").and_then(Value::as_str).unwrap_or("")
        ));
    }
    if let Some(next) = answer["nextCursor"].as_str() {
        lines.push(format!("more with --cursor {next}"));
    }
    lines.join("\n")
}

fn one(answer: &Value) -> String {
    let facts = [
        ("id", "id"),
        ("to", "to"),
        ("subject", "subject"),
        ("state", "state"),
        ("written", "createdAt"),
        ("true until", "trueUntil"),
        ("due", "dueAt"),
        ("tried", "attempts"),
        ("ended", "endedAt"),
        ("why", "why"),
        ("relay said", "answer"),
        ("message id", "messageId"),
    ];
    let mut lines: Vec<String> = facts
        .into_iter()
        .filter_map(|(label, name)| match answer.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(format!("{label:10}  {text}")),
            other => Some(format!("{label:10}  {other}")),
        })
        .collect();
    if let Some(text) = answer["text"].as_str() {
        lines.push(format!("\n{}", text.trim_end()));
    }
    lines.join("\n")
}

fn retried(answer: &Value) -> String {
    match rows(answer, "retried") {
        [] => "nothing waits".to_owned(),
        [mail] => format!("the mail to {} is tried again now, or when the server runs", text(mail, "to")),
        mails => format!("{} mails are tried again now, or when the server runs", mails.len()),
    }
}
