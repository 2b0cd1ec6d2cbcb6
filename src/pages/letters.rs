//! Letters: what Atlas mails, as plain text and as HTML from one source.

use maud::{DOCTYPE, Markup, html};
use url::Url;

use crate::domain::mail::Letter;

/// Asks to confirm the address.
///
/// SECURITY: it says nothing that the person who signed up has typed, for it may go to somebody else.
pub fn verification(app_url: &Url, token: &str) -> Letter {
    let link = address(app_url, &format!("verify-email?token={token}"));
    write(
        "Confirm your address for Atlas",
        &[
            Part::Text("Hello,".to_owned()),
            Part::Text("somebody, hopefully you, signed up for Atlas with this address. Open this link and press the button to confirm it:".to_owned()),
            Part::Link("Confirm this address", link),
            Part::Text("The link works once, for 24 hours. If it was not you, ignore this mail and nothing will happen.".to_owned()),
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
        let letter = verification(&url, "t0ken");
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("https://atlas.example.com/verify-email?token=t0ken"));
            assert!(part.contains("works once, for 24 hours"));
        }
    }
}
