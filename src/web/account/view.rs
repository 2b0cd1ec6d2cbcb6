//! What the four parts of the account share: the navigation between them, their sections, and how a saved change is confirmed.

use maud::{Markup, html};

use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// A part of the account. Each has an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountPart {
    Profile,
    Preferences,
    Security,
    Data,
}

impl AccountPart {
    const ALL: [Self; 4] = [Self::Profile, Self::Preferences, Self::Security, Self::Data];

    /// The path of the page.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Profile => "/account",
            Self::Preferences => "/account/preferences",
            Self::Security => "/account/security",
            Self::Data => "/account/data",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Profile => "Profile",
            Self::Preferences => "Preferences",
            Self::Security => "Security",
            Self::Data => "Your data",
        }
    }
}

/// The page of a part with the links to the others.
pub fn part_page(frame: &Frame<'_>, part: AccountPart, content: &Markup) -> Markup {
    document(
        frame,
        &format!("{} · Account", part.label()),
        NavItem::Account,
        &html! {
            div.account {
                (page_head(html! { "Account" span.unseen { ": " (part.label()) } }, &html! {}))
                nav.subnav aria-label="Account" {
                    ul {
                        @for other in AccountPart::ALL {
                            li { a href=(other.path()) aria-current=[(other == part).then_some("page")] { (other.label()) } }
                        }
                    }
                }
                (content)
            }
        },
    )
}

/// A section of a part. On a wide screen its heading is beside its controls. `id` is for links to the section.
pub fn section(id: &str, title: &str, description: &Markup, controls: &Markup) -> Markup {
    html! {
        section.setting-group {
            div.setting-head {
                h2 id=(id) tabindex="-1" { (title) }
                (description)
            }
            div.setting-controls { (controls) }
        }
    }
}

/// Confirms beside a button that its form was saved. It takes the focus, so that the page opens where the person was.
pub fn saved(message: &str) -> Markup {
    html! { p.saved role="status" tabindex="-1" autofocus { (message) } }
}
