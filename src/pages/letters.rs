//! Letters: what Atlas mails, as plain text and as HTML from one source.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use crate::domain::mail::Letter;

/// Asks to confirm the address.
///
/// SECURITY: it says nothing that the person who signed up has typed, for it may go to somebody else.
pub fn verification(app_url: &Url, token: &str, digits: &str) -> Letter {
    let link = address(app_url, &format!("verify-email?token={token}"));
    write(
        "Confirm your address for Atlas",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody, hopefully you, signed up for Atlas with this address. Open this link and press the button to confirm it:".to_owned()),
            Part::Link("Confirm this address", link),
            Part::Text(format!("On another device, type these digits where Atlas asks for them: {digits}")),
            Part::Text("The link and the digits work once, for 24 hours. If it was not you, ignore this mail and nothing will happen.".to_owned()),
        ],
    )
}

/// Lets a forgotten password be replaced.
pub fn reset(app_url: &Url, token: &str) -> Letter {
    write(
        "Choose a new password for Atlas",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody, hopefully you, forgot the password of the Atlas account with this address. Open this link to choose a new one:".to_owned()),
            Part::Link("Choose a new password", address(app_url, &format!("reset-password?token={token}"))),
            Part::Text("The link works once, for 30 minutes. If it was not you, ignore this mail: your password stays as it is.".to_owned()),
        ],
    )
}

/// Tells the owner that the password is another one now.
pub fn password_changed(app_url: &Url) -> Letter {
    write(
        "Your Atlas password was changed",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text(
                "the password of your Atlas account was changed just now, and every other device was signed out."
                    .to_owned(),
            ),
            Part::Text(
                "If it was you, there is nothing to do. If it was not, choose a new password at once:".to_owned(),
            ),
            Part::Link("Choose a new password", address(app_url, "forgot-password")),
        ],
    )
}

/// Asks to confirm an address that is to take another one's place.
pub fn new_address(app_url: &Url, token: &str) -> Letter {
    write(
        "Confirm your new address for Atlas",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody, hopefully you, wants to use Atlas with this address. Open this link and press the button to confirm it:".to_owned()),
            Part::Link("Confirm this address", address(app_url, &format!("new-address?token={token}"))),
            Part::Text("The link works once, for 24 hours. If it was not you, ignore this mail and nothing will happen.".to_owned()),
        ],
    )
}

/// Tells the old address that another one is to take its place.
pub fn address_asked(app_url: &Url) -> Letter {
    write(
        "Somebody wants to change the address of your Atlas account",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody who knows your password, hopefully you, asked to use your Atlas account with another address. This one stays until the other is confirmed.".to_owned()),
            Part::Text("If it was not you, choose a new password at once; the other address is forgotten then:".to_owned()),
            Part::Link("Choose a new password", address(app_url, "forgot-password")),
        ],
    )
}

/// Tells the old address that it is no longer the account's.
pub fn address_changed(app_url: &Url) -> Letter {
    write(
        "Your Atlas account has another address now",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text(
                "your Atlas account is used with another address from now on; this one gets no more mail about it."
                    .to_owned(),
            ),
            Part::Text("If it was not you, tell the people who run this Atlas:".to_owned()),
            Part::Link("Atlas", address(app_url, "")),
        ],
    )
}

/// Tells the owner of an address that somebody signed up with it again.
pub fn address_taken(app_url: &Url) -> Letter {
    write(
        "You already have an Atlas account",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody, perhaps you, signed up for Atlas with this address. It has an account already, so nothing was changed and no second account was made.".to_owned()),
            Part::Link("Sign in", address(app_url, "sign-in")),
            Part::Text("If it was not you, there is nothing to do: nobody can get in without your password.".to_owned()),
        ],
    )
}

/// Tells the owner that the second factor was switched on.
pub fn two_factor_enabled(app_url: &Url) -> Letter {
    news(
        "Two-factor sign-in is on",
        "two-factor sign-in was just switched on for your Atlas account. From now on signing in takes a code of your authenticator app, or one of the recovery codes you were shown. Every other device was signed out.",
        "If it was not you, somebody was signed in as you. Ask the people who run this Atlas to switch it off, and change your password.",
        app_url,
    )
}

