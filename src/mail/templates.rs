//! The text of every email, as plain text and as HTML from one source.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use crate::domain::mail::MessageBody;

/// Asks a new user to confirm their address.
///
/// SECURITY: the message contains nothing that was entered at sign-up, because anyone can sign up with someone else's
/// address.
pub fn verification(app_url: &Url, token: &str, code: &str) -> MessageBody {
    render(
        "Confirm your email for Atlas",
        &[
            Part::text("Hi,"),
            Part::text(
                "Someone (hopefully you) signed up for Atlas with this email address. Please confirm it's yours.",
            ),
            Part::Link("Confirm email", link(app_url, &format!("verify-email?token={token}"))),
            Part::Text(format!("Or enter this code on the confirmation page: {code}")),
            Part::text("The link and code work once and expire in 24 hours. Not you? You can ignore this email."),
        ],
    )
}

/// Lets a user choose a new password.
pub fn password_reset(app_url: &Url, token: &str) -> MessageBody {
    render(
        "Reset your Atlas password",
        &[
            Part::text("Hi,"),
            Part::text("Someone (hopefully you) asked to reset your Atlas password."),
            Part::Link("Choose a new password", link(app_url, &format!("reset-password?token={token}"))),
            Part::text(
                "The link works once and expires in 30 minutes. Not you? You can ignore this email, and your password stays the same.",
            ),
        ],
    )
}

/// Tells the user that their password was changed.
pub fn password_changed(app_url: &Url) -> MessageBody {
    render(
        "Your Atlas password was changed",
        &[
            Part::text("Hi,"),
            Part::text("Your Atlas password was just changed, and your other devices were signed out."),
            Part::text("If this was you, there's nothing to do. If it wasn't, choose a new password right away."),
            Part::Link("Choose a new password", link(app_url, "forgot-password")),
        ],
    )
}

/// Asks the user to confirm the new address of their account.
pub fn new_address(app_url: &Url, token: &str) -> MessageBody {
    render(
        "Confirm your new email for Atlas",
        &[
            Part::text("Hi,"),
            Part::text(
                "Someone (hopefully you) wants to use this email address for their Atlas account. Please confirm it's yours.",
            ),
            Part::Link("Confirm email", link(app_url, &format!("new-address?token={token}"))),
            Part::text("The link works once and expires in 24 hours. Not you? You can ignore this email."),
        ],
    )
}

/// Tells the current address that a new one was requested.
pub fn address_change_requested(app_url: &Url) -> MessageBody {
    render(
        "Email change requested for your Atlas account",
        &[
            Part::text("Hi,"),
            Part::text(
                "Someone who knows your password (hopefully you) asked to use another email address for your Atlas account. We'll keep using this address until the new one is confirmed.",
            ),
            Part::text("Not you? Choose a new password now; that also cancels the change."),
            Part::Link("Choose a new password", link(app_url, "forgot-password")),
        ],
    )
}

/// Tells the old address that the account no longer uses it.
pub fn address_changed(app_url: &Url) -> MessageBody {
    render(
        "Your Atlas email was changed",
        &[
            Part::text("Hi,"),
            Part::text(
                "Your Atlas account now uses another email address. We won't email this address about it anymore.",
            ),
            Part::text("Not you? Contact your Atlas administrator right away."),
            Part::Link("Open Atlas", link(app_url, "")),
        ],
    )
}

/// Tells the user that someone tried to use their address for another account.
pub fn address_taken(app_url: &Url) -> MessageBody {
    render(
        "You already have an Atlas account",
        &[
            Part::text("Hi,"),
            Part::text(
                "Someone (maybe you) tried to use this email address for another Atlas account. You already have an account, so nothing was changed.",
            ),
            Part::Link("Sign in", link(app_url, "sign-in")),
            Part::text("Not you? There's nothing to do. No one can sign in without your password."),
        ],
    )
}

/// Tells the user that two-factor authentication was enabled.
pub fn two_factor_enabled(app_url: &Url) -> MessageBody {
    security_notice(
        "Two-factor authentication is on",
        "Two-factor authentication was just turned on for your Atlas account. You'll now need a code from your authenticator app or a recovery code to sign in. Your other devices were signed out.",
        "Not you? Someone else is signed in to your account. Ask your Atlas administrator to reset two-factor authentication, and change your password.",
        app_url,
    )
}

