//! What a user does: `auth` signs up a temporary user with the mail that is really sent, `habits` manages a habit, and
//! at the end the account is deleted without a trace.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::check::{CheckError, CheckResult};
use super::context::{CheckContext, ProbeAccount};
use super::http_client::{HttpClient, HttpResponse};
use crate::app::random_bytes;
use crate::ops::protocol::verify::{MailGuard, ProbeMail, ProbeMessage, ProbeMessageState};

const DELIVERY_TIMEOUT: Duration = Duration::from_secs(15);
const DELIVERY_POLL_INTERVAL: Duration = Duration::from_millis(50);
const READ_LOG: &str = "read the server's log for that moment";
const RATE_LIMITED: &str = "too many requests came from this address; wait ten minutes and run the checklist again";

/// What to do about an unexpected response. The rate limits apply to the checklist, too.
fn remedy_for(response: &HttpResponse) -> &'static str {
    if response.status == 429 { RATE_LIMITED } else { READ_LOG }
}

pub(super) fn expect_status(response: HttpResponse, status: u16, action: &str) -> Result<HttpResponse, CheckError> {
    if response.status == status {
        return Ok(response);
    }
    Err(CheckError::failed(format!("{status}: {action}"), response.summary(), remedy_for(&response)))
}

/// Signs up, follows the link in the mail, which signs in, and signs out and in again.
pub(super) fn check_auth(context: &mut CheckContext<'_>) -> CheckResult {
    let email = context.server()?.start_probe()?.email;
    let email = email.as_str();
    context.has_started_probe = true;
    let random_bytes: [u8; 16] = random_bytes().map_err(|error| CheckError::no_answer(error.to_string()))?;
    let password = HEXLOWER.encode(&random_bytes);
    let mut client = context.anonymous_client();
    sign_up(&mut client, email, &password)?;
    let (remark, text) = wait_for_mail(context)?;
    let token = follow_link(context, &mut client, &text)?;
    let again = client.send_json("POST", "/api/auth/verify-email", &json!({ "token": token }))?;
    if !(400..500).contains(&again.status) {
        return Err(CheckError::failed("a used link is refused", again.summary(), READ_LOG));
    }
    sign_in(&mut client, email, &password)?;
    expect_status(client.post_form("/sign-out", &[])?, 303, "signing out")?;
    let after = client.get("/today")?;
    if after.status == 200 {
        return Err(CheckError::failed("/today is closed after signing out", after.summary(), READ_LOG));
    }
    sign_in(&mut client, email, &password)?;
    context.account = Some(ProbeAccount { client, password });
    Ok(remark)
}

/// Signs up, and tries to sign in before the address is confirmed.
fn sign_up(client: &mut HttpClient, email: &str, password: &str) -> Result<(), CheckError> {
    let fields = [
        ("displayName", "Checklist"),
        ("email", email),
        ("password", password),
        ("confirmPassword", password),
        ("timeZone", "UTC"),
    ];
    expect_status(client.post_form("/sign-up", &fields)?, 303, "signing up")?;
    let early = client.send_json("POST", "/api/auth/sign-in", &json!({ "email": email, "password": password }))?;
    if early.status != 401 || early.json_at("/error/code") != "email_not_verified" {
        let expected = "401 email_not_verified before the address is confirmed";
        return Err(CheckError::failed(expected, early.summary(), remedy_for(&early)));
    }
    Ok(())
}

fn sign_in(client: &mut HttpClient, email: &str, password: &str) -> Result<(), CheckError> {
    let fields = [("email", email), ("password", password), ("from", "/today")];
    expect_status(client.post_form("/sign-in", &fields)?, 303, "signing in")?;
    expect_status(client.get("/today")?, 200, "/today after signing in").map(drop)
}

