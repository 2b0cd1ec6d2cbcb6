//! What was made in one environment, presented to another: cookies, links, exports. And two servers on one file.

use std::collections::BTreeMap;

use atlas::app::accounts::{self, SignUp};
use atlas::app::clock::Clock;
use atlas::app::sessions::{self, Entry};
use atlas::app::{App, credentials, outbox};
use atlas::config::{self, Flags};
use atlas::domain::Client;
use atlas::store::Store;

use super::team::{PRODUCTION, STAGING, Team, Try};
use super::tell;
use crate::person::{Reply, exchange};
use crate::process::Server;
use crate::world::PASSWORD;

/// What people of one environment hold.
struct Held {
    name: &'static str,
    host: &'static str,
    /// The session cookie, with its name.
    cookie: String,
    verification: String,
    reset: String,
}

/// Nobody's mail leaves: nothing listens at that port.
const NO_RELAY: &[(&str, &str)] = &[("RESEND_API_KEY", ""), ("SMTP_URL", "smtp://127.0.0.1:9")];

fn variables(name: &'static str) -> Vec<(&'static str, &'static str)> {
    let own = if name == "production" { PRODUCTION } else { STAGING };
    [own, NO_RELAY, &[("ATLAS_ENV", name)]].concat()
}

/// Ben, who is signed in and forgot his password, and Ada, who has just signed up.
async fn people(team: &Team, name: &'static str, host: &'static str) -> Held {
    let flags = Flags { config: Some(team.at("atlas.toml")), ..Flags::default() };
    let told: BTreeMap<String, String> =
        variables(name).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let settings = config::check(&flags, &told).unwrap().settings.unwrap();
    let store = Store::open(&settings.data_file, &settings.environment).unwrap();
    let url = settings.app_url.clone().unwrap();
    let app = App::new(store, &settings, url, Clock::System).unwrap();
    let somebody = |who: &str| SignUp {
        email: format!("{who}@example.com"),
        name: who.to_owned(),
        password: PASSWORD.to_owned(),
        again: None,
        zone: None,
    };
    accounts::plant(&app, somebody("ben"), true).await.unwrap();
    accounts::sign_up(&app, somebody("ada"), &Client::default()).await.unwrap();
    credentials::ask_reset(&app, "ben@example.com", &Client::default()).await.unwrap();
    let entry = sessions::sign_in(&app, "ben@example.com", PASSWORD, None, None, Client::default()).await.unwrap();
    let Entry::Session(given) = entry else { panic!("no second step") };
    let mailed = |to: &str| {
        let mails = outbox::newest(&app, 10).unwrap();
        let letter = mails.into_iter().find(|mail| mail.to.as_str() == to).unwrap().letter.unwrap();
        let (_, rest) = letter.text.split_once("?token=").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    Held {
        name,
        host,
        cookie: format!("__Host-atlas-{name}={}", given.token),
        verification: mailed("ada@example.com"),
        reset: mailed("ben@example.com"),
    }
}

/// One request to a server, as the proxy in front of it sends it.
async fn asks(server: &Server, host: &str, line: &str, cookie: &str, body: &str) -> Reply {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    let request = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{cookie}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn cookies_links_and_exports_mean_nothing_elsewhere_and_go_on_meaning_something_at_home() {
    let team = Team::founded();
    let production = people(&team, "production", "atlas.example.com").await;
    let staging = people(&team, "staging", "staging.example.com").await;
    let serve = |name| Server::start_with(team.path(), &[], &variables(name));
    let (in_production, in_staging) = (serve("production"), serve("staging"));
    let (mut tried, mut at_home) = (0, Vec::new());
    for (held, home, away, elsewhere) in
        [(&production, &in_production, &in_staging, &staging), (&staging, &in_staging, &in_production, &production)]
    {
        let me = "GET /api/account/exports/self";
        let export = asks(home, held.host, me, &held.cookie, "").await.is(200);
        // The cookie, under its own name, and under the name that the other place gives its own.
        let (_, token) = held.cookie.split_once('=').unwrap();
        let renamed = format!("__Host-atlas-{}={token}", elsewhere.name);
        for cookie in [&held.cookie, &renamed] {
            asks(away, elsewhere.host, me, cookie, "").await.is_refused(401, "unauthorized");
            tried += 1;
        }
        // The links.
        let confirm = format!("{{\"token\":\"{}\"}}", held.verification);
        let replace = format!("{{\"token\":\"{}\",\"password\":\"four quiet words again\"}}", held.reset);
        for (path, body) in [("verify-email", &confirm), ("reset-password", &replace)] {
            let reply = asks(away, elsewhere.host, &format!("POST /api/auth/{path}"), "", body).await;
            assert!((400..500).contains(&reply.status), "{path}: {} {}", reply.status, reply.text());
            tried += 1;
        }
        for (path, token) in [("verify-email", &held.verification), ("reset-password", &held.reset)] {
            let reply = asks(away, elsewhere.host, &format!("GET /{path}?token={token}"), "", "").await;
            assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
            tried += 1;
        }
        // The export, by somebody who has an account in both.
        let import = "POST /api/account/imports/self";
        let refused = asks(away, elsewhere.host, import, &elsewhere.cookie, &export.text()).await;
        let words = format!("taken from {}, and this is {}", held.name, elsewhere.name);
        assert!((400..500).contains(&refused.status) && refused.text().contains(&words), "{}", refused.text());
        tried += 1;
        asks(home, held.host, import, &held.cookie, &export.text()).await.is(200);
        at_home.push((home, held.host, confirm, replace));
    }
    // At home, all of it still works.
    for (home, host, confirm, replace) in at_home {
        asks(home, host, "POST /api/auth/verify-email", "", &confirm).await.is(200);
        asks(home, host, "POST /api/auth/reset-password", "", &replace).await.is(200);
    }
    tell(format_args!("{tried} things were presented elsewhere, {tried} were refused"));
}

#[test]
fn a_second_server_on_one_file_is_refused_by_whatever_path_it_comes() {
    let team = Team::founded();
    let server = Server::start_with(team.path(), &[], &variables("staging"));
    std::os::unix::fs::symlink(team.at("data"), team.at("linked")).unwrap();
    std::fs::hard_link(team.at("data/staging/atlas.redb"), team.at("hard.redb")).unwrap();
    let file = team.at("data/staging/atlas.redb");
    for path in ["data/staging/atlas.redb", "linked/staging/atlas.redb", "hard.redb"] {
        let Try { exit, said } = team.tries(&["serve", "--env", "staging"], &[("DATABASE_URL", path)], "staging");
        assert_eq!(exit, Some(69), "{said}");
        assert!(said.contains("is in use by a running Atlas") && said.contains("Stop it first"), "{said}");
    }
    let again = ["seed", "--env", "staging", "--reset", "--confirm", "staging"];
    assert_eq!(team.tries(&again, &[], "staging").exit, Some(69));
    assert!(file.exists());
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
}

#[test]
fn a_command_does_not_speak_to_the_server_of_another_environment() {
    let (team, elsewhere) = (Team::founded(), Team::founded());
    let server = Server::start_with(elsewhere.path(), &[], &variables("staging"));
    let file = elsewhere.at("data/staging/atlas.redb");
    let path = file.to_str().unwrap();
    let order = ["user", "list", "--env", "production"];
    let Try { exit, said } = team.tries(&order, &[("DATABASE_URL", path)], "production");
    assert_eq!(exit, Some(1), "{said}");
    assert!(said.contains("is the home of “staging”") && said.contains("expected for “production”"), "{said}");
    let own = team.tries(&["user", "list", "--env", "staging"], &[("DATABASE_URL", path)], "staging");
    assert_eq!(own.exit, Some(0), "{}", own.said);
    drop(server);
}
