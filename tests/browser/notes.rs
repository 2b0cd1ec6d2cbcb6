//! Notes on a habit's page and in the calendar: written in place, and kept while there is no connection.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;

const EDIT: &str = "//a[@data-edit-note]";
const NOTE: &str = "//textarea[@name='note']";

async fn press_at(user: &BrowserUser, path: &str) {
    user.press_at(path, path).await;
}

/// Waits until a script returns true.
async fn wait_for_script(user: &BrowserUser, what: &str, script: &str) {
    user.wait_until(what, async || Ok((user.run_script(script).await == true).then_some(()))).await;
}

#[tokio::test]
async fn notes_are_written_in_place_and_what_was_typed_survives_a_lost_connection() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/habits").await;
    press_at(&ines, "//a[normalize-space()='Stretch before coffee']").await;
    ines.wait_for_text("No notes yet").await;
    let address = ines.current_url().await;
    press_at(&ines, "//summary[.='Add note']").await;
    ines.type_into("Note", "On the *mat*").await;
    ines.browser.set_offline(true).await;
    ines.press("Save note").await;
    ines.wait_for_text("Saving a note needs a connection").await;
    assert_eq!(ines.field_value("Note").await, "On the *mat*");
    ines.browser.set_offline(false).await;
    ines.visit("/insights").await;
    ines.open_url(&address).await;
    wait_for_script(&ines, "the draft", "return document.querySelector('textarea').value === 'On the *mat*'").await;

    // From here on, nothing loads the page again.
    ines.run_script("globalThis.isSamePage = true").await;
    ines.press("Save note").await;
    ines.wait_for_text("Note saved.").await;
    wait_for_script(&ines, "the note", "return document.querySelector('.note-text em')?.textContent === 'mat'").await;
    let marked = "return document.querySelectorAll('#months [href=\"#mark-note\"]').length === 1";
    wait_for_script(&ines, "the mark in the year", marked).await;
    press_at(&ines, "//summary[.='Add note']").await;
    ines.type_into("Note", "Twice a day").await;
    ines.run_script("document.querySelector('[name=date]').value = document.querySelector('.note time').dateTime")
        .await;
    ines.press("Save note").await;
    ines.wait_for_text("already has a note").await;
    press_at(&ines, EDIT).await;
    ines.type_into_at("the note", "//li//textarea", "Given up").await;
    ines.browser.press_key("Escape").await;
    wait_for_script(&ines, "the note", "return document.activeElement.matches('[data-edit-note]')").await;
    press_at(&ines, EDIT).await;
    ines.press("Delete note").await;
    ines.wait_for_text("Note deleted.").await;
    ines.press("Undo").await;
    ines.wait_for_text("Note restored.").await;
    wait_for_script(&ines, "the note", "return isSamePage && Boolean(document.querySelector('.note-text em'))").await;

    ines.visit("/calendar").await;
    let described = "const cell = document.querySelector('.grid .is-open');
        const ids = (cell.getAttribute('aria-describedby') ?? '').split(' ');
        return ids.map((id) => document.getElementById(id)?.textContent).join().includes('Has a note')";
    assert_eq!(ines.run_script(described).await, true);
    press_at(&ines, EDIT).await;
    ines.type_into_at("the note", NOTE, "").await;
    ines.press("Save note").await;
    ines.wait_for_text("Note deleted.").await;
    wait_for_script(&ines, "no mark in the month", &described.replace("return ids.map", "return !ids.map")).await;
}
