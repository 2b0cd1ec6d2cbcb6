//! The fence: every way of crossing environments that is known, tried with the real binary.
//!
//! A row of [`ways::WAYS`] is one way. Each begins with a team's folder in which production and staging have been served,
//! makes its mistake, and starts a command. It must be refused with the exit code and in the words the row names, and not a
//! byte below the folder may differ afterwards. `atlas check` must see the same wherever a server would be refused.

mod presented;
mod served;
mod stamps;
mod team;
mod ways;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use stamps::{Seal, edit_stamp};
pub use team::copy;
use team::{STAGING, Team, Try};

#[test]
fn every_way_across_is_refused_and_nothing_is_written() {
    let before = Team::founded();
    let mut through = Vec::new();
    for way in ways::WAYS {
        let team = before.again();
        (way.mistake)(&team);
        let files = team.files();
        let Try { exit, said } = team.tries(way.words, way.variables, way.starts_as);
        if exit != Some(way.exit) {
            through.push(format!("{}: exit {exit:?}, expected {}:\n{said}", way.name, way.exit));
            continue;
        }
        through.extend(missing(way, "it", &said));
        if team.files() != files {
            through.push(format!("{}: files were changed: {:?}", way.name, team.changed(&files)));
        }
        if way.words.first() == Some(&"serve") {
            let words = [&["check"], &way.words[1..]].concat();
            let Try { exit, said } = team.tries(&words, way.variables, way.starts_as);
            if exit != Some(way.exit) {
                through.push(format!("{}: check exits {exit:?}:\n{said}", way.name));
            }
            through.extend(missing(way, "check", &said));
            if team.files() != files {
                through.push(format!("{}: check changed files: {:?}", way.name, team.changed(&files)));
            }
        }
    }
    tell(format_args!(
        "{} ways across were tried, {} were refused",
        ways::WAYS.len(),
        ways::WAYS.len() - through.len()
    ));
    assert!(through.is_empty(), "{}", through.join("\n\n"));
}

/// How many ways were tried is what a run of these stories has to say.
#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
fn tell(count: std::fmt::Arguments<'_>) {
    println!("{count}");
}

/// The words a refusal lacks: what was found, what was expected, and the fix.
fn missing(way: &ways::Way, who: &str, said: &str) -> Option<String> {
    let missing: Vec<&&str> = way.says.iter().filter(|words| !said.contains(**words)).collect();
    (!missing.is_empty()).then(|| format!("{}: {who} does not say {missing:?}:\n{said}", way.name))
}

#[test]
fn the_way_that_is_right_is_open() {
    let team = Team::founded();
    for environment in ["production", "staging", "development"] {
        let Try { exit, said } = team.tries(&["check", "--env", environment], &[], environment);
        assert_eq!(exit, Some(0), "{said}");
        assert_eq!(team.tries(&["serve", "--env", environment], &[], environment).exit, None, "{environment} serves");
    }
    let again = team.tries(&["seed", "--env", "staging", "--reset", "--confirm", "staging"], &[], "staging");
    assert_eq!(again.exit, Some(0), "{}", again.said);
    assert_eq!(
        team.tries(&["serve", "--env", "staging"], &[], "staging").exit,
        None,
        "a file that is new is no stranger"
    );
}

fn staging_serves(team: &Team) {
    let tried = team.tries(&["serve", "--env", "staging"], &[], "staging");
    assert_eq!(tried.exit, None, "{}", tried.said);
}

#[test]
fn what_an_environment_tells_the_others_holds_no_secret_and_only_its_owner_reads_it() {
    let team = Team::founded();
    let path = team.at("data/staging/identity.json");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    let told: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told["environment"], &told["kind"]), (&"staging".into(), &"staging".into()));
    assert_eq!(
        (&told["appUrl"], &told["sender"]),
        (&"https://staging.example.com".into(), &"staging@example.com".into())
    );
    for (_, value) in STAGING.iter().filter(|(_, value)| value.len() > 5) {
        assert!(!text.contains(value), "{value} is in {text}");
    }
    // It is left as it is while it is true, and follows what changes.
    staging_serves(&team);
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let moved =
        [("APP_URL", "https://rehearsal.example.com"), ("NEXTAUTH_SECRET", "another secret of staging, just as long")];
    assert_eq!(team.tries(&["serve", "--env", "staging"], &moved, "staging").exit, None, "a secret may be changed");
    let now: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(now["appUrl"], "https://rehearsal.example.com");
    assert_ne!(now["secret"], told["secret"]);
    assert_eq!((&now["mailKey"], &now["fileId"]), (&told["mailKey"], &told["fileId"]));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn an_identity_that_is_not_the_files_own_lets_nothing_pass_and_is_written_anew() {
    let team = Team::founded();
    let path = team.at("data/staging/identity.json");
    let own = fs::read_to_string(&path).unwrap();
    let of_production = fs::read_to_string(team.at("data/production/identity.json")).unwrap();
    for left in ["", "not json", "{}", &of_production] {
        fs::write(&path, left).unwrap();
        staging_serves(&team);
        let now = fs::read_to_string(&path).unwrap();
        let id = |text: &str| serde_json::from_str::<Value>(text).unwrap()["fileId"].clone();
        assert_eq!(id(&now), id(&own), "{left:?}");
    }
    fs::remove_file(&path).unwrap();
    staging_serves(&team);
    assert!(path.exists());
}

#[test]
fn a_file_from_before_there_were_seals_is_sealed_when_it_is_opened() {
    let team = Team::founded();
    let file = team.at("data/staging/atlas.redb");
    edit_stamp(&file, "nothing", Seal::Removed);
    staging_serves(&team);
    // From then on it is as good as any.
    edit_stamp(&file, "kind", Seal::Kept);
    assert_eq!(team.tries(&["serve", "--env", "staging"], &[], "staging").exit, Some(1));
}
