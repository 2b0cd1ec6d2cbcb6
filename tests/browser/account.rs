//! Settings that apply immediately, and the import of a data export.

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use super::axe;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::captive_network::open_behind_proxy;
use super::seeded::open_as_ines;

const PAGE_BACKGROUND: &str = "return getComputedStyle(document.documentElement).backgroundColor";
const DARK_BACKGROUND: &str = "rgb(17, 17, 17)";

async fn choose_option(user: &BrowserUser, setting: &str, value: &str) {
    user.press_at(value, &format!("//select[@id='{setting}']/option[@value='{value}']")).await;
}

#[tokio::test]
async fn a_theme_applies_immediately_is_saved_without_a_reload_and_is_reverted_when_saving_fails() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/account/preferences").await;
    ines.wait_for_text("Changes save automatically").await;
    assert!(
        ines.find_visible("//button[.='Save preferences']").await.unwrap().is_none(),
        "there is no button to press"
    );
    ines.run_script("window.isSamePage = true; return 1").await;
    choose_option(&ines, "theme", "dark").await;
    assert_eq!(ines.run_script(PAGE_BACKGROUND).await, DARK_BACKGROUND);
    ines.wait_for_text("Saved.").await;
    let confirmed = "return [...document.querySelectorAll('[role=status]')].filter((status) => status.textContent)
        .map((status) => [status.textContent, status.parentElement.querySelector('h2')?.textContent])";
    assert_eq!(ines.run_script(confirmed).await, json!([["Saved.", "Appearance"]]), "once, and not in the toast");
    choose_option(&ines, "accent", "pink").await;
    ines.press_at("the checkbox", "//label[normalize-space()='Keyboard shortcuts']").await;
    assert_eq!(
        ines.run_script("return {...document.documentElement.dataset}").await,
        json!({
            "theme": "dark", "accent": "pink", "shortcuts": "off",
        })
    );
    ines.wait_until("everything to be saved", async || {
        let page = ines.run_script("return fetch('/account/preferences').then((page) => page.text())").await;
        Ok(page.as_str().unwrap().contains("data-accent=\"pink\" data-shortcuts=\"off\"").then_some(()))
    })
    .await;

    ines.run_script("window.fetch = () => Promise.reject(new TypeError('offline')); return 1").await;
    choose_option(&ines, "theme", "light").await;
    ines.wait_for_text("Can't reach Atlas").await;
    ines.wait_until("the theme to be dark again", async || {
        Ok((ines.run_script(PAGE_BACKGROUND).await == DARK_BACKGROUND).then_some(()))
    })
    .await;
    let theme = ines.run_script("return document.getElementById('theme').value").await;
    assert_eq!(theme, "dark");
    assert_eq!(ines.run_script("return window.isSamePage === true").await, true, "the page was not reloaded");

    ines.reload().await;
    ines.wait_for_text("Changes save automatically").await;
    assert_eq!(ines.run_script(PAGE_BACKGROUND).await, DARK_BACKGROUND);
    assert_eq!(ines.run_script("return document.querySelector('[name=keyboardShortcuts]').checked").await, false);
}

