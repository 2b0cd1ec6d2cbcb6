//! The documents stay true: settings, commands, exit codes, and files in the handbook match the code, and every link leads
//! somewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use atlas::app::admin::attention::{MAX_SNAPSHOT_AGE, MIN_FREE_BYTES};
use atlas::config::keys;
use atlas::config::keys::SettingShape;
use atlas::domain::environment::files;
use atlas::domain::habits::data_export::{MAX_COMPLETIONS, MAX_FILE_BYTES, MAX_UPLOAD_BYTES};
use atlas::ops::handbook;
use atlas::web::MAX_BODY_BYTES;

use crate::process::{exit_code, run, stderr, stdout};
use crate::world::{World, WorldOptions};

const README: &str = include_str!("../../README.md");
const DEPLOY: &str = include_str!("../../assets/handbook/deploy.md");
const USERS: &str = include_str!("../../assets/handbook/users.md");
const COMMANDS: &str = include_str!("../../assets/handbook/commands.md");
const CONFIGURE: &str = include_str!("../../assets/handbook/configure.md");
const FILES: &str = include_str!("../../assets/handbook/files.md");
const DASHBOARD: &str = include_str!("../../assets/handbook/dashboard.md");
const INDEX: &str = include_str!("../../assets/handbook/index.md");

const MAX_README_LINES: usize = 120;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Markdown files of a folder in the repository, by file name.
fn documents(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut documents: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    documents.sort();
    documents
}

/// The text without fenced blocks and code spans, which show commands rather than Markdown.
fn prose(text: &str) -> String {
    let outside_fences: Vec<&str> = text.split("```").step_by(2).collect();
    outside_fences.join("\n").split('`').step_by(2).collect()
}

/// The targets of Markdown links and of images in HTML, except those on other sites.
fn relative_links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let up_to = |rest: &str, end: char| rest.split(end).next().unwrap_or_default().to_owned();
    let links = prose.split("](").skip(1).map(|rest| up_to(rest, ')'));
    let images = ["src=\"", "srcset=\""].into_iter().flat_map(|start| prose.split(start).skip(1));
    let targets = links.chain(images.map(|rest| up_to(rest, '"')));
    targets.filter(|target| !target.starts_with("https://")).collect()
}

#[test]
fn the_proxy_of_the_handbook_lets_the_largest_import_through() {
    let limit = DEPLOY.split("client_max_body_size ").nth(1).and_then(|rest| rest.split("m;").next()).unwrap();
    let limit = limit.parse::<usize>().unwrap() << 20;
    assert!(MAX_UPLOAD_BYTES + MAX_BODY_BYTES <= limit, "a form around a file of {MAX_UPLOAD_BYTES} bytes");
    assert!(USERS.contains(&format!("{} MB", MAX_FILE_BYTES >> 20)) && USERS.contains("1,464,000 completed days"));
    assert_eq!(MAX_COMPLETIONS, 1_464_000);
}

#[test]
fn the_handbook_names_the_thresholds_of_the_admin_dashboard() {
    assert!(DASHBOARD.contains(&format!("older than {} hours", MAX_SNAPSHOT_AGE.as_hours())));
    assert!(DASHBOARD.contains(&format!("twice the data file plus {} GiB", MIN_FREE_BYTES >> 30)));
}

#[test]
fn the_handbook_has_a_row_for_every_setting() {
    for key in keys::ALL {
        let only = if key.shape == SettingShape::Secret { " (variable only)" } else { "" };
        let variables = match key.variables {
            [] => "–".to_owned(),
            names => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        let row = format!("| `{}`{only} | {variables} | {} |", key.name, key.about);
        assert!(CONFIGURE.contains(&row), "configure.md lacks\n{row}");
    }
    for (name, _) in keys::SELECTORS {
        assert!(CONFIGURE.contains(name), "{name}");
    }
}

#[test]
fn the_handbook_has_a_row_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = stdout(&run(folder.path(), &["--help"], &[]));
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let names: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).collect();
    assert!(names.contains(&"serve") && names.contains(&"rollback"), "{help}");
    for name in names {
        assert!(COMMANDS.contains(&format!("| `atlas {name}")), "commands.md lacks {name}");
    }
}

#[test]
fn the_handbook_explains_every_exit_code() {
    for code in [0, 1, 2, 69, 74, 78] {
        assert!(COMMANDS.contains(&format!("\n| {code} | ")), "commands.md lacks exit code {code}");
    }
}

