//! A server or proxy that is down, and what a server does only after its start.

use std::sync::Arc;
use std::time::Duration;

use atlas::ops::context::OperatorContext;
use atlas::ops::protocol::{VerifyAnswer, VerifyCommand};
use atlas::ops::snapshots::run_schedule;
use atlas::ops::verify::agent;

use super::proxy::ProxyFault;
use super::staging::Staging;
use super::{NEEDS_SITE, assert_only_failure};
use crate::process::{exit_code, run, stdout};
use crate::world::World;

const TOKEN: &str = "the-token-of-the-operators-of-staging";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_is_reported_once_with_the_way_to_start_it() {
    let mut staging = Staging::new().await;
    staging.proxy.set_fault(ProxyFault::None);
    let closed = ["--url", "https://localhost:1"];
    let to_proxy = staging.verify_with(&closed, &[]);
    let skipped: Vec<&str> = ["tls"].into_iter().chain(NEEDS_SITE).filter(|id| *id != "health").collect();
    assert_only_failure(&to_proxy, "health", &skipped);
    assert!(
        to_proxy.item("health")["do"].as_str().unwrap().starts_with("the server runs, but"),
        "{:#}",
        to_proxy.report
    );

    staging.stop_server();
    let bad_gateway = ProxyFault::Respond("GET", "*", 502);
    for (flags, fault) in [(&[][..], ProxyFault::None), (&[], bad_gateway), (&closed, ProxyFault::None)] {
        staging.proxy.set_fault(fault);
        let result = staging.verify_with(flags, &[]);
        assert_eq!(result.items_in_state("failed"), ["health"], "{:#}", result.report);
        let others = result.report["items"].as_array().unwrap().iter().filter(|item| item["id"] != "health");
        for item in others {
            assert_eq!((&item["skip"], &item["because"]), (&"blocked".into(), &"health".into()), "{item}");
        }
        assert!(
            result.item("health")["do"].as_str().unwrap().contains("atlas serve --env staging"),
            "{:#}",
            result.report
        );
        let args = [&["verify", "--ca-file", "authority.pem"], flags].concat();
        let printed = tokio::task::block_in_place(|| run(staging.folder.path(), &args, &staging.variables()));
        assert_eq!(exit_code(&printed), 1);
        let printed = stdout(&printed);
        assert_eq!((printed.matches("FAILED").count(), printed.matches("fix: ").count()), (1, 1), "{printed}");
        assert!(printed.contains("(because health failed)"), "{printed}");
        assert!(printed.contains("no server for staging runs on this machine"), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_run_leaves_no_warning_in_the_log_of_the_server() {
    let staging = Staging::with_variables(&[("ATLAS_OPERATOR_TOKEN", TOKEN)]).await;
    staging.proxy.set_fault(ProxyFault::None);
    let log = || std::fs::read_to_string(staging.folder.path().join("log")).unwrap();
    let before = log().len();
    assert_eq!(staging.verify().exit_code, 0);
    let added = log().split_off(before);
    assert!(added.contains("executing an operator's command"), "{added}");
    assert!(!added.contains("\"WARN\"") && !added.contains("\"ERROR\""), "{added}");
}

#[tokio::test]
async fn right_after_the_first_start_the_first_snapshot_is_waited_for() {
    let world = World::new().await;
    let mut settings = world.settings.clone();
    let interval = Duration::from_hours(6);
    settings.snapshots.interval = Some(interval);
    let context = OperatorContext::new(Arc::clone(&world.state.app), &settings);
    let mut on_progress = |_: &str| ();
    let asked = agent::execute(&context, VerifyCommand::Snapshot, &mut on_progress);
    let answer = tokio::select! {
        biased;
        answer = asked => answer.unwrap(),
        () = run_schedule(&context, interval) => unreachable!("the schedule never ends"),
    };
    let VerifyAnswer::Snapshot(newest) = answer else { panic!("{answer:?}") };
    assert!(newest.snapshot.is_some() && !newest.is_due, "{newest:?}");
}
