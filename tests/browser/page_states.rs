//! Visits every page of Atlas in every state that looks different, with one data file.

use atlas::web::{Format, route_table};

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::server::Server;

/// One action of the user.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Opens a path.
    Open(&'static str),
    /// Presses the button or link with that name.
    Press(&'static str),
    /// Presses the element at an XPath.
    PressAt(&'static str),
    /// Fills in the field with that label.
    Type(&'static str, &'static str),
    /// Fills in the field at an XPath.
    TypeAt(&'static str, &'static str),
    /// Fills in the field with that label with the current code of the key on the page.
    TypeCode(&'static str),
    /// Waits for visible text.
    WaitFor(&'static str),
    /// Completes every habit that isn't completed.
    CompleteAll,
    /// Expands every collapsed section.
    ExpandAll,
    /// Deletes the cookie of a sign-up, as if it had been made in another browser.
    ForgetSignUp,
}

use Step::{CompleteAll, ExpandAll, ForgetSignUp, Open, Press, PressAt, Type, TypeAt, TypeCode, WaitFor};

/// A page in one of its states.
#[derive(Debug)]
pub struct PageState {
    /// The route, and after a comma the state.
    pub page: &'static str,
    steps: &'static [Step],
    expected_text: &'static str,
}

/// `steps` lead from the previous state to this one, which shows `expected_text`.
const fn state(page: &'static str, steps: &'static [Step], expected_text: &'static str) -> PageState {
    PageState { page, steps, expected_text }
}

const PASSWORD: &str = "violet kettle harbour ninety";
const OTHER_PASSWORD: &str = "copper lantern meadow sixteen";

/// The menu of a habit.
const ACTIONS: &str = "//li[@data-habit-title='Run along the river']//button[@popovertarget]";

/// Every state. The steps of each begin where the previous ones ended.
const PAGE_STATES: &[PageState] = &[
    // Visitors.
    state("/landing", &[Open("/landing")], "Stick to the habits you choose"),
    state("/dev/mail, empty", &[Open("/dev/mail")], "Nothing yet"),
    state("/dev/styles", &[Open("/dev/styles")], "Shared components in every state"),
    state("/sign-in", &[Open("/sign-in")], "Welcome back"),
    state(
        "/sign-in, refused",
        &[Type("Email", "ada@example.com"), Type("Password", "not this one"), Press("Sign in")],
        "Wrong email or password",
    ),
    state("/sign-in/verify, for visitors", &[Open("/sign-in/verify")], "Welcome back"),
    state("/verify-email", &[Open("/verify-email")], "We can send it again"),
    state("/verify-email, with the code form", &[ExpandAll], "Confirm"),
    state("/forgot-password", &[Open("/forgot-password")], "Reset your password"),
    state("/forgot-password, sent", &[Type("Email", "ines@example.com"), Press("Send reset link")], "is on its way"),
    state(
        "/reset-password",
        &[Open("/dev/mail"), PressAt("//article//a[contains(@href, '/reset-password?token=')]")],
        "Choose a new password",
    ),
    state("/reset-password, with errors", &[Press("Save new password")], "Choose a new password"),
    state("/reset-password, with a broken link", &[Open("/reset-password?token=broken")], "This link doesn't work"),
    state("/new-address", &[Open("/new-address?token=broken")], "This link doesn't work"),
    state("/verify-email, with a broken link", &[Open("/verify-email?token=broken")], "This link doesn't work"),
    state(
        "/verify-email, sent again",
        &[Type("Email", "ada@example.com"), Press("Resend email (resend verification email)")],
        "a new email is on its way",
    ),
    state("/offline", &[Open("/offline")], "You're offline"),
    state("/nowhere", &[Open("/nowhere")], "Page not found"),
    state("/sign-out, by GET", &[Open("/sign-out")], "Not supported here"),
    state("/sign-up", &[Open("/sign-up")], "Create your account"),
    state("/sign-up, with errors", &[Press("Create account")], "Enter your email address"),
    // A new user. Later the same address signs up again, so that the link asks for the password.
    state(
        "/sign-up, done",
        &[
            Type("Display name", "Ada"),
            Type("Email", "ada@example.com"),
            Type("Password", PASSWORD),
            Type("Confirm password", PASSWORD),
            Press("Create account"),
        ],
        "Check your email",
    ),
    state("/sign-up, with a wrong code", &[Type("6-digit code", "12"), Press("Confirm")], "wrong or has expired"),
    state("/sign-up, sent again", &[Open("/sign-up?sent=again")], "a new email is on its way"),
    state("/sign-up, changed", &[Press("Change it")], "Create your account"),
    state("/dev/mail", &[Open("/dev/mail")], "Confirm your email for Atlas"),
    state(
        "/verify-email, with a link",
        &[PressAt("//article//a[contains(@href, '/verify-email?token=')]")],
        "did you sign up as Ada?",
    ),
    state(
        "/sign-in, not confirmed",
        &[Open("/sign-in"), Type("Email", "ada@example.com"), Type("Password", PASSWORD), Press("Sign in")],
        "Please confirm your email first",
    ),
    state(
        "/verify-email, with a link for several sign-ups",
        &[
            // As in two other browsers.
            ForgetSignUp,
            Open("/sign-up"),
            Type("Display name", "Ada"),
            Type("Email", "ada@example.com"),
            Type("Password", OTHER_PASSWORD),
            Type("Confirm password", OTHER_PASSWORD),
            Press("Create account"),
            WaitFor("Check your email"),
            ForgetSignUp,
            Open("/dev/mail"),
            PressAt("//article//a[contains(@href, '/verify-email?token=')]"),
        ],
        "This address was used for several sign-ups",
    ),
    state("/verify-email, refused", &[Type("Password", "not this one"), Press("Confirm email")], "Confirm your email"),
    state(
        "/verify-email, new sign-up refused",
        &[Type("Display name", "Ada"), Type("New password", "short"), Press("Save and confirm email")],
        "Use at least 12 characters",
    ),
    state("/verify-email, done", &[Type("Password", PASSWORD), Press("Confirm email")], "Your email is confirmed"),
    // A user without habits.
    state("/today, empty", &[Type("Password", PASSWORD), Press("Sign in")], "Start with one small thing"),
    state("/first-habit", &[Open("/first-habit")], "Pick your first habit"),
    state("/first-habit, with an error", &[ExpandAll, Press("Create habit")], "Enter a title"),
    state("/calendar, empty", &[Open("/calendar")], "start your first streak"),
    state("/habits, empty", &[Open("/habits")], "No habits yet"),
    state("/habits, with errors", &[Press("Create habit")], "Enter a title"),
    state("/habits/archive, empty", &[Open("/habits/archive")], "Your archive is empty"),
    state("/insights, empty", &[Open("/insights")], "No insights yet"),
    state("/notes, empty", &[Open("/notes")], "No notes yet"),
    state("/landing, for members", &[Open("/landing")], "Go to Today"),
    state("/nowhere, for members", &[Open("/nowhere")], "Page not found"),
    // A user with months of completions.
    state(
        "/today",
        &[
            Open("/today"),
            Press("Sign out"),
            Type("Email", "ines@example.com"),
            Type("Password", "plenty of quiet mornings"),
            Press("Sign in"),
        ],
        "Stretch before coffee",
    ),
    state("/yesterday", &[Open("/yesterday")], "Stretch before coffee"),
    state("/calendar", &[Open("/calendar")], "Streaks"),
    state(
        "/calendar, today selected",
        &[PressAt("//a[@data-date-key][@aria-current='date']")],
        "Stretch before coffee",
    ),
    state(
        "/calendar, a closed day selected",
        &[Open("/calendar"), Press("Previous month"), PressAt("(//a[@data-date-key])[3]")],
        "You can only edit today",
    ),
    state("/calendar/{date}", &[Open("/calendar/2026-02-05")], "Nothing was scheduled for this day"),
    state("/habits", &[Open("/habits")], "Run along the river"),
    state("/habits, a menu", &[PressAt(ACTIONS)], "Move down"),
    state("/habits, editing", &[Press("Edit"), ExpandAll], "Changes apply from today"),
    state(
        "/habits, editing with errors",
        &[
            // Two forms on the page have a field “Title”.
            TypeAt("//input[@id='edit-title']", ""),
            Press("Save changes"),
        ],
        "Enter a title",
    ),
    state("/habits, with the new form first", &[Open("/habits?new")], "Run along the river"),
    state(
        "/habits, confirming archiving",
        &[Open("/habits"), PressAt(ACTIONS), Press("Archive")],
        "Archive this habit?",
    ),
    state("/habits/archive", &[Press("Archive habit"), Press("Archive (1)")], "Restore"),
    state("/habits/archive, confirming deletion", &[Press("Delete")], "This permanently deletes"),
    state(
        "/habits/{id}, archived",
        &[Press("Cancel"), PressAt("//a[normalize-space()='Run along the river']")],
        "This habit is archived",
    ),
    state(
        "/habits/{id}",
        &[Open("/habits"), PressAt("//a[normalize-space()='Stretch before coffee']"), ExpandAll],
        "By day of the week",
    ),
    state("/habits/{id}, adding a note with errors", &[Press("Save note")], "Enter a note"),
    state(
        "/habits/{id}, with a note",
        &[
            Type("Note", "A *good* morning:\n- slept well\n- [plan](https://example.com)"),
            Press("Save note"),
            WaitFor("slept well"),
        ],
        "Edit",
    ),
    state("/habits/{id}, editing a note", &[PressAt("//a[@data-edit-note]")], "Delete note"),
    state("/notes", &[Open("/notes")], "slept well"),
    state("/notes, with matches", &[Open("/notes?q=sl%C3%A9pt")], "slept well"),
    state("/notes, without matches", &[Open("/notes?q=zzz")], "No note matches"),
    state("/insights", &[Open("/insights"), ExpandAll], "Last 12 weeks"),
    state("/today, all done", &[Open("/today"), CompleteAll], "All done for today"),
    state(
        "/habits/select",
        &[
            Open("/habits/select"),
            PressAt("(//label[contains(@class, 'habit-choice')])[1]"),
            PressAt("(//label[contains(@class, 'habit-choice')])[2]"),
        ],
        "2 selected",
    ),
    state("/habits/select, the changes", &[Press("Change…")], "Remove tags"),
    state(
        "/habits, with a group",
        &[Type("Move to group", "Mornings"), Type("Add tags", "calm"), Press("Apply")],
        "Mornings",
    ),
    state(
        "/today, in sections",
        &[Open("/today"), PressAt("//button[@popovertarget='group-by']"), Press("Group")],
        "Mornings",
    ),
    state("/account", &[Open("/account")], "Update email"),
    state(
        "/account/email, with an invalid address",
        &[Type("Email", "no address"), Press("Update email")],
        "Update email",
    ),
    state(
        "/account/verify, confirming identity",
        &[Type("Email", "ines@new.example"), Press("Update email")],
        "Confirm it's you",
    ),
    state(
        "/account/verify, wrong password",
        &[Type("Current password", "not this one"), Press("Verify and continue")],
        "Wrong password",
    ),
    state(
        "/account/verify, confirmation email sent",
        &[Type("Current password", "plenty of quiet mornings"), Press("Verify and continue")],
        "Check your email",
    ),
    state(
        "/new-address, with a link",
        &[Open("/dev/mail"), PressAt("//article//a[contains(@href, '/new-address?token=')]")],
        "Confirm your new email",
    ),
    state("/new-address, done", &[Press("Confirm email")], "Your new email is confirmed"),
    state("/account, saved", &[Open("/account?saved")], "Name saved"),
    state("/account/preferences, saved", &[Open("/account/preferences?saved")], "Preferences saved"),
    state("/account/security", &[Open("/account/security")], "Signed-in devices"),
    state("/account/security, password changed", &[Open("/account/security?saved")], "Password changed"),
    state("/account/data", &[Open("/account/data")], "Delete everything"),
    state(
        "/account/data, deletion not confirmed",
        &[Press("Delete account (request delete)")],
        "Type “delete” to confirm",
    ),
    state("/account/import, without a file", &[Open("/account/import"), Press("Preview")], "Choose a file first"),
    state("/account/preferences", &[Open("/account/preferences")], "Time zone"),
    // The dark colors apply by preference and by choice, and the accent color can be chosen.
    state(
        "/today, dark and green",
        &[
            PressAt("//select[@id='theme']/option[@value='dark']"),
            PressAt("//select[@id='accent']/option[@value='green']"),
            WaitFor("Saved."),
            Open("/today"),
        ],
        "All done for today",
    ),
    state(
        "/today, light and blue",
        &[
            Open("/account/preferences"),
            PressAt("//select[@id='theme']/option[@value='light']"),
            PressAt("//select[@id='accent']/option[@value='blue']"),
            WaitFor("Saved."),
            Open("/today"),
        ],
        "All done for today",
    ),
    state(
        "/calendar, dark and pink",
        &[
            Open("/account/preferences"),
            PressAt("//select[@id='theme']/option[@value='dark']"),
            PressAt("//select[@id='accent']/option[@value='pink']"),
            WaitFor("Saved."),
            Open("/calendar"),
        ],
        "Streaks",
    ),
    state(
        "/calendar, light and red",
        &[
            Open("/account/preferences"),
            PressAt("//select[@id='theme']/option[@value='light']"),
            PressAt("//select[@id='accent']/option[@value='red']"),
            WaitFor("Saved."),
            Open("/calendar"),
        ],
        "Streaks",
    ),
    // The owner, who signs up as everyone does.
    state(
        "/admin",
        &[
            Press("Sign out"),
            WaitFor("Welcome back"),
            Open("/sign-up"),
            Type("Display name", "Olga"),
            Type("Email", "olga@example.com"),
            Type("Password", PASSWORD),
            Type("Confirm password", PASSWORD),
            Press("Create account"),
            WaitFor("Check your email"),
            Open("/dev/mail"),
            PressAt("(//article//a[contains(@href, '/verify-email?token=')])[1]"),
            Press("Confirm email"),
            WaitFor("Pick your first habit"),
            Press("Admin"),
        ],
        "Health status",
    ),
    state("/admin/users", &[Open("/admin/users")], "Name or email contains"),
    state("/admin/users, no matches", &[Open("/admin/users?search=nobody-at-all")], "Nothing to show"),
    state("/admin/users/{id}", &[Open("/admin/users?search=ines"), PressAt("//tbody//a")], "Sign out all devices"),
    state("/admin/users/{id}, confirming", &[Press("Disable")], "can't sign in until you enable"),
    state("/admin/users/{id}, disabled", &[Press("Disable account")], "Account disabled"),
    state("/admin/users/{id}, enabled again", &[Press("Enable")], "Account enabled"),
    state(
        "/admin/users, sorted by email with an open menu",
        &[Open("/admin/users?sort=email"), PressAt("(//button[@class='menu-button'])[1]")],
        "Sign out all devices",
    ),
    state("/admin/confirm", &[Open("/admin/confirm?from=/admin/users")], "Confirm it's you"),
    state("/admin/habits", &[Open("/admin/habits?status=all")], "in the order their owners signed up"),
    state("/admin/activity", &[Open("/admin/activity")], "The last 200 requests"),
    state("/admin/audit", &[Open("/admin/audit")], "account.disabled"),
    state("/admin/audit, with an error", &[Open("/admin/audit?person=nobody@example.com")], "User not found"),
    state("/admin/mail", &[Open("/admin/mail")], "Emails to your users"),
    state("/admin/mail/{id}", &[PressAt("//tbody//a")], "Captured instead of sent"),
    state("/admin/snapshots", &[Open("/admin/snapshots"), Press("Create snapshot")], "created and verified"),
    state("/admin/configuration", &[Open("/admin/configuration")], "variable ADMIN_OWNER_EMAIL"),
    state("/admin/handbook", &[Open("/admin/handbook")], "Operator's handbook"),
    state("/admin/handbook/{topic}", &[PressAt("//a[@href='/admin/handbook/deploy']")], "Set up staging"),
    // A user who enables two-factor authentication.
    state(
        "/account/two-factor",
        &[
            Press("Sign out"),
            Type("Email", "tomasz@example.com"),
            Type("Password", "plenty of quiet mornings"),
            Press("Sign in"),
            WaitFor("Today"),
            Open("/account/two-factor"),
        ],
        "You'll need an authenticator app",
    ),
    state("/account/two-factor, with a key", &[Press("Set up 2FA")], "Scan this QR code"),
    state(
        "/account/two-factor, with a wrong code",
        &[Type("Code from your app", "12345"), Press("Turn on 2FA")],
        "That code is wrong",
    ),
    state(
        "/account/two-factor, with recovery codes",
        &[TypeCode("Code from your app"), Press("Turn on 2FA")],
        "I saved these codes",
    ),
    state("/account/two-factor, enabled", &[Press("I saved these codes")], "10 recovery codes left"),
    state(
        "/account/two-factor, refused",
        &[
            Type("Current password", "not this one"),
            Type("Code from your app or a recovery code (to turn off 2FA)", "12345"),
            Press("Turn off 2FA"),
        ],
        "Wrong password or code",
    ),
    state("/account/security, with two-factor authentication", &[Open("/account/security")], "Manage 2FA"),
    state(
        "/sign-in, second step",
        &[
            Press("Sign out"),
            Type("Email", "tomasz@example.com"),
            Type("Password", "plenty of quiet mornings"),
            Press("Sign in"),
        ],
        "Enter the code from your authenticator app",
    ),
    state(
        "/sign-in/verify, refused",
        &[Type("Verification code", "12345"), Press("Verify and sign in")],
        "That code is wrong",
    ),
    state("/sign-in/verify, without the app", &[Press("Use a recovery code")], "one of the recovery codes you saved"),
];

/// Takes a new user through all states and calls `check` in each.
pub async fn visit_page_states(device: Device, mut check: impl AsyncFnMut(&BrowserUser, &PageState)) {
    let user = BrowserUser::open(device, Server::start_seeded()).await;
    for state in PAGE_STATES {
        for step in state.steps {
            perform(&user, *step).await;
        }
        user.wait_for_text(state.expected_text).await;
        check(&user, state).await;
    }
}

async fn perform(user: &BrowserUser, step: Step) {
    match step {
        Open(path) => user.visit(path).await,
        Press(name) => user.press(name).await,
        PressAt(path) => user.press_at(path, path).await,
        Type(label, text) => user.type_into(label, text).await,
        TypeAt(path, text) => user.type_into_at(path, path, text).await,
        TypeCode(label) => user.type_into(label, &user.scan_authenticator_key().await.current_code()).await,
        WaitFor(words) => user.wait_for_text(words).await,
        CompleteAll => press_all(user, "//button[@role='checkbox'][@aria-checked='false']").await,
        ExpandAll => press_all(user, "//details[not(@open)]/summary").await,
        ForgetSignUp => {
            let forgotten = user.browser.client.delete_cookie("atlas-development-sign-up");
            user.with_timeout("the cookie to be deleted", forgotten).await;
        }
    }
}

/// Presses the first match until no element matches.
async fn press_all(user: &BrowserUser, path: &str) {
    user.wait_until(path, async || match user.find_visible(path).await? {
        Some(next) => next.click().await.map(|()| None),
        None => Ok(Some(())),
    })
    .await;
}

#[test]
fn every_page_has_a_state_in_this_list() {
    let is_visited = |path| PAGE_STATES.iter().any(|state| state.page.split(',').next() == Some(path));
    let pages =
        route_table(true, false).into_iter().filter(|route| route.method == "GET" && route.format() == Format::Page);
    let missing: Vec<_> = pages.map(|route| route.path).filter(|path| !is_visited(path)).collect();
    // The first redirects, and the others aren't pages.
    assert_eq!(
        missing,
        ["/", "/assets/{name}", "/favicon.ico", "/manifest.webmanifest", "/speculation-rules.json", "/sw.js"]
    );
}
