//! Whether what answers at the address is well, and is this deployment of this binary: health, schema, clock.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::visitor::{Reply, Visitor};
use super::{Looked, Run, Short};
use crate::app::clock::Clock;
use crate::store::migrations;

/// How often health is asked, to see that it keeps its shape.
const TIMES: usize = 3;
/// How far a clock may be off.
const OFF: SignedDuration = SignedDuration::from_secs(30);

/// Health as anybody sees it, without credentials.
fn asked(run: &Run<'_>) -> Result<(Reply, Value), Short> {
    let reply = Visitor::without_credentials(&run.subject.way).get("/api/health")?;
    let data = reply.at("/data");
    Ok((reply, data))
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().map(|parts| parts.keys().map(String::as_str).collect()).unwrap_or_default()
}

/// 200, always the same shape, and of exactly this deployment.
pub(super) fn health(run: &mut Run<'_>) -> Looked {
    let environment = run.subject.settings.environment.to_string();
    let (first, data) = asked(run)?;
    let data = &data;
    if first.status != 200 || data["status"] != "ok" {
        let seen = format!("{}, {}", first.status, data["status"]);
        return Err(Short::failed(
            "/api/health answers 200 and “ok”",
            seen,
            "read the server's log; is the disk full?",
        ));
    }
    for _ in 1..TIMES {
        let (_, again) = asked(run)?;
        if names(&again) != names(data) {
            let seen = format!("{:?}, then {:?}", names(data), names(&again));
            return Err(Short::failed("the same parts each time", seen, "see whether several servers answer there"));
        }
    }
    let mut wanted = vec![("environment", Value::from(environment))];
    if let Ok(facts) = run.facts() {
        wanted.push(("instance", facts["instance"].clone()));
    }
    for (name, value) in wanted {
        if data[name] != value {
            return Err(Short::failed(
                format!("{name} {value}"),
                format!("{name} {}", data[name]),
                "the address leads to another deployment; see where the proxy sends this host",
            ));
        }
    }
    Ok(String::new())
}

/// The server has the schema of the binary that runs this checklist.
pub(super) fn schema(run: &mut Run<'_>) -> Looked {
    let facts = run.facts()?;
    let (version, schema) = (facts["version"].as_str().unwrap_or_default(), &facts["schema"]);
    let ours = migrations::newest();
    if *schema != ours {
        return Err(Short::failed(
            format!("schema {ours}, as this binary has it"),
            format!("schema {schema}"),
            format!("version {version} serves; restart it with this binary, or run the checklist with that one"),
        ));
    }
    Ok(format!("schema {schema}, version {version}"))
}

/// The server's clock against this one, by its answers' Date and by what it calls now.
pub(super) fn clock(run: &mut Run<'_>) -> Looked {
    let (reply, data) = asked(run)?;
    let data = &data;
    let now = Clock::System.now();
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(reply.header("date")).ok();
    let told: Option<Timestamp> = data["timestamp"].as_str().and_then(|text| text.parse().ok());
    for (name, at) in [("Date", date), ("timestamp", told)] {
        let off = at.map(|at| now.duration_since(at));
        if off.is_none_or(|off| off.abs() > OFF) {
            return Err(Short::failed(
                format!("{name} within 30 s of {now}"),
                at.map_or_else(|| format!("no {name}"), |at| at.to_string()),
                "set the clocks of both machines, as with systemd-timesyncd or chrony",
            ));
        }
    }
    Ok(String::new())
}