/// Waits until the mail is delivered, or captured where mail is never sent. Returns what the relay said and the mail's text.
fn wait_for_mail(context: &mut CheckContext<'_>) -> Result<(String, String), CheckError> {
    let expected = match context.facts()?.mail_guard {
        MailGuard::Nobody => ProbeMessageState::Captured,
        MailGuard::Allowed | MailGuard::Everybody => ProbeMessageState::Sent,
    };
    let started = Instant::now();
    loop {
        let ProbeMail { mail } = context.server()?.probe_mail()?;
        if let Some(mail) = mail.as_ref().filter(|mail| mail.state == expected) {
            let remark = mail
                .answer
                .as_ref()
                .map_or_else(|| "the mail was captured".to_owned(), |said| format!("relay: {said}"));
            let text = mail.text.clone();
            return Ok((remark, text.ok_or_else(|| CheckError::failed("a mail with a text", "none", READ_LOG))?));
        }
        let is_hopeless = mail.as_ref().is_some_and(|mail| {
            mail.state != ProbeMessageState::Waiting || mail.why.is_some() || mail.answer.is_some()
        });
        if is_hopeless || started.elapsed() > DELIVERY_TIMEOUT {
            return Err(undelivered(mail, expected));
        }
        std::thread::sleep(DELIVERY_POLL_INTERVAL);
    }
}

fn undelivered(mail: Option<ProbeMessage>, expected: ProbeMessageState) -> CheckError {
    let state = mail.as_ref().map_or("not queued", |mail| mail.state.as_str());
    let why = mail.and_then(|mail| mail.why.or(mail.answer)).unwrap_or_else(|| "no answer from the relay".to_owned());
    CheckError::failed(
        format!("the mail with the link is {}", expected.as_str()),
        format!("{state}: {why}"),
        "run `atlas check --connect` to sign in to the relay and see what is wrong; `atlas mail list` shows the queue",
    )
}

/// Opens the link in the mail, presses its button, and returns its token.
fn follow_link(context: &CheckContext<'_>, client: &mut HttpClient, text: &str) -> Result<String, CheckError> {
    let target = context.target;
    let base = target.settings.app_url.as_ref().unwrap_or(&target.endpoint.base).as_str().trim_end_matches('/');
    let link = text.split_whitespace().find(|word| word.contains("/verify-email?token=")).unwrap_or_default();
    let Some((path, token)) = link.strip_prefix(base).and_then(|path| Some((path, path.split_once("token=")?.1)))
    else {
        // SECURITY: the report never contains the token.
        let found = link.split_once("/verify-email").map_or("no link", |(origin, _)| origin);
        let remedy = "set app_url of the server to the public address and restart it";
        return Err(CheckError::failed(format!("a link that begins with {base}"), found, remedy));
    };
    expect_status(client.get(path)?, 200, "the page that the link opens")?;
    expect_status(client.post_form("/verify-email", &[("token", token)])?, 303, "its button")?;
    expect_status(client.get("/today")?, 200, "/today after the button signed in")?;
    Ok(token.to_owned())
}

/// Creates, renames, completes, finds in the calendar, archives, and restores a habit, and takes the completion back: admins must
/// not count it.
pub(super) fn check_habits(context: &mut CheckContext<'_>) -> CheckResult {
    let Some(account) = context.account.as_mut() else { return Err(CheckError::no_answer("nobody is signed in")) };
    let client = &mut account.client;
    let today = client.get("/api/health")?.json_at("/data/timestamp").as_str().unwrap_or_default().to_owned();
    let today = today.get(..10).unwrap_or_default().to_owned();
    let id = create_habit(client)?;
    let path = format!("/api/habits/{id}");
    let renamed = client.send_json("PUT", &path, &json!({ "title": "Water the plants" }))?;
    expect_status(renamed, 200, "changing the habit through the API")?;
    expect_text(client, "/habits", "Water the plants")?;
    let completion = |done| json!({ "habitId": id, "date": today, "completed": done });
    let completed = client.send_json("POST", "/api/completions", &completion(true))?;
    expect_status(completed, 200, "completing the habit through the API")?;
    let completions = client.get(&format!("/api/completions?date={today}"))?;
    let completions = expect_status(completions, 200, "the completions through the API")?;
    if completions.json_at("/data/completions/0/habitId") != id.as_str() {
        return Err(CheckError::failed("the completion is listed", "it is missing", READ_LOG));
    }
    expect_text(client, &format!("/calendar?date={today}"), "Water the plants")?;
    expect_status(client.request("DELETE", &path, None, "")?, 200, "archiving the habit through the API")?;
    expect_text(client, "/habits/archive", "Water the plants")?;
    let restored = client.post_form(&format!("/habits/{id}/restore"), &[])?;
    expect_status(restored, 303, "restoring the habit on its page")?;
    let undone = client.send_json("POST", "/api/completions", &completion(false))?;
    expect_status(undone, 200, "undoing the completion through the API")?;
    match list_habits(client)?.as_slice() {
        [only] if only["id"] == id => Ok(String::new()),
        other => Err(CheckError::failed("the habit is restored", format!("{} habits", other.len()), READ_LOG)),
    }
}

