//! What a person does: signing up with the mail that leaves for it, keeping a habit, and leaving without a trace.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::desk::Verb;
use super::visitor::{Reply, Visitor};
use super::{Looked, Run, Short};
use crate::app::random;

/// Longest wait until the relay has taken a mail.
const DELIVERY: Duration = Duration::from_secs(15);
/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(50);
/// What the deployment's log tells more about.
const LOG: &str = "read the server's log for that moment";

/// What somebody can do who was in a hurry.
const PATIENCE: &str = "too many calls came from this address; wait for ten minutes and run it again";

/// The disposable person, signed in.
pub(super) struct Person {
    pub(super) visitor: Visitor,
    password: String,
}

/// That an answer has this status.
fn is(reply: Reply, status: u16, what: &str) -> Result<Reply, Short> {
    if reply.status == status {
        return Ok(reply);
    }
    // The limits hold for the checklist, too.
    let remedy = if reply.status == 429 { PATIENCE } else { LOG };
    Err(Short::failed(format!("{status}: {what}"), reply.seen(), remedy))
}

/// Signs up, follows the link as it stands in the mail, signs in and out and in again.
pub(super) fn auth(run: &mut Run<'_>) -> Looked {
    let begun = &run.asked(Verb::Begin)?;
    let email = begun["email"].as_str().unwrap_or_default().to_owned();
    run.has_begun = true;
    let random: [u8; 16] = random().map_err(|error| Short::no_answer(error.to_string()))?;
    let password = HEXLOWER.encode(&random);
    let mut visitor = run.stranger();
    let fields = [
        ("displayName", "Checklist"),
        ("email", email.as_str()),
        ("password", password.as_str()),
        ("confirmPassword", password.as_str()),
        ("timeZone", "UTC"),
    ];
    is(visitor.post("/sign-up", &fields)?, 303, "signing up")?;
    let early = visitor.send("POST", "/api/auth/sign-in", &json!({ "email": email, "password": password }))?;
    if early.status != 401 || early.at("/error/code") != "email_not_verified" {
        let remedy = if early.status == 429 { PATIENCE } else { LOG };
        return Err(Short::failed("401 email_not_verified before the address is confirmed", early.seen(), remedy));
    }
    let (answer, text) = arrived(run)?;
    let token = followed(run, &mut visitor, &text)?;
    let again = visitor.send("POST", "/api/auth/verify-email", &json!({ "token": token }))?;
    if again.status < 400 || again.status >= 500 {
        return Err(Short::failed("a used link is refused", again.seen(), LOG));
    }
    signs_in(&mut visitor, &email, &password)?;
    is(visitor.post("/sign-out", &[])?, 303, "signing out")?;
    let after = visitor.get("/today")?;
    if after.status == 200 {
        return Err(Short::failed("/today is closed after signing out", after.seen(), LOG));
    }
    signs_in(&mut visitor, &email, &password)?;
    run.person = Some(Person { visitor, password });
    Ok(answer)
}

fn signs_in(visitor: &mut Visitor, email: &str, password: &str) -> Result<(), Short> {
    let fields = [("email", email), ("password", password), ("from", "/today")];
    is(visitor.post("/sign-in", &fields)?, 303, "signing in")?;
    is(visitor.get("/today")?, 200, "/today after signing in").map(drop)
}

/// What the relay said to the mail, and what the mail says. Where mail never leaves, it is read where it is captured.
fn arrived(run: &mut Run<'_>) -> Result<(String, String), Short> {
    let wanted = if run.facts()?["mailGuard"] == "nobody" { "captured" } else { "sent" };
    let began = Instant::now();
    loop {
        let told = &run.asked(Verb::Mail)?;
        let mail = &told["mail"];
        let said = |name: &str| mail[name].as_str().map(str::to_owned);
        if mail["state"] == wanted {
            let answer =
                said("answer").map_or_else(|| "the mail was captured".to_owned(), |said| format!("relay: {said}"));
            let text = said("text").ok_or_else(|| Short::failed("a mail with a text", "none", LOG))?;
            return Ok((answer, text));
        }
        if mail["state"] != "waiting" && !mail.is_null()
            || said("why").or(said("answer")).is_some()
            || began.elapsed() > DELIVERY
        {
            let why = said("why").or(said("answer")).unwrap_or_else(|| "no word from the relay".to_owned());
            let state = said("state").unwrap_or_else(|| "not written".to_owned());
            return Err(Short::failed(
                format!("the mail with the link is {wanted}"),
                format!("{state}: {why}"),
                "`atlas check --connect` signs in to the relay and says what is wrong; `atlas mail list` shows what waits",
            ));
        }
        std::thread::sleep(PAUSE);
    }
}

