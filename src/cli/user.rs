//! `atlas user`: people, from a terminal. The same whether a server has the data file or nobody has.

use serde_json::Value;

use super::{Exit, control};
use crate::config::Flags;
use crate::ops::control::Order;
use crate::ops::users::Verb;

/// Does what the verb says and tells what came of it.
pub fn run(flags: &Flags, verb: Verb, as_json: bool) -> Exit {
    let told = text_of(&verb);
    control::carry_out(flags, Order::User(verb), as_json, told)
}

fn text_of(verb: &Verb) -> fn(&Value) -> String {
    match verb {
        Verb::List { .. } => list,
        Verb::Show { .. } => one,
        Verb::Disable { .. } => |answer| format!("{} is switched off", text(answer, "email")),
        Verb::Enable { .. } => |answer| format!("{} is switched on", text(answer, "email")),
        Verb::ResetTwoFactor { .. } => |answer| {
            let was = if answer["hadTwoFactor"] == true {
                "signs in with the password alone now"
            } else {
                "had no second factor"
            };
            format!("{} {was}", text(answer, "email"))
        },
        Verb::SignOut { .. } => |answer| match answer["endedSessions"].as_u64() {
            Some(1) => format!("{} was signed out on 1 device", text(answer, "email")),
            ended => format!("{} was signed out on {} devices", text(answer, "email"), ended.unwrap_or(0)),
        },
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("–")
}

fn list(answer: &Value) -> String {
    let users = answer.get("users").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let width = users.iter().map(|user| text(user, "email").chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> = users
        .iter()
        .map(|user| {
            let email = text(user, "email");
            let mark = match (user["disabledAt"].is_null(), user["emailVerifiedAt"].is_null()) {
                (false, _) => "  (switched off)",
                (true, true) => "  (not confirmed)",
                (true, false) => "",
            };
            format!("{email:width$}  {}{mark}", text(user, "displayName"))
        })
        .collect();
    let total = answer.pointer("/counts/total").and_then(Value::as_u64).unwrap_or(0);
    lines.push(format!("{} of {total}", users.len()));
    if let Some(next) = answer["nextCursor"].as_str() {
        lines.push(format!("more with --cursor {next}"));
    }
    lines.join("\n")
}

fn one(answer: &Value) -> String {
    let rows = [
        ("address", "email"),
        ("name", "displayName"),
        ("id", "id"),
        ("created", "createdAt"),
        ("confirmed", "emailVerifiedAt"),
        ("switched off", "disabledAt"),
        ("last here", "lastSeenAt"),
        ("sessions", "sessions"),
        ("habits kept", "activeHabits"),
        ("put away", "archivedHabits"),
        ("time zone", "timeZone"),
        ("admin", "isAdmin"),
        ("two-factor", "twoFactorEnabled"),
    ];
    let lines = rows.map(|(label, name)| {
        let value = match answer.get(name) {
            None | Some(Value::Null) => "–".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
            Some(other) => other.to_string(),
        };
        format!("{label:12}  {value}")
    });
    lines.join("\n")
}