/// Creates a habit with the form and returns its id.
fn create_habit(client: &mut HttpClient) -> Result<String, CheckError> {
    let mut fields = vec![("title", "Water the checklist"), ("description", "")];
    fields.extend(["1", "2", "3", "4", "5", "6", "7"].map(|day| ("weekdays", day)));
    expect_status(client.post_form("/habits", &fields)?, 303, "creating a habit on its page")?;
    match list_habits(client)?.as_slice() {
        [only] if only["title"] == "Water the checklist" => Ok(only["id"].as_str().unwrap_or_default().to_owned()),
        other => Err(CheckError::failed("the new habit through the API", format!("{} habits", other.len()), READ_LOG)),
    }
}

fn list_habits(client: &mut HttpClient) -> Result<Vec<Value>, CheckError> {
    let response = expect_status(client.get("/api/habits")?, 200, "the habits through the API")?;
    Ok(response.json_at("/data/habits").as_array().cloned().unwrap_or_default())
}

fn expect_text(client: &mut HttpClient, path: &str, text: &str) -> Result<(), CheckError> {
    let response = expect_status(client.get(path)?, 200, path)?;
    if response.text.contains(text) {
        return Ok(());
    }
    Err(CheckError::failed(format!("{path} shows “{text}”"), "it does not", READ_LOG))
}

/// Deletes the temporary user like a user would, and has the server delete what is left. Returns what went wrong.
pub(super) fn clean_up(context: &mut CheckContext<'_>) -> Option<String> {
    if !context.has_started_probe {
        return None;
    }
    let deleted = context.account.take().map(delete_account);
    match context.server().and_then(|server| Ok(server.end_probe()?)) {
        Ok(_) => match deleted {
            Some(Err(CheckError::Failed { expected, found, .. })) => Some(format!(
                "the temporary user could not delete itself (expected {expected}; found {found}); the server deleted it"
            )),
            _ => None,
        },
        Err(_) => Some("the temporary user; the server deletes it within ten minutes, or when it starts".to_owned()),
    }
}

fn delete_account(mut account: ProbeAccount) -> Result<(), CheckError> {
    let client = &mut account.client;
    // An interrupted checklist still cleans up.
    client.set_interrupted(Arc::new(AtomicBool::new(false)));
    let challenge =
        client.send_json("POST", "/api/account/step-up/challenge", &json!({ "action": "account_delete" }))?;
    let token = expect_status(challenge, 200, "asking to delete the account")?.json_at("/data/challengeToken");
    let proof = json!({ "challengeToken": token, "method": "password", "code": account.password });
    expect_status(client.send_json("POST", "/api/account/step-up/verify", &proof)?, 200, "confirming the password")?;
    let request = json!({ "stepUpChallengeToken": token });
    let deleted = client.send_json("POST", "/api/account/delete-request", &request)?;
    expect_status(deleted, 200, "deleting the account").map(drop)
}
