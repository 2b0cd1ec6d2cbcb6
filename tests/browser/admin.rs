//! The admin pages: refused to members, open to the owner, who disables an account.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;
use super::server::OWNER_EMAIL;

const PASSWORD: &str = "violet kettle harbour ninety";

/// Signs up as the owner and signs in, in the user's browser.
pub async fn sign_in_as_new_owner(user: &BrowserUser) {
    user.visit("/sign-up").await;
    user.type_into("Display name", "Olga").await;
    user.type_into("Email", OWNER_EMAIL).await;
    user.type_into("Password", PASSWORD).await;
    user.type_into("Confirm password", PASSWORD).await;
    // A script fills in the time zone; without JavaScript, the user chooses it.
    user.press_at("a time zone", "//select[@id='timeZone']//option[@value='Europe/Lisbon']").await;
    user.press("Create account").await;
    user.wait_for_text("Check your email").await;
    user.visit("/dev/mail").await;
    user.press_at("the link", "(//article//a[contains(@href, '/verify-email?token=')])[1]").await;
    user.press("Confirm email").await;
    user.press("Skip for now").await;
    user.wait_for_path("/today").await;
}

async fn check_admin_access(device: Device) {
    let user = open_as_ines(device).await;
    user.visit("/admin").await;
    user.wait_for_path("/today").await;
    assert!(user.find_visible("//a[@href='/admin']").await.unwrap().is_none(), "there is no link to the admin pages");
    user.sign_out().await;

    sign_in_as_new_owner(&user).await;
    user.open_menu().await;
    user.press("Admin").await;
    user.wait_for_path("/admin").await;
    user.wait_for_text("Admin dashboard").await;
    user.visit("/admin/users?search=INES").await;
    // From the menu of the row, and back to it.
    user.press_at("the menu of Ines", "//tbody//button[@class='menu-button']").await;
    user.press("Disable").await;
    user.wait_for_text("Disable Ines").await;
    user.press("Disable account").await;
    user.wait_for_text("Disabled and signed out of all devices").await;
    user.press_at("Ines", "//tbody//th//a").await;
    user.press("Enable").await;
    user.wait_for_text("Account enabled").await;
    user.press("Disable").await;
    user.press("Disable account").await;
    user.wait_for_text("Account disabled").await;
    user.sign_out().await;
    user.sign_in("ines@example.com", "plenty of quiet mornings").await;
    user.wait_for_text("This account is disabled").await;
}

#[tokio::test]
async fn the_admin_pages_refuse_a_member_and_admit_the_owner() {
    check_admin_access(Device::DESKTOP).await;
}

#[tokio::test]
async fn the_admin_pages_refuse_a_member_and_admit_the_owner_on_a_phone_without_javascript() {
    check_admin_access(Device::PHONE.without_javascript()).await;
}
