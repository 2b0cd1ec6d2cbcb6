//! The whole way: from the first page to a ticked habit, and back after signing out.

use fantoccini::Locator;

use super::browser::{Device, ZONE};
use super::person::Person;
use super::server::Server;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "violet kettle harbour ninety";
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[tokio::test]
async fn on_a_desktop_a_person_gets_from_sign_up_to_a_ticked_habit() {
    journey(Device::DESKTOP).await;
}

#[tokio::test]
async fn on_a_phone_a_person_gets_from_sign_up_to_a_ticked_habit() {
    journey(Device::PHONE).await;
}

#[tokio::test]
async fn on_a_desktop_without_javascript_a_person_gets_from_sign_up_to_a_ticked_habit() {
    journey(Device::DESKTOP.without_javascript()).await;
}

#[tokio::test]
async fn on_a_phone_without_javascript_a_person_gets_from_sign_up_to_a_ticked_habit() {
    journey(Device::PHONE.without_javascript()).await;
}

async fn journey(device: Device) {
    let ada = Person::with(device, Server::fresh()).await;
    signs_up(&ada, device).await;
    confirms(&ada).await;
    plans(&ada, device).await;
    ticks(&ada, device).await;
    leaves_and_comes_back(&ada).await;
}

async fn signs_up(ada: &Person, device: Device) {
    ada.visits("/").await;
    ada.is_on("/landing").await;
    ada.presses("Create your account").await;
    ada.is_on("/sign-up").await;
    ada.types("Display name", "Ada").await;
    ada.types("Email", EMAIL).await;
    ada.types("Password", PASSWORD).await;
    ada.types("Confirm password", PASSWORD).await;
    if !device.has_javascript {
        ada.presses_at("the zone", &format!("//select[@id='timeZone']//option[@value='{ZONE}']")).await;
    }
    assert_eq!(ada.asks("return document.querySelector('[name=timeZone]').value").await, ZONE);
    ada.presses("Create account").await;
    ada.sees("You are signed up").await;
}

/// Opening the link is not enough: mail scanners open links, too.
async fn confirms(ada: &Person) {
    ada.presses("captured mail").await;
    ada.is_on("/dev/mail").await;
    ada.presses_at("the link in the mail", "//article//a[contains(@href, '/verify-email?token=')]").await;
    ada.is_on("/verify-email").await;
    ada.sees("did you sign up as Ada?").await;
    let link = ada.address().await;

    ada.visits("/sign-in").await;
    ada.signs_in(EMAIL, PASSWORD).await;
    ada.sees("This address is not confirmed yet").await;

    ada.goes(&link).await;
    ada.presses("Confirm this address").await;
    ada.sees("Your address is confirmed").await;
    ada.presses("Sign in").await;
    ada.is_on("/sign-in").await;
    ada.signs_in(EMAIL, PASSWORD).await;
    ada.is_on("/today").await;
}

/// Leaves out a weekday that is neither today nor tomorrow, so that the story may run over midnight.
async fn plans(ada: &Person, device: Device) {
    ada.sees("Begin with one small thing").await;
    let day = ada.within("the day", ada.browser.client.find(Locator::Css("[data-day]"))).await;
    let day = ada.within("the date", day.attr("data-day")).await.expect("the day has a date");
    if device.has_javascript {
        let date = "const now = new Date(); return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
            .map((part) => String(part).padStart(2, '0')).join('-')";
        assert_eq!(ada.asks(date).await, day, "the day is the one where Ada lives");
    }
    let today = day.parse::<jiff::civil::Date>().expect("the date is one").weekday();
    let left_out = WEEKDAYS[usize::try_from(today.wrapping_add(3).to_monday_zero_offset()).unwrap()];

    ada.presses("Add your first habit").await;
    ada.is_on("/habits").await;
    ada.types("Title", "Read 10 pages").await;
    ada.unchecks(left_out).await;
    ada.presses("Create habit").await;
    ada.sees("Add another").await;
    ada.sees("Read 10 pages").await;
    let days = ada.until("the habit's days", async || ada.shown("//li//*[@class='habit-days']").await).await;
    let days = ada.within("their names", days.text()).await;
    assert!(!days.is_empty() && days != "Every day" && !days.contains(left_out), "{left_out} is no day of it: {days}");
}

async fn ticks(ada: &Person, device: Device) {
    ada.presses("Today").await;
    ada.is_on("/today").await;
    ada.sees_done("Read 10 pages", false).await;
    if device.has_javascript {
        ada.asks("window.isTheSamePage = true").await;
    }
    ada.ticks("Read 10 pages").await;
    ada.sees_done("Read 10 pages", true).await;
    if device.has_javascript {
        // Said only once the server has it.
        ada.sees("Ticked.").await;
        assert_eq!(ada.asks("return window.isTheSamePage === true").await, true, "a tick leads to no other page");
    }
    ada.sees("1/1").await;
    ada.sees("All of today is ticked").await;
    ada.reloads().await;
    ada.sees_done("Read 10 pages", true).await;
    if device.has_javascript {
        assert_eq!(ada.asks("return window.isTheSamePage === undefined").await, true, "the page was asked for again");
    }
}

async fn leaves_and_comes_back(ada: &Person) {
    ada.presses("Sign out").await;
    ada.is_on("/sign-in").await;
    ada.visits("/today").await;
    ada.is_on("/sign-in").await;
    ada.signs_in(EMAIL, PASSWORD).await;
    ada.is_on("/today").await;
    ada.sees_done("Read 10 pages", true).await;
}

async fn forgets_and_resets(device: Device) {
    let ines = Person::with(device, Server::seeded()).await;
    ines.visits("/sign-in").await;
    ines.presses("Forgotten your password?").await;
    ines.types("Email", "ines@example.com").await;
    ines.presses("Send the link").await;
    ines.sees("is on its way").await;
    ines.visits("/dev/mail").await;
    ines.presses_at("the link", "//article//a[contains(@href, '/reset-password?token=')]").await;
    ines.types("New password", "copper lantern meadow sixteen").await;
    ines.types("Confirm new password", "copper lantern meadow fifteen").await;
    ines.presses("Save the new password").await;
    ines.sees("The two passwords differ").await;
    ines.types("New password", "copper lantern meadow sixteen").await;
    ines.types("Confirm new password", "copper lantern meadow sixteen").await;
    ines.presses("Save the new password").await;
    ines.sees("Your password is changed").await;
    ines.presses("Sign in").await;
    ines.signs_in("ines@example.com", "copper lantern meadow sixteen").await;
    ines.is_on("/today").await;
}

#[tokio::test]
async fn a_forgotten_password_is_replaced() {
    forgets_and_resets(Device::PHONE).await;
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_without_javascript() {
    forgets_and_resets(Device::DESKTOP.without_javascript()).await;
}
