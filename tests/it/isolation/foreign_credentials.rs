//! Cookies, links and exports of one environment presented to another, and two servers on one file.

use std::collections::BTreeMap;

use atlas::app::App;
use atlas::app::clock::Clock;
use atlas::app::identity::accounts;
use atlas::app::identity::accounts::SignUpInput;
use atlas::app::identity::password_change;
use atlas::app::identity::sign_in::SignInOutcome;
use atlas::app::identity::sign_in::sign_in;
use atlas::app::mail::outbox;
use atlas::config::{self, Flags};
use atlas::domain::Client;
use atlas::store::Store;
use atlas::store::migrations::Migrations;

use super::deployment::{CommandResult, Deployment, PRODUCTION, STAGING};
use super::print_summary;
use crate::process::Server;
use crate::test_user::{TestResponse, send_raw};
use crate::world::PASSWORD;

/// The credentials of one environment's users.
struct Credentials {
    name: &'static str,
    host: &'static str,
    /// Name and value of Ben's session cookie.
    cookie: String,
    verification_token: String,
    reset_token: String,
}

/// Nothing listens on this port, so no mail is delivered.
const NO_RELAY: &[(&str, &str)] = &[("RESEND_API_KEY", ""), ("SMTP_URL", "smtp://127.0.0.1:9")];

fn variables(name: &'static str) -> Vec<(&'static str, &'static str)> {
    let variables = if name == "production" { PRODUCTION } else { STAGING };
    [variables, NO_RELAY, &[("ATLAS_ENV", name)]].concat()
}

