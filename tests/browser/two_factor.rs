//! A second factor: set up, signed in with, lost and switched off, with and without JavaScript.

use super::authenticator::Authenticator;
use super::browser::Device;
use super::person::Person;
use super::seeded::ines;

const EMAIL: &str = "ines@example.com";
const PASSWORD: &str = "plenty of quiet mornings";

/// Sets the second factor up and answers the app and the recovery codes.
async fn enrols(ines: &Person) -> (Authenticator, Vec<String>) {
    ines.visits("/account").await;
    ines.presses("Set up 2FA").await;
    ines.is_on("/account/two-factor").await;
    ines.sees("Scan this QR code").await;
    let app = ines.is_given_the_key().await;
    ines.types("Code of your app", &app.shows_now()).await;
    ines.presses("Enable 2FA").await;
    ines.sees("Two-factor sign-in is on.").await;
    let codes = ines
        .until("the recovery codes", async || {
            let codes = ines.browser.client.find_all(fantoccini::Locator::Css("code")).await?;
            let mut texts = Vec::new();
            for code in codes {
                texts.push(code.text().await?);
            }
            Ok((texts.len() == 10).then_some(texts))
        })
        .await;
    ines.presses("I saved these codes").await;
    ines.sees("10 recovery codes are left").await;
    (app, codes)
}

async fn gets_past_the_password(ines: &Person) {
    ines.presses("Sign out").await;
    ines.is_on("/sign-in").await;
    ines.signs_in(EMAIL, PASSWORD).await;
    ines.sees("Your password is right").await;
}

#[tokio::test]
async fn ines_sets_it_up_and_signs_in_with_a_code() {
    let ines = ines(Device::DESKTOP).await;
    let (app, _) = enrols(&ines).await;
    gets_past_the_password(&ines).await;
    // A code counts once, so the one that switched it on is waited out: the next step's counts already.
    ines.types("Verification code", "000 000").await;
    ines.presses("Verify and sign in").await;
    ines.sees("That code is not right").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    ines.types("Verification code", &app.shows_at(i64::try_from(now).unwrap() + 30)).await;
    ines.presses("Verify and sign in").await;
    ines.is_on("/today").await;
}

#[tokio::test]
async fn without_the_phone_a_recovery_code_lets_ines_in_and_switches_it_off() {
    let ines = ines(Device::PHONE.without_javascript()).await;
    let (_, codes) = enrols(&ines).await;
    gets_past_the_password(&ines).await;
    ines.presses("Use a recovery code").await;
    ines.sees("Without your app").await;
    ines.types("Verification code", &codes[0].to_lowercase()).await;
    ines.presses("Verify and sign in").await;
    ines.is_on("/today").await;
    ines.visits("/account").await;
    ines.sees("9 recovery codes are left").await;
    ines.presses("Manage 2FA").await;
    ines.types("Current password", PASSWORD).await;
    ines.types("Your app's code or a recovery code", &codes[1]).await;
    ines.presses("Disable 2FA").await;
    ines.sees("Two-factor sign-in is off.").await;
    ines.presses("Sign out").await;
    ines.signs_in(EMAIL, PASSWORD).await;
    ines.is_on("/today").await;
}
