//! The pages that ask a person to confirm their identity before a protected change, and that follow some of these changes.

use maud::{Markup, html};

use crate::domain::Refusal;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::web::ui::form::{Field, alert, field, username_field};
use crate::web::ui::layout::{Frame, NavItem, document};

/// The step-up page: it asks for the password or a code before a protected change. `from` is the page that a canceled one
/// returns to. `state` is the action to allow, or why the previous attempt failed.
pub fn confirm(frame: &Frame<'_>, token: &str, from: &str, state: Result<ProtectedAction, &Refusal>) -> Markup {
    let password = Field {
        name: "code",
        label: "Current password",
        input_type: "password",
        value: "",
        autocomplete: "current-password",
        hint: None,
    };
    let code = Field { label: "Verification code", input_type: "text", autocomplete: "one-time-code", ..password };
    let has_two_factor = frame.member.is_some_and(|member| member.two_factor.is_some());
    document(
        frame,
        "Confirm it's you",
        NavItem::Account,
        &html! {
            div.narrow {
                h1 { "Confirm it's you" span.unseen { " (security verification)" } }
                @match state {
                    Ok(action) => p.lead { "Enter " (if has_two_factor { "a code" } else { "your password" }) " to " (describe_action(action)) },
                    Err(Refusal::StepUpFailed) if has_two_factor => (alert("Wrong code. Nothing was changed.")),
                    Err(Refusal::StepUpFailed) => (alert("Wrong password. Nothing was changed.")),
                    Err(refusal) => (alert(&refusal.to_string())),
                }
                form.stack method="post" action="/account/verify" novalidate {
                    input type="hidden" name="challengeToken" value=(token);
                    input type="hidden" name="from" value=(from);
                    @if has_two_factor {
                        fieldset.field {
                            legend { "Confirm with" }
                            label.check { input type="radio" name="method" value="totp" checked; span { "Code from your app" } }
                            label.check { input type="radio" name="method" value="recovery_code"; span { "Recovery code" } }
                        }
                        (field("", &code, &[]))
                    } @else {
                        input type="hidden" name="method" value="password";
                        @if let Some(member) = frame.member { (username_field(member.email.as_str())) }
                        (field("", &password, &[]))
                    }
                    button.button type="submit" { "Verify and continue" }
                }
                p.footnote { a href=(from) { "Cancel" } }
            }
        },
    )
}

/// Completes "Enter your password to …".
fn describe_action(action: ProtectedAction) -> &'static str {
    match action {
        ProtectedAction::AccountEmailChange => "change your email.",
        ProtectedAction::AccountPasswordChange => "change your password.",
        ProtectedAction::AccountDelete => "delete your account. You can't undo this.",
        ProtectedAction::AccountTwoFactor => "set up two-factor authentication.",
        ProtectedAction::AdminAccess => {
            "make changes or download lists as an admin. You'll return to the page you came from and won't be asked again for 20 minutes."
        }
        ProtectedAction::SignIn | ProtectedAction::Unknown => "continue.",
    }
}

/// The page after a challenge that has expired or belongs to another session. `from` is the page to start over on.
pub fn expired(frame: &Frame<'_>, from: &str) -> Markup {
    document(
        frame,
        "Confirm it's you",
        NavItem::Account,
        &html! {
            div.narrow {
                h1 { "Confirm it's you" }
                (alert("That took too long, so nothing was changed. Try again."))
                p.actions { a.button.plain href=(from) { "Start over" } }
            }
        },
    )
}

/// The page after an email change was requested.
pub fn email_change_requested(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Check your email",
        NavItem::Account,
        &html! {
            div.narrow {
                h1 { "Check your email" }
                p.lead { "We emailed a link to your new address. Your current email stays in use until you confirm the new one." }
                p.actions { a.button.plain href="/account" { "Back to Account" } }
            }
        },
    )
}

/// The page after an account was deleted.
pub fn deleted(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Account deleted",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "Account deleted" }
                p.lead { "All your data has been deleted. Thanks for using Atlas." }
                form.actions action="/sign-up" { button.button.plain type="submit" { "Create a new account" } }
            }
        },
    )
}
