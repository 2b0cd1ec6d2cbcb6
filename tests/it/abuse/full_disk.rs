//! The disk fills while people write: nobody is told that something was saved which was not, nothing is half-done, reading
//! goes on, and with room everything goes on without a restart.

use std::time::Duration;

use atlas::app::clock::Clock;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::room::half_done;
use super::row;
use crate::cramped::Cramped;
use crate::person::{Person, Reply};
use crate::process::{Server, code, run};

const FILE: &str = "data/development/atlas.redb";

/// What somebody asks to be saved.
struct Wish {
    what: &'static str,
    method: &'static str,
    path: String,
    /// A JSON body, or fields of a form.
    body: Result<Value, Vec<(&'static str, &'static str)>>,
}

fn wishes(habit: &str, other: &str, brought: &Value) -> Vec<Wish> {
    let json = |what, method, path: &str, body| Wish { what, method, path: path.to_owned(), body: Ok(body) };
    let form = |what, path: &str, fields| Wish { what, method: "POST", path: path.to_owned(), body: Err(fields) };
    let password = "quiet orchard tram lemon";
    let newcomer =
        |name: &str| json!({ "email": format!("{name}@example.com"), "password": password, "displayName": name });
    let long = "x".repeat(2_000);
    vec![
        json("a habit", "POST", "/api/habits", json!({ "title": "Wish", "description": long, "weekdays": [1] })),
        json("its change", "PUT", &format!("/api/habits/{habit}"), json!({ "title": "Changed" })),
        form("their order, as a form", &format!("/habits/{habit}/move"), vec![("direction", "down")]),
        json("a tick", "POST", "/api/completions", json!({ "habitId": habit, "date": today(), "completed": true })),
        json("a setting", "PUT", "/api/account", json!({ "weekStart": "sun" })),
        json("a sign-up", "POST", "/api/auth/signup", newcomer("ada")),
        json("a mail once more", "POST", "/api/auth/resend-verification", json!({ "email": "ada@example.com" })),
        json("a question", "POST", "/api/account/step-up/challenge", json!({ "action": "account_two_factor" })),
        json("a file that is brought", "POST", "/api/account/imports/self", brought.clone()),
        json("putting away", "DELETE", &format!("/api/habits/{other}"), json!({})),
        form("a habit, as a form", "/habits", vec![("title", "Form"), ("weekdays", "1")]),
        form("a name, as a form", "/account/name", vec![("displayName", "Ines on a full disk")]),
        form("a forgotten password", "/forgot-password", vec![("email", "tomasz@example.com")]),
        form("signing in", "/sign-in", vec![("email", "ines@example.com"), ("password", "plenty of quiet mornings")]),
        form("a second factor", "/account/two-factor", vec![("what", "set-up")]),
        json("signing out elsewhere", "DELETE", "/api/account/sessions", json!({ "scope": "others" })),
    ]
}

fn today() -> String {
    Clock::System.now().strftime("%Y-%m-%d").to_string()
}

impl Wish {
    async fn asked_by(&self, person: &Person) -> Reply {
        match &self.body {
            Ok(body) => person.sends(self.method, &self.path, body).await,
            Err(fields) => person.posts(&self.path, fields).await,
        }
    }
}

/// What somebody has, as the API tells it.
async fn has(person: &Person) -> Value {
    let mut all = Vec::new();
    for path in
        ["/api/habits".to_owned(), format!("/api/completions?date={}", today()), "/api/account/sessions".to_owned()]
    {
        all.push(person.get(&path).await.is(200).data());
    }
    json!(all)
}

async fn signed_in(server: &Server) -> Person {
    let ines = Person::at("ines", server.port);
    let fields = [("email", "ines@example.com"), ("password", "plenty of quiet mornings")];
    ines.posts("/sign-in", &fields).await.is(303);
    ines
}

