//! Two-factor authentication: enabling it, signing in with a code, recovery codes, and disabling it, with and without JavaScript.

use super::authenticator::Authenticator;
use super::browser::Device;
use super::browser_user::BrowserUser;
use super::seeded::open_as_ines;

const EMAIL: &str = "ines@example.com";
const PASSWORD: &str = "plenty of quiet mornings";

/// Enables two-factor authentication and returns the authenticator app and the recovery codes.
async fn enable_two_factor(ines: &BrowserUser) -> (Authenticator, Vec<String>) {
    ines.visit("/account/security").await;
    ines.press("Set up 2FA").await;
    ines.wait_for_path("/account/two-factor").await;
    ines.wait_for_text("Scan this QR code").await;
    let app = ines.scan_authenticator_key().await;
    ines.type_into("Code from your app", &app.current_code()).await;
    ines.press("Turn on 2FA").await;
    ines.wait_for_text("Two-factor authentication is on.").await;
    let codes = ines
        .wait_until("the recovery codes", async || {
            let codes = ines.browser.client.find_all(fantoccini::Locator::Css("code")).await?;
            let mut texts = Vec::new();
            for code in codes {
                texts.push(code.text().await?);
            }
            Ok((texts.len() == 10).then_some(texts))
        })
        .await;
    ines.press("I saved these codes").await;
    ines.wait_for_text("10 recovery codes left").await;
    (app, codes)
}

async fn enter_password(ines: &BrowserUser) {
    ines.sign_out().await;
    ines.sign_in(EMAIL, PASSWORD).await;
    ines.wait_for_text("Enter the code from your authenticator app").await;
}

#[tokio::test]
async fn a_user_enables_two_factor_authentication_and_signs_in_with_a_code() {
    let ines = open_as_ines(Device::DESKTOP).await;
    let (app, _) = enable_two_factor(&ines).await;
    enter_password(&ines).await;
    // A code works once, and the current one has been used. The code of the next time step is accepted already.
    ines.type_into("Verification code", "000 000").await;
    ines.press("Verify and sign in").await;
    ines.wait_for_text("That code is wrong").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    ines.type_into("Verification code", &app.code_at(i64::try_from(now).unwrap() + 30)).await;
    ines.press("Verify and sign in").await;
    ines.wait_for_path("/today").await;
}

#[tokio::test]
async fn without_the_app_a_user_signs_in_and_disables_two_factor_authentication_with_recovery_codes() {
    let ines = open_as_ines(Device::PHONE.without_javascript()).await;
    let (_, codes) = enable_two_factor(&ines).await;
    enter_password(&ines).await;
    ines.press("Use a recovery code").await;
    ines.wait_for_text("Enter one of the recovery codes").await;
    ines.type_into("Verification code", &codes[0].to_lowercase()).await;
    ines.press("Verify and sign in").await;
    ines.wait_for_path("/today").await;
    ines.visit("/account/security").await;
    ines.wait_for_text("9 recovery codes left").await;
    ines.press("Manage 2FA").await;
    ines.type_into("Current password", PASSWORD).await;
    ines.type_into("Code from your app or a recovery code (to turn off 2FA)", &codes[1]).await;
    ines.press("Turn off 2FA").await;
    ines.wait_for_text("Two-factor authentication is off.").await;
    ines.sign_out().await;
    ines.sign_in(EMAIL, PASSWORD).await;
    ines.wait_for_path("/today").await;
}
