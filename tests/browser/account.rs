//! Settings that count at once, and a file that is brought back.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::browser::Device;
use super::person::Person;
use super::seeded::ines;

const PAPER: &str = "return getComputedStyle(document.documentElement).backgroundColor";
const DARK: &str = "rgb(17, 17, 17)";

async fn chooses(person: &Person, setting: &str, word: &str) {
    person.presses_at(word, &format!("//select[@id='{setting}']/option[@value='{word}']")).await;
}

#[tokio::test]
async fn a_theme_counts_at_once_is_saved_without_a_new_page_and_taken_back_when_it_cannot_be() {
    let ines = ines(Device::DESKTOP).await;
    ines.visits("/account").await;
    ines.sees("What you choose here counts at once").await;
    assert!(ines.shown("//button[.='Save settings']").await.unwrap().is_none(), "nothing is left to press");
    ines.asks("window.isStillHere = true; return 1").await;
    chooses(&ines, "theme", "dark").await;
    assert_eq!(ines.asks(PAPER).await, DARK);
    ines.sees("Saved.").await;
    chooses(&ines, "accent", "pink").await;
    ines.presses_at("the box", "//label[normalize-space()='Single-key shortcuts']").await;
    assert_eq!(
        ines.asks("return {...document.documentElement.dataset}").await,
        json!({
            "theme": "dark", "accent": "pink", "shortcuts": "off",
        })
    );
    ines.until("everything to be saved", async || {
        let page = ines.asks("return fetch('/account').then((page) => page.text())").await;
        Ok(page.as_str().unwrap().contains("data-accent=\"pink\" data-shortcuts=\"off\"").then_some(()))
    })
    .await;

    ines.asks("window.fetch = () => Promise.reject(new TypeError('offline')); return 1").await;
    chooses(&ines, "theme", "light").await;
    ines.sees("Atlas cannot be reached").await;
    ines.until("the theme to be dark again", async || Ok((ines.asks(PAPER).await == DARK).then_some(()))).await;
    let theme = ines.asks("return document.getElementById('theme').value").await;
    assert_eq!(theme, "dark");
    assert_eq!(ines.asks("return window.isStillHere === true").await, true, "no new page was loaded");

    ines.reloads().await;
    ines.sees("Your data").await;
    assert_eq!(ines.asks(PAPER).await, DARK);
    assert_eq!(ines.asks("return document.querySelector('[name=keyboardShortcuts]').checked").await, false);
}

/// A file of the predecessor with one habit, done on one day.
fn file(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("atlas.json");
    let habit = json!({
        "id": "cl1", "title": "Whistle", "description": null, "sortOrder": 0, "archivedAt": null,
        "createdAt": "2026-01-05T00:00:00.000Z", "updatedAt": null, "activeWeekdays": [1, 3],
    });
    let tick = json!({ "habitId": "cl1", "date": "2026-01-05", "completedAt": "2026-01-05T20:00:00.000Z" });
    let file = json!({
        "schemaVersion": 1, "generatedAt": "2026-02-01T00:00:00.000Z", "userId": "cl123",
        "habits": [habit], "completions": [tick],
    });
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

async fn picks(person: &Person, path: &Path) {
    let field = person.field("File").await;
    person.within("the file to be chosen", field.send_keys(path.to_str().unwrap())).await;
}

#[tokio::test]
async fn a_file_is_chosen_once_looked_into_and_imported_without_a_new_page() {
    let (folder, ines) = (tempfile::tempdir().unwrap(), ines(Device::PHONE).await);
    ines.visits("/account").await;
    ines.asks("window.isStillHere = true; return 1").await;
    ines.presses("Import").await;
    ines.sees("Choose a file first").await;
    let film = folder.path().join("film.json");
    std::fs::write(&film, vec![b'x'; 9 << 20]).unwrap();
    picks(&ines, &film).await;
    ines.presses("Import").await;
    ines.sees("This file is too large").await;
    picks(&ines, &file(&folder)).await;
    ines.presses("See what would change").await;
    ines.sees("1 habit would be added").await;
    ines.presses("Import").await;
    ines.sees("The file is imported").await;
    ines.sees("1 tick added").await;
    assert_eq!(ines.asks("return window.isStillHere === true").await, true, "no new page was loaded");
    ines.visits("/habits").await;
    ines.sees("Whistle").await;
}

#[tokio::test]
async fn a_file_is_looked_into_and_imported_without_javascript() {
    let (folder, ines) = (tempfile::tempdir().unwrap(), ines(Device::DESKTOP.without_javascript()).await);
    ines.visits("/account").await;
    picks(&ines, &file(&folder)).await;
    ines.presses("See what would change").await;
    ines.sees("1 habit would be added").await;
    ines.sees("choose the file once more").await;
    picks(&ines, &file(&folder)).await;
    ines.presses("Import").await;
    ines.sees("The file is imported").await;
    ines.visits("/habits").await;
    ines.sees("Whistle").await;
}
