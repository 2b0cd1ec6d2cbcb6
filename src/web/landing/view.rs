//! The landing page, which introduces Atlas to new visitors.

use maud::{Markup, html};

use crate::web::ui::layout::{Frame, NavItem, document};

/// The page. People who are signed in get a link to their day instead of the links to sign up and sign in.
pub fn page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Stick to the habits you choose",
        NavItem::Other,
        &html! {
            div.landing {
                section.hero {
                    h1 { "Stick to the habits you choose." }
                    p.lead { "Choose the days for each habit. Open Atlas, check off what you've done, and get on with your day." }
                    p.actions {
                        @if frame.member.is_some() {
                            a.button href="/today" { "Go to Today" }
                        } @else {
                            a.button href="/sign-up" { "Create your account" }
                            a.button.plain href="/sign-in" { "Sign in" }
                        }
                    }
                }
                figure.preview role="img" aria-label="A day in Atlas with two of three habits done." {
                    div.preview-day aria-hidden="true" {
                        p.preview-head { "Thursday" span { "2 of 3" } }
                        @for (done, title) in [(true, "Water the tomatoes"), (true, "Ten pages"), (false, "Walk after lunch")] {
                            p.preview-row.is-done[done] { span.box {} (title) }
                        }
                    }
                }
                ul.benefits {
                    li { h2 { "Your days, no streak anxiety" } p { "A Monday-and-Thursday habit isn't overdue on Tuesday. Days you didn't plan never count against you." } }
                    li { h2 { "Your day, your time zone" } p { "Each day starts and ends in your time zone. Forgot to check something off? You can still do it the next day." } }
                    li { h2 { "Run by your own team" } p { "No ads, no feed, no trackers. Just one small server, and an export of everything you enter." } }
                }
            }
        },
    )
}
