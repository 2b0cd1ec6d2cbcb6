//! What Sentry is told by the server, as it arrives there.

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
use atlas::store::{Error, Store, Table, schema};
use atlas::web;
use hyper::Request;
use hyper::body::Incoming;
use sentry::protocol::{Breadcrumb, Context, User};
use serde_json::Value;

use crate::ingest::{Ingest, Manner};
use crate::person::{Person, Reply, exchange};
use crate::process::Server;
use crate::world::{Wishes, World, instant};

const CANARIES: [&str; 5] =
    ["canary@example.com", "canary-token-7f3a", "canary-cookie-91", "canary-password", "canary-query"];

fn says_nothing_of_anybody(ingest: &Ingest) {
    for sent in ingest.got(1) {
        let text = String::from_utf8_lossy(&sent.body).to_lowercase();
        for canary in CANARIES.iter().chain(&["127.0.0.1\"", "\"user\"", "cookie", "breadcrumb"]) {
            assert!(!text.contains(canary), "{canary} is in {text}");
        }
    }
}

/// Leaves a row in the file that no program can read: whoever asks for this person's habits meets a breakdown.
async fn breaks_a_habit(world: &World, person: &Person) {
    let owner = admin::find(&world.site.app, &person.email()).unwrap_or_else(|_| panic!("{} is known", person.name));
    let habit: HabitId = person.keeps("Read").await.parse().unwrap_or_else(|_| panic!("an id"));
    let broken = Table::<(AccountId, HabitId), u32>::named(schema::HABITS.name());
    let write = world.site.app.store.write(move |draft| {
        draft.put(&broken, &(owner, habit), &7);
        Ok::<_, Error>(())
    });
    write.await.unwrap();
}

/// A folder whose data file has somebody that no program can read.
async fn broken_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/development/atlas.redb");
    let (id, at) = (AccountId::mint(instant("2026-02-12T12:00:00Z"), [1; 10]), instant("2026-02-12T12:00:00Z"));
    let born = (atlas::domain::FileId::mint(at, [2; 10]), [3; 32], at);
    let opened = Store::open_or_create(&file, &"development".parse().unwrap(), || born).unwrap();
    let broken = Table::<AccountId, u32>::named(schema::ACCOUNTS.name());
    let write = opened.store.write(move |draft| {
        draft.put(&schema::EMAILS, &Email::parse(CANARIES[0]).unwrap(), &id);
        draft.put(&broken, &id, &7);
        Ok::<_, Error>(())
    });
    write.await.unwrap();
    folder
}

/// Meets the breakdown, with secrets in every place that a request has for them.
async fn meets_it(server: &Server) -> Reply {
    let body = "email=canary%40example.com&password=canary-password-long-enough";
    let request = format!(
        "POST /sign-in?from=canary-query&token=canary-token-7f3a HTTP/1.1\r\nhost: localhost:{}\r\n\
         content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n\
         cookie: atlas-development=canary-cookie-91; x=canary-cookie-91\r\nauthorization: Bearer canary-token-7f3a\r\n\
         user-agent: canary-token-7f3a\r\nreferer: http://localhost/?canary-query\r\ncontent-length: {}\r\n\r\n{body}",
        server.port,
        body.len()
    );
    exchange(([127, 0, 0, 1], server.port).into(), request.as_bytes()).await.unwrap()
}

