//! A dialog that asks before something is done.

use maud::{Markup, html};

/// What the dialog asks and what its button does.
#[derive(Debug, Clone, Copy)]
pub struct ConfirmDialog<'a> {
    pub question: &'a str,
    /// What will happen, in a sentence or two.
    pub consequence: &'a str,
    /// The path that the button posts to.
    pub action: &'a str,
    pub button: &'a str,
    /// The accessible name of the button, where it says more than its text.
    pub button_name: Option<&'a str>,
    /// Whether the button has the focus when the dialog opens; not if what it does can't be undone.
    pub is_default: bool,
    /// Where Cancel leads.
    pub cancel: &'a str,
}

/// The id of the question, for the fragment of addresses that open the dialog.
pub const QUESTION_ID: &str = "confirm-title";

/// The dialog, open in the page. With JavaScript, `row-forms.js` shows it above the page.
pub fn confirm_dialog(dialog: &ConfirmDialog<'_>) -> Markup {
    html! {
        dialog.row-form.confirm open aria-labelledby=(QUESTION_ID) {
            h2 id=(QUESTION_ID) tabindex="-1" { (dialog.question) }
            p { (dialog.consequence) }
            form.actions method="post" action=(dialog.action) {
                button.button type="submit" aria-label=[dialog.button_name] autofocus[dialog.is_default] { (dialog.button) }
                a.button.plain href=(dialog.cancel) data-cancel { "Cancel" }
            }
        }
    }
}
