//! From the landing page to the first completion, signing in again, and resetting a forgotten password.

use fantoccini::Locator;

use super::browser::{Device, TIME_ZONE};
use super::browser_user::BrowserUser;
use super::film::Film;
use super::habits::press_action;
use super::seeded::open_as_ines;
use super::server::Server;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "violet kettle harbour ninety";
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

#[tokio::test]
async fn on_a_desktop_a_user_signs_up_and_completes_a_habit() {
    sign_up_to_first_completion(Device::DESKTOP).await;
}

#[tokio::test]
async fn on_a_phone_a_user_gets_to_a_first_completion_in_a_few_taps() {
    film_first_run(Device::PHONE).await;
}

#[tokio::test]
async fn on_a_desktop_without_javascript_a_user_gets_to_a_first_completion_in_a_few_clicks() {
    film_first_run(Device::DESKTOP.without_javascript()).await;
}

#[tokio::test]
async fn on_a_phone_without_javascript_a_user_signs_up_and_completes_a_habit() {
    sign_up_to_first_completion(Device::PHONE.without_javascript()).await;
}

async fn sign_up_to_first_completion(device: Device) {
    let ada = BrowserUser::open(device, Server::start()).await;
    sign_up(&ada, device).await;
    confirm_address(&ada).await;
    ada.press("Skip for now").await;
    create_habit(&ada, device).await;
    complete_habit(&ada, device).await;
    sign_out_and_in(&ada).await;
}

/// From the landing page to the first completion with the emailed code and a preset. Returns how many pages and clicks that takes.
pub async fn film_first_run(device: Device) -> (usize, usize) {
    let ada = BrowserUser::open(device, Server::start()).await;
    ada.visit("/").await;
    let mut film = Film::start(&ada);
    film.wait_for_page("Stick to the habits").await;
    film.click("Create your account").await;
    film.wait_for_page("Create your account").await;
    film.fill_in("Display name", "Ada").await;
    film.fill_in("Email", EMAIL).await;
    film.fill_in("Password", PASSWORD).await;
    film.fill_in("Confirm password", PASSWORD).await;
    if !device.has_javascript {
        film.choose("timeZone", TIME_ZONE).await;
    }
    film.click("Create account").await;
    film.wait_for_page("Check your email").await;
    let code = read_mailed_code(&ada).await;
    film.pause();
    // The field has the focus. With JavaScript, the last digit submits the form.
    film.type_text(&format!(" {} {}", &code[..3], &code[3..])).await;
    if !device.has_javascript {
        film.press_enter().await;
    }
    film.wait_for_page("Pick your first habit").await;
    film.click_at("Read a few pages", "//button[contains(., 'Read a few pages')]").await;
    film.wait_for_page("Today").await;
    ada.toggle_completion("Read a few pages").await;
    film.note_click("Read a few pages");
    ada.wait_for_done("Read a few pages", true).await;
    let script = if device.has_javascript { "with" } else { "without" };
    eprintln!("The first run {script} JavaScript:\n{}", film.describe());
    let (pages, clicks) = film.counts();
    assert!(pages <= 6 && clicks <= 10, "{}", film.describe());
    (pages, clicks)
}

/// Reads the code in another tab, as in a mail program.
async fn read_mailed_code(ada: &BrowserUser) -> String {
    let client = &ada.browser.client;
    let window = ada.with_timeout("the window", client.window()).await;
    let tab = ada.with_timeout("another tab", client.new_window(true)).await;
    ada.with_timeout("the other tab", client.switch_to_window(tab.handle)).await;
    ada.visit("/dev/mail").await;
    let mail = ada.with_timeout("the mail", client.find(Locator::Css("article"))).await;
    let text = ada.with_timeout("its text", mail.text()).await;
    ada.with_timeout("the tab to close", client.close_window()).await;
    ada.with_timeout("the first tab", client.switch_to_window(window)).await;
    let (_, code) = text.split_once("enter this code on the confirmation page: ").expect("the mail has a code");
    code[..6].to_owned()
}

async fn sign_up(ada: &BrowserUser, device: Device) {
    ada.visit("/").await;
    ada.wait_for_path("/landing").await;
    ada.press("Create your account").await;
    ada.wait_for_path("/sign-up").await;
    ada.type_into("Display name", "Ada").await;
    ada.type_into("Email", EMAIL).await;
    ada.type_into("Password", PASSWORD).await;
    ada.type_into("Confirm password", PASSWORD).await;
    if !device.has_javascript {
        ada.press_at("the time zone", &format!("//select[@id='timeZone']//option[@value='{TIME_ZONE}']")).await;
    }
    assert_eq!(ada.run_script("return document.querySelector('[name=timeZone]').value").await, TIME_ZONE);
    ada.press("Create account").await;
    ada.wait_for_text("Check your email").await;
}

/// Opens the link and presses the button: the link alone confirms nothing, because mail scanners open links, too.
async fn confirm_address(ada: &BrowserUser) {
    ada.press("View captured mail").await;
    ada.wait_for_path("/dev/mail").await;
    ada.press_at("the link in the mail", "//article//a[contains(@href, '/verify-email?token=')]").await;
    ada.wait_for_path("/verify-email").await;
    ada.wait_for_text("did you sign up as Ada?").await;
    let link = ada.current_url().await;

    ada.visit("/sign-in").await;
    ada.sign_in(EMAIL, PASSWORD).await;
    ada.wait_for_text("Please confirm your email first").await;

    // This browser signed up, so it is signed in without the password.
    ada.open_url(&link).await;
    ada.press("Confirm email").await;
    ada.wait_for_path("/first-habit").await;
}

