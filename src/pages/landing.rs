//! The first page: what Atlas is, for somebody who has never seen it.

use maud::{Markup, html};

use super::layout::{Frame, Here, document};

/// The landing page. Whoever is signed in is led back to the day instead of to signing up.
pub fn page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Keep what you mean to do",
        Here::Elsewhere,
        &html! {
            div.landing {
                section.pitch {
                    h1 { "Keep what you mean to do." }
                    p.lead { "Say which days a habit is for. Open Atlas, tick what you did, close it again. Nothing else asks for your attention." }
                    p.actions {
                        @if frame.member.is_some() {
                            a.button href="/today" { "Go to today" }
                        } @else {
                            a.button href="/sign-up" { "Create your account" }
                            a.button.plain href="/sign-in" { "Sign in" }
                        }
                    }
                }
                figure.preview role="img" aria-label="A day in Atlas: two of three habits are ticked." {
                    div.preview-day aria-hidden="true" {
                        p.preview-head { "Thursday" span { "2 of 3" } }
                        @for (done, title) in [(true, "Water the tomatoes"), (true, "Ten pages"), (false, "Walk after lunch")] {
                            p.preview-row.is-done[done] { span.box {} (title) }
                        }
                    }
                }
                ul.reasons {
                    li { h2 { "Weekdays, not streak anxiety" } p { "A habit for Monday and Thursday is not late on Tuesday. Days you did not plan never count against you." } }
                    li { h2 { "Your day ends where you live" } p { "Days follow your own time zone, and yesterday stays open until two in the morning." } }
                    li { h2 { "Yours alone" } p { "No trackers, no third parties, no feed. One small server that your own team runs." } }
                }
            }
        },
    )
}
