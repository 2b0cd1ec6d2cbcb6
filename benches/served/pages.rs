//! Read-only requests: health, a member's pages, an asset, and a missing page.

use std::path::Path;

use crate::baseline::HeaderTimeout;
use crate::client::{Connection, Request};
use crate::comparison::{CONNECTIONS, HttpBench};
use crate::mixed_habits;
use crate::server::{Member, Server, today};
use crate::table::Table;
use crate::{Plan, print_progress};

/// Habits on the day's page.
pub const HABITS: usize = 30;
/// Below this share of the CPU time used by other programs, the machine is quiet.
const QUIET_CPU_SHARE: f64 = 0.1;
/// Distinct URLs of one page that each connection requests in turn. All connections together request more URLs than Atlas caches
/// per member, so every page is rendered.
const ADDRESSES: usize = 4;

/// Measures all of them. Returns the share of the CPU time that other programs used meanwhile.
pub async fn measure(plan: &Plan, atlas: &Server, folder: &Path, table: &mut Table) -> f64 {
    let mut ada = Member::create(atlas, "ada").await;
    let habit_year = prepare_habits(&mut ada).await;
    let mut bench = HttpBench { plan, atlas, folder, other_cpu_shares: Vec::new() };
    let get = |path: &str| Request::get(atlas.address, path, &[]);
    let health = bench.compare("GET /api/health", &get("/api/health")).await;
    table.add(health.cpu_row(HeaderTimeout::SameAsAtlas).at_most(1.3));
    table.add(health.cpu_row(HeaderTimeout::Unlimited));
    table.add(health.throughput_row());

    // Both are refused in the same way, so that only the routing differs.
    let (first, last) = (get("/api/account/2fa"), get("/api/admin/exports/habits"));
    let [first, last] = bench.compare_two(("first route", &first), ("last route, signed out", &last), "401").await;
    table.add(last.cpu_row_against(&first).at_most(1.1));
    let missing = bench.compare_with("GET /nothing, 404", "404", &get("/nothing"), |_| vec![get("/nothing")]).await;
    table.add(missing.cpu_row(HeaderTimeout::SameAsAtlas));

    let style = fetch_today(&ada).await;
    let style = style.text.split('"').find(|text| text.starts_with("/assets/app.") && !text.contains(".js"));
    let style = style.expect("the page names its style sheet");
    let style = Request::get(atlas.address, style, &[("accept-encoding", "br")]);
    let style = bench.compare("GET app.css, brotli", &style).await;
    table.add(style.cpu_row(HeaderTimeout::SameAsAtlas));
    table.add(style.throughput_row().at_least(0.85));

    measure_today(&mut bench, &ada, table).await;
    mixed_habits::measure(&mut bench, table).await;
    for (name, path) in [("GET /calendar, rendered", "/calendar?"), ("GET a habit's year, rendered", &habit_year)] {
        let rendered = bench
            .compare_with(name, "20", &ada.get_request(path), |connection| rendered_requests(&ada, path, connection))
            .await;
        table.add(rendered.cpu_row(HeaderTimeout::SameAsAtlas));
        table.add(rendered.throughput_row());
    }
    bench.other_cpu_shares.iter().sum::<f64>() / bench.other_cpu_shares.len() as f64
}

/// The page of the current day.
struct TodayPage {
    text: String,
    etag: String,
}

/// Uses a new connection, because Atlas closes those that were idle during other measurements.
async fn fetch_today(member: &Member) -> TodayPage {
    let mut connection = Connection::open(member.address).await.expect("a connection");
    let request = member.get_request("/today");
    let response = connection.send(&request).await.expect_success();
    TodayPage { text: response.text().to_owned(), etag: response.header("etag").expect("an ETag").to_owned() }
}

/// Measures `/today` rendered, cached, compressed and unmodified, always against hyper sending the whole uncompressed page.
async fn measure_today(bench: &mut HttpBench<'_>, ada: &Member, table: &mut Table) {
    let today = ada.get_request("/today");
    let shown = fetch_today(ada).await.text.matches("<li class=\"completion-row\"").count();
    assert_eq!(shown, HABITS, "every habit is on the page");

    let rendered = |connection| rendered_requests(ada, "/today?", connection);
    let rendered = bench.compare_with("GET /today, 30 habits, rendered", "20", &today, rendered).await;
    table.add(rendered.cpu_row(HeaderTimeout::SameAsAtlas));
    let is_quiet = bench.other_cpu_shares.iter().sum::<f64>() / (bench.other_cpu_shares.len() as f64) < QUIET_CPU_SHARE;
    table.add(rendered.throughput_row().at_least(if is_quiet { 0.5 } else { 0.35 }));

    let cached = bench.compare("GET /today, unchanged", &today).await;
    let gzip = ada.get_request_with("/today", &[("accept-encoding", "gzip")]);
    let gzip = bench.compare_with("GET /today, unchanged, gzip", "20", &today, |_| vec![gzip.clone()]).await;
    let conditional = ada.get_request_with("/today", &[("if-none-match", &fetch_today(ada).await.etag)]);
    let not_modified = bench.compare_with("GET /today, 304", "304", &today, |_| vec![conditional.clone()]).await;
    for (comparison, least) in [(cached, 0.9), (gzip, 1.1), (not_modified, 1.3)] {
        table.add(comparison.cpu_row(HeaderTimeout::SameAsAtlas));
        table.add(comparison.throughput_row().at_least(least));
    }
    let rendered = |connection| {
        let path = |number| format!("/today?{}", connection * ADDRESSES + number);
        (0..ADDRESSES).map(|number| ada.get_request_with(&path(number), &[("accept-encoding", "gzip")])).collect()
    };
    let rendered = bench.compare_with("GET /today, rendered, gzip", "20", &today, rendered).await;
    table.add(rendered.cpu_row(HeaderTimeout::SameAsAtlas));
    table.add(rendered.throughput_row());
}

/// Requests for one page under URLs that no other connection uses, so that Atlas renders each.
pub fn rendered_requests(member: &Member, path: &str, connection: usize) -> Vec<Request> {
    const { assert!(CONNECTIONS * ADDRESSES > 2 * atlas::web::MAX_PAGES_PER_USER, "more URLs than cached pages") };
    (0..ADDRESSES).map(|number| member.get_request(&format!("{path}{}", connection * ADDRESSES + number))).collect()
}

/// Creates 30 daily habits, completes them for a week, and a third of them today. Returns the path of the last one's year.
async fn prepare_habits(ada: &mut Member) -> String {
    print_progress("preparing: Ada creates her habits");
    let mut last = String::new();
    for number in 1..=HABITS {
        let description = if number % 2 == 0 { "A quarter of an hour, the phone in another room." } else { "" };
        last = ada.create_habit(&format!("Read ten pages of book {number}"), description).await;
        let open_today = i64::from(number % 3 != 0);
        ada.complete_days(&last, today() - jiff::Span::new().days(open_today), 7 - open_today).await;
    }
    format!("/habits/{last}?")
}
