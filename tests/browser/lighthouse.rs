//! What Lighthouse measures on a phone and on a desktop, when `ATLAS_TESTS=long`.
//!
//! What a page needs to be fast depends on the machine, so its figure is printed and not held against anything.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::browser::{self, Device};
use super::faultless::takes_long;
use super::person::Person;
use super::seeded::signs_in;
use super::server::Server;

const FOR_STRANGERS: [&str; 4] = ["/landing", "/sign-in", "/sign-up", "/forgot-password"];
const FOR_MEMBERS: [&str; 6] = ["/today", "/calendar", "/habits", "/habits/archive", "/insights", "/account"];

/// What is measured, in the order it is printed.
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];

fn program() -> PathBuf {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/lighthouse/node_modules/lighthouse/cli/index.js");
    assert!(file.is_file(), "{} is missing; ATLAS_TESTS=long tests/run installs it", file.display());
    file
}

/// Lighthouse's report on an address.
fn report(address: &str, form: &str, cookies: &str) -> Value {
    let mut command = Command::new("node");
    command.arg(program()).args([
        address,
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        "--no-enable-error-reporting",
    ]);
    command.arg("--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu");
    // Everything but production asks search engines to stay away, and has to.
    command.args(["--skip-audits=is-crawlable", &format!("--only-categories={}", CATEGORIES.join(","))]);
    if form == "desktop" {
        command.arg("--preset=desktop");
    }
    if !cookies.is_empty() {
        command.arg(format!("--extra-headers={}", json!({ "Cookie": cookies })));
    }
    let ended = command.env("CHROME_PATH", browser::binary()).output().expect("node runs; tests/run installs it");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    serde_json::from_slice(&ended.stdout).expect("a report is JSON")
}

/// Prints the figures of a page, and answers what is short of 100 beside performance.
#[allow(clippy::print_stdout, reason = "the figures are there to be read")]
fn measured(page: &str, form: &str, report: &Value) -> Vec<String> {
    let ended_on = report["finalDisplayedUrl"].as_str().unwrap_or_default();
    assert!(ended_on.ends_with(page), "{page} led to {ended_on}");
    let score = |category: &str| report["categories"][category]["score"].as_f64().map_or(-1.0, |score| score * 100.0);
    println!(
        "| {page:<18} | {form:<7} | {} |",
        CATEGORIES.map(|category| format!("{:>3.0}", score(category))).join(" | ")
    );
    let mut short = Vec::new();
    for category in CATEGORIES.into_iter().skip(1).filter(|category| score(category) < 100.0) {
        let audits = report["categories"][category]["auditRefs"].as_array().unwrap().iter();
        let failed = audits.map(|audit| audit["id"].as_str().unwrap());
        let failed = failed.filter(|id| report["audits"][id]["score"].as_f64().is_some_and(|score| score < 1.0));
        short.push(format!("{page}, {form}, {category}: {}", failed.collect::<Vec<_>>().join(", ")));
    }
    short
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the figures are there to be read")]
async fn lighthouse_finds_nothing_wrong_on_a_phone_and_on_a_desktop() {
    if !takes_long() {
        return;
    }
    let ines = Person::with(Device::DESKTOP, Server::seeded()).await;
    signs_in(&ines).await;
    let cookies = ines.within("the cookies", ines.browser.client.get_all_cookies()).await;
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    println!("| page               | form    | {} |", CATEGORIES.join(" | "));
    let strangers = FOR_STRANGERS.iter().map(|page| (page, String::new()));
    let members = FOR_MEMBERS.iter().map(|page| (page, cookies.join("; ")));
    let mut short = Vec::new();
    for (page, cookies) in strangers.chain(members) {
        for form in ["phone", "desktop"] {
            let address = format!("{}{page}", ines.server.address);
            short.extend(measured(page, form, &report(&address, form, &cookies)));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}
