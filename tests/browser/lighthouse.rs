//! Lighthouse's scores on a phone and on a desktop, with `ATLAS_TESTS=long`.
//!
//! The performance score depends on the machine, so it is printed but has no target.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::browser::{self, Device};
use super::browser_user::BrowserUser;
use super::page_checks::long_tests_enabled;
use super::seeded::sign_in_as_ines;
use super::server::Server;

const VISITOR_PAGES: [&str; 4] = ["/landing", "/sign-in", "/sign-up", "/forgot-password"];
const MEMBER_PAGES: [&str; 9] = [
    "/today",
    "/calendar",
    "/habits",
    "/habits/archive",
    "/insights",
    "/account",
    "/account/preferences",
    "/account/security",
    "/account/data",
];

/// The measured categories, in the order in which they are printed.
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];

fn lighthouse_path() -> PathBuf {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/lighthouse/node_modules/lighthouse/cli/index.js");
    assert!(file.is_file(), "{} is missing; ATLAS_TESTS=long tests/run installs it", file.display());
    file
}

/// Runs Lighthouse on a URL and returns its report.
fn run_lighthouse(url: &str, form_factor: &str, cookies: &str) -> Value {
    let mut command = Command::new("node");
    command.arg(lighthouse_path()).args([
        url,
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        "--no-enable-error-reporting",
    ]);
    command.arg("--chrome-flags=--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu");
    // Every environment except production must ask search engines not to index it.
    command.args(["--skip-audits=is-crawlable", &format!("--only-categories={}", CATEGORIES.join(","))]);
    if form_factor == "desktop" {
        command.arg("--preset=desktop");
    }
    if !cookies.is_empty() {
        command.arg(format!("--extra-headers={}", json!({ "Cookie": cookies })));
    }
    let output =
        command.env("CHROME_PATH", browser::chromium_path()).output().expect("node runs; tests/run installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("a report is JSON")
}

/// Prints the scores of a page, and returns the categories other than performance that score below 100.
#[allow(clippy::print_stdout, reason = "the scores are printed for reading")]
fn print_scores(page: &str, form_factor: &str, report: &Value) -> Vec<String> {
    let final_url = report["finalDisplayedUrl"].as_str().unwrap_or_default();
    assert!(final_url.ends_with(page), "{page} redirects to {final_url}");
    let score = |category: &str| report["categories"][category]["score"].as_f64().map_or(-1.0, |score| score * 100.0);
    println!(
        "| {page:<18} | {form_factor:<7} | {} |",
        CATEGORIES.map(|category| format!("{:>3.0}", score(category))).join(" | ")
    );
    let mut failures = Vec::new();
    for category in CATEGORIES.into_iter().skip(1).filter(|category| score(category) < 100.0) {
        let audits = report["categories"][category]["auditRefs"].as_array().unwrap().iter();
        let failed = audits.map(|audit| audit["id"].as_str().unwrap());
        let failed = failed.filter(|id| report["audits"][id]["score"].as_f64().is_some_and(|score| score < 1.0));
        failures.push(format!("{page}, {form_factor}, {category}: {}", failed.collect::<Vec<_>>().join(", ")));
    }
    failures
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the scores are printed for reading")]
async fn lighthouse_scores_100_in_all_categories_but_performance() {
    if !long_tests_enabled() {
        return;
    }
    let ines = BrowserUser::open(Device::DESKTOP, Server::start_seeded()).await;
    sign_in_as_ines(&ines).await;
    let cookies = ines.with_timeout("the cookies", ines.browser.client.get_all_cookies()).await;
    let cookies: Vec<_> = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value())).collect();
    ines.visit("/habits").await;
    let habit = ines.run_script("return document.querySelector('.habit-title').getAttribute('href')").await;
    println!("| page               | form    | {} |", CATEGORIES.join(" | "));
    let visitor_pages = VISITOR_PAGES.iter().map(|page| (*page, String::new()));
    let member_pages = MEMBER_PAGES.iter().copied().chain(habit.as_str());
    let member_pages = member_pages.map(|page| (page, cookies.join("; ")));
    let mut failures = Vec::new();
    for (page, cookies) in visitor_pages.chain(member_pages) {
        for form_factor in ["phone", "desktop"] {
            let url = format!("{}{page}", ines.server.base_url);
            failures.extend(print_scores(page, form_factor, &run_lighthouse(&url, form_factor, &cookies)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
