//! Which environments were compared: those whose identity can't be read are named, and identities can be carried between
//! machines.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::deployment::{CommandResult, Deployment, PRODUCTION};

/// Breaks something in the folder of production.
type Fault = fn(&std::path::Path);

fn check_staging(deployment: &Deployment, variables: &[(&str, &str)]) -> (Option<i32>, Value) {
    let CommandResult { exit, output } = deployment.run(&["check", "--env", "staging", "--json"], variables, "staging");
    let report: Value = serde_json::from_str(&output).unwrap_or_else(|error| panic!("{error}: {output}"));
    (exit, report)
}

fn comparison(report: &Value, environment: &str) -> Value {
    let rows = report["comparisons"].as_array().unwrap();
    rows.iter().find(|row| row["environment"] == environment).cloned().unwrap_or_default()
}

#[test]
fn an_environment_that_cannot_be_read_is_named_with_the_reason() {
    let template = Deployment::new();
    let (_, report) = check_staging(&template, &[]);
    assert_eq!(comparison(&report, "production")["compared"], true);
    assert_eq!(comparison(&report, "development"), Value::Null, "development is not used here");
    let faults: [(Fault, &str); 4] = [
        (|home| fs::write(home.join("identity.json"), "garbage").unwrap(), "cannot read"),
        (|home| fs::remove_file(home.join("identity.json")).unwrap(), "is missing; start “production” once"),
        (|home| fs::remove_dir_all(home).unwrap(), "does not exist"),
        (
            |home| {
                fs::remove_file(home.join("identity.json")).unwrap();
                fs::create_dir(home.join("identity.json")).unwrap();
            },
            "cannot read",
        ),
    ];
    for (fault, why) in faults {
        let deployment = template.duplicate();
        fault(&deployment.path_to("data/production"));
        let (exit, report) = check_staging(&deployment, &[]);
        assert_eq!(exit, Some(0), "{report}");
        let row = comparison(&report, "production");
        assert!(row["compared"] == false && row["why"].as_str().unwrap().contains(why), "{why}: {row}");
        let problems = report["problems"].as_array().unwrap();
        let is_warning =
            |problem: &&Value| problem["message"].as_str().unwrap().contains("not compared with “production”");
        assert_eq!(problems.iter().find(is_warning).unwrap()["severity"], "warning");
    }
}

#[test]
fn environments_on_two_machines_are_compared_through_exported_identities() {
    let (production, staging) = (Deployment::new(), Deployment::new());
    let file = staging.path_to("production.identity");
    let to = file.to_str().unwrap();
    let exported =
        production.run(&["identity", "export", "--to", to, "--env", "production", "--json"], &[], "production");
    assert_eq!(exported.exit, Some(0), "{}", exported.output);
    let text = fs::read_to_string(&file).unwrap();
    for (_, value) in PRODUCTION.iter().filter(|(_, value)| value.len() > 5) {
        assert!(!text.contains(value), "{value} is in {text}");
    }
    fs::remove_dir_all(staging.path_to("data/production")).unwrap();
    let run = |args: &[&str]| staging.run(&[args, &["--env", "staging"]].concat(), &[], "staging");
    assert_eq!(check_staging(&staging, &[PRODUCTION[0]]).0, Some(0), "nothing is known about production here");

    let imported = run(&["identity", "import", to]);
    assert!(
        imported.exit == Some(0) && imported.output.contains("Imported the identity of production"),
        "{}",
        imported.output
    );
    let (exit, report) = check_staging(&staging, &[]);
    let row = comparison(&report, "production");
    assert!(exit == Some(0) && row["compared"] == true && row["exportedAt"].is_string(), "{row}");
    for (name, value) in [PRODUCTION[0], PRODUCTION[1], PRODUCTION[4], ("APP_URL", "https://atlas.example.com")] {
        let shared = staging.run(&["serve", "--env", "staging"], &[(name, value)], "staging");
        assert_eq!(shared.exit, Some(1), "{name}: {}", shared.output);
        assert!(shared.output.contains("“production”"), "{name}: {}", shared.output);
    }
    assert!(run(&["identity", "list"]).output.contains("production  https://atlas.example.com  exported 20"));

    let removed = run(&["identity", "remove", "production"]);
    assert_eq!(removed.exit, Some(0), "{}", removed.output);
    assert!(run(&["identity", "list"]).output.contains("No identity was imported"));
    assert_eq!(run(&["identity", "remove", "production"]).exit, Some(1));
    let own = staging.path_to("staging.identity");
    assert_eq!(run(&["identity", "export", "--to", own.to_str().unwrap()]).exit, Some(0));
    for (from, says) in
        [(own.to_str().unwrap(), "which is this environment"), ("atlas.toml", "not an exported identity")]
    {
        let refused = run(&["identity", "import", from]);
        assert!(refused.exit == Some(1) && refused.output.contains(says), "{}", refused.output);
    }
    assert_eq!(run(&["identity", "import", "/nowhere"]).exit, Some(74));
}

#[test]
fn a_secret_of_production_is_noticed_in_every_role_in_staging() {
    let deployment = Deployment::new();
    let (_, secret) = PRODUCTION[0];
    for (variable, more) in [
        ("ATLAS_OPERATOR_TOKEN", &[][..]),
        ("ATLAS_VERIFICATION_KEY", &[]),
        ("ATLAS_GATE_PASSWORD", &[("ATLAS_GATE_USER", "team")]),
        ("ATLAS_SNAPSHOTS_PASSPHRASE", &[]),
        ("NEXTAUTH_SECRET_PREVIOUS", &[]),
        ("RESEND_API_KEY", &[]),
    ] {
        // The operator token must be without spaces, so production's token stands for its secret there.
        let value = if variable == "ATLAS_OPERATOR_TOKEN" { "production-secret-0123456789-abcdef" } else { secret };
        if variable == "ATLAS_OPERATOR_TOKEN" {
            let changed = [("NEXTAUTH_SECRET", value)];
            assert_eq!(deployment.run(&["serve", "--env", "production"], &changed, "production").exit, None);
        }
        let variables = [&[(variable, value)], more].concat();
        let refused = deployment.run(&["serve", "--env", "staging"], &variables, "staging");
        assert_eq!(refused.exit, Some(1), "{variable}: {}", refused.output);
        for part in ["is also NEXTAUTH_SECRET of “production”", "expected a different secret for every purpose"] {
            assert!(refused.output.contains(part), "{variable}: {}", refused.output);
        }
        if variable == "ATLAS_OPERATOR_TOKEN" {
            assert_eq!(deployment.run(&["serve", "--env", "production"], &[], "production").exit, None);
        }
    }
    // Both have the verification key on purpose.
    let shared = [("ATLAS_VERIFICATION_KEY", "the key of staging and production, which both have")];
    for environment in ["production", "staging"] {
        let started = deployment.run(&["serve", "--env", environment], &shared, environment);
        assert_eq!(started.exit, None, "{}", started.output);
    }
}

#[test]
fn the_group_of_a_shared_folder_may_read_the_identity_and_nothing_else() {
    let deployment = Deployment::new();
    let home = deployment.path_to("data/staging");
    let mode = |name: &str| home.join(name).metadata().unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o2710)).unwrap();
    assert_eq!(deployment.run(&["serve", "--env", "staging"], &[], "staging").exit, None);
    assert_eq!((mode("identity.json"), mode("atlas.redb")), (0o640, 0o600));
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(deployment.run(&["serve", "--env", "staging"], &[], "staging").exit, None);
    assert_eq!(mode("identity.json"), 0o600);
}
