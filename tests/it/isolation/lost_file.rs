//! A data file that is missing although there was one: no command creates another in its place unless the operator types the
//! environment's name.

use std::fs;

use atlas::domain::backup::snapshot_id::SnapshotId;

use super::deployment::{CommandResult, Deployment};

const MISSING: &str = "data/production/atlas.redb";

/// A production whose data file was moved away, with snapshots, and the name of the newest one.
fn production_without_its_file() -> (Deployment, String) {
    let deployment = Deployment::new();
    let created = deployment.run(&["snapshot", "create", "--env", "production"], &[], "production");
    // Names are ordered to the second, so of two in one second the last name counts as the newest.
    let folder = fs::read_dir(deployment.path_to("data/production/snapshots")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let id = names.filter_map(|name| name.strip_suffix(".json")?.parse::<SnapshotId>().ok()).max();
    let id = id.unwrap_or_else(|| panic!("{}", created.output)).to_string();
    fs::rename(deployment.path_to(MISSING), deployment.path_to("moved.redb")).unwrap();
    (deployment, id)
}

#[test]
fn a_missing_data_file_is_not_replaced_by_an_empty_one_and_works_once_it_is_back() {
    let (deployment, id) = production_without_its_file();
    let before = deployment.read_files();
    for (args, exit) in [
        (&["serve"][..], 74),
        (&["user", "list"], 74),
        (&["snapshot", "create"], 74),
        (&["migrate", "up"], 74),
        (&["init"], 74),
        (&["init", "--confirm", "staging"], 1),
        (&["check"], 1),
    ] {
        let CommandResult { exit: found, output } =
            deployment.run(&[args, &["--env", "production"]].concat(), &[], "production");
        assert_eq!(found, Some(exit), "{args:?}: {output}");
        if !args.contains(&"staging") {
            let restore = format!("atlas rollback --env production --to {id} --confirm production");
            for part in ["is missing", "identity.json", &restore, "atlas init --env production --confirm production"] {
                assert!(output.contains(part), "{args:?} doesn't say {part}: {output}");
            }
        }
    }
    assert_eq!(deployment.changed_files(&before), Vec::<std::path::PathBuf>::new());
    fs::rename(deployment.path_to("moved.redb"), deployment.path_to(MISSING)).unwrap();
    assert_eq!(deployment.run(&["serve", "--env", "production"], &[], "production").exit, None);
}

#[test]
fn snapshots_or_a_served_release_show_that_there_was_a_data_file() {
    let (deployment, _) = production_without_its_file();
    let serve = || deployment.run(&["serve", "--env", "production"], &[], "production");
    fs::remove_file(deployment.path_to("data/production/identity.json")).unwrap();
    let refused = serve();
    assert_eq!(refused.exit, Some(74));
    assert!(refused.output.contains("data/production/snapshots shows"), "{}", refused.output);
    fs::remove_dir_all(deployment.path_to("data/production/snapshots")).unwrap();
    let refused = serve();
    assert_eq!(refused.exit, Some(74));
    assert!(refused.output.contains("release.json shows"), "{}", refused.output);
    // A report imported before the first start, and another environment's identity in a copied folder, show nothing.
    let releases = deployment.path_to("data/production/releases");
    fs::remove_dir_all(&releases).unwrap();
    fs::create_dir_all(releases.join("0123456789ab")).unwrap();
    fs::write(releases.join("0123456789ab/approval.json"), "{}").unwrap();
    fs::copy(deployment.path_to("data/staging/identity.json"), deployment.path_to("data/production/identity.json"))
        .unwrap();
    assert_eq!(serve().exit, None);
}

#[test]
fn an_operator_who_types_the_name_starts_anew_and_one_who_restores_gets_the_data_back() {
    let (deployment, id) = production_without_its_file();
    let anew = deployment.duplicate();
    let init = ["init", "--env", "production", "--confirm", "production"];
    let created = anew.run(&init, &[], "production");
    assert_eq!(created.exit, Some(0), "{}", created.output);
    assert_eq!(anew.run(&["serve", "--env", "production"], &[], "production").exit, None);
    let again = anew.run(&init, &[], "production");
    assert!(again.exit == Some(1) && again.output.contains("exists already"), "{}", again.output);

    let rollback = ["rollback", "--env", "production", "--to", &id, "--confirm", "production"];
    let restored = deployment.run(&rollback, &[], "production");
    assert_eq!(restored.exit, Some(0), "{}", restored.output);
    assert_eq!(deployment.run(&["serve", "--env", "production"], &[], "production").exit, None);
}

#[test]
fn a_deleted_data_file_of_staging_is_replaced_by_seeding_with_reset() {
    let deployment = Deployment::new();
    fs::remove_file(deployment.path_to("data/staging/atlas.redb")).unwrap();
    assert_eq!(deployment.run(&["seed", "--env", "staging"], &[], "staging").exit, Some(74));
    let reset = ["seed", "--env", "staging", "--reset", "--confirm", "staging"];
    assert_eq!(deployment.run(&reset, &[], "staging").exit, Some(0));
}
