//! What admins can do with a user, in the menu of a row and on the user's page.

use maud::{Markup, html};

use crate::domain::Account;
use crate::web::admin::list_query::ListQuery;
use crate::web::ui::confirm_dialog::{ConfirmDialog, QUESTION_ID, confirm_dialog};
use crate::web::ui::menu::{action_menu, menu_button_id};

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAction {
    Resend,
    SignOut,
    Disable,
    Enable,
}

impl UserAction {
    /// The last part of the path that it posts to.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::SignOut => "sign-out",
            Self::Disable => "disable",
            Self::Enable => "enable",
        }
    }

    /// The action that `?confirm=` asks about.
    pub fn parse_confirmation(text: &str) -> Option<Self> {
        [Self::SignOut, Self::Disable].into_iter().find(|action| action.as_str() == text)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Resend => "Resend email",
            Self::SignOut => "Sign out all devices",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
        }
    }

    fn needs_confirmation(self) -> bool {
        Self::parse_confirmation(self.as_str()).is_some()
    }
}

/// What can be done with an account. `is_own` says that it is the admin's own.
pub fn available_actions(account: &Account, is_own: bool) -> Vec<UserAction> {
    let resend = account.verified_at.is_none().then_some(UserAction::Resend);
    let access = match account.disabled_at {
        Some(_) => Some(UserAction::Enable),
        None => (!is_own).then_some(UserAction::Disable),
    };
    resend.into_iter().chain([UserAction::SignOut]).chain(access).collect()
}

fn path(account: &Account, action: UserAction) -> String {
    format!("/admin/users/{}/{}", account.id, action.as_str())
}

/// The menu of a row.
pub fn row_menu(account: &Account, is_own: bool, list: &ListQuery) -> Markup {
    let items = html! {
        @for action in available_actions(account, is_own) {
            @if action.needs_confirmation() {
                form method="get" action={ (list.path()) "#" (QUESTION_ID) } data-open {
                    (list.fields())
                    input type="hidden" name="user" value=(account.id);
                    input type="hidden" name="confirm" value=(action.as_str());
                    button type="submit" { (action.label()) }
                }
            } @else {
                form method="post" action=(list.action(&path(account, action))) { button type="submit" { (action.label()) } }
            }
        }
    };
    action_menu(&account.id.to_string(), account.name(), &items)
}

/// The dialog that confirms an action of a row.
pub fn row_dialog(account: &Account, action: UserAction, list: &ListQuery) -> Markup {
    let cancel = format!("{}#{}", list.address(), menu_button_id(&account.id.to_string()));
    dialog(account, action, &list.action(&path(account, action)), &cancel)
}

/// The buttons of the user's page, with the dialog that is open.
pub fn page_buttons(account: &Account, is_own: bool, open: Option<UserAction>) -> Markup {
    html! {
        div.user-actions data-row {
            div.actions {
                @for action in available_actions(account, is_own) { (page_button(account, action)) }
            }
            @if let Some(action) = open.filter(|action| available_actions(account, is_own).contains(action)) {
                (dialog(account, action, &path(account, action), &format!("/admin/users/{}", account.id)))
            }
        }
    }
}

fn page_button(account: &Account, action: UserAction) -> Markup {
    let button = html! { button.button.plain type="submit" { (action.label()) } };
    html! {
        @if action.needs_confirmation() {
            form method="get" action={ "/admin/users/" (account.id) "#" (QUESTION_ID) } data-open {
                input type="hidden" name="confirm" value=(action.as_str());
                (button)
            }
        } @else {
            form method="post" action=(path(account, action)) { (button) }
        }
    }
}

fn dialog(account: &Account, action: UserAction, post_to: &str, cancel: &str) -> Markup {
    let name = account.name();
    let (question, consequence, button) = match action {
        UserAction::Disable => (
            format!("Disable {name}?"),
            "They're signed out of all devices and can't sign in until you enable the account again. Their data stays.",
            "Disable account",
        ),
        _ => (
            format!("Sign out {name}?"),
            "This ends every session of the account. They can sign in again right away.",
            "Sign out everywhere",
        ),
    };
    confirm_dialog(&ConfirmDialog {
        question: &question,
        consequence,
        action: post_to,
        button,
        button_name: None,
        is_default: false,
        cancel,
    })
}
