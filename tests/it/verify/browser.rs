//! What no browser can use, or what strangers could misuse, although every request of the checklist gets its answer: each fault of
//! a proxy fails exactly its item. Faults of different items are planted together.

use super::proxy::ProxyFault::{
    AddCredentialsTo, AddHeader, All, KeepForwardedFor, None, RedirectWithoutTls, RemoveForwardedFor, ReplaceInHeader,
    Respond, ServeWithoutTls, SetHeader,
};
use super::staging::{Staging, credentials};
use super::{NO_ITEMS, assert_failures, assert_only_failure};

const LOOSE_POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self' data:; \
                            connect-src *; frame-ancestors 'none'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_takes_from_browsers_or_opens_to_strangers_fails_its_item() {
    let staging = Staging::new().await;
    let runs = [
        vec![
            ("gate", Respond("GET", "/metrics", 200), "no metrics"),
            (
                "headers",
                SetHeader("content-security-policy", LOOSE_POLICY),
                "content-security-policy: default-src 'none'",
            ),
            ("cookies", ReplaceInHeader("set-cookie", "; Secure", ""), "Secure"),
            ("redirects", SetHeader("location", "https://www.example.com/landing"), "redirects to a page at https"),
            ("assets", Respond("GET", "/assets/*", 403), "answers 200"),
            ("client-address", RemoveForwardedFor, "adds the client's address"),
        ],
        vec![
            ("gate", AddCredentialsTo("/insights", credentials()), "credentials at /insights"),
            ("headers", AddHeader("x-frame-options", "ALLOWALL"), "x-frame-options: DENY"),
            ("cookies", ReplaceInHeader("set-cookie", "Path=/", "Path=/app"), "Path=/;"),
            ("redirects", ServeWithoutTls, "http://localhost"),
            ("assets", ReplaceInHeader("content-type", "text/javascript", "text/plain"), "is text/javascript"),
            ("client-address", KeepForwardedFor, "adds the client's address"),
        ],
        vec![
            ("gate", AddCredentialsTo("/api/habits", credentials()), "credentials at /api/habits"),
            ("headers", ReplaceInHeader("cache-control", "no-store", "public"), "cache-control: no-store"),
            ("cookies", ReplaceInHeader("set-cookie", "SameSite=Lax", "SameSite=None"), "SameSite=Lax"),
            ("redirects", ReplaceInHeader("location", "/", "http://localhost:3000/"), "redirects to a page at https"),
            ("assets", Respond("GET", "/manifest.webmanifest", 403), "/manifest.webmanifest answers 200"),
        ],
    ];
    for run in runs {
        let items: Vec<_> = run.iter().map(|(id, ..)| *id).collect();
        staging.proxy.set_fault(All(run.iter().map(|(_, fault, _)| fault.clone()).collect()));
        let result = staging.verify();
        assert_failures(&result, &items, NO_ITEMS);
        for (id, _, expected) in run {
            let item = result.item(id);
            assert!(item["expected"].as_str().unwrap().contains(expected), "{item}");
        }
    }
    staging.proxy.set_fault(RedirectWithoutTls(format!("https://localhost:{}/sign-in", staging.proxy.port)));
    let redirected = staging.verify();
    assert_eq!(redirected.exit_code, 0, "{:#}", redirected.report);
    assert!(redirected.item("redirects")["note"].as_str().unwrap().ends_with("redirects to https"));
    assert!(redirected.item("client-address")["note"].as_str().unwrap().starts_with("this machine is 192.0.2."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_trusted_proxies_fail_only_the_client_address_item() {
    for (trusted, seen, fix) in [
        ("10.0.0.0/8", "takes 127.0.0.1 for the address of every client", "add 127.0.0.1 to trusted_proxies"),
        ("127.0.0.1,192.0.2.0/24", "believes it from 192.0.2.1", "list only the proxies in trusted_proxies"),
    ] {
        let staging = Staging::with_variables(&[("ATLAS_TRUSTED_PROXIES", trusted)]).await;
        staging.proxy.set_fault(None);
        let result = staging.verify();
        assert_only_failure(&result, "client-address", NO_ITEMS);
        let item = result.item("client-address");
        assert!(item["seen"].as_str().unwrap().contains(seen) && item["do"].as_str().unwrap().contains(fix), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_runs_another_release_than_expected_fails_only_the_release_item() {
    let staging = Staging::new().await;
    staging.proxy.set_fault(None);
    let other = "0123456789abcdef".repeat(4);
    let result = staging.verify_with(&["--expect-release", &other], &[]);
    assert_only_failure(&result, "release", NO_ITEMS);
    assert_eq!(result.item("release")["expected"], "release 0123456789ab");

    staging.proxy.set_fault(None);
    let running = result.report["binary"].as_str().unwrap().to_uppercase();
    assert_eq!(staging.verify_with(&["--expect-release", &running], &[]).exit_code, 0);

    // On the server's machine, the link says what should run.
    let current = staging.data_folder().join("releases/current");
    std::fs::remove_file(&current).unwrap();
    std::os::unix::fs::symlink("0123456789ab/atlas", &current).unwrap();
    staging.proxy.set_fault(None);
    assert_only_failure(&staging.verify(), "release", NO_ITEMS);

    let typed = staging.verify_with(&["--expect-release", "latest"], &[]);
    assert_eq!(typed.exit_code, 2, "{}", typed.stderr);
}
