//! The pages of two-factor authentication: setup, recovery codes, disabling it, and the second step of signing in.

use maud::{Markup, html};

use crate::app::identity::two_factor::TwoFactorStatus;
use crate::domain::FieldError;
use crate::domain::accounts::two_factor::SecondFactorMethod;
use crate::web::ui::form::{
    Field, alert, description_ids, field, field_notes, find_error, has_first_error, outcome, status, username_field,
};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::qr;

/// The path of the two-factor page.
pub const ADDRESS: &str = "/account/two-factor";

/// The page that leads here.
const SECURITY_PAGE: &str = "/account/security";

/// The id of the field in the second step of signing in.
const SECOND_STEP_ID: &str = "code";

/// The id of the field in the form that turns off 2FA.
const DISABLE_ID: &str = "disable-2fa-code";

/// Whether it is on, and the button that changes it.
pub fn summary(two_factor: TwoFactorStatus) -> Markup {
    html! {
        @if two_factor.enabled {
            p { strong { "It's on." } " You'll need a code from your app to sign in. " (recovery_codes_left(two_factor.recovery_left)) }
            @if !two_factor.readable { (unreadable_secret()) }
            p.actions { a.button.plain href=(ADDRESS) { "Manage 2FA" } }
        } @else {
            p { "It's off." }
            (setup_button())
        }
    }
}

fn setup_button() -> Markup {
    html! {
        form method="post" action=(ADDRESS) {
            button.button.plain type="submit" name="what" value="set-up" { "Set up 2FA" }
        }
    }
}

fn recovery_codes_left(count: usize) -> String {
    match count {
        0 => "You have no recovery codes left.".to_owned(),
        1 => "You have 1 recovery code left.".to_owned(),
        _ => format!("You have {count} recovery codes left."),
    }
}

fn unreadable_secret() -> Markup {
    alert(
        "Codes from your app don't work because this server's encryption key changed. Turn off 2FA with a recovery code, then set it up again.",
    )
}

/// The page before setup. `required` says that the environment requires 2FA from its admins.
pub fn start(frame: &Frame<'_>, required: bool) -> Markup {
    page(
        frame,
        "Set up 2FA",
        &html! {
            @if required { (status("Admins of this environment need two-factor authentication. Set it up to open the dashboard.")) }
            p.lead { "Two-factor authentication adds a code from your phone, so a stolen password isn't enough." }
            p { "You'll need an authenticator app. Any will do, and most password managers include one." }
            (setup_button())
            p.back { a href=(SECURITY_PAGE) { "Back to Security" } }
        },
    )
}

/// The setup page with the new secret. Its first code enables 2FA.
pub fn enroll(frame: &Frame<'_>, secret: &str, uri: &str, errors: &[FieldError]) -> Markup {
    page(
        frame,
        "Set up 2FA",
        &html! {
            section {
                h2 { "1. Add Atlas to your app" }
                p { "Scan this QR code with your authenticator app." }
                (qr::svg(uri, "QR code for your authenticator app"))
                p.actions { a.button.plain href=(uri) { "Open in an app on this device" } }
                div.field {
                    label for="manual-secret" { "Or enter this key" }
                    input #manual-secret.key type="text" readonly value=(secret) autocomplete="off" autocapitalize="none" spellcheck="false";
                }
            }
            section {
                h2 { "2. Enter the code it shows" }
                form.stack method="post" action=(ADDRESS) novalidate {
                    (code_field("setup-code", "Code from your app", Some("6 digits; changes every 30 seconds."), SecondFactorMethod::Totp, errors))
                    div.actions {
                        button.button type="submit" name="what" value="enable" aria-label="Turn on 2FA (enable 2FA)" { "Turn on 2FA" }
                        a.button.plain href=(SECURITY_PAGE) { "Cancel" }
                    }
                }
                p.hint { "Your other devices will be signed out and need a code to sign in again." }
            }
        },
    )
}

/// The recovery codes, which are shown only once.
pub fn recovery_codes(frame: &Frame<'_>, codes: &[String], was_just_enabled: bool) -> Markup {
    page(
        frame,
        "Your recovery codes",
        &html! {
            @if was_just_enabled { (outcome("Two-factor authentication is on.")) }
            p.lead { "Use one of these codes if you can't get to your app. Each works once. Keep them where you keep your passwords; they won't be shown again." }
            ul.codes { @for code in codes { li { code { (code) } } } }
            form method="get" action=(ADDRESS) { button.button type="submit" { "I saved these codes" } }
        },
    )
}

