//! Checks with the Nu HTML checker, which also checks style sheets and SVG.

use std::fs;
use std::path::Path;
use std::process::Command;

use atlas::web::assets;
use tempfile::TempDir;

use super::tools::npm_file;

/// Checks the `.html`, `.css` and `.svg` files of a folder and returns the errors.
pub fn check_folder(folder: &Path) -> Vec<String> {
    let output = Command::new("java")
        .arg("-jar")
        .arg(npm_file("vnu-jar/build/dist/vnu.jar"))
        .args(["--also-check-css", "--also-check-svg", "--format", "gnu", "--stdout"])
        .arg(folder)
        .output()
        .expect("java runs; tests/run installs it");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let errors = stdout.lines().filter(|line| line.contains(": error")).count();
    assert_eq!(output.status.success(), errors == 0, "the Nu checker fails without an error message: {stdout}{stderr}");
    let prefix = format!("\"file:{}/", folder.display());
    stdout.lines().map(|line| line.replacen(&prefix, "\"", 1)).collect()
}

#[test]
fn style_sheets_and_icons_are_valid() {
    let folder = TempDir::new().unwrap();
    let mut checked = 0;
    let is_checked =
        |name: &&String| Path::new(name).extension().is_some_and(|ending| ending == "css" || ending == "svg");
    for name in assets::embedded::addresses().keys().filter(is_checked) {
        let content = String::from_utf8(assets::embedded::find(name).unwrap().plain.into_owned()).unwrap();
        fs::write(folder.path().join(name), without_view_transitions(&content)).unwrap();
        checked += 1;
    }
    assert!(checked >= 5, "the style sheet and the icon of every kind of environment");
    let is_known = |error: &String| !NEWER_CSS.iter().any(|newer| error.contains(newer));
    assert_eq!(check_folder(folder.path()).into_iter().filter(is_known).collect::<Vec<_>>(), [""; 0]);
}

/// What the checker says of CSS that it doesn't know yet. Browsers that don't know it either ignore it.
const NEWER_CSS: [&str; 7] = [
    "“position-area”: Property",
    "“position-try-fallbacks”: Property",
    "“container-type”: Property",
    "“paint-order”: Property",
    "“scroll-initial-target”: Property",
    "Unrecognized at-rule “@container”",
    // Two positions for one color: `red 0 0`.
    "too few values for the property “linear-gradient”",
];

/// A style sheet without the rules of the last one of `assets/css/`, which the checker doesn't know yet.
fn without_view_transitions(sheet: &str) -> &str {
    sheet.split_once("@view-transition").map_or(sheet, |(before, _)| &before[..before.rfind("@media").unwrap()])
}

#[test]
fn the_checker_finds_invalid_css_svg_and_html() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("wrong.css"), "p { colour: red; width: 3 }").unwrap();
    fs::write(folder.path().join("wrong.svg"), "<svg xmlns=\"http://www.w3.org/2000/svg\"><rect wide=\"1\"/></svg>")
        .unwrap();
    let page = "<!DOCTYPE html><html lang=\"en\"><head><title>A page</title></head><body><img src=\"x\"></body></html>";
    fs::write(folder.path().join("wrong.html"), page).unwrap();
    let errors = check_folder(folder.path()).join("\n");
    for expected in ["“colour”", "“width”", "wrong.svg", "must have an “alt” attribute"] {
        assert!(errors.contains(expected), "{expected} is not in: {errors}");
    }
}
