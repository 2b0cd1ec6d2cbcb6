//! The security page: password, two-factor authentication, and the devices that are signed in.

use maud::{Markup, html};

use crate::app::identity::sessions::Device;
use crate::app::identity::two_factor::TwoFactorStatus;
use crate::domain::{Account, FieldError, Zone};
use crate::web::account::view::{AccountPart, part_page, saved, section};
use crate::web::auth::fields::new_password_fields;
use crate::web::two_factor::view as two_factor_view;
use crate::web::ui::date::format_time;
use crate::web::ui::form::username_field;
use crate::web::ui::layout::Frame;

/// The outcome of the form that led to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityNotice<'a> {
    None,
    PasswordChanged,
    TwoFactorDisabled,
    PasswordErrors(&'a [FieldError]),
}

/// The page.
pub fn page(
    frame: &Frame<'_>,
    me: &Account,
    two_factor: TwoFactorStatus,
    devices: &[Device],
    notice: SecurityNotice<'_>,
) -> Markup {
    let confirmation = (notice == SecurityNotice::TwoFactorDisabled).then_some("Two-factor authentication is off.");
    let content = html! {
        (section("change-password", "Password", &html! { p.hint { "Changing it signs out your other devices." } }, &password_form(me, notice)))
        (section("two-factor", "Two-factor authentication (2FA)", &html! { p.hint { "Adds a code from your phone, so a stolen password isn't enough." } }, &html! {
            (two_factor_view::summary(two_factor))
            @if let Some(message) = confirmation { (saved(message)) }
        }))
        (section("devices", "Signed-in devices", &html! { p.hint { "Sign out any device you don't recognize, and change your password." } }, &device_list(devices, me.zone())))
    };
    part_page(frame, AccountPart::Security, &content)
}

fn password_form(me: &Account, notice: SecurityNotice<'_>) -> Markup {
    let errors = if let SecurityNotice::PasswordErrors(errors) = notice { errors } else { &[] };
    html! {
        form.stack method="post" action="/account/password" novalidate {
            (username_field(me.email.as_str()))
            (new_password_fields("", errors))
            div.actions {
                button.button.plain type="submit" { "Update password" }
                @if notice == SecurityNotice::PasswordChanged { (saved("Password changed.")) }
            }
        }
    }
}

/// The devices that are signed in. Times are in the person's time zone.
fn device_list(devices: &[Device], zone: &Zone) -> Markup {
    html! {
            ul.devices {
                @for device in devices {
                    li.device {
                        p.device-name { (device_name(&device.session.client.user_agent)) @if device.is_current { " · this device" } }
                        p.hint { "Last used " (format_time(device.session.used_at, zone)) }
                        p.hint {
                            "Signed in " (format_time(device.session.created_at, zone))
                            @if let Some(address) = device.session.client.address { " from " (address) }
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
