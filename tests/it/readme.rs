//! The README keeps its word: every setting and every command stands in it.

use atlas::config::keys::{self, Shape};

use crate::process::{run, said};

const README: &str = include_str!("../../README.md");

#[test]
fn every_setting_stands_in_the_readme_as_the_code_describes_it() {
    for key in keys::ALL {
        let only = if key.shape == Shape::Secret { " (variable only)" } else { "" };
        let variables = match key.variables {
            [] => "–".to_owned(),
            names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        let row = format!("| `{}`{only} | {variables} | {} |", key.name, key.about);
        assert!(README.contains(&row), "the README lacks\n{row}");
    }
    for (name, _) in keys::CHOOSERS {
        assert!(README.contains(name), "{name}");
    }
}

#[test]
fn every_command_stands_in_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let help = said(&run(folder.path(), &["help"], &[]));
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> =
        commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
    assert!(names.contains(&"serve"), "{help}");
    for name in names {
        assert!(README.contains(&format!("| `atlas {name}")), "{name}");
    }
}

#[test]
fn the_shipped_configuration_describes_every_environment_and_starts_development() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("atlas.toml"), include_str!("../../atlas.toml")).unwrap();
    for (environment, exit) in [("development", 0), ("preview/x", 0), ("staging", 78), ("production", 78)] {
        let checked = run(folder.path(), &["check", "--env", environment], &[]);
        assert_eq!(checked.status.code(), Some(exit), "{}", said(&checked));
        assert!(!said(&checked).contains("unknown"), "{}", said(&checked));
    }
}