/// Tells the owner that the second factor was switched off.
pub fn two_factor_disabled(app_url: &Url) -> Letter {
    news(
        "Two-factor sign-in is off",
        "two-factor sign-in was just switched off for your Atlas account. Your password alone lets you in again, and the recovery codes are void.",
        "If it was not you, somebody knows your password and had a code of yours. Change your password now.",
        app_url,
    )
}

/// Tells the owner that an operator took the second factor away.
pub fn two_factor_reset(app_url: &Url) -> Letter {
    news(
        "Two-factor sign-in was reset",
        "the people who run this Atlas took two-factor sign-in off your account. Your password alone lets you in; you can set it up again under Account.",
        "If you did not ask them for it, tell them.",
        app_url,
    )
}

/// Tells the owner that a recovery code was used.
pub fn recovery_code_used(app_url: &Url) -> Letter {
    news(
        "A recovery code was used",
        "one of the recovery codes of your Atlas account was just used in place of a code of your app. It does not work again; under Account you see how many are left and can have new ones.",
        "If it was not you, somebody knows your password and has your recovery codes. Change your password, and have new codes made.",
        app_url,
    )
}

/// Tells the owner that codes are refused for a while, because too many were wrong.
pub fn codes_refused(app_url: &Url) -> Letter {
    news(
        "Wrong codes for your account",
        "somebody got past your password and then typed several wrong codes, so Atlas takes no code of your app for ten minutes. A recovery code still lets you in.",
        "If it was not you, somebody knows your password. Change it.",
        app_url,
    )
}

/// Tells the owner that codes are refused for hours, because too many were wrong within a day.
pub fn codes_refused_today(app_url: &Url) -> Letter {
    news(
        "Very many wrong codes for your account",
        "somebody got past your password and typed twenty wrong codes within a day, so Atlas takes no code of your app for twelve hours. A recovery code still lets you in.",
        "If it was not you, somebody knows your password. Change it.",
        app_url,
    )
}

/// What was done to an account, and what to do about it if somebody else did it.
fn news(subject: &str, what: &str, otherwise: &str, app_url: &Url) -> Letter {
    write(
        subject,
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text(what.to_owned()),
            Part::Text(otherwise.to_owned()),
            Part::Link("Open Atlas", address(app_url, "account")),
        ],
    )
}

/// SECURITY: links begin with the configured address, never with what a request called itself.
fn address(app_url: &Url, rest: &str) -> String {
    format!("{}/{rest}", app_url.as_str().trim_end_matches('/'))
}

enum Part {
    Text(String),
    Link(&'static str, String),
}

fn write(subject: &str, parts: &[Part]) -> Letter {
    let text: Vec<String> = parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Link(label, link) => format!("{label}:\n{link}"),
        })
        .collect();
    Letter {
        subject: subject.to_owned(),
        text: format!("{}\n\nAtlas\n", text.join("\n\n")),
        html: body(subject, parts).into_string(),
    }
}

/// Mail readers know no style sheets, so what little style there is stands on the elements.
fn body(subject: &str, parts: &[Part]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (subject) } }
            body style="margin:0;padding:32px 16px;background:#fff;color:#111;font:16px/1.5 system-ui,sans-serif" {
                div style="max-width:32em;margin:0 auto" {
                    @for part in parts {
                        @match part {
                            Part::Text(text) => p { (text) },
                            Part::Link(label, link) => {
                                p { a href=(link) style="display:inline-block;padding:12px 20px;background:#111;color:#fff;border-radius:8px;text-decoration:none" { (label) } }
                                p style="color:#555;font-size:14px;word-break:break-all" { (link) }
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
    fn both_parts_say_the_same_and_carry_the_link() {
        let url = Url::parse("https://atlas.example.com").unwrap();
        let letter = verification(&url, "t0ken", "012345");
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("https://atlas.example.com/verify-email?token=t0ken"));
            assert!(part.contains("work once, for 24 hours"));
            assert!(part.contains("012345"));
        }
    }
}