#[test]
fn the_handbook_names_every_file_beside_the_data_file() {
    let data_file = Path::new("atlas.redb");
    for file in [
        data_file.to_owned(),
        files::control_socket(data_file),
        files::disk_reserve(data_file),
        files::identity_file(Path::new("")),
        files::incoming_copy(data_file),
        files::pid_file(data_file),
        files::rehearsal_copy(data_file),
        files::probe_file(data_file),
    ] {
        assert!(FILES.contains(&format!("| `{}` | ", file.display())), "files.md lacks {}", file.display());
    }
    for folder in
        [files::snapshots_folder(data_file), files::releases_folder(data_file), files::imported_identities(data_file)]
    {
        assert!(FILES.contains(&format!("| `{}/", folder.display())), "files.md lacks {}", folder.display());
    }
}

#[test]
fn every_topic_of_the_handbook_has_a_title_and_is_in_the_index() {
    let topics = documents("assets/handbook");
    assert!(topics.len() > 10, "{topics:?}");
    for path in topics {
        let topic = path.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# ") && text.ends_with('\n'), "{topic}");
        assert!(!prose(&text).contains('<'), "{topic}: the handbook contains no HTML");
        for link in relative_links(&text) {
            assert!(!link.contains('/') && link.strip_suffix(".md").is_some(), "{topic}: {link} isn't a topic");
        }
        let in_index = topic == "index" || INDEX.contains(&format!("\n| [{topic}]({topic}.md) | "));
        assert!(in_index, "index.md lacks {topic}");
    }
}

async fn world_with_an_admin() -> World {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await
}

/// The targets of links to pages of the handbook.
fn handbook_links(page: &str) -> BTreeSet<String> {
    let targets = page.split("<a href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    targets.filter(|target| target.starts_with("/admin/handbook")).map(str::to_owned).collect()
}

#[tokio::test]
async fn admins_read_every_topic_and_every_link_leads_to_a_page() {
    let world = world_with_an_admin().await;
    let olga = world.signed_in_user("olga").await;
    olga.get("/admin").await.assert_status(200).assert_contains("href=\"/admin/handbook\"");
    let index = olga.get("/admin/handbook").await.assert_status(200).text();
    let listed = handbook_links(&index);
    for topic in handbook::topics().iter().filter(|topic| *topic != "index") {
        let path = format!("/admin/handbook/{topic}");
        assert!(listed.contains(&path), "{topic} isn't in the index");
        let page = olga.get(&path).await.assert_status(200).text();
        let markdown = handbook::find_topic(topic).unwrap();
        let title = markdown.lines().next().unwrap().trim_start_matches("# ");
        let titles: Vec<&str> = page.split("<h1").skip(1).filter_map(|rest| rest.split("</h1>").next()).collect();
        assert!(titles.len() == 1 && titles[0].ends_with(&format!(">{title}")), "{topic}: {titles:?}");
        for forbidden in ["<script>", " style=", ".md\""] {
            assert!(!page.contains(forbidden), "{topic} contains {forbidden}");
        }
        for link in handbook_links(&page) {
            olga.get(&link).await.assert_status(200);
        }
    }
}

#[tokio::test]
async fn a_topic_that_does_not_exist_is_not_found() {
    let world = world_with_an_admin().await;
    let olga = world.signed_in_user("olga").await;
    for topic in ["nothing", "deploy.md", "index", "..%2Fapp.js"] {
        olga.get(&format!("/admin/handbook/{topic}")).await.assert_status(404);
    }
}

#[tokio::test]
async fn only_admins_read_the_handbook_in_the_browser() {
    let world = world_with_an_admin().await;
    let ada = world.signed_in_user("ada").await;
    for path in ["/admin/handbook", "/admin/handbook/deploy"] {
        ada.get(path).await.assert_status(307).assert_redirects_to("/today?refused=admin");
        let target = world.visitor().get(path).await.assert_status(307);
        assert!(target.header("location").unwrap().starts_with("/sign-in?"));
    }
    for asset in ["handbook", "deploy.md", "deploy.html", "handbook.rs"] {
        world.visitor().get(&format!("/assets/{asset}")).await.assert_status(404);
    }
}

#[test]
fn help_prints_a_topic_or_the_help_of_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let help = |names: &[&str]| {
        let output = run(folder.path(), &[&["help"], names].concat(), &[]);
        assert_eq!(exit_code(&output), 0, "{names:?}: {}", stderr(&output));
        stdout(&output)
    };
    for topic in handbook::topics() {
        assert!(help(&[&topic]).contains(handbook::find_topic(&topic).unwrap().trim_end()), "{topic}");
    }
    assert_eq!(help(&[]), stdout(&run(folder.path(), &["--help"], &[])));
    // The list of topics is wrapped.
    let words = help(&[]).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&handbook::topics().join(", ")), "{words}");
    for command in [&["serve"][..], &["snapshot", "create"]] {
        let text = stdout(&run(folder.path(), &[command, &["--help"]].concat(), &[]));
        assert_eq!(help(command), text);
        assert!(text.contains(&format!("Usage: atlas {}", command.join(" "))), "{text}");
    }
    let verify = help(&["verify"]);
    let (command, topic) = verify.split_once("# Verify\n").unwrap();
    assert!(command.contains("Usage: atlas verify") && topic.contains("## Exit codes"), "{verify}");
}

