//! What others notice of many people who sign in at once, and what memory that takes.

use crate::atlas::{Atlas, Person};
use crate::client::{Crowd, Script};
use crate::measure::{Load, pair, resident_megabytes};
use crate::pages::anew;
use crate::table::Figure::{Megabytes, PerSecond};
use crate::table::{Row, Table};
use crate::{Plan, note};

/// How many sign in at once, over and over.
const SIGNING_IN: usize = 32;
/// How many ask for pages meanwhile.
const READING: usize = 8;

/// Measures pages alone and beside sign-ins, in turn.
pub async fn measure(plan: &Plan, atlas: &Atlas, table: &mut Table) {
    note("preparing: a crowd that will sign in");
    let bela = Person::welcome(atlas, "bela").await;
    // Each with an account: whoever guesses at one account many times at once is a stranger.
    let names: Vec<String> = (0..SIGNING_IN).map(|number| format!("guest{number}")).collect();
    for name in &names {
        Person::welcome(atlas, name).await;
    }
    note("measuring pages beside sign-ins");
    let reading = async || {
        let script = |connection| Script::of(anew(&bela, "/today?", connection));
        Crowd::gather(atlas.address, (0..READING).map(script).collect()).await
    };
    let (mut alone, mut beside, mut signed_in) = (Vec::new(), Vec::new(), Vec::new());
    reading().await.ask_for(plan.turn).await;
    let before = resident_megabytes(atlas.pid());
    for _ in 0..plan.rounds {
        alone.push(reading().await.ask_for(plan.turn).await);
        let sign_in = |name: &String| Script::of(vec![Person::sign_in(atlas, name)]);
        let crowd = Crowd::gather(atlas.address, names.iter().map(sign_in).collect()).await;
        let readers = reading().await;
        // A sign-in takes its time: so that some are answered, and all of the reading is beside them.
        let (done, read) = tokio::join!(crowd.ask_for(plan.turn), readers.ask_for(plan.turn));
        signed_in.push(done);
        beside.push(read);
    }
    let grown = resident_megabytes(atlas.pid()) - before;
    let pages = pair(&beside, Load::per_second, &alone, Load::per_second);
    let what = format!("pages beside {SIGNING_IN} who sign in at once");
    let row = Row::against(&what, PerSecond(pages.ours), "pages alone", PerSecond(pages.theirs), pages.ratio);
    table.add(row.at_least(0.5));
    let sign_ins = crate::measure::median(signed_in.iter().map(Load::per_second));
    table.add(Row::alone("sign-ins meanwhile", PerSecond(sign_ins)));
    table.add(Row::alone(format!("{what}: memory more"), Megabytes(grown)).at_most(25.0));
}
