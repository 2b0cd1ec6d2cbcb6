//! What html-validate and the Nu checker say about pages as the server sends them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::nu;
use super::tools::tool;

/// The recommended rules, but for two things that are meant.
const RULES: &str = r#"{
    "root": true,
    "extends": ["html-validate:recommended"],
    "rules": {
        "form-dup-name": ["error", { "shared": ["checkbox", "radio", "button", "submit"] }],
        "prefer-native-element": ["error", { "exclude": ["checkbox", "table", "cell"] }]
    }
}"#;

/// Pages that wait to be validated. All at once: the validators take longer to start than to read them.
pub struct Markup(TempDir);

impl Markup {
    /// None yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".htmlvalidate.json"), RULES).unwrap();
        fs::create_dir(folder.path().join("pages")).unwrap();
        Self(folder)
    }

    fn pages(&self) -> PathBuf {
        self.0.path().join("pages")
    }

    /// Keeps a page under its name.
    pub fn keep(&self, name: &str, page: &str) {
        let name = name.replace('/', " ");
        fs::write(self.pages().join(format!("{}.html", name.trim())), page).unwrap();
    }

    /// What is wrong with the pages, with name, line and rule.
    pub fn findings(&self) -> Vec<String> {
        let validated = Command::new("node")
            .arg(tool("html-validate/bin/html-validate.mjs"))
            .args(["--formatter", "text", "."])
            .current_dir(self.pages())
            .output()
            .expect("node runs; tests/run installs it");
        let said = String::from_utf8_lossy(&validated.stdout);
        let trouble = String::from_utf8_lossy(&validated.stderr);
        assert_eq!(
            validated.status.success(),
            said.trim().is_empty(),
            "html-validate does not say why: {said}{trouble}"
        );
        said.lines().map(str::to_owned).chain(nu::findings(&self.pages())).collect()
    }
}

#[test]
fn what_is_no_html_is_found() {
    let markup = Markup::new();
    let page = |body: &str| {
        format!("<!DOCTYPE html><html lang=\"en\"><head><title>A page</title></head><body>{body}</body></html>")
    };
    markup.keep("/right", &page("<p>Right</p>"));
    assert_eq!(markup.findings(), [""; 0]);
    markup.keep("/wrong", &page("<p><div>Wrong</div></p>"));
    let findings = markup.findings();
    let found = findings.join("\n");
    assert!(found.contains("wrong.html") && !found.contains("right.html"), "{found}");
    assert!(findings.iter().any(|line| line.contains("error: No “p” element in scope")), "by the Nu checker: {found}");
}
