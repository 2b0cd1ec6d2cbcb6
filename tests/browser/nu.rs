//! What the Nu HTML checker says about pages, style sheets and pictures, as the HTML standard's own readers would.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::tools::tool;

/// What it finds in the files of a folder that are pages, style sheets or pictures by their names.
pub fn findings(folder: &Path) -> Vec<String> {
    let checked = Command::new("java")
        .arg("-jar")
        .arg(tool("vnu-jar/build/dist/vnu.jar"))
        .args(["--also-check-css", "--also-check-svg", "--format", "gnu", "--stdout"])
        .arg(folder)
        .output()
        .expect("java runs; tests/run installs it");
    let said = String::from_utf8_lossy(&checked.stdout);
    let trouble = String::from_utf8_lossy(&checked.stderr);
    let errors = said.lines().filter(|line| line.contains(": error")).count();
    assert_eq!(checked.status.success(), errors == 0, "the Nu checker does not say why: {said}{trouble}");
    let place = format!("\"file:{}/", folder.display());
    said.lines().map(|line| line.replacen(&place, "\"", 1)).collect()
}

#[test]
fn style_sheets_and_icons_are_valid() {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let folder = TempDir::new().unwrap();
    let mut looked_at = 0;
    for file in fs::read_dir(assets).unwrap().map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|ending| ending == "css" || ending == "svg") {
            fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
            looked_at += 1;
        }
    }
    assert!(looked_at >= 5, "the style sheet and the icon of every kind of environment");
    assert_eq!(findings(folder.path()), [""; 0]);
}

#[test]
fn what_is_no_css_and_no_page_is_found() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("wrong.css"), "p { colour: red; width: 3 }").unwrap();
    fs::write(folder.path().join("wrong.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"><rect wide=\"1\"/></svg>")
        .unwrap();
    let page = "<!DOCTYPE html><html lang=\"en\"><head><title>A page</title></head><body><img src=\"x\"></body></html>";
    fs::write(folder.path().join("wrong.html"), page).unwrap();
    let findings = findings(folder.path()).join("\n");
    for expected in ["“colour”", "“width”", "wrong.svg", "must have an “alt” attribute"] {
        assert!(findings.contains(expected), "{expected} is not in: {findings}");
    }
}
