//! How much concurrent sign-ins slow down pages, and how much memory they take.

use crate::client::{LoadGenerator, Script};
use crate::measure::{LoadResult, compare_rounds, median, resident_megabytes};
use crate::pages::rendered_requests;
use crate::server::{Member, Server};
use crate::table::Quantity::{Megabytes, PerSecond};
use crate::table::{Row, Table};
use crate::{Plan, print_progress};

/// Members who sign in concurrently, repeatedly.
const SIGN_IN_CLIENTS: usize = 32;
/// Connections that request pages meanwhile.
const PAGE_CLIENTS: usize = 8;

/// Measures pages alone and during sign-ins, in turn.
pub async fn measure(plan: &Plan, atlas: &Server, table: &mut Table) {
    print_progress("preparing: members who will sign in");
    let bela = Member::create(atlas, "bela").await;
    // One account each: many concurrent attempts on one account would be rate limited.
    let names: Vec<String> = (0..SIGN_IN_CLIENTS).map(|number| format!("guest{number}")).collect();
    for name in &names {
        Member::create(atlas, name).await;
    }
    print_progress("measuring pages during sign-ins");
    let connect_page_clients = async || {
        let script = |connection| Script::new(rendered_requests(&bela, "/today?", connection));
        LoadGenerator::connect(atlas.address, (0..PAGE_CLIENTS).map(script).collect()).await
    };
    let (mut alone, mut during, mut sign_ins) = (Vec::new(), Vec::new(), Vec::new());
    connect_page_clients().await.run_for(plan.sample_duration).await;
    let memory_before = resident_megabytes(atlas.pid());
    for _ in 0..plan.rounds {
        alone.push(connect_page_clients().await.run_for(plan.sample_duration).await);
        let script = |name: &String| Script::new(vec![Member::sign_in_request(atlas, name)]);
        let sign_in_clients = LoadGenerator::connect(atlas.address, names.iter().map(script).collect()).await;
        let page_clients = connect_page_clients().await;
        // Both run for the same time: some sign-ins finish, and every page is requested beside them.
        let (signed_in, pages) =
            tokio::join!(sign_in_clients.run_for(plan.sample_duration), page_clients.run_for(plan.sample_duration));
        sign_ins.push(signed_in);
        during.push(pages);
    }
    let memory_growth = resident_megabytes(atlas.pid()) - memory_before;
    let pages = compare_rounds(&during, LoadResult::per_second, &alone, LoadResult::per_second);
    let name = format!("pages during {SIGN_IN_CLIENTS} concurrent sign-ins");
    let row = Row::relative(&name, PerSecond(pages.subject), "pages alone", PerSecond(pages.baseline), pages.ratio);
    table.add(row.at_least(0.5));
    let rate = median(sign_ins.iter().map(LoadResult::per_second));
    table.add(Row::absolute("sign-ins meanwhile", PerSecond(rate)));
    table.add(Row::absolute(format!("{name}: memory growth"), Megabytes(memory_growth)).at_most(25.0));
}
