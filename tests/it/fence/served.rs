//! Ways across that begin while an environment is served.

use std::sync::atomic::{AtomicBool, Ordering};

use super::team::{SNAPSHOT, STAGING, Team};
use crate::process::{Server, get};

fn served() -> (Team, Server) {
    let team = Team::founded();
    let server = Server::start_with(team.path(), &["--env", "staging"], STAGING);
    (team, server)
}

#[test]
fn a_snapshot_of_production_is_not_put_in_place_while_staging_is_served() {
    let (team, server) = served();
    for (claims, why) in [(false, "is of file"), (true, "it holds file")] {
        team.puts_snapshot("staging", claims);
        let tried = team.tries(&["rollback", "--env", "staging", "--to", SNAPSHOT], &[], "staging");
        assert_eq!(tried.exit, Some(1), "{}", tried.said);
        assert!(tried.said.contains(why) && tried.said.contains("of “production”"), "{}", tried.said);
        let listed = team.tries(&["snapshot", "list", "--env", "staging"], &[], "staging").said;
        assert!(!listed.contains("rollback") && !listed.contains("not proven"), "{listed}");
        assert!(get(server.port, "/api/health").starts_with("HTTP/1.1 200 "));
    }
    server.signal("TERM");
    assert_eq!(server.ends().0, Some(0));
    assert_eq!(team.tries(&["serve", "--env", "staging"], &[], "staging").exit, None, "it is staging's file still");
}

#[test]
fn a_second_server_is_refused_while_snapshots_are_taken_and_these_hold() {
    let (team, _server) = served();
    let over = AtomicBool::new(false);
    let taken = std::thread::scope(|scope| {
        let taking = scope.spawn(|| {
            let mut taken = 0;
            while taken == 0 || !over.load(Ordering::Relaxed) {
                let tried = team.tries(&["snapshot", "create", "--env", "staging"], &[], "staging");
                assert_eq!(tried.exit, Some(0), "{}", tried.said);
                taken += 1;
            }
            taken
        });
        for _ in 0..5 {
            let tried = team.tries(&["serve", "--env", "staging"], &[], "staging");
            assert_eq!(tried.exit, Some(69), "{}", tried.said);
            assert!(tried.said.contains("is in use"), "{}", tried.said);
        }
        over.store(true, Ordering::Relaxed);
        taking.join().unwrap()
    });
    let listed = team.tries(&["snapshot", "verify", "--env", "staging", "--json"], &[], "staging");
    assert_eq!(listed.exit, Some(0), "{}", listed.said);
    // The server takes one of its own when it starts.
    assert!(listed.said.matches("\"provenAt\"").count() >= taken, "{taken}: {}", listed.said);
}
