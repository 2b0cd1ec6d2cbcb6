//! The server's error reports as they arrive at Sentry.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use atlas::app::admin;
use atlas::config::Dsn;
use atlas::domain::{AccountId, Email, HabitId};
use atlas::observe::panics;
use atlas::observe::sentry::Reporter;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::{Error, Store, Table};
use atlas::web;
use hyper::Request;
use sentry::protocol::{Breadcrumb, Context, User};
use serde_json::Value;

use crate::fake_sentry::{FakeSentry, ResponseMode};
use crate::process::Server;
use crate::test_user::{TestResponse, TestUser, send_raw};
use crate::world::{World, WorldOptions, instant};

const CANARIES: [&str; 5] =
    ["canary@example.com", "canary-token-7f3a", "canary-cookie-91", "canary-password", "canary-query"];

fn assert_no_personal_data(ingest: &FakeSentry) {
    for sent in ingest.wait_for_requests(1) {
        let text = String::from_utf8_lossy(&sent.body).to_lowercase();
        for canary in CANARIES.iter().chain(&["127.0.0.1\"", "\"user\"", "cookie", "breadcrumb"]) {
            assert!(!text.contains(canary), "{canary} is in {text}");
        }
    }
}

/// Writes an unreadable row into the data file, so that every request for this user's habits fails.
async fn corrupt_a_habit(world: &World, user: &TestUser) {
    let owner = admin::queries::find_user(&world.state.app, &user.email())
        .unwrap_or_else(|_| panic!("{} has an account", user.name));
    let habit: HabitId = user.create_habit("Read").await.parse().unwrap_or_else(|_| panic!("an id"));
    let broken = Table::<(AccountId, HabitId), u32>::new(schema::HABITS.name());
    let write = world.state.app.store.write(move |txn| {
        txn.put(&broken, &(owner, habit), &7);
        Ok::<_, Error>(())
    });
    write.await.unwrap();
}

/// A folder whose data file has an unreadable account row.
async fn corrupt_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/development/atlas.redb");
    let (id, at) = (AccountId::generate(instant("2026-02-12T12:00:00Z"), [1; 10]), instant("2026-02-12T12:00:00Z"));
    let identity = (atlas::domain::FileId::generate(at, [2; 10]), [3; 32], at);
    let opened =
        Store::open_or_create(&file, &"development".parse().unwrap(), Migrations::BUILT_IN, || identity).unwrap();
    let broken = Table::<AccountId, u32>::new(schema::ACCOUNTS.name());
    let write = opened.store.write(move |txn| {
        txn.put(&schema::EMAILS, &Email::parse(CANARIES[0]).unwrap(), &id);
        txn.put(&broken, &id, &7);
        Ok::<_, Error>(())
    });
    write.await.unwrap();
    folder
}

/// Sends a request that fails, with a canary in every part of it that can carry a secret.
async fn send_failing_request(server: &Server) -> TestResponse {
    let body = "email=canary%40example.com&password=canary-password-long-enough";
    let request = format!(
        "POST /sign-in?from=canary-query&token=canary-token-7f3a HTTP/1.1\r\nhost: localhost:{}\r\n\
         content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n\
         cookie: atlas-development=canary-cookie-91; x=canary-cookie-91\r\nauthorization: Bearer canary-token-7f3a\r\n\
         user-agent: canary-token-7f3a\r\nreferer: http://localhost/?canary-query\r\ncontent-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    send_raw(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

fn read_log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

#[tokio::test]
async fn an_error_is_reported_once_with_its_request_id_and_no_personal_data_before_the_server_exits() {
    let folder = corrupt_folder().await;
    let (ingest, other_ingest) = (FakeSentry::new(), FakeSentry::new());
    let proxy = format!("http://{}", other_ingest.address);
    let server = Server::start_with(
        folder.path(),
        &[],
        &[
            ("SENTRY_DSN", &ingest.dsn(3)),
            // Variables that the Sentry library would read on its own.
            ("SENTRY_ENVIRONMENT", "development"),
            ("SENTRY_RELEASE", "another"),
            ("HTTP_PROXY", &proxy),
            ("http_proxy", &proxy),
        ],
    );
    let response = send_failing_request(&server).await.assert_status(500);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));

    let sent = ingest.wait_for_requests(1);
    assert_eq!((sent.len(), sent[0].line.as_str()), (1, "POST /api/3/envelope/"));
    assert!(sent[0].header("x-sentry-auth").unwrap().contains("sentry_key=public"));
    let events = sent[0].events();
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    assert_eq!(event["message"], "/sign-in answered 500");
    assert_eq!((&event["environment"], &event["server_name"]), (&"development".into(), &"development".into()));
    assert_eq!(event["release"], concat!("atlas@", env!("CARGO_PKG_VERSION")));
    // The level of an event without one is `error`.
    assert_eq!((&event["transaction"], &event["level"]), (&"/sign-in".into(), &Value::Null));
    let request_id = response.header("x-request-id").unwrap();
    let tags = serde_json::json!({ "request_id": request_id, "route": "/sign-in", "status": "500" });
    assert_eq!(event["tags"], tags);
    assert_no_personal_data(&ingest);
    assert_eq!(other_ingest.connection_count(), 0);

    let log = read_log(folder.path());
    assert_eq!(log.matches("a request failed").count(), 1, "{log}");
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary} is in {log}");
    }
}