/// Follows the link as it stands in the mail, presses its button, and answers its token.
fn followed(run: &Run<'_>, visitor: &mut Visitor, text: &str) -> Result<String, Short> {
    let subject = run.subject;
    let home = subject.settings.app_url.as_ref().unwrap_or(&subject.way.base).as_str().trim_end_matches('/').to_owned();
    let link = text.split_whitespace().find(|word| word.contains("/verify-email?token=")).unwrap_or_default();
    let Some((path, token)) = link.strip_prefix(&home).and_then(|path| Some((path, path.split_once("token=")?.1)))
    else {
        // SECURITY: a link signs nobody in by itself, but it is not printed either.
        let seen = link.split_once("/verify-email").map_or("no link", |(place, _)| place).to_owned();
        let remedy = "set app_url of the server to the address people use, and start it anew";
        return Err(Short::failed(format!("a link that begins with {home}"), seen, remedy));
    };
    is(visitor.get(path)?, 200, "the page behind the link")?;
    is(visitor.post("/verify-email", &[("token", token)])?, 200, "its button")?;
    Ok(token.to_owned())
}

/// Creates, changes, completes, finds in the calendar, puts away and takes back a habit.
pub(super) fn habits(run: &mut Run<'_>) -> Looked {
    let Some(person) = run.person.as_mut() else { return Err(Short::no_answer("nobody is signed in")) };
    let visitor = &mut person.visitor;
    let today = visitor.get("/api/health")?.at("/data/timestamp").as_str().unwrap_or_default().to_owned();
    let today = today.get(..10).unwrap_or_default().to_owned();
    let mut fields = vec![("title", "Water the checklist"), ("description", "")];
    fields.extend(["1", "2", "3", "4", "5", "6", "7"].map(|day| ("weekdays", day)));
    is(visitor.post("/habits", &fields)?, 303, "creating a habit on its page")?;
    let kept = |visitor: &mut Visitor| -> Result<Vec<Value>, Short> {
        let reply = is(visitor.get("/api/habits")?, 200, "the habits as JSON")?;
        Ok(reply.at("/data/habits").as_array().cloned().unwrap_or_default())
    };
    let id = match kept(visitor)?.as_slice() {
        [only] if only["title"] == "Water the checklist" => only["id"].as_str().unwrap_or_default().to_owned(),
        other => return Err(Short::failed("the new habit as JSON", format!("{} habits", other.len()), LOG)),
    };
    let one = format!("/api/habits/{id}");
    is(visitor.send("PUT", &one, &json!({ "title": "Water the plants" }))?, 200, "changing it as JSON")?;
    shows(visitor, "/habits", "Water the plants")?;
    let tick = json!({ "habitId": id, "date": today, "completed": true });
    is(visitor.send("POST", "/api/completions", &tick)?, 200, "ticking it as JSON")?;
    let done = is(visitor.get(&format!("/api/completions?date={today}"))?, 200, "what was done, as JSON")?;
    if done.at("/data/completions/0/habitId") != id.as_str() {
        return Err(Short::failed("the tick among what was done", "it is not there", LOG));
    }
    shows(visitor, &format!("/calendar?date={today}"), "Water the plants")?;
    is(visitor.ask("DELETE", &one, None, "")?, 200, "putting it away as JSON")?;
    shows(visitor, "/habits/archive", "Water the plants")?;
    is(visitor.post(&format!("/habits/{id}/restore"), &[])?, 303, "taking it back on its page")?;
    match kept(visitor)?.as_slice() {
        [only] if only["id"] == id => Ok(String::new()),
        other => Err(Short::failed("the habit is back", format!("{} habits", other.len()), LOG)),
    }
}

fn shows(visitor: &mut Visitor, path: &str, words: &str) -> Result<(), Short> {
    let reply = is(visitor.get(path)?, 200, path)?;
    if reply.text.contains(words) {
        return Ok(());
    }
    Err(Short::failed(format!("{path} shows “{words}”"), "it does not", LOG))
}

/// Deletes the disposable person as people do, and has the server see to it that nothing is left. Answers what was left or
/// had to be removed in another way.
pub(super) fn leave(run: &mut Run<'_>) -> Option<String> {
    if !run.has_begun {
        return None;
    }
    let deleted = run.person.take().map(delete);
    match run.asked(Verb::End) {
        Ok(_) => match deleted {
            Some(Err(Short::Failed { expected, seen, .. })) => Some(format!(
                "the disposable person could not be deleted as people do ({expected}; seen {seen}); the server removed it"
            )),
            _ => None,
        },
        Err(_) => Some("the disposable person; the server removes it within ten minutes, or when it starts".to_owned()),
    }
}

fn delete(mut person: Person) -> Result<(), Short> {
    // Whoever interrupted the checklist does not mean this.
    let visitor = &mut person.visitor;
    visitor.goes_on(Arc::new(AtomicBool::new(false)));
    let asked = visitor.send("POST", "/api/account/step-up/challenge", &json!({ "action": "account_delete" }))?;
    let token = is(asked, 200, "asking to delete the account")?.at("/data/challengeToken");
    let proof = json!({ "challengeToken": token, "method": "password", "code": person.password });
    is(visitor.send("POST", "/api/account/step-up/verify", &proof)?, 200, "proving whose it is")?;
    let end = json!({ "stepUpChallengeToken": token });
    is(visitor.send("POST", "/api/account/delete-request", &end)?, 200, "deleting the account").map(drop)
}
