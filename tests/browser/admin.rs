//! The admin pages, on the screen: refused and admitted.

use super::browser::Device;
use super::person::Person;
use super::seeded::ines;
use super::server::OWNER;

const PASSWORD: &str = "violet kettle harbour ninety";

/// Signs the owner up and in, on the browser at hand.
pub async fn becomes_the_owner(person: &Person) {
    person.visits("/sign-up").await;
    person.types("Display name", "Olga").await;
    person.types("Email", OWNER).await;
    person.types("Password", PASSWORD).await;
    person.types("Confirm password", PASSWORD).await;
    // The script knows the zone; without it, it is chosen.
    person.presses_at("a time zone", "//select[@id='timeZone']//option[@value='Europe/Lisbon']").await;
    person.presses("Create account").await;
    person.sees("You are signed up").await;
    person.visits("/dev/mail").await;
    person.presses_at("the link", "(//article//a[contains(@href, '/verify-email?token=')])[1]").await;
    person.presses("Confirm this address").await;
    person.sees("Your address is confirmed").await;
    person.visits("/sign-in").await;
    person.signs_in(OWNER, PASSWORD).await;
    person.is_on("/today").await;
}

async fn story(device: Device) {
    let person = ines(device).await;
    person.visits("/admin").await;
    person.is_on("/today").await;
    assert!(person.shown("//a[@href='/admin']").await.unwrap().is_none(), "there is no way there to be seen");
    person.presses("Sign out").await;
    person.is_on("/sign-in").await;

    becomes_the_owner(&person).await;
    person.presses("Admin").await;
    person.is_on("/admin").await;
    person.sees("Admin dashboard").await;
    person.visits("/admin/users?search=INES").await;
    person.presses_at("Ines", "//ul[@class='records']//a").await;
    person.presses("Switch off").await;
    person.sees("The account is switched off").await;
    person.presses("Sign out").await;
    person.is_on("/sign-in").await;
    person.signs_in("ines@example.com", "plenty of quiet mornings").await;
    person.sees("This account is switched off").await;
}

#[tokio::test]
async fn a_member_is_refused_and_the_owner_is_let_in() {
    story(Device::DESKTOP).await;
}

#[tokio::test]
async fn the_same_on_a_phone_without_javascript() {
    story(Device::PHONE.without_javascript()).await;
}
