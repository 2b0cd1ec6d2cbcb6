//! What a user sees when Atlas refuses a change.

use super::browser::Device;
use super::browser_user::{BrowserUser, completion_button_path};
use super::seeded::open_as_ines;
use super::server::Server;

#[tokio::test]
async fn a_sign_up_error_is_shown_beside_its_field_and_other_fields_keep_their_values() {
    let ada = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    ada.visit("/sign-up").await;
    ada.type_into("Display name", "Ada").await;
    ada.type_into("Email", "ada@example.com").await;

    ada.type_into("Password", "violet kettle harbour ninety").await;
    ada.type_into("Confirm password", "violet kettle harbor ninety").await;
    ada.press("Create account").await;
    ada.wait_for_text("The passwords don't match").await;
    assert_field_error(&ada, "Confirm password", "The passwords don't match").await;
    assert_only_passwords_cleared(&ada).await;

    ada.type_into("Password", "adaadaadaada").await;
    ada.type_into("Confirm password", "adaadaadaada").await;
    ada.press("Create account").await;
    ada.wait_until("the password to be refused", async || ada.find_visible("//p[@id='password-fault']").await).await;
    assert_field_error(&ada, "Password", "").await;
    assert_only_passwords_cleared(&ada).await;
}

/// Asserts that the error is shown below the field, is the field's description for screen readers, and that the field has the focus.
async fn assert_field_error(ada: &BrowserUser, label: &str, message: &str) {
    let field = ada.field(label).await;
    let name = ada.with_timeout("a name", field.attr("name")).await.expect("a field has a name");
    assert_eq!(ada.with_timeout("aria-invalid", field.attr("aria-invalid")).await.as_deref(), Some("true"), "{label}");

    let path = format!("//div[.//input[@name='{name}']]/p[@id='{name}-fault']");
    let error = ada.wait_until("the error below the field", async || ada.find_visible(&path).await).await;
    let error = ada.with_timeout("the error's text", error.text()).await;
    assert!(!error.is_empty() && error.contains(message), "{label}: {error}");
    let description = ada.description_of(&field).await;
    assert!(description.contains(&error), "the description of {label} is “{description}”, without “{error}”");

    let focused = ada.with_timeout("the focus", ada.browser.client.active_element()).await;
    assert_eq!(ada.with_timeout("a name", focused.attr("name")).await, Some(name), "the invalid field has the focus");
}

async fn assert_only_passwords_cleared(ada: &BrowserUser) {
    assert_eq!(ada.field_value("Display name").await, "Ada");
    assert_eq!(ada.field_value("Email").await, "ada@example.com");
    assert_eq!(ada.field_value("Password").await, "");
    assert_eq!(ada.field_value("Confirm password").await, "");
}

#[tokio::test]
async fn a_refused_completion_is_reverted_with_a_reason() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let created = "return fetch('/api/habits', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ title: 'Archived in another tab', weekdays: [1, 2, 3, 4, 5, 6, 7] }) })
        .then((response) => response.json()).then((body) => body.data.habit.id)";
    let id = ines.run_script(created).await;
    let id = id.as_str().expect("a habit has an id");
    ines.reload().await;
    ines.wait_for_done("Archived in another tab", false).await;
    let archived = format!("return fetch('/api/habits/{id}', {{ method: 'DELETE' }}).then((response) => response.ok)");
    assert_eq!(ines.run_script(&archived).await, true);

    ines.toggle_completion("Archived in another tab").await;
    ines.wait_for_text("Habit not found").await;
    ines.wait_for_done("Archived in another tab", false).await;
    let button = ines
        .wait_until("the row", async || ines.find_visible(&completion_button_path("Archived in another tab")).await)
        .await;
    assert!(ines.description_of(&button).await.contains("Habit not found"), "the message belongs to the row");
}