/// Several at a time make habits until each was refused. Answers what was acknowledged.
async fn fill(ines: &Person) -> Vec<String> {
    let made = join_all((0..4).map(|writer| async move {
        let mut made = Vec::new();
        for number in 0..45 {
            let title = format!("Fill {writer} {number}");
            let body = json!({ "title": title, "description": "x".repeat(2_000), "weekdays": [1] });
            let reply = ines.sends("POST", "/api/habits", &body).await;
            if reply.status != 201 {
                reply.is_refused(503, "internal_error").says("safe");
                return made;
            }
            made.push(title);
        }
        panic!("the disk is never full");
    }));
    made.await.concat()
}

#[tokio::test]
async fn people_read_and_are_told_and_nothing_is_half_done_and_with_room_all_goes_on() {
    let disk = Cramped::of_megabytes(48);
    assert_eq!(code(&run(disk.path(), &["seed"], &[])), 0);
    let mut server = disk.serves(&disk.path().join(FILE), 64 * 1024);
    let ines = signed_in(&server).await;
    signed_in(&server).await;
    let listed = ines.get("/api/habits").await.is(200).data();
    // What she took along, with one habit more.
    let mut brought: Value = ines.get("/api/account/exports/self").await.is(200).json();
    let mut more = brought["habits"][0].clone();
    more["id"] = json!("0190c7a0-0000-7000-8000-000000000000");
    brought["habits"].as_array_mut().unwrap().push(more);
    let ids: Vec<String> =
        listed["habits"].as_array().unwrap().iter().map(|habit| habit["id"].as_str().unwrap().to_owned()).collect();
    let acknowledged = fill(&ines).await;

    // From here on nothing is taken, and everything that was taken is shown.
    let before = has(&ines).await;
    let text = before.to_string();
    assert!(acknowledged.iter().all(|title| text.contains(title)), "{acknowledged:?}");
    let wishes = wishes(&ids[0], &ids[1], &brought);
    let mut wrong = Vec::new();
    for wish in &wishes {
        let reply = wish.asked_by(&ines).await;
        let (status, text) = (reply.status, String::from_utf8_lossy(&reply.body));
        if status != 503 || !text.contains("safe") || reply.header("set-cookie").is_some() {
            wrong.push(format!("{}: {status} {text}", wish.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for page in ["/today", "/calendar", "/habits", "/insights", "/account", "/api/account/sessions", "/api/insights"] {
        ines.get(page).await.is(200);
    }
    ines.get("/api/health").await.is(503);
    assert_eq!(has(&ines).await, before, "nothing was half-done");

    disk.has_room(&server);
    let room = async {
        while ines.get("/api/health").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(3), room).await.expect("it notices that there is room");
    assert_eq!(has(&ines).await, before, "all that was answered is there, and nothing that was refused");
    for wish in &wishes {
        let reply = wish.asked_by(&ines).await;
        if reply.status >= 400 {
            wrong.push(format!("{}: {} {}", wish.what, reply.status, String::from_utf8_lossy(&reply.body)));
        }
    }
    assert!(wrong.is_empty(), "with room: {}", wrong.join("\n"));
    assert!(server.child.try_wait().unwrap().is_none(), "no restart was needed");
    let sent = format!("full ({}); {} kinds of writes", disk.kind(), wishes.len());
    row("disk", &sent, "503 in words; all of it taken with room");
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
}

#[tokio::test]
async fn a_binary_that_does_not_fit_is_not_kept_and_takes_no_room_from_people() {
    let disk = Cramped::of_megabytes(48);
    assert_eq!(code(&run(disk.path(), &["seed"], &[])), 0);
    let server = disk.serves(&disk.path().join(FILE), 16 << 20);
    let told = server.has_logged("this release is not written down");
    tokio::time::timeout(Duration::from_mins(1), told).await.expect("it says that it kept nothing");
    assert!(half_done(disk.path()).is_empty(), "{:?}", half_done(disk.path()));
    let kept = disk.path().join("data/development/releases/current");
    assert!(!kept.exists(), "nothing leads to a binary that is not there");
    let ines = signed_in(&server).await;
    ines.keeps("While it is not kept").await;
    assert_eq!(code(&run(disk.path(), &["release", "list"], &[])), 0);
}
