//! What is only read: health, the pages of somebody who is signed in, an asset, and what does not exist.

use std::path::Path;

use crate::atlas::{Atlas, Person, today};
use crate::client::{Connection, Request};
use crate::floor::Patience;
use crate::lanes::{Bench, CONNECTIONS};
use crate::table::Table;
use crate::{Plan, note};

/// How many habits the day shows.
const HABITS: usize = 30;
/// A machine is quiet when others use less of its processors than this.
const QUIET: f64 = 0.1;
/// How many addresses of a page each connection goes round. Atlas keeps fewer pages of one person than all connections
/// have between them, so each is rendered anew.
const ADDRESSES: usize = 4;

/// Measures them all. Answers what share of the processors other programs used meanwhile.
pub async fn measure(plan: &Plan, atlas: &Atlas, folder: &Path, table: &mut Table) -> f64 {
    let mut ada = Person::welcome(atlas, "ada").await;
    let habit = settle_in(&mut ada).await;
    let mut bench = Bench { plan, atlas, folder, others: Vec::new() };
    let get = |path: &str| Request::get(atlas.address, path, &[]);
    let health = bench.compare("GET /api/health", &get("/api/health")).await;
    table.add(health.processor(Patience::Bounded).at_most(1.3));
    table.add(health.processor(Patience::Endless));
    table.add(health.throughput());

    // Refused alike, so that only the way to the handler differs.
    let (first, last) = (get("/api/account/2fa"), get("/api/admin/exports/habits"));
    let [first, last] = bench.compare_two(("first route", &first), ("last route, signed out", &last), "401").await;
    table.add(last.against(&first).at_most(1.1));
    let missing = bench.compare_with("GET /nothing, 404", "404", &get("/nothing"), |_| vec![get("/nothing")]).await;
    table.add(missing.processor(Patience::Bounded));

    let style = page(&ada).await;
    let style = style.text.split('"').find(|text| text.starts_with("/assets/app.") && !text.contains(".js"));
    let style = style.expect("the page to name its style sheet");
    let style = Request::get(atlas.address, style, &[("accept-encoding", "br")]);
    let style = bench.compare("GET app.css, brotli", &style).await;
    table.add(style.processor(Patience::Bounded));
    table.add(style.throughput().at_least(0.85));

    day(&mut bench, &ada, table).await;
    for (what, path) in [("GET /calendar, rendered", "/calendar?"), ("GET a habit's year, rendered", &habit)] {
        let rendered = bench.compare_with(what, "20", &ada.get(path), |connection| anew(&ada, path, connection)).await;
        table.add(rendered.processor(Patience::Bounded));
        table.add(rendered.throughput());
    }
    bench.others.iter().sum::<f64>() / bench.others.len() as f64
}

/// The day as it is now.
struct Page {
    text: String,
    tag: String,
}

/// Asked for on a new connection: those that were silent while others were measured are closed.
async fn page(person: &Person) -> Page {
    let mut connection = Connection::open(person.address).await.expect("a connection");
    let request = person.get("/today");
    let answer = connection.ask(&request).await.expect_success();
    Page { text: answer.text().to_owned(), tag: answer.header("etag").expect("a tag").to_owned() }
}

/// `/today` in each way it can be answered, always against hyper sending the whole page as it is.
async fn day(bench: &mut Bench<'_>, ada: &Person, table: &mut Table) {
    let day = ada.get("/today");
    let shown = page(ada).await.text.matches("<li class=\"tick-row\"").count();
    assert_eq!(shown, HABITS, "every habit is on the page");

    let rendered = |connection| anew(ada, "/today?", connection);
    let rendered = bench.compare_with("GET /today, 30 habits, rendered", "20", &day, rendered).await;
    table.add(rendered.processor(Patience::Bounded));
    let is_quiet = bench.others.iter().sum::<f64>() / (bench.others.len() as f64) < QUIET;
    table.add(rendered.throughput().at_least(if is_quiet { 0.5 } else { 0.35 }));

    let kept = bench.compare("GET /today, unchanged", &day).await;
    let packed = ada.get_with("/today", &[("accept-encoding", "gzip")]);
    let packed = bench.compare_with("GET /today, unchanged, gzip", "20", &day, |_| vec![packed.clone()]).await;
    let known = ada.get_with("/today", &[("if-none-match", &page(ada).await.tag)]);
    let known = bench.compare_with("GET /today, 304", "304", &day, |_| vec![known.clone()]).await;
    for (lanes, least) in [(kept, 0.9), (packed, 1.1), (known, 1.3)] {
        table.add(lanes.processor(Patience::Bounded));
        table.add(lanes.throughput().at_least(least));
    }
    let rendered = |connection| {
        let path = |number| format!("/today?{}", connection * ADDRESSES + number);
        (0..ADDRESSES).map(|number| ada.get_with(&path(number), &[("accept-encoding", "gzip")])).collect()
    };
    let rendered = bench.compare_with("GET /today, rendered, gzip", "20", &day, rendered).await;
    table.add(rendered.processor(Patience::Bounded));
    table.add(rendered.throughput());
}

/// The same page under addresses that only this connection asks for.
pub fn anew(person: &Person, path: &str, connection: usize) -> Vec<Request> {
    const { assert!(CONNECTIONS * ADDRESSES > 2 * ::atlas::web::MOST_PAGES, "more addresses than pages are kept") };
    (0..ADDRESSES).map(|number| person.get(&format!("{path}{}", connection * ADDRESSES + number))).collect()
}

/// Thirty habits of every day, kept for a week, a third of them ticked today. Answers where the last one's year is.
async fn settle_in(ada: &mut Person) -> String {
    note("preparing: Ada makes her habits");
    let mut last = String::new();
    for number in 1..=HABITS {
        let about = if number % 2 == 0 { "A quarter of an hour, the phone in another room." } else { "" };
        last = ada.makes(&format!("Read ten pages of book {number}"), about).await;
        let open_today = i64::from(number % 3 != 0);
        ada.has_done(&last, today() - jiff::Span::new().days(open_today), 7 - open_today).await;
    }
    format!("/habits/{last}?")
}