#[tokio::test]
async fn disabled_reporting_connects_to_no_host() {
    for server_setting in [Some("false"), None] {
        let folder = corrupt_folder().await;
        let ingest = FakeSentry::new();
        let dsn = ingest.dsn(3);
        let variables = match server_setting {
            Some(disabled) => vec![("SENTRY_DSN", dsn.as_str()), ("SENTRY_ENABLED", disabled)],
            // Only browsers have a DSN.
            None => vec![("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())],
        };
        let server = Server::start_with(folder.path(), &[], &variables);
        send_failing_request(&server).await.assert_status(500);
        server.signal("TERM");
        assert_eq!(server.wait().0, Some(0));
        assert_eq!(ingest.connection_count(), 0);
    }
}

#[tokio::test]
async fn a_panic_is_reported_once_with_its_location_and_without_its_message() {
    let ingest = FakeSentry::new();
    let reporter = Reporter::start(Some(&Dsn(ingest.dsn(1))), &[], &"preview/fix-7".parse().unwrap());
    let handler = async {
        // Personal data that some integration might one day attach to an event.
        sentry::configure_scope(|scope| {
            scope.set_user(Some(User { email: Some(CANARIES[0].to_owned()), ..User::default() }));
            scope.set_extra("body", CANARIES[3].into());
            scope.set_tag("mail", CANARIES[0]);
            let fields = [("address".to_owned(), Value::from(CANARIES[0]))].into_iter().collect();
            scope.set_context("Rust Tracing Fields", Context::Other(fields));
            scope.set_fingerprint(Some(&[CANARIES[1]]));
        });
        sentry::add_breadcrumb(Breadcrumb { message: Some(CANARIES[2].to_owned()), ..Breadcrumb::default() });
        tokio::task::yield_now().await;
        panic!("no user is named {}", CANARIES[0]);
    };
    let route = || "/habits/{id}";
    let result: Result<(), panics::Panicked> =
        panics::catch_panic(reporter.bind_request("abcd-1234", route, handler)).await;
    assert!(result.is_err());
    reporter.close();
    let events = ingest.wait_for_events(1);
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    let exception = &event["exception"]["values"][0];
    assert_eq!((&exception["type"], &exception["value"]), (&"panic".into(), &Value::Null));
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    assert!(frames.iter().any(|frame| frame["filename"].as_str().is_some_and(|file| file.ends_with("sentry.rs"))));
    assert_eq!(event["tags"], serde_json::json!({ "request_id": "abcd-1234", "route": "/habits/{id}" }));
    assert_eq!((&event["environment"], &event["level"]), (&"preview/fix-7".into(), &"fatal".into()));
    assert_no_personal_data(&ingest);
}

/// A service that panics, either before or inside its future.
#[derive(Clone)]
struct PanickingService;

impl tower_service::Service<Request<web::RequestBody>> for PanickingService {
    type Response = warp::reply::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<web::RequestBody>) -> Self::Future {
        if request.uri().path() == "/at-once" {
            panic!("at once, for {}", CANARIES[0]);
        }
        Box::pin(async {
            tokio::task::yield_now().await;
            panic!("after a while, for {}", CANARIES[0])
        })
    }
}

#[tokio::test]
async fn a_panicking_handler_answers_500_with_a_request_id_is_reported_once_and_the_server_survives() {
    let ingest = FakeSentry::new();
    let variables = vec![("SENTRY_DSN", ingest.dsn(1))];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = web::service_with(Arc::clone(&world.state), PanickingService);
    tokio::spawn(web::server::connections::run(
        service,
        listener,
        web::server::connections::ConnectionLimits::default(),
        std::future::pending(),
    ));
    let mut request_ids = Vec::new();
    for path in ["/at-once", "/later", "/api/later"] {
        let request = format!("GET {path}?canary-query HTTP/1.1\r\nhost: {}\r\n\r\n", world.visitor().host);
        let response = send_raw(address, request.as_bytes()).await.unwrap().assert_status(500).assert_lacks("canary");
        assert!(response.header("content-security-policy").is_some());
        request_ids.push(response.header("x-request-id").unwrap().to_owned());
    }
    world.state.reporter.close();
    let events = ingest.wait_for_events(3);
    let reported: Vec<_> = events.iter().map(|event| event["tags"]["request_id"].as_str().unwrap()).collect();
    assert_eq!(reported, request_ids, "each is reported once, as a panic and not as a 500 response as well");
    assert!(events.iter().all(|event| event["level"] == "fatal" && event["exception"]["values"][0]["type"] == "panic"));
    assert_no_personal_data(&ingest);
}

#[tokio::test]
async fn a_full_disk_is_reported_once_per_route() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path()));
    let size = std::fs::metadata(folder.path().join("data/development/atlas.redb")).unwrap().len();
    let ingest = FakeSentry::new();
    // A file size limit simulates the full disk.
    let server = Server::start_with_file_size_limit(folder.path(), size + 64 * 1024, &[("SENTRY_DSN", &ingest.dsn(1))]);
    let address = ([127, 0, 0, 1], server.port).into();
    let send = async |line: &str, body: &str| {
        let (port, length) = (server.port, body.len());
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost:{port}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        send_raw(address, request.as_bytes()).await.unwrap().status
    };
    let body = |n| format!("email=canary-{n}%40example.com&password=quiet+orchard+tram+lemon&displayName=Canary");
    let mut n = 0;
    while send("POST /sign-up", &format!("{}&confirmPassword=quiet+orchard+tram+lemon", body(n))).await != 503 {
        n += 1;
        assert!(n < 190, "the file size limit was not reached");
    }
    for _ in 0..20 {
        assert_eq!(send("GET /api/health", "").await, 503);
        assert_eq!(send("POST /forgot-password", &body(0)).await, 503);
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    let events = ingest.wait_for_events(3);
    let reported: BTreeSet<_> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
    let routes = ["/api/health answered 503", "/forgot-password answered 503", "/sign-up answered 503"];
    assert_eq!(reported, BTreeSet::from(routes));
    // Three, unless the test took minutes.
    assert!(events.len() < 20, "{} of 41 were reported", events.len());
    assert!(!String::from_utf8_lossy(&ingest.wait_for_requests(3)[2].body).contains("canary"));
}

#[tokio::test]
async fn an_unresponsive_ingest_delays_neither_requests_nor_shutdown() {
    let ingest = FakeSentry::with_mode(ResponseMode::Hold);
    let variables = vec![("SENTRY_DSN", ingest.dsn(1))];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let ada = world.signed_in_user("ada").await;
    corrupt_a_habit(&world, &ada).await;
    // More reports than the queue holds.
    for _ in 0..60 {
        ada.get("/habits").await.assert_status(500);
    }
    assert_eq!(
        ingest.wait_for_requests(1).len(),
        1,
        "the first report awaits its response while all requests were served"
    );
    ingest.release();
    let events = ingest.wait_for_events(2);
    assert_eq!((&events[0]["tags"]["route"], &events[1]["tags"]["route"]), (&"/habits".into(), &"/habits".into()));

    let silent = FakeSentry::with_mode(ResponseMode::Hold);
    let folder = corrupt_folder().await;
    let server = Server::start_with(folder.path(), &[], &[("SENTRY_DSN", &silent.dsn(1))]);
    send_failing_request(&server).await.assert_status(500);
    silent.wait_for_requests(1);
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0), "it exits without a response from the ingest");
}
