//! Checks that the address leads to this deployment, running this binary: `health`, `schema` and `clock`.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use super::http_client::{HttpClient, HttpResponse, RequestError};
use crate::app::clock::Clock;

/// How often `/api/health` is requested, to see that it always has the same fields.
const HEALTH_REQUESTS: usize = 3;
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(30);

/// `/api/health` as anyone sees it, with its `data`.
fn get_health(context: &CheckContext<'_>) -> Result<(HttpResponse, Value), RequestError> {
    let response = HttpClient::without_credentials(&context.target.endpoint).get("/api/health")?;
    let data = response.json_at("/data");
    Ok((response, data))
}

fn field_names(value: &Value) -> Vec<&str> {
    value.as_object().map(|fields| fields.keys().map(String::as_str).collect()).unwrap_or_default()
}

pub(super) fn check_health(context: &mut CheckContext<'_>) -> CheckResult {
    let (response, data) = match get_health(context) {
        Ok((response, data)) if data.get("status").is_some_and(Value::is_string) => (response, data),
        Ok((response, _)) => return Err(not_served(context, &response.summary())),
        Err(error @ RequestError::Interrupted) => return Err(error.into()),
        Err(error) => return Err(not_served(context, &error.to_string())),
    };
    let data = &data;
    if response.status != 200 || data["status"] != "ok" {
        let found = format!("{}, {}", response.status, data["status"]);
        let remedy = "read the server's log, and check that the disk is not full";
        return Err(CheckError::failed("/api/health answers 200 and “ok”", found, remedy));
    }
    for _ in 1..HEALTH_REQUESTS {
        let (_, again) = get_health(context)?;
        if field_names(&again) != field_names(data) {
            let found = format!("{:?}, then {:?}", field_names(data), field_names(&again));
            let remedy = "check whether several servers answer at this address";
            return Err(CheckError::failed("the same fields each time", found, remedy));
        }
    }
    let mut expected = vec![("environment", context.target.settings.environment.to_string())];
    if let Ok(facts) = context.facts() {
        expected.push(("instance", facts.instance.clone()));
    }
    for (name, value) in expected {
        if data[name] != *value {
            return Err(CheckError::failed(
                format!("{name} “{value}”"),
                format!("{name} {}", data[name]),
                "the address leads to another deployment; check where the proxy forwards this host to",
            ));
        }
    }
    Ok(String::new())
}

/// Atlas does not answer at the address: it does not run, or something in front of it does not lead there.
fn not_served(context: &mut CheckContext<'_>, found: &str) -> CheckError {
    context.is_reachable = false;
    let expected = format!("Atlas at {}", context.target.endpoint.base);
    let environment = &context.target.settings.environment;
    if context.facts().is_ok() {
        let remedy = "the server runs, but the address doesn't lead to it; check DNS and the proxy in front of it";
        return CheckError::failed(expected, found, remedy);
    }
    if context.target.is_remote {
        let remedy = "check that the server and the proxy in front of it run";
        return CheckError::failed(expected, found, remedy);
    }
    let remedy = format!("start it, for example with `atlas serve --env {environment}`; the log says why it stopped");
    CheckError::failed(expected, format!("no server for {environment} runs on this machine ({found})"), remedy)
}

pub(super) fn check_schema(context: &mut CheckContext<'_>) -> CheckResult {
    let facts = context.facts()?;
    let (version, schema) = (&facts.version, facts.schema);
    let expected = context.target.newest_schema;
    if schema != expected {
        return Err(CheckError::failed(
            format!("schema {expected}, like this binary"),
            format!("schema {schema}"),
            format!(
                "the server runs version {version}; restart it with this binary, or run the checklist with that one"
            ),
        ));
    }
    Ok(format!("schema {schema}, version {version}"))
}

/// Compares this machine's clock with the `Date` header and with the time in the response.
pub(super) fn check_clock(context: &mut CheckContext<'_>) -> CheckResult {
    let (response, data) = get_health(context)?;
    let data = &data;
    let now = Clock::System.now();
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(response.header("date")).ok();
    let timestamp: Option<Timestamp> = data["timestamp"].as_str().and_then(|text| text.parse().ok());
    for (name, at) in [("Date", date), ("timestamp", timestamp)] {
        let skew = at.map(|at| now.duration_since(at));
        if skew.is_none_or(|skew| skew.abs() > MAX_CLOCK_SKEW) {
            return Err(CheckError::failed(
                format!("{name} within 30 s of {now}"),
                at.map_or_else(|| format!("no {name}"), |at| at.to_string()),
                "synchronize the clocks of both machines, for example with systemd-timesyncd or chrony",
            ));
        }
    }
    Ok(String::new())
}