/// Creates a habit for every day except one that is neither today nor tomorrow, so that the test may run past midnight.
async fn create_habit(ada: &BrowserUser, device: Device) {
    ada.wait_for_text("Start with one small thing").await;
    let day = ada.with_timeout("the day", ada.browser.client.find(Locator::Css("[data-day]"))).await;
    let day = ada.with_timeout("the date", day.attr("data-day")).await.expect("the day has a date");
    if device.has_javascript {
        let date = "const now = new Date(); return [now.getFullYear(), now.getMonth() + 1, now.getDate()]
            .map((part) => String(part).padStart(2, '0')).join('-')";
        assert_eq!(ada.run_script(date).await, day, "the page shows today's date in Ada's time zone");
    }
    let today = day.parse::<jiff::civil::Date>().expect("a date").weekday();
    let excluded_day = WEEKDAYS[usize::try_from(today.wrapping_add(3).to_monday_zero_offset()).unwrap()];

    ada.press("New habit").await;
    ada.wait_for_path("/habits").await;
    ada.type_into("Title", "Read 10 pages").await;
    ada.uncheck(excluded_day).await;
    ada.press("Create habit").await;
    ada.wait_for_text("New habit").await;
    ada.wait_for_text("Read 10 pages").await;
    let days =
        ada.wait_until("the habit's days", async || ada.find_visible("//li//*[@class='habit-days']").await).await;
    let days = ada.with_timeout("their names", days.text()).await;
    assert!(!days.is_empty() && days != "Every day", "{days}");
    assert!(!days.contains(excluded_day), "{excluded_day} is excluded: {days}");
}

async fn complete_habit(ada: &BrowserUser, device: Device) {
    ada.press("Today").await;
    ada.wait_for_path("/today").await;
    ada.wait_for_done("Read 10 pages", false).await;
    if device.has_javascript {
        ada.run_script("window.isSamePage = true").await;
    }
    ada.toggle_completion("Read 10 pages").await;
    ada.wait_for_done("Read 10 pages", true).await;
    if device.has_javascript {
        // Shown only after the server has stored the completion.
        ada.wait_for_text("Marked as done.").await;
        assert_eq!(
            ada.run_script("return window.isSamePage === true").await,
            true,
            "completing a habit doesn't load another page"
        );
    }
    ada.wait_for_text("1 of 1 done").await;
    ada.wait_for_text("All done for today").await;
    ada.reload().await;
    ada.wait_for_done("Read 10 pages", true).await;
    if device.has_javascript {
        assert_eq!(ada.run_script("return window.isSamePage === undefined").await, true, "the page was reloaded");
    }
}

async fn sign_out_and_in(ada: &BrowserUser) {
    ada.sign_out().await;
    ada.visit("/today").await;
    ada.wait_for_path("/sign-in").await;
    ada.sign_in(EMAIL, PASSWORD).await;
    ada.wait_for_path("/today").await;
    ada.wait_for_done("Read 10 pages", true).await;
}

async fn reset_password(device: Device) {
    let ines = BrowserUser::open(device, Server::start_seeded()).await;
    ines.visit("/sign-in").await;
    ines.press("Forgot your password?").await;
    ines.type_into("Email", "ines@example.com").await;
    ines.press("Send reset link").await;
    ines.wait_for_text("is on its way").await;
    ines.visit("/dev/mail").await;
    ines.press_at("the link", "//article//a[contains(@href, '/reset-password?token=')]").await;
    ines.type_into("New password", "copper lantern meadow sixteen").await;
    ines.type_into("Confirm new password", "copper lantern meadow fifteen").await;
    ines.press("Save new password").await;
    ines.wait_for_text("The passwords don't match").await;
    ines.type_into("New password", "copper lantern meadow sixteen").await;
    ines.type_into("Confirm new password", "copper lantern meadow sixteen").await;
    ines.press("Save new password").await;
    ines.wait_for_text("Your password was changed").await;
    ines.press("Sign in").await;
    ines.sign_in("ines@example.com", "copper lantern meadow sixteen").await;
    ines.wait_for_path("/today").await;
}

#[tokio::test]
async fn a_user_resets_a_forgotten_password() {
    reset_password(Device::PHONE).await;
}

#[tokio::test]
async fn a_user_resets_a_forgotten_password_without_javascript() {
    reset_password(Device::DESKTOP.without_javascript()).await;
}

#[tokio::test]
async fn the_confirmation_email_is_sent_again_without_a_page_load() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.visit("/verify-email?email=unverified@example.com").await;
    ines.run_script("window.isSamePage = true; return 1").await;
    ines.press("Resend email (resend verification email)").await;
    ines.wait_for_text("a new email is on its way").await;
    assert_eq!(ines.run_script("return window.isSamePage === true").await, true);
}

#[tokio::test]
async fn the_focus_follows_what_a_form_did() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let focused = "return document.activeElement.id";
    ines.visit("/habits").await;
    press_action(&ines, "Run along the river", "Edit").await;
    ines.wait_for_text("Changes apply from today").await;
    assert_eq!(ines.run_script(focused).await, "edit-title");
    ines.press("Save changes").await;
    ines.wait_for_text("Changes saved.").await;
    let id = ines.run_script(focused).await;
    assert!(id.as_str().is_some_and(|id| id.starts_with("habit-")), "{id}");
    assert_eq!(ines.run_script("return location.search").await, "", "a reload announces nothing again");
    press_action(&ines, "Run along the river", "Archive").await;
    ines.press("Archive habit").await;
    ines.wait_for_text("Habit archived.").await;
    assert_eq!(ines.run_script(focused).await, "page-title");
}
