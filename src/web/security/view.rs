//! The security sections of the account page (name and email, password, devices, deletion) and the step-up page.

use maud::{Markup, html};

use crate::app::identity::sessions::Device;
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::{Account, Email, FieldError, Refusal, Zone};
use crate::web::ui::date::format_time;
use crate::web::ui::form::{Field, alert, field, username_field};
use crate::web::ui::layout::{Frame, NavItem, document};

const DISPLAY_NAME: Field<'static> = Field {
    name: "displayName",
    label: "Display name",
    input_type: "text",
    value: "",
    autocomplete: "name",
    hint: None,
};
const PASSWORD: Field<'static> = Field {
    name: "password",
    label: "New password",
    input_type: "password",
    value: "",
    autocomplete: "new-password",
    hint: Some("At least 12 characters. Four unrelated words work well."),
};

/// Name, email address and password. `waiting_email` is not confirmed yet; `email_input` is the submitted address if it had an error.
pub fn credentials(
    me: &Account,
    waiting_email: Option<&Email>,
    email_input: Option<&str>,
    errors: &[FieldError],
) -> Markup {
    let email = Field {
        name: "email",
        label: "Email",
        input_type: "email",
        value: email_input.unwrap_or(""),
        autocomplete: "email",
        hint: Some("Your current email stays in use until you confirm the new one."),
    };
    let confirmation = Field { name: "confirmPassword", label: "Confirm new password", hint: None, ..PASSWORD };
    html! {
        section {
            h2 { "Name and email" }
            form.stack method="post" action="/account/name" novalidate {
                (field("", &Field { value: me.name(), ..DISPLAY_NAME }, errors))
                button.button.plain type="submit" { "Update display name" }
            }
            form.stack method="post" action="/account/email" novalidate {
                (field("", &email, errors))
                @if let Some(waiting) = waiting_email {
                    p.notice { "We emailed a link to " strong { (waiting) } ". Open it to start using that address. No email? Enter the address again, and we'll send another link." }
                }
                button.button.plain type="submit" { "Update email" }
            }
        }
        section {
            h2 { "Password" }
            p { "Changing it signs out your other devices." }
            form.stack method="post" action="/account/password" novalidate {
                (username_field(me.email.as_str()))
                (field("", &PASSWORD, errors))
                (field("", &confirmation, errors))
                button.button.plain type="submit" { "Update password" }
            }
        }
    }
}

/// The devices that are signed in. Times are in the person's time zone.
pub fn devices(devices: &[Device], zone: &Zone) -> Markup {
    html! {
        section {
            h2 #devices tabindex="-1" { "Signed-in devices" }
            ul.devices {
                @for device in devices {
                    li.device {
                        div {
                            p.device-name { (device_name(&device.session.client.user_agent)) @if device.is_current { " · this device" } }
                            p.hint {
                                "Last used " (format_time(device.session.used_at, zone)) " · Signed in " (format_time(device.session.created_at, zone))
                                @if let Some(address) = device.session.client.address { " from " (address) }
                            }
                        }
                        form method="post" action="/account/sessions" {
                            button.quiet type="submit" name="which" value=(device.id) {
                                "Sign out" span.unseen { " " (device_name(&device.session.client.user_agent)) }
                            }
                        }
                    }
                }
            }
            form.actions method="post" action="/account/sessions" {
                @if devices.len() > 1 { button.button.plain type="submit" name="which" value="others" { "Sign out other devices" } }
                button.button.plain type="submit" name="which" value="all" { "Sign out all devices" }
            }
        }
    }
}

/// The section that deletes the account.
pub fn delete_account(errors: &[FieldError]) -> Markup {
    let confirm = Field {
        name: "confirm",
        label: "Confirm",
        hint: Some("Type “delete” to confirm."),
        autocomplete: "off",
        ..DISPLAY_NAME
    };
    html! {
        section {
            h2 { "Delete your account" }
            p { "This permanently deletes your account and history. You may want to download your data first; you can import it into a new account." }
            form.stack method="post" action="/account/delete" novalidate {
                (field("", &confirm, errors))
                button.button.plain type="submit" { "Delete account" span.unseen { " (request delete)" } }
            }
        }
    }
}

/// The step-up page: it asks for the password or a code before a protected change. `from` is the page that a canceled one
/// returns to. `state` is the action to allow, or why the previous attempt failed.
pub fn step_up(frame: &Frame<'_>, token: &str, from: &str, state: Result<ProtectedAction, &Refusal>) -> Markup {
    let password =
        Field { name: "code", label: "Current password", autocomplete: "current-password", hint: None, ..PASSWORD };
    let code = Field {
        name: "code",
        label: "Verification code",
        input_type: "text",
        autocomplete: "one-time-code",
        hint: None,
        ..PASSWORD
    };
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
        ProtectedAction::SignIn => "continue.",
    }
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

/// The browser and the operating system that a `User-Agent` header names.
fn device_name(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(token, _)| agent.contains(token)).map(|(_, name)| *name);
    // The order matters: most browsers also name older ones.
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::device_name;

    #[test]
    fn a_user_agent_becomes_a_readable_device_name() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0",
                "Edge on Windows",
            ),
            ("curl/8.5", "curl"),
            ("", "Unknown device"),
        ] {
            assert_eq!(device_name(agent), name, "{agent}");
        }
    }
}