/// Writes an export of Atlas's predecessor with one habit, completed on one day.
fn write_import_file(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("atlas.json");
    let habit = json!({
        "id": "cl1", "title": "Whistle", "description": null, "sortOrder": 0, "archivedAt": null,
        "createdAt": "2026-01-05T00:00:00.000Z", "updatedAt": null, "activeWeekdays": [1, 3],
    });
    let completion = json!({ "habitId": "cl1", "date": "2026-01-05", "completedAt": "2026-01-05T20:00:00.000Z" });
    let file = json!({
        "schemaVersion": 1, "generatedAt": "2026-02-01T00:00:00.000Z", "userId": "cl123",
        "habits": [habit], "completions": [completion],
    });
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

#[tokio::test]
async fn old_addresses_of_the_account_lead_to_the_part_that_has_what_they_point_to() {
    let ines = open_as_ines(Device::DESKTOP).await;
    for (fragment, path) in [
        ("settings", "/account/preferences"),
        ("backfill", "/account/preferences"),
        ("devices", "/account/security"),
        ("two-factor", "/account/security"),
        ("import", "/account/data"),
    ] {
        ines.visit("/today").await;
        ines.visit(&format!("/account#{fragment}")).await;
        ines.wait_for_path(path).await;
        let target =
            format!("return Boolean(document.getElementById('{fragment}')) && location.hash === '#{fragment}'");
        assert_eq!(ines.run_script(&target).await, true, "{fragment}");
    }
    ines.visit("/account").await;
    ines.wait_for_text("Update email").await;
}

/// The button of a recent import.
const UNDO_BUTTON: &str = "//button[starts-with(normalize-space(), 'Undo the import')]";

async fn choose_file(user: &BrowserUser, path: &Path) {
    let field = user.field("File").await;
    user.with_timeout("the file to be chosen", field.send_keys(path.to_str().unwrap())).await;
}

#[tokio::test]
async fn an_export_is_chosen_once_previewed_and_imported_without_a_reload() {
    let (folder, ines) = (tempfile::tempdir().unwrap(), open_as_ines(Device::PHONE).await);
    ines.visit("/account/data").await;
    ines.run_script("window.isSamePage = true; return 1").await;
    ines.press("Import").await;
    ines.wait_for_text("Choose a file first").await;
    let large_file = folder.path().join("large.json");
    std::fs::write(&large_file, vec![b'x'; 9 << 20]).unwrap();
    choose_file(&ines, &large_file).await;
    ines.press("Import").await;
    ines.wait_for_text("This isn't an Atlas export").await;
    ines.run_script("document.getElementById('file').dataset.most = 8 << 20; return 1").await;
    choose_file(&ines, &large_file).await;
    ines.press("Import").await;
    ines.wait_for_text("This file is too large").await;
    choose_file(&ines, &write_import_file(&folder)).await;
    ines.press("Preview").await;
    ines.wait_for_text("1 habit would be added").await;
    ines.press("Import").await;
    ines.wait_for_text("Import complete").await;
    ines.wait_for_text("1 completed day added").await;
    assert_eq!(ines.run_script("return window.isSamePage === true").await, true, "the page was not reloaded");
    ines.visit("/habits").await;
    ines.wait_for_text("Whistle").await;

    ines.visit("/account/data").await;
    assert_eq!(axe::find_violations(&ines).await.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    ines.press_at("the import's button", UNDO_BUTTON).await;
    ines.wait_for_text("1 habit and 1 day will be removed").await;
    assert_eq!(axe::find_violations(&ines).await.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    ines.press("Undo import").await;
    ines.wait_for_text("Import undone.").await;
    ines.visit("/habits").await;
    ines.wait_for_text("New habit").await;
    assert!(ines.find_visible("//*[.='Whistle']").await.unwrap().is_none(), "the habit is still there");
}

#[tokio::test]
async fn an_export_is_previewed_and_imported_without_javascript() {
    let (folder, ines) = (tempfile::tempdir().unwrap(), open_as_ines(Device::DESKTOP.without_javascript()).await);
    ines.visit("/account/data").await;
    choose_file(&ines, &write_import_file(&folder)).await;
    ines.press("Preview").await;
    ines.wait_for_text("1 habit would be added").await;
    // The server keeps the file until then.
    ines.press("Import").await;
    ines.wait_for_text("Import complete").await;
    ines.visit("/habits").await;
    ines.wait_for_text("Whistle").await;
    ines.visit("/account/data").await;
    ines.press_at("the import's button", UNDO_BUTTON).await;
    ines.press("Undo import").await;
    ines.wait_for_text("Import undone.").await;
}

#[tokio::test]
async fn a_refused_download_is_explained_on_the_page() {
    let (ines, proxy) = open_behind_proxy(Device::DESKTOP).await;
    ines.visit("/account/data").await;
    ines.wait_for_text("Download my data").await;
    for (answer, message) in [
        (
            "HTTP/1.1 429 Too Many Requests\nContent-Type: application/json\nConnection: close\n\n\
             {\"ok\":false,\"error\":{\"code\":\"rate_limited\",\"message\":\"Too many attempts.\"}}",
            "Too many attempts",
        ),
        (
            "HTTP/1.1 200 OK\nContent-Type: text/html\nConnection: close\n\n<p>Welcome to our hotel</p>",
            "Can't reach Atlas",
        ),
    ] {
        proxy.replace("GET /api/account/exports/self", answer);
        ines.press("Download my data (JSON)").await;
        ines.wait_for_text(message).await;
        ines.wait_for_path("/account/data").await;
    }
    proxy.stop_meddling();
    // The name of the file that the page gives to the browser.
    ines.run_script("HTMLAnchorElement.prototype.click = function () { window.savedName = this.download; }; return 1")
        .await;
    ines.press("Download my data (JSON)").await;
    ines.wait_until("a file", async || {
        let name = ines.run_script("return window.savedName ?? ''").await;
        Ok(name.as_str().is_some_and(|name| name.contains("atlas-data-export.json")).then_some(()))
    })
    .await;
    assert_eq!(
        ines.run_script("return document.querySelector('[data-download-error]')").await,
        serde_json::Value::Null
    );

    ines.with_timeout("no cookies", ines.browser.client.delete_all_cookies()).await;
    ines.press("Download my data (JSON)").await;
    ines.wait_for_path("/sign-in").await;
}
