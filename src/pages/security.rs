//! What keeps an account its owner's: name and address, password, devices, and the end. Then the question before what
//! matters.

use jiff::Timestamp;
use maud::{Markup, html};

use super::form::{Field, alert, field, owner};
use super::layout::{Frame, Here, document};
use crate::domain::session::Session;
use crate::domain::{Account, Fault};

/// A signed-in device.
#[derive(Debug, Clone)]
pub struct Device {
    /// What it is called when it is to end.
    pub id: String,
    /// When, where from and with what.
    pub session: Session,
    /// Whether it is the one that looks.
    pub is_current: bool,
}

const TEXT: Field<'static> =
    Field { name: "displayName", label: "Display name", kind: "text", value: "", autocomplete: "name", hint: None };
const PASSWORD: Field<'static> = Field {
    name: "password",
    label: "New password",
    kind: "password",
    value: "",
    autocomplete: "new-password",
    hint: Some("At least 12 characters. Four unrelated words work well."),
};

/// Name, address and password. `typed` is the address as it was typed, when it is at fault.
pub fn credentials(me: &Account, typed: Option<&str>, faults: &[Fault]) -> Markup {
    let email = Field {
        name: "email",
        label: "Email",
        kind: "email",
        value: typed.unwrap_or(""),
        autocomplete: "email",
        hint: Some("The present one stays until you open the link we send to the new one."),
    };
    let again = Field { name: "confirmPassword", label: "Confirm new password", hint: None, ..PASSWORD };
    html! {
        section {
            h2 { "Name and address" }
            form.stack method="post" action="/account/name" novalidate {
                (field("", &Field { value: me.name(), ..TEXT }, faults))
                button.button.plain type="submit" { "Update display name" }
            }
            form.stack method="post" action="/account/email" novalidate {
                (field("", &email, faults))
                button.button.plain type="submit" { "Update email" }
            }
        }
        section {
            h2 { "Password" }
            p { "Every other device is signed out when it changes." }
            form.stack method="post" action="/account/password" novalidate {
                (owner(me.email.as_str()))
                (field("", &PASSWORD, faults))
                (field("", &again, faults))
                button.button.plain type="submit" { "Update password" }
            }
        }
    }
}

/// Where somebody is signed in, and signing out there.
pub fn devices(devices: &[Device], zone: &jiff::tz::TimeZone) -> Markup {
    let when = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%-d %B %Y, %H:%M").to_string();
    html! {
        section #devices {
            h2 { "Where you are signed in" }
            ul.devices {
                @for device in devices {
                    li.device {
                        div {
                            p.device-name { (name_of(&device.session.client.agent)) @if device.is_current { " · this one" } }
                            p.hint {
                                "Last used " (when(device.session.used_at)) ", signed in " (when(device.session.created_at))
                                @if let Some(address) = device.session.client.address { " from " (address) }
                            }
                        }
                        form method="post" action="/account/sessions" {
                            button.quiet type="submit" name="which" value=(device.id) {
                                "Sign out" span.unseen { " " (name_of(&device.session.client.agent)) }
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

/// The end.
pub fn leaving(faults: &[Fault]) -> Markup {
    let confirm = Field {
        name: "confirm",
        label: "Confirm",
        hint: Some("Type delete. Your habits and everything you ticked go with the account, at once and for good."),
        autocomplete: "off",
        ..TEXT
    };
    html! {
        section {
            h2 { "Delete your account" }
            p { "You may want to download your data first: it can be brought back into a new account." }
            form.stack method="post" action="/account/delete" novalidate {
                (field("", &confirm, faults))
                button.button.plain type="submit" { "Request delete" }
            }
        }
    }
}

/// The question before what matters. `what` says what follows a right answer.
pub fn challenge(frame: &Frame<'_>, token: &str, what: &str, refused: Option<&str>) -> Markup {
    let password =
        Field { name: "code", label: "Current password", autocomplete: "current-password", hint: None, ..PASSWORD };
    let code = Field {
        name: "code",
        label: "Verification code",
        kind: "text",
        autocomplete: "one-time-code",
        hint: None,
        ..PASSWORD
    };
    let with_code = frame.member.is_some_and(|member| member.two_factor.is_some());
    document(
        frame,
        "Security verification",
        Here::Account,
        &html! {
            div.narrow {
                h1 { "Security verification" }
                p.lead { (what) }
                @if let Some(why) = refused { (alert(why)) }
                form.stack method="post" action="/account/verify" novalidate {
                    input type="hidden" name="challengeToken" value=(token);
                    @if with_code {
                        fieldset.field {
                            legend { "What you have" }
                            label.check { input type="radio" name="method" value="totp" checked; span { "A code of your app" } }
                            label.check { input type="radio" name="method" value="recovery_code"; span { "A recovery code" } }
                        }
                        (field("", &code, &[]))
                    } @else {
                        input type="hidden" name="method" value="password";
                        @if let Some(member) = frame.member { (owner(member.email.as_str())) }
                        (field("", &password, &[]))
                    }
                    button.button type="submit" { "Verify and continue" }
                }
                p.aside { a href="/account" { "Leave everything as it is" } }
            }
        },
    )
}

/// A mail with a link is on its way to the new address.
pub fn address_asked(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Look into your mail",
        Here::Account,
        &html! {
            div.narrow {
                h1 { "Look into your mail" }
                p.lead { "We sent a link to the new address. Until you open it and press the button there, the present one stays." }
                p.actions { a.button.plain href="/account" { "Back to your account" } }
            }
        },
    )
}

/// The account is gone.
pub fn deleted(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Account deleted",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "Your account is deleted" }
                p.lead { "Everything of it is gone. Thank you for having been here." }
                p.actions { a.button.plain href="/sign-up" { "Create a new account" } }
            }
        },
    )
}

/// What people would call the browser and the system, as far as its own words tell.
fn name_of(agent: &str) -> String {
    let first =
        |names: &[(&str, &'static str)]| names.iter().find(|(word, _)| agent.contains(word)).map(|(_, name)| *name);
    // Most browsers also name those before them, so the order matters.
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
        (None, None) => "An unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_device_is_called_what_people_call_it() {
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
            ("", "An unknown device"),
        ] {
            assert_eq!(name_of(agent), name, "{agent}");
        }
    }
}