/// Tells the user that two-factor authentication was disabled.
pub fn two_factor_disabled(app_url: &Url) -> MessageBody {
    security_notice(
        "Two-factor authentication is off",
        "Two-factor authentication was just turned off for your Atlas account. You now sign in with just your password, and your recovery codes no longer work.",
        "Not you? Someone knows your password and got hold of one of your codes. Change your password now.",
        app_url,
    )
}

/// Tells the user that an operator reset their two-factor authentication.
pub fn two_factor_reset(app_url: &Url) -> MessageBody {
    security_notice(
        "Two-factor authentication was reset",
        "Your Atlas administrator turned off two-factor authentication for your account, so you now sign in with just your password. You can turn it on again in Account.",
        "Didn't ask for this? Tell your administrator.",
        app_url,
    )
}

/// Tells the user that a recovery code was used.
pub fn recovery_code_used(app_url: &Url) -> MessageBody {
    security_notice(
        "A recovery code was used",
        "One of your Atlas recovery codes was just used instead of a code from your app. It won't work again. You can see how many are left, and create new ones, in Account.",
        "Not you? Someone knows your password and has your recovery codes. Change your password, and create new recovery codes.",
        app_url,
    )
}

/// Tells the user that codes are blocked for ten minutes after several wrong ones.
pub fn codes_refused(app_url: &Url) -> MessageBody {
    security_notice(
        "Wrong codes on your account",
        "Someone entered your password and then several wrong codes, so Atlas won't accept codes from your app for ten minutes. Recovery codes still work.",
        "Not you? Someone knows your password. Change it now.",
        app_url,
    )
}

/// Tells the user that codes are blocked for twelve hours after twenty wrong ones within a day.
pub fn codes_refused_today(app_url: &Url) -> MessageBody {
    security_notice(
        "Too many wrong codes on your account",
        "Someone entered your password and twenty wrong codes within a day, so Atlas won't accept codes from your app for twelve hours. Recovery codes still work.",
        "Not you? Someone knows your password. Change it now.",
        app_url,
    )
}

/// What happened to an account, and what to do if it wasn't the user.
fn security_notice(subject: &str, event: &str, advice: &str, app_url: &Url) -> MessageBody {
    render(
        subject,
        &[
            Part::text("Hi,"),
            Part::text(event),
            Part::text(advice),
            Part::Link("Open Atlas", link(app_url, "account/security")),
        ],
    )
}

/// SECURITY: links begin with the configured URL, never with the host that a request names.
fn link(app_url: &Url, rest: &str) -> String {
    format!("{}/{rest}", app_url.as_str().trim_end_matches('/'))
}

/// A paragraph of a message.
enum Part {
    Text(String),
    /// A label and a URL.
    Link(&'static str, String),
}

impl Part {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

fn render(subject: &str, parts: &[Part]) -> MessageBody {
    let text: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Link(label, url) => format!("{label}:\n{url}"),
        })
        .collect();
    MessageBody {
        subject: subject.to_owned(),
        text: format!("{}\n\nAtlas\n", text.join("\n\n")),
        html: render_html(subject, parts).into_string(),
    }
}

/// Many mail readers ignore style sheets, so styles are attributes.
fn render_html(subject: &str, parts: &[Part]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (subject) } }
            body style="margin:0;padding:32px 16px;background:#fff;color:#111;font:16px/1.5 system-ui,sans-serif" {
                div style="max-width:32em;margin:0 auto" {
                    @for part in parts {
                        @match part {
                            Part::Text(text) => p { (text) },
                            Part::Link(label, url) => {
                                p { a href=(url) style="display:inline-block;padding:12px 20px;background:#111;color:#fff;border-radius:8px;text-decoration:none" { (label) } }
                                p style="color:#555;font-size:14px;word-break:break-all" { (url) }
                            },
                        }
                    }
                    p { "Atlas" }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_html_contain_the_link_and_the_code() {
        let url = Url::parse("https://atlas.example.com").unwrap();
        let body = verification(&url, "t0ken", "012345");
        for part in [&body.text, &body.html] {
            assert!(part.contains("https://atlas.example.com/verify-email?token=t0ken"));
            assert!(part.contains("work once and expire in 24 hours"));
            assert!(part.contains("012345"));
        }
    }
}
