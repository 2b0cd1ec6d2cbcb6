//! Markup checks with html-validate and the Nu HTML checker, on pages as the server sends them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::nu_checker;
use super::tools::npm_file;

/// The recommended rules, with two exceptions: repeated form names, and elements with the role of a checkbox, table or cell.
const RULES: &str = r#"{
    "root": true,
    "extends": ["html-validate:recommended"],
    "rules": {
        "form-dup-name": ["error", { "shared": ["checkbox", "radio", "button", "submit"] }],
        "prefer-native-element": ["error", { "exclude": ["checkbox", "table", "cell"] }]
    }
}"#;

/// Collects pages and checks all at once, because the checkers take longer to start than to read the pages.
pub struct MarkupChecker(TempDir);

impl MarkupChecker {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".htmlvalidate.json"), RULES).unwrap();
        fs::create_dir(folder.path().join("pages")).unwrap();
        Self(folder)
    }

    fn pages(&self) -> PathBuf {
        self.0.path().join("pages")
    }

    /// Adds a page; its name appears in error messages.
    pub fn add_page(&self, name: &str, page: &str) {
        let name = name.replace('/', " ");
        fs::write(self.pages().join(format!("{}.html", name.trim())), page).unwrap();
    }

    /// Checks all pages. Returns each error with the page's name, the line and the rule.
    pub fn find_errors(&self) -> Vec<String> {
        let output = Command::new("node")
            .arg(npm_file("html-validate/bin/html-validate.mjs"))
            .args(["--formatter", "text", "."])
            .current_dir(self.pages())
            .output()
            .expect("node runs; tests/run installs it");
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.success(),
            stdout.trim().is_empty(),
            "html-validate fails without an error message: {stdout}{stderr}"
        );
        stdout.lines().map(str::to_owned).chain(nu_checker::check_folder(&self.pages())).collect()
    }
}

#[test]
fn both_checkers_find_invalid_html() {
    let markup = MarkupChecker::new();
    let page = |body: &str| {
        format!("<!DOCTYPE html><html lang=\"en\"><head><title>A page</title></head><body>{body}</body></html>")
    };
    markup.add_page("/right", &page("<p>Right</p>"));
    assert_eq!(markup.find_errors(), [""; 0]);
    markup.add_page("/wrong", &page("<p><div>Wrong</div></p>"));
    let errors = markup.find_errors();
    let all = errors.join("\n");
    assert!(all.contains("wrong.html") && !all.contains("right.html"), "{all}");
    assert!(errors.iter().any(|line| line.contains("error: No “p” element in scope")), "by the Nu checker: {all}");
}
