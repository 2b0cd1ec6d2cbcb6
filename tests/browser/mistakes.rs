//! What people see when Atlas says no.

use super::browser::Device;
use super::person::{Person, tick_path};
use super::seeded::ines;
use super::server::Server;

#[tokio::test]
async fn a_mistake_in_signing_up_is_named_beside_its_field_and_costs_no_typing() {
    let ada = Person::with(Device::DESKTOP, Server::fresh()).await;
    ada.visits("/sign-up").await;
    ada.types("Display name", "Ada").await;
    ada.types("Email", "ada@example.com").await;

    ada.types("Password", "violet kettle harbour ninety").await;
    ada.types("Confirm password", "violet kettle harbor ninety").await;
    ada.presses("Create account").await;
    ada.sees("The two passwords differ").await;
    is_at_fault(&ada, "Confirm password", "The two passwords differ").await;
    everything_but_passwords_is_kept(&ada).await;

    ada.types("Password", "adaadaadaada").await;
    ada.types("Confirm password", "adaadaadaada").await;
    ada.presses("Create account").await;
    ada.until("the password to be refused", async || ada.shown("//p[@id='password-fault']").await).await;
    is_at_fault(&ada, "Password", "").await;
    everything_but_passwords_is_kept(&ada).await;
}

/// For eyes: the fault is right below. For screen readers: it is tied to the field. For hands: the field has the focus.
async fn is_at_fault(ada: &Person, label: &str, why: &str) {
    let field = ada.field(label).await;
    let name = ada.within("a name", field.attr("name")).await.expect("a field has a name");
    assert_eq!(ada.within("aria-invalid", field.attr("aria-invalid")).await.as_deref(), Some("true"), "{label}");

    let path = format!("//div[.//input[@name='{name}']]/p[@id='{name}-fault']");
    let fault = ada.until("the fault below the field", async || ada.shown(&path).await).await;
    let fault = ada.within("the fault's text", fault.text()).await;
    assert!(!fault.is_empty() && fault.contains(why), "{label}: {fault}");
    let description = ada.description_of(&field).await;
    assert!(description.contains(&fault), "{label} is described as “{description}”, without “{fault}”");

    let focused = ada.within("the focus", ada.browser.client.active_element()).await;
    assert_eq!(ada.within("a name", focused.attr("name")).await, Some(name), "the field at fault has the focus");
}

async fn everything_but_passwords_is_kept(ada: &Person) {
    assert_eq!(ada.value_of("Display name").await, "Ada");
    assert_eq!(ada.value_of("Email").await, "ada@example.com");
    assert_eq!(ada.value_of("Password").await, "");
    assert_eq!(ada.value_of("Confirm password").await, "");
}

#[tokio::test]
async fn a_tick_that_is_refused_is_taken_back_and_says_why() {
    let ines = ines(Device::DESKTOP).await;
    let created = "return fetch('/api/habits', { method: 'POST', headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ title: 'Given up elsewhere', weekdays: [1, 2, 3, 4, 5, 6, 7] }) })
        .then((response) => response.json()).then((body) => body.data.habit.id)";
    let id = ines.asks(created).await;
    let id = id.as_str().expect("a habit has an id");
    ines.reloads().await;
    ines.sees_done("Given up elsewhere", false).await;
    let archived = format!("return fetch('/api/habits/{id}', {{ method: 'DELETE' }}).then((response) => response.ok)");
    assert_eq!(ines.asks(&archived).await, true);

    ines.ticks("Given up elsewhere").await;
    ines.sees("There is no such habit").await;
    ines.sees_done("Given up elsewhere", false).await;
    let tick = ines.until("the row", async || ines.shown(&tick_path("Given up elsewhere")).await).await;
    assert!(ines.description_of(&tick).await.contains("There is no such habit"), "the message belongs to the row");
}