fn log_of(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

#[tokio::test]
async fn a_breakdown_is_told_once_with_its_number_and_nobodys_data_and_before_the_server_ends() {
    let folder = broken_folder().await;
    let (ingest, elsewhere) = (Ingest::new(), Ingest::new());
    let proxy = format!("http://{}", elsewhere.address);
    let server = Server::start_with(
        folder.path(),
        &[],
        &[
            ("SENTRY_DSN", &ingest.dsn(3)),
            // What the library would read by itself.
            ("SENTRY_ENVIRONMENT", "development"),
            ("SENTRY_RELEASE", "another"),
            ("HTTP_PROXY", &proxy),
            ("http_proxy", &proxy),
        ],
    );
    let reply = meets_it(&server).await.is(500);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));

    let sent = ingest.got(1);
    assert_eq!((sent.len(), sent[0].line.as_str()), (1, "POST /api/3/envelope/"));
    assert!(sent[0].header("x-sentry-auth").unwrap().contains("sentry_key=public"));
    let events = sent[0].events();
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    assert_eq!(event["message"], "/sign-in answered 500");
    assert_eq!((&event["environment"], &event["server_name"]), (&"development".into(), &"development".into()));
    assert_eq!(event["release"], concat!("atlas@", env!("CARGO_PKG_VERSION")));
    // An event that names no level is an error.
    assert_eq!((&event["transaction"], &event["level"]), (&"/sign-in".into(), &Value::Null));
    let number = reply.header("x-request-id").unwrap();
    let tags = serde_json::json!({ "request_id": number, "route": "/sign-in", "status": "500" });
    assert_eq!(event["tags"], tags);
    says_nothing_of_anybody(&ingest);
    assert_eq!(elsewhere.connections(), 0);

    let log = log_of(folder.path());
    assert_eq!(log.matches("a request failed").count(), 1, "{log}");
    for canary in CANARIES {
        assert!(!log.contains(canary), "{canary} is in {log}");
    }
}

#[tokio::test]
async fn switched_off_it_connects_to_nobody() {
    for switch in [Some("false"), None] {
        let folder = broken_folder().await;
        let ingest = Ingest::new();
        let dsn = ingest.dsn(3);
        let variables = match switch {
            Some(off) => vec![("SENTRY_DSN", dsn.as_str()), ("SENTRY_ENABLED", off)],
            // Only browsers report.
            None => vec![("NEXT_PUBLIC_SENTRY_DSN", dsn.as_str())],
        };
        let server = Server::start_with(folder.path(), &[], &variables);
        meets_it(&server).await.is(500);
        server.signal("TERM");
        assert_eq!(server.ends().0, Some(0));
        assert_eq!(ingest.connections(), 0);
    }
}

#[tokio::test]
async fn a_panic_is_told_once_with_its_place_and_not_with_what_it_says() {
    let ingest = Ingest::new();
    let reporter = Reporter::start(Some(&Dsn(ingest.dsn(1))), &"preview/fix-7".parse().unwrap());
    let answering = async {
        // Whatever may one day put such things on an event.
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
        panic!("nobody is called {}", CANARIES[0]);
    };
    let route = || "/habits/{id}";
    let ended: Result<(), String> = panics::caught(reporter.around("abcd-1234", route, answering)).await;
    assert!(ended.is_err());
    reporter.close();
    let events = ingest.events(1);
    let [event] = events.as_slice() else { panic!("one event: {events:?}") };
    let exception = &event["exception"]["values"][0];
    assert_eq!((&exception["type"], &exception["value"]), (&"panic".into(), &Value::Null));
    let frames = exception["stacktrace"]["frames"].as_array().unwrap();
    assert!(frames.iter().any(|frame| frame["filename"].as_str().is_some_and(|file| file.ends_with("sentry.rs"))));
    assert_eq!(event["tags"], serde_json::json!({ "request_id": "abcd-1234", "route": "/habits/{id}" }));
    assert_eq!((&event["environment"], &event["level"]), (&"preview/fix-7".into(), &"fatal".into()));
    says_nothing_of_anybody(&ingest);
}

/// Answers nothing and panics, at once or after a while.
#[derive(Clone)]
struct Panics;

