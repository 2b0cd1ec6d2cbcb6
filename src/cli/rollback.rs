//! `atlas rollback`: the plan, and the way back.

use serde_json::{Value, json};

use super::answer::{self, confirmed, rollback_to};
use super::{Exit, complain, control, open, say};
use crate::config::Flags;
use crate::ops::control::{Order, Outcome};
use crate::ops::rollback::Wanted;

/// Shows the plan, asks for the name where that is due, goes back, and says what to start.
pub fn run(flags: &Flags, wanted: &Wanted, confirm: Option<&str>, as_json: bool) -> Exit {
    let settings = match open::settings(flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let plan = Wanted { dry_run: true, ..wanted.clone() };
    let planned = match control::outcome(&settings, Order::Rollback(plan)) {
        Ok(Outcome::Done(planned)) => planned,
        Ok(other) => return control::told(&settings, Ok(other), as_json, |_| String::new()),
        Err(failed) => return control::told(&settings, Err(failed), as_json, |_| String::new()),
    };
    if wanted.dry_run {
        return control::told(&settings, Ok(Outcome::Done(planned)), as_json, plan_words);
    }
    if !as_json {
        say(plan_words(&planned));
    }
    if let Err(why) = confirmed(&settings, confirm) {
        return answer::refused(&why, as_json);
    }
    // Exactly what was shown: another snapshot or release may have come meanwhile.
    let named = |name: &str| planned.get(name)?.get("id")?.as_str().map(str::to_owned);
    let to = wanted.to.clone().or_else(|| named("release")).or_else(|| named("snapshot"));
    let wanted = Wanted { to, ..*wanted };
    let done = control::outcome(&settings, Order::Rollback(wanted));
    if matches!(done, Err((Exit::Unreachable, _))) {
        complain(
            "whether it was done is not known: look at `atlas snapshot list`, the newest is what was there before",
        );
    }
    control::told(&settings, done, as_json, done_words)
}

fn plan_words(plan: &Value) -> String {
    let mut lines = vec![format!("Rollback of {}", text(plan, "environment"))];
    match &plan["snapshot"] {
        Value::Null => lines.push("  data     stay as they are".to_owned()),
        one => lines.push(format!(
            "  data     snapshot {} of {}, schema {}",
            text(one, "id"),
            text(one, "takenAt"),
            one["schema"]
        )),
    }
    match &plan["release"] {
        Value::Null => lines.push("  binary   stays".to_owned()),
        one => {
            let now = if one["runsNow"] == true { ", this one" } else { "" };
            lines.push(format!(
                "  binary   release {} (version {}, schema {}){now}",
                text(one, "id"),
                text(one, "version"),
                one["schema"]
            ));
        }
    }
    lines.extend(lost_words(plan));
    lines.join("\n")
}

fn lost_words(plan: &Value) -> Vec<String> {
    if let Some(why) = plan["lostUnknown"].as_str() {
        return vec![format!("  lost     everything written since; it cannot be counted, because {why}")];
    }
    let Some(lost) = plan["lost"].as_object().filter(|lost| !lost.is_empty()) else {
        return vec!["  lost     nothing".to_owned()];
    };
    let row = |(table, change): (&String, &Value)| {
        format!(
            "  lost     {table}: {} added, {} changed, {} removed since",
            change["added"], change["changed"], change["removed"]
        )
    };
    lost.iter().map(row).collect()
}

fn done_words(done: &Value) -> String {
    let mut lines = Vec::new();
    if let Some(safety) = done["safety"].as_object() {
        let environment = text(done, "environment");
        let id = safety.get("id").and_then(Value::as_str).unwrap_or("–");
        lines.push(format!("Done. What was there is snapshot {id}; to undo: {}", rollback_to(environment, id)));
        if let Some(why) = safety.get("why").and_then(Value::as_str) {
            lines.push(format!("That snapshot could not be proven, and is kept all the same: {why}"));
        }
    } else {
        lines.push("Done.".to_owned());
    }
    match &done["release"] {
        Value::Null => {}
        release if release["runsNow"] == json!(true) => {}
        release => {
            let stopped = if done["serverStops"] == true { "The server stops now. " } else { "" };
            lines.push(format!(
                "{stopped}Start this binary from now on: {} (or {}, which leads to it)",
                text(release, "binary"),
                text(release, "current")
            ));
        }
    }
    lines.join("\n")
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("–")
}
