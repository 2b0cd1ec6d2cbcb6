//! Isolation of environments: every known way to mix them, tried with the real binary.
//!
//! Each row of [`conflict_cases::CONFLICT_CASES`] starts from a folder in which production and staging have been
//! served, makes a mistake, and runs a command. The command must fail with the exit code and message of the row, and no
//! byte below the folder may change. Where a server would be refused, `atlas check` must report the same.

mod comparisons;
mod conflict_cases;
mod deployment;
mod foreign_credentials;
mod lost_file;
mod mounts;
mod stamp_edits;
mod while_serving;

use std::fs;
use std::os::unix::fs::PermissionsExt;

pub use deployment::copy_folder;
use deployment::{CommandResult, Deployment, STAGING};
use serde_json::Value;
use stamp_edits::{MacEdit, edit_stamp};

#[test]
fn every_environment_conflict_is_refused_and_nothing_is_written() {
    let template = Deployment::new();
    let mut failures = Vec::new();
    for case in conflict_cases::CONFLICT_CASES {
        let deployment = template.duplicate();
        (case.setup)(&deployment);
        let files = deployment.read_files();
        let CommandResult { exit, output } = deployment.run(case.args, case.variables, case.run_as);
        if exit != Some(case.exit) {
            failures.push(format!("{}: exit {exit:?}, expected {}:\n{output}", case.name, case.exit));
            continue;
        }
        failures.extend(missing_parts(case, "the command", &output));
        if deployment.read_files() != files {
            failures.push(format!("{}: files were changed: {:?}", case.name, deployment.changed_files(&files)));
        }
        if case.args.first() == Some(&"serve") {
            let args = [&["check"], &case.args[1..]].concat();
            let CommandResult { exit, output } = deployment.run(&args, case.variables, case.run_as);
            if exit != Some(case.exit) {
                failures.push(format!("{}: check exits {exit:?}:\n{output}", case.name));
            }
            failures.extend(missing_parts(case, "check", &output));
            if deployment.read_files() != files {
                failures.push(format!("{}: check changed files: {:?}", case.name, deployment.changed_files(&files)));
            }
        }
    }
    print_summary(format_args!(
        "{} conflicts tried, {} refused",
        conflict_cases::CONFLICT_CASES.len(),
        conflict_cases::CONFLICT_CASES.len() - failures.len()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
fn print_summary(summary: std::fmt::Arguments<'_>) {
    println!("{summary}");
}

/// Reports the expected parts that the message lacks.
fn missing_parts(case: &conflict_cases::ConflictCase, command: &str, output: &str) -> Option<String> {
    let missing: Vec<&&str> = case.expected.iter().filter(|part| !output.contains(**part)).collect();
    (!missing.is_empty()).then(|| format!("{}: {command} does not say {missing:?}:\n{output}", case.name))
}

#[test]
fn correctly_configured_environments_start() {
    let deployment = Deployment::new();
    for environment in ["production", "staging", "development"] {
        let CommandResult { exit, output } = deployment.run(&["check", "--env", environment], &[], environment);
        assert_eq!(exit, Some(0), "{output}");
        assert_eq!(
            deployment.run(&["serve", "--env", environment], &[], environment).exit,
            None,
            "{environment} did not start"
        );
    }
    let reset = deployment.run(&["seed", "--env", "staging", "--reset", "--confirm", "staging"], &[], "staging");
    assert_eq!(reset.exit, Some(0), "{}", reset.output);
    assert_eq!(
        deployment.run(&["serve", "--env", "staging"], &[], "staging").exit,
        None,
        "staging refused its new file"
    );
}

fn assert_staging_starts(deployment: &Deployment) {
    let result = deployment.run(&["serve", "--env", "staging"], &[], "staging");
    assert_eq!(result.exit, None, "{}", result.output);
}

#[test]
fn an_identity_file_contains_no_secret_and_only_its_owner_can_read_it() {
    let deployment = Deployment::new();
    let path = deployment.path_to("data/staging/identity.json");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    let identity: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&identity["environment"], &identity["kind"]), (&"staging".into(), &"staging".into()));
    assert_eq!(
        (&identity["appUrl"], &identity["sender"]),
        (&"https://staging.example.com".into(), &"staging@example.com".into())
    );
    for (_, value) in STAGING.iter().filter(|(_, value)| value.len() > 5) {
        assert!(!text.contains(value), "{value} is in {text}");
    }
    // The file is rewritten only when its content changes.
    assert_staging_starts(&deployment);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let changed =
        [("APP_URL", "https://rehearsal.example.com"), ("NEXTAUTH_SECRET", "another secret of staging, just as long")];
    assert_eq!(
        deployment.run(&["serve", "--env", "staging"], &changed, "staging").exit,
        None,
        "staging refused a changed secret"
    );
    let now: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(now["appUrl"], "https://rehearsal.example.com");
    assert_ne!(now["secret"], identity["secret"]);
    assert_eq!((&now["mailKey"], &now["fileId"]), (&identity["mailKey"], &identity["fileId"]));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_invalid_or_foreign_identity_file_is_replaced() {
    let deployment = Deployment::new();
    let path = deployment.path_to("data/staging/identity.json");
    let original = fs::read_to_string(&path).unwrap();
    let foreign = fs::read_to_string(deployment.path_to("data/production/identity.json")).unwrap();
    for text in ["", "not json", "{}", &foreign] {
        fs::write(&path, text).unwrap();
        assert_staging_starts(&deployment);
        let now = fs::read_to_string(&path).unwrap();
        let id = |text: &str| serde_json::from_str::<Value>(text).unwrap()["fileId"].clone();
        assert_eq!(id(&now), id(&original), "{text:?}");
    }
    fs::remove_file(&path).unwrap();
    assert_staging_starts(&deployment);
    assert!(path.exists());
}

#[test]
fn an_older_file_without_a_stamp_mac_gets_one_when_it_is_opened() {
    let deployment = Deployment::new();
    let file = deployment.path_to("data/staging/atlas.redb");
    edit_stamp(&file, "nothing", MacEdit::Removed);
    assert_staging_starts(&deployment);
    // From then on an edited stamp is detected.
    edit_stamp(&file, "kind", MacEdit::Unchanged);
    assert_eq!(deployment.run(&["serve", "--env", "staging"], &[], "staging").exit, Some(1));
}