#[test]
fn help_for_an_unknown_name_is_wrong_usage_and_names_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    for (name, nearest) in [("upgrade-note", "upgrade-notes"), ("snapshots", "snapshot"), ("configre", "configure")] {
        let output = run(folder.path(), &["help", name], &[]);
        assert_eq!(exit_code(&output), 2);
        let error = stderr(&output);
        assert!(error.contains(&format!("“{name}”")) && error.contains(&format!("“{nearest}”")), "{error}");
    }
}

#[test]
fn the_readme_is_short() {
    let lines = README.lines().count();
    assert!(lines <= MAX_README_LINES, "README.md has {lines} lines");
}

#[test]
fn every_relative_link_in_the_documents_leads_to_a_file() {
    let mut documents: Vec<PathBuf> = ["assets/handbook", ".github"].into_iter().flat_map(documents).collect();
    documents.push(root().join("README.md"));
    let mut checked = 0;
    let mut broken = BTreeSet::new();
    for path in documents {
        for link in relative_links(&fs::read_to_string(&path).unwrap()) {
            let target = link.split('#').next().unwrap_or_default();
            checked += 1;
            if !path.parent().unwrap().join(target).exists() {
                broken.insert(format!("{}: {link}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(checked > 20, "only {checked} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_path_in_the_contributors_guide_exists() {
    let guide = fs::read_to_string(root().join(".github/CONTRIBUTING.md")).unwrap();
    let outside_fences: Vec<&str> = guide.split("```").step_by(2).collect();
    let outside_fences = outside_fences.join("\n");
    let spans = outside_fences.split('`').skip(1).step_by(2);
    let starts = ["src/", "tests/", "benches/", "assets/", "seeds/", ".ci/"];
    let is_path = |span: &&str| !span.contains([' ', '<']) && starts.iter().any(|start| span.starts_with(start));
    let paths: BTreeSet<&str> = spans.filter(is_path).collect();
    assert!(paths.len() > 20, "only {paths:?}");
    let missing: Vec<&&str> = paths.iter().filter(|path| !root().join(path).exists()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The variables that the handbook sets in a code block together with the secret, with its placeholders.
fn documented_variables() -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for path in documents("assets/handbook") {
        let text = fs::read_to_string(path).unwrap();
        let blocks = text.split("```").skip(1).step_by(2).filter(|block| block.contains("\nNEXTAUTH_SECRET="));
        for line in blocks.flat_map(str::lines) {
            let variable = line.split_once('=').filter(|(name, _)| keys::is_variable(name));
            variables.extend(variable.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
    }
    assert!(variables.len() > 7, "{variables:?}");
    variables
}

#[test]
fn every_placeholder_of_the_handbook_is_reported_when_it_was_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in documented_variables().iter().filter(|(name, _)| name != "ATLAS_GATE_USER") {
        let variables = [(name.as_str(), value.as_str()), ("ATLAS_GATE_USER", "team")];
        let checked = run(folder.path(), &["check", "--env", "staging", "--json"], &variables);
        let report: serde_json::Value = serde_json::from_str(&stdout(&checked)).unwrap();
        let key = keys::ALL.iter().find(|key| key.variables.contains(&name.as_str())).unwrap().name;
        let mut problems = report["problems"].as_array().unwrap().iter();
        let is_reported = |problem: &serde_json::Value| {
            let message = problem["message"].as_str().unwrap();
            problem["key"] == key && (message.contains("placeholder") || message.contains("example domain"))
        };
        assert!(problems.any(is_reported), "{name}={value}: {report}");
    }
}

#[test]
fn links_are_found_outside_code() {
    let text = "[a](b.md) `[c](d)` <img src=\"e.png\"> [f](https://example.com)\n```\n[g](h)\n```\n[i](j.md#k)\n";
    assert_eq!(relative_links(text), ["b.md", "j.md#k", "e.png"]);
}

#[test]
fn the_shipped_configuration_describes_every_environment_and_starts_development() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("atlas.toml"), include_str!("../../atlas.toml")).unwrap();
    assert_eq!(run(folder.path(), &["preview", "create", "x"], &[]).status.code(), Some(0));
    for (environment, exit) in [("development", 0), ("preview/x", 0), ("staging", 78), ("production", 78)] {
        let checked = run(folder.path(), &["check", "--env", environment], &[]);
        assert_eq!(checked.status.code(), Some(exit), "{}", stdout(&checked));
        assert!(!stdout(&checked).contains("unknown"), "{}", stdout(&checked));
    }
}