/// The form on the page that had errors.
#[derive(Debug, Clone, Copy)]
pub enum TwoFactorNotice<'a> {
    None,
    DisableErrors(&'a [FieldError]),
    RotateErrors(&'a [FieldError]),
}

/// The page while 2FA is on: new recovery codes, and disabling it.
pub fn manage(frame: &Frame<'_>, two_factor: TwoFactorStatus, required: bool, notice: TwoFactorNotice<'_>) -> Markup {
    let (disable_errors, rotate_errors) = match notice {
        TwoFactorNotice::None => (&[][..], &[][..]),
        TwoFactorNotice::DisableErrors(errors) => (errors, &[][..]),
        TwoFactorNotice::RotateErrors(errors) => (&[][..], errors),
    };
    let password = Field {
        name: "currentPassword",
        label: "Current password",
        input_type: "password",
        value: "",
        autocomplete: "current-password",
        hint: None,
    };
    page(
        frame,
        "Two-factor authentication (2FA)",
        &html! {
            p.lead { strong { "It's on." } " " (recovery_codes_left(two_factor.recovery_left)) }
            @if !two_factor.readable { (unreadable_secret()) }
            section {
                h2 { "New recovery codes" }
                p { "Creates ten new codes; the old ones stop working." }
                form.stack method="post" action=(ADDRESS) novalidate {
                    (code_field("rotate-code", "Code from your app or a recovery code", None, SecondFactorMethod::RecoveryCode, rotate_errors))
                    button.button.plain type="submit" name="what" value="rotate" { "Create new codes" }
                }
            }
            section {
                @if required {
                    h2 { "Required for admins" }
                    p { "Admins of this environment need 2FA, so you can't turn it off." }
                } @else {
                    h2 { "Turn off 2FA" }
                    p { "You'll sign in with just your password, and your recovery codes will stop working." }
                    form.stack method="post" action=(ADDRESS) novalidate {
                        @if let Some(member) = frame.member { (username_field(member.email.as_str())) }
                        (field("", &password, disable_errors))
                        (code_field(DISABLE_ID, "Code from your app or a recovery code", None, SecondFactorMethod::RecoveryCode, disable_errors))
                        button.button.plain type="submit" name="what" value="disable" aria-label="Turn off 2FA (disable 2FA)" { "Turn off 2FA" }
                    }
                }
            }
            p.back { a href=(SECURITY_PAGE) { "Back to Security" } }
        },
    )
}

fn page(frame: &Frame<'_>, title: &str, content: &Markup) -> Markup {
    document(
        frame,
        title,
        NavItem::Account,
        &html! {
            div.settings {
                h1 { (title) }
                (content)
            }
        },
    )
}

/// A field named `code`. A field that accepts recovery codes shows phones a full keyboard.
fn code_field(
    id: &'static str,
    label: &str,
    hint: Option<&str>,
    method: SecondFactorMethod,
    errors: &[FieldError],
) -> Markup {
    let error = find_error("code", errors);
    let (inputmode, autocomplete) = match method {
        SecondFactorMethod::Totp => ("numeric", "one-time-code"),
        SecondFactorMethod::RecoveryCode => ("text", "off"),
    };
    // In the second step it is the only field, so it takes the focus at once.
    let has_focus = id == SECOND_STEP_ID || has_first_error("code", errors);
    html! {
        div.field {
            // The label of the other form on the same page has the same words.
            label for=(id) { (label) @if id == DISABLE_ID { span.unseen { " (to turn off 2FA)" } } }
            input id=(id) name="code" type="text" inputmode=(inputmode) autocomplete=(autocomplete) autocapitalize="none" spellcheck="false"
                maxlength="64" required aria-describedby=[description_ids("", id, hint.is_some(), error.is_some())]
                aria-invalid=[error.map(|_| "true")] autofocus[has_focus];
            (field_notes("", id, hint, error))
        }
    }
}

/// The state of the second step of signing in.
#[derive(Debug, Clone, Copy)]
pub struct SecondStep<'a> {
    /// The token of the challenge.
    pub challenge: &'a str,
    /// The path to open afterwards.
    pub from: &'a str,
    pub method: SecondFactorMethod,
}

/// The second step of signing in.
pub fn second_step(frame: &Frame<'_>, step: SecondStep<'_>, error: Option<&str>) -> Markup {
    let (title, lead, hint, other) = match step.method {
        SecondFactorMethod::Totp => (
            "One more step",
            "Enter the code from your authenticator app.",
            "6 digits; changes every 30 seconds.",
            (SecondFactorMethod::RecoveryCode, "Use a recovery code"),
        ),
        SecondFactorMethod::RecoveryCode => (
            "Use a recovery code",
            "Enter one of the recovery codes you saved. Each works once.",
            "Five groups of four characters. Dashes and spaces don't matter.",
            (SecondFactorMethod::Totp, "Use your app instead"),
        ),
    };
    let hidden = |method: SecondFactorMethod| {
        html! {
            input type="hidden" name="challenge" value=(step.challenge);
            input type="hidden" name="from" value=(step.from);
            input type="hidden" name="method" value=(method.as_str());
        }
    };
    let errors: Vec<FieldError> = error.map(|message| FieldError::new("code", message)).into_iter().collect();
    document(
        frame,
        title,
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { (title) }
                p.lead { (lead) }
                form.stack method="post" action="/sign-in/verify" novalidate {
                    (hidden(step.method))
                    (code_field(SECOND_STEP_ID, "Verification code", Some(hint), step.method, &errors))
                    button.button type="submit" { "Verify and sign in" }
                }
                form.stack method="post" action="/sign-in/verify" {
                    (hidden(other.0))
                    button.button.plain type="submit" name="switch" value="true" { (other.1) }
                }
                p.footnote { a href="/sign-in" { "Start over" } }
            }
        },
    )
}
