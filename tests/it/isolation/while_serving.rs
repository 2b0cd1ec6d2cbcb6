//! Attempts to mix environments while a server is running.

use std::sync::atomic::{AtomicBool, Ordering};

use super::deployment::{Deployment, SNAPSHOT_ID, STAGING};
use crate::process::{Server, http_get};

fn serve_staging() -> (Deployment, Server) {
    let deployment = Deployment::new();
    let server = Server::start_with(deployment.path(), &["--env", "staging"], STAGING);
    (deployment, server)
}

#[test]
fn a_running_staging_server_rejects_a_rollback_to_a_production_snapshot() {
    let (deployment, server) = serve_staging();
    for (forge_manifest, reason) in [(false, "is of file"), (true, "it holds file")] {
        deployment.copy_production_snapshot("staging", forge_manifest);
        let result = deployment.run(&["rollback", "--env", "staging", "--to", SNAPSHOT_ID], &[], "staging");
        assert_eq!(result.exit, Some(1), "{}", result.output);
        assert!(result.output.contains(reason) && result.output.contains("of “production”"), "{}", result.output);
        let listed = deployment.run(&["snapshot", "list", "--env", "staging"], &[], "staging").output;
        assert!(!listed.contains("rollback") && !listed.contains("not proven"), "{listed}");
        assert!(http_get(server.port, "/api/health").starts_with("HTTP/1.1 200 "));
    }
    server.signal("TERM");
    assert_eq!(server.wait().0, Some(0));
    assert_eq!(
        deployment.run(&["serve", "--env", "staging"], &[], "staging").exit,
        None,
        "staging no longer serves its file"
    );
}

#[test]
fn snapshots_taken_while_a_second_server_is_refused_verify() {
    let (deployment, _server) = serve_staging();
    let is_done = AtomicBool::new(false);
    let snapshot_count = std::thread::scope(|scope| {
        let snapshots = scope.spawn(|| {
            let mut count = 0;
            while count == 0 || !is_done.load(Ordering::Relaxed) {
                let result = deployment.run(&["snapshot", "create", "--env", "staging"], &[], "staging");
                assert_eq!(result.exit, Some(0), "{}", result.output);
                count += 1;
            }
            count
        });
        for _ in 0..5 {
            let result = deployment.run(&["serve", "--env", "staging"], &[], "staging");
            assert_eq!(result.exit, Some(69), "{}", result.output);
            assert!(result.output.contains("is in use"), "{}", result.output);
        }
        is_done.store(true, Ordering::Relaxed);
        snapshots.join().unwrap()
    });
    let verified = deployment.run(&["snapshot", "verify", "--env", "staging", "--json"], &[], "staging");
    assert_eq!(verified.exit, Some(0), "{}", verified.output);
    // The server takes one more when it starts.
    assert!(verified.output.matches("\"provenAt\"").count() >= snapshot_count, "{snapshot_count}: {}", verified.output);
}