/// Creates Ben, who is signed in and has requested a password reset, and Ada, who has just signed up.
async fn create_users(deployment: &Deployment, name: &'static str, host: &'static str) -> Credentials {
    let flags = Flags { config: Some(deployment.path_to("atlas.toml")), ..Flags::default() };
    let variables: BTreeMap<String, String> =
        variables(name).into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let settings = config::check(&flags, &variables).unwrap().settings.unwrap();
    let store = Store::open(&settings.data_file, &settings.environment, Migrations::BUILT_IN).unwrap();
    let url = settings.app_url.clone().unwrap();
    let app = App::new(store, &settings, url, Clock::System).unwrap();
    let form = |user: &str| SignUpInput {
        email: format!("{user}@example.com"),
        name: user.to_owned(),
        password: PASSWORD.to_owned(),
        confirmation: None,
        zone: None,
    };
    accounts::seed_account(&app, form("ben"), true).await.unwrap();
    accounts::sign_up(&app, form("ada"), None, &Client::default()).await.unwrap();
    password_change::request_reset(&app, "ben@example.com", &Client::default()).await.unwrap();
    let entry = sign_in(&app, "ben@example.com", PASSWORD, None, None, Client::default()).await.unwrap();
    let SignInOutcome::Session(given) = entry else { panic!("a second factor was requested") };
    let mailed_token = |to: &str| {
        let mails = outbox::list_newest(&app, 10).unwrap();
        let letter = mails.into_iter().find(|mail| mail.to.as_str() == to).unwrap().body.unwrap();
        let (_, rest) = letter.text.split_once("?token=").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    Credentials {
        name,
        host,
        cookie: format!("__Host-atlas-{name}={}", given.token),
        verification_token: mailed_token("ada@example.com"),
        reset_token: mailed_token("ben@example.com"),
    }
}

/// Sends one request as the proxy in front of the server does.
async fn request(server: &Server, host: &str, line: &str, cookie: &str, body: &str) -> TestResponse {
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    let bytes = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{cookie}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    send_raw(([127, 0, 0, 1], server.port).into(), bytes.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn cookies_links_and_exports_work_only_in_their_own_environment() {
    let deployment = Deployment::new();
    let production = create_users(&deployment, "production", "atlas.example.com").await;
    let staging = create_users(&deployment, "staging", "staging.example.com").await;
    let start = |name| Server::start_with(deployment.path(), &[], &variables(name));
    let (production_server, staging_server) = (start("production"), start("staging"));
    let (mut tried, mut valid_at_home) = (0, Vec::new());
    for (own, own_server, other_server, other) in [
        (&production, &production_server, &staging_server, &staging),
        (&staging, &staging_server, &production_server, &production),
    ] {
        let export_path = "GET /api/account/exports/self";
        let export = request(own_server, own.host, export_path, &own.cookie, "").await.assert_status(200);
        // The cookie, under its name and under the name of the other environment's cookie.
        let (_, token) = own.cookie.split_once('=').unwrap();
        let renamed = format!("__Host-atlas-{}={token}", other.name);
        for cookie in [&own.cookie, &renamed] {
            request(other_server, other.host, export_path, cookie, "").await.assert_refused(401, "unauthorized");
            tried += 1;
        }
        // The links in mail.
        let confirm = format!("{{\"token\":\"{}\"}}", own.verification_token);
        let reset = format!("{{\"token\":\"{}\",\"password\":\"four quiet words again\"}}", own.reset_token);
        for (path, body) in [("verify-email", &confirm), ("reset-password", &reset)] {
            let reply = request(other_server, other.host, &format!("POST /api/auth/{path}"), "", body).await;
            assert!((400..500).contains(&reply.status), "{path}: {} {}", reply.status, reply.text());
            tried += 1;
        }
        for (path, token) in [("verify-email", &own.verification_token), ("reset-password", &own.reset_token)] {
            let reply = request(other_server, other.host, &format!("GET /{path}?token={token}"), "", "").await;
            assert!((400..500).contains(&reply.status), "{path}: {}", reply.status);
            tried += 1;
        }
        // The export, imported by a user with an account in both environments.
        let import = "POST /api/account/imports/self";
        let refused = request(other_server, other.host, import, &other.cookie, &export.text()).await;
        let reason = format!("exported from {}, but this is {}", own.name, other.name);
        assert!((400..500).contains(&refused.status) && refused.text().contains(&reason), "{}", refused.text());
        tried += 1;
        request(own_server, own.host, import, &own.cookie, &export.text()).await.assert_status(200);
        valid_at_home.push((own_server, own.host, confirm, reset));
    }
    // In their own environment, the links still work.
    for (own_server, host, confirm, reset) in valid_at_home {
        request(own_server, host, "POST /api/auth/verify-email", "", &confirm).await.assert_status(200);
        request(own_server, host, "POST /api/auth/reset-password", "", &reset).await.assert_status(200);
    }
    print_summary(format_args!("{tried} foreign credentials presented, {tried} refused"));
}

#[test]
fn a_second_server_on_one_file_is_refused_by_every_path() {
    let deployment = Deployment::new();
    let server = Server::start_with(deployment.path(), &[], &variables("staging"));
    std::os::unix::fs::symlink(deployment.path_to("data"), deployment.path_to("linked")).unwrap();
    std::fs::hard_link(deployment.path_to("data/staging/atlas.redb"), deployment.path_to("hard.redb")).unwrap();
    let file = deployment.path_to("data/staging/atlas.redb");
    for path in ["data/staging/atlas.redb", "linked/staging/atlas.redb", "hard.redb"] {
        let CommandResult { exit, output } =
            deployment.run(&["serve", "--env", "staging"], &[("DATABASE_URL", path)], "staging");
        assert_eq!(exit, Some(69), "{output}");
        assert!(output.contains("is in use by a running Atlas") && output.contains("Stop it first"), "{output}");
    }
    let reset = ["seed", "--env", "staging", "--reset", "--confirm", "staging"];
    assert_eq!(deployment.run(&reset, &[], "staging").exit, Some(69));
    assert!(file.exists());
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_command_refuses_the_running_server_of_another_environment() {
    let (deployment, other) = (Deployment::new(), Deployment::new());
    let server = Server::start_with(other.path(), &[], &variables("staging"));
    let file = other.path_to("data/staging/atlas.redb");
    let path = file.to_str().unwrap();
    let args = ["user", "list", "--env", "production"];
    let CommandResult { exit, output } = deployment.run(&args, &[("DATABASE_URL", path)], "production");
    assert_eq!(exit, Some(1), "{output}");
    assert!(
        output.contains("is in the folder of “staging”")
            && output.contains("expected a separate folder for “production”"),
        "{output}"
    );
    let result = deployment.run(&["user", "list", "--env", "staging"], &[("DATABASE_URL", path)], "staging");
    assert_eq!(result.exit, Some(0), "{}", result.output);
    drop(server);
}