impl tower_service::Service<Request<Incoming>> for Panics {
    type Response = warp::reply::Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
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
async fn a_handler_that_panics_is_a_breakdown_with_a_number_told_once_and_the_server_lives() {
    let ingest = Ingest::new();
    let variables = vec![("SENTRY_DSN", ingest.dsn(1))];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let door = web::door_to(Arc::clone(&world.site), Panics);
    tokio::spawn(web::serve::run(door, listener, web::serve::Limits::default(), std::future::pending()));
    let mut numbers = Vec::new();
    for path in ["/at-once", "/later", "/api/later"] {
        let request = format!("GET {path}?canary-query HTTP/1.1\r\nhost: {}\r\n\r\n", world.stranger().host);
        let reply = exchange(address, request.as_bytes()).await.unwrap().is(500).says_nothing_of("canary");
        assert!(reply.header("content-security-policy").is_some());
        numbers.push(reply.header("x-request-id").unwrap().to_owned());
    }
    world.site.reporter.close();
    let events = ingest.events(3);
    let told: Vec<_> = events.iter().map(|event| event["tags"]["request_id"].as_str().unwrap()).collect();
    assert_eq!(told, numbers, "each once, as a panic and not as an answer of 500 as well");
    assert!(events.iter().all(|event| event["level"] == "fatal" && event["exception"]["values"][0]["type"] == "panic"));
    says_nothing_of_anybody(&ingest);
}

#[tokio::test]
async fn a_full_disk_is_told_once_by_each_route_however_many_meet_it() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(folder.path()));
    let size = std::fs::metadata(folder.path().join("data/development/atlas.redb")).unwrap().len();
    let ingest = Ingest::new();
    // A limit on the size of files stands in for the full disk.
    let server = Server::start_with_files_up_to(folder.path(), size + 64 * 1024, &[("SENTRY_DSN", &ingest.dsn(1))]);
    let address = ([127, 0, 0, 1], server.port).into();
    let asks = async |line: &str, body: &str| {
        let (port, length) = (server.port, body.len());
        let request = format!(
            "{line} HTTP/1.1\r\nhost: localhost:{port}\r\nsec-fetch-site: same-origin\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        exchange(address, request.as_bytes()).await.unwrap().status
    };
    let body = |n| format!("email=canary-{n}%40example.com&password=quiet+orchard+tram+lemon&displayName=Canary");
    let mut n = 0;
    while asks("POST /sign-up", &format!("{}&confirmPassword=quiet+orchard+tram+lemon", body(n))).await != 503 {
        n += 1;
        assert!(n < 190, "the limit is never reached");
    }
    for _ in 0..20 {
        assert_eq!(asks("GET /api/health", "").await, 503);
        assert_eq!(asks("POST /forgot-password", &body(0)).await, 503);
    }
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    let events = ingest.events(3);
    let told: BTreeSet<_> = events.iter().map(|event| event["message"].as_str().unwrap()).collect();
    let routes = ["/api/health answered 503", "/forgot-password answered 503", "/sign-up answered 503"];
    assert_eq!(told, BTreeSet::from(routes));
    // Three, unless all this took minutes.
    assert!(events.len() < 20, "{} of 41 were told", events.len());
    assert!(!String::from_utf8_lossy(&ingest.got(3)[2].body).contains("canary"));
}

#[tokio::test]
async fn an_ingest_that_never_answers_holds_up_neither_requests_nor_the_end() {
    let ingest = Ingest::that(Manner::Silent);
    let variables = vec![("SENTRY_DSN", ingest.dsn(1))];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let ada = world.signed_up("ada").await;
    breaks_a_habit(&world, &ada).await;
    // More than fit into the queue.
    for _ in 0..60 {
        ada.get("/habits").await.is(500);
    }
    assert_eq!(ingest.got(1).len(), 1, "the first waits for its answer, and everybody else was served");
    ingest.answers();
    let told = ingest.events(2);
    assert_eq!((&told[0]["tags"]["route"], &told[1]["tags"]["route"]), (&"/habits".into(), &"/habits".into()));

    let silent = Ingest::that(Manner::Silent);
    let folder = broken_folder().await;
    let server = Server::start_with(folder.path(), &[], &[("SENTRY_DSN", &silent.dsn(1))]);
    meets_it(&server).await.is(500);
    silent.got(1);
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0), "it ends although nobody has answered");
}
