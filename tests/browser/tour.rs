//! A walk past every page of Atlas and every state of it that looks different, over one data file.

use atlas::web::{Face, table};

use super::browser::Device;
use super::person::Person;
use super::server::Server;

/// One thing a person does on the way.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Types an address.
    Visits(&'static str),
    /// Presses the button or link with that name.
    Presses(&'static str),
    /// Presses what an XPath leads to.
    PressesAt(&'static str),
    /// Types into the field with that label.
    Types(&'static str, &'static str),
    /// Types into the field with that label what an app shows that was given the key on the page.
    TypesCode(&'static str),
    /// Waits for words.
    Sees(&'static str),
    /// Ticks whatever is open.
    TicksAll,
    /// Opens whatever is folded.
    Unfolds,
}

use Step::{Presses, PressesAt, Sees, TicksAll, Types, TypesCode, Unfolds, Visits};

/// A page in one of its states.
#[derive(Debug)]
pub struct Stop {
    /// Its route, and after a comma its state.
    pub page: &'static str,
    way: &'static [Step],
    words: &'static str,
}

/// The page `page`, reached by `way` from the stop before, shows `words`.
const fn stop(page: &'static str, way: &'static [Step], words: &'static str) -> Stop {
    Stop { page, way, words }
}

const PASSWORD: &str = "violet kettle harbour ninety";
const OTHER_PASSWORD: &str = "copper lantern meadow sixteen";

/// Every stop; each begins where the one before ended.
const STOPS: &[Stop] = &[
    // Strangers.
    stop("/landing", &[Visits("/landing")], "Keep what you mean to do"),
    stop("/dev/mail, empty", &[Visits("/dev/mail")], "Nothing yet"),
    stop("/sign-in", &[Visits("/sign-in")], "Welcome back"),
    stop(
        "/sign-in, refused",
        &[Types("Email", "ada@example.com"), Types("Password", "not this one"), Presses("Sign in")],
        "That address and password do not belong together",
    ),
    stop("/sign-in/verify, for strangers", &[Visits("/sign-in/verify")], "Welcome back"),
    stop("/verify-email", &[Visits("/verify-email")], "You can have the mail sent again"),
    stop("/verify-email, with digits", &[Unfolds], "Confirm with the digits"),
    stop("/forgot-password", &[Visits("/forgot-password")], "Forgotten password"),
    stop("/forgot-password, sent", &[Types("Email", "ines@example.com"), Presses("Send the link")], "is on its way"),
    stop(
        "/reset-password",
        &[Visits("/dev/mail"), PressesAt("//article//a[contains(@href, '/reset-password?token=')]")],
        "Choose a new password",
    ),
    stop("/reset-password, with faults", &[Presses("Save the new password")], "Choose a new password"),
    stop("/reset-password, with a broken link", &[Visits("/reset-password?token=broken")], "This link does not work"),
    stop("/new-address", &[Visits("/new-address?token=broken")], "This link does not work"),
    stop("/verify-email, with a broken link", &[Visits("/verify-email?token=broken")], "This link does not work"),
    stop(
        "/verify-email, sent again",
        &[Types("Email", "ada@example.com"), Presses("Resend verification email")],
        "a new mail is on its way",
    ),
    stop("/offline", &[Visits("/offline")], "No connection"),
    stop("/nowhere", &[Visits("/nowhere")], "There is nothing here"),
    stop("/sign-out, asked for", &[Visits("/sign-out")], "That is not possible here"),
    stop("/sign-up", &[Visits("/sign-up")], "Create your account"),
    stop("/sign-up, with faults", &[Presses("Create account")], "Type your email address"),
    // Somebody new. The same address signs up a second time, so that the link asks for the password.
    stop(
        "/sign-up, done",
        &[
            Types("Display name", "Ada"),
            Types("Email", "ada@example.com"),
            Types("Password", PASSWORD),
            Types("Confirm password", PASSWORD),
            Presses("Create account"),
        ],
        "You are signed up",
    ),
    stop("/dev/mail", &[Visits("/dev/mail")], "Confirm your address for Atlas"),
    stop(
        "/verify-email, with a link",
        &[PressesAt("//article//a[contains(@href, '/verify-email?token=')]")],
        "did you sign up as Ada?",
    ),
    stop(
        "/sign-in, not confirmed",
        &[Visits("/sign-in"), Types("Email", "ada@example.com"), Types("Password", PASSWORD), Presses("Sign in")],
        "This address is not confirmed yet",
    ),
    stop(
        "/verify-email, with a contested link",
        &[
            Visits("/sign-up"),
            Types("Display name", "Ada"),
            Types("Email", "ada@example.com"),
            Types("Password", OTHER_PASSWORD),
            Types("Confirm password", OTHER_PASSWORD),
            Presses("Create account"),
            Sees("You are signed up"),
            Visits("/dev/mail"),
            PressesAt("//article//a[contains(@href, '/verify-email?token=')]"),
        ],
        "More than one sign-up waits for it",
    ),
    stop(
        "/verify-email, refused",
        &[Types("Password", "not this one"), Presses("Confirm this address")],
        "Confirm your address",
    ),
    stop(
        "/verify-email, done",
        &[Types("Password", PASSWORD), Presses("Confirm this address")],
        "Your address is confirmed",
    ),
    // Somebody who has nothing yet.
    stop(
        "/today, empty",
        &[Presses("Sign in"), Types("Email", "ada@example.com"), Types("Password", PASSWORD), Presses("Sign in")],
        "Begin with one small thing",
    ),
    stop("/calendar, empty", &[Visits("/calendar")], "begin your first streak"),
    stop("/habits, empty", &[Visits("/habits")], "None yet"),
    stop("/habits, with faults", &[Presses("Create habit")], "cannot be empty"),
    stop("/habits/archive, empty", &[Visits("/habits/archive")], "Nothing is put away"),
    stop("/insights, empty", &[Visits("/insights")], "Nothing to look back on yet"),
    stop("/landing, for members", &[Visits("/landing")], "Go to today"),
    stop("/nowhere, for members", &[Visits("/nowhere")], "There is nothing here"),
    // Somebody with months of ticks.
    stop(
        "/today",
        &[
            Visits("/today"),
            Presses("Sign out"),
            Types("Email", "ines@example.com"),
            Types("Password", "plenty of quiet mornings"),
            Presses("Sign in"),
        ],
        "Stretch before coffee",
    ),
    stop("/calendar", &[Visits("/calendar")], "Streaks"),
    stop("/calendar, today opened", &[PressesAt("//a[@data-date-key][@aria-current='date']")], "Stretch before coffee"),
    stop(
        "/calendar, a closed day opened",
        &[Visits("/calendar"), Presses("Previous month"), PressesAt("(//a[@data-date-key])[3]")],
        "That day is closed",
    ),
    stop("/calendar/{date}", &[Visits("/calendar/2026-02-05")], "Nothing was planned for this day"),
    stop("/habits", &[Visits("/habits")], "Run along the river"),
    stop(
        "/habits, one being changed",
        &[PressesAt("//li[@data-habit-title='Run along the river']//button[contains(., 'Edit')]")],
        "Other weekdays count from today on",
    ),
    stop(
        "/habits, one being changed with faults",
        &[
            // Two forms of the page have a title.
            PressesAt("//input[@id='edit-title']"),
            Types("Title", ""),
            Presses("Save changes"),
        ],
        "cannot be empty",
    ),
    stop(
        "/habits, one being put away",
        &[Visits("/habits"), PressesAt("//li[@data-habit-title='Run along the river']//button[contains(., 'Delete')]")],
        "Put this one away?",
    ),
    stop("/habits/archive", &[Presses("Delete habit"), Presses("Archive (1)"), Unfolds], "Type the title to confirm"),
    stop(
        "/habits/archive, with faults",
        &[
            Types("Type the title to confirm", "Another title"),
            PressesAt("//button[normalize-space()='Delete for good']"),
        ],
        "Type the title to confirm",
    ),
    stop(
        "/habits/{id}, put away",
        &[PressesAt("//a[normalize-space()='Run along the river']")],
        "This habit is put away",
    ),
    stop(
        "/habits/{id}",
        &[Visits("/habits"), PressesAt("//a[normalize-space()='Stretch before coffee']"), Unfolds],
        "By weekday",
    ),
    stop("/insights", &[Visits("/insights"), Unfolds], "Twelve weeks"),
    stop("/today, all of it ticked", &[Visits("/today"), TicksAll], "All of today is ticked"),
    stop("/account", &[Visits("/account")], "Time zone"),
    stop(
        "/account, with an address at fault",
        &[Types("Email", "no address"), Presses("Update email")],
        "Update email",
    ),
    stop(
        "/account, asking who it is",
        &[Types("Email", "ines@new.example"), Presses("Update email")],
        "Security verification",
    ),
    stop(
        "/account, answered wrongly",
        &[Types("Current password", "not this one"), Presses("Verify and continue")],
        "That is not right",
    ),
    stop(
        "/account, a mail on its way",
        &[Types("Current password", "plenty of quiet mornings"), Presses("Verify and continue")],
        "Look into your mail",
    ),
    stop(
        "/new-address, with a link",
        &[Visits("/dev/mail"), PressesAt("//article//a[contains(@href, '/new-address?token=')]")],
        "Confirm your new address",
    ),
    stop("/new-address, done", &[Presses("Confirm this address")], "Your new address is confirmed"),
    stop("/account, saved", &[Visits("/account?saved")], "Your settings are saved"),
    stop(
        "/account/import, without a file",
        &[Visits("/account/import"), Presses("See what would change")],
        "Time zone",
    ),
    stop("/account, on the way to other colours", &[Visits("/account")], "Time zone"),
    // The dark colours stand in the style sheet twice, and the colour of a day that is done can be chosen.
    stop(
        "/today, dark and green by choice",
        &[
            PressesAt("//select[@id='theme']/option[@value='dark']"),
            PressesAt("//select[@id='accent']/option[@value='green']"),
            Sees("Saved."),
            Visits("/today"),
        ],
        "All of today is ticked",
    ),
    stop(
        "/today, light and blue by choice",
        &[
            Visits("/account"),
            PressesAt("//select[@id='theme']/option[@value='light']"),
            PressesAt("//select[@id='accent']/option[@value='blue']"),
            Sees("Saved."),
            Visits("/today"),
        ],
        "All of today is ticked",
    ),
    stop(
        "/calendar, dark and pink by choice",
        &[
            Visits("/account"),
            PressesAt("//select[@id='theme']/option[@value='dark']"),
            PressesAt("//select[@id='accent']/option[@value='pink']"),
            Sees("Saved."),
            Visits("/calendar"),
        ],
        "Streaks",
    ),
    stop(
        "/calendar, light and red by choice",
        &[
            Visits("/account"),
            PressesAt("//select[@id='theme']/option[@value='light']"),
            PressesAt("//select[@id='accent']/option[@value='red']"),
            Sees("Saved."),
            Visits("/calendar"),
        ],
        "Streaks",
    ),
    // The owner, who signs up like everybody.
    stop(
        "/admin",
        &[
            Presses("Sign out"),
            Sees("Welcome back"),
            Visits("/sign-up"),
            Types("Display name", "Olga"),
            Types("Email", "olga@example.com"),
            Types("Password", PASSWORD),
            Types("Confirm password", PASSWORD),
            Presses("Create account"),
            Sees("You are signed up"),
            Visits("/dev/mail"),
            PressesAt("(//article//a[contains(@href, '/verify-email?token=')])[1]"),
            Presses("Confirm this address"),
            Sees("Your address is confirmed"),
            Presses("Sign in"),
            Types("Email", "olga@example.com"),
            Types("Password", PASSWORD),
            Presses("Sign in"),
            Presses("Admin"),
        ],
        "Health status",
    ),
    stop("/admin/users", &[Visits("/admin/users")], "the newest first"),
    stop("/admin/users, none found", &[Visits("/admin/users?search=nobody-at-all")], "Nothing to show"),
    stop(
        "/admin/users/{id}",
        &[Visits("/admin/users?search=ines"), PressesAt("//ul[@class='records']//a")],
        "Sign out everywhere",
    ),
    stop("/admin/users/{id}, switched off", &[Presses("Switch off")], "every session has ended"),
    stop("/admin/users/{id}, switched on", &[Presses("Switch on again")], "is switched on again"),
    stop("/admin/habits", &[Visits("/admin/habits?status=all")], "those of the newest people first"),
    stop("/admin/activity", &[Visits("/admin/activity")], "The last requests"),
    stop("/admin/audit", &[Visits("/admin/audit")], "account.disabled"),
    stop("/admin/audit, with a fault", &[Visits("/admin/audit?person=nobody@example.com")], "There is no such person"),
    stop("/admin/mail", &[Visits("/admin/mail")], "What Atlas wrote to people"),
    stop("/admin/mail/{id}", &[PressesAt("//ul[@class='records']//a")], "Captured: kept for reading"),
    stop("/admin/snapshots", &[Visits("/admin/snapshots"), Presses("Take a snapshot now")], "was taken and proven"),
    stop("/admin/configuration", &[Visits("/admin/configuration")], "variable ADMIN_OWNER_EMAIL"),
    // Somebody who sets up a second factor.
    stop(
        "/account/two-factor",
        &[
            Presses("Sign out"),
            Types("Email", "tomasz@example.com"),
            Types("Password", "plenty of quiet mornings"),
            Presses("Sign in"),
            Sees("Today"),
            Visits("/account/two-factor"),
        ],
        "You need an authenticator app",
    ),
    stop("/account/two-factor, with a key", &[Presses("Set up 2FA")], "Scan this QR code"),
    stop(
        "/account/two-factor, with a wrong code",
        &[Types("Code of your app", "12345"), Presses("Enable 2FA")],
        "That code is not right",
    ),
    stop(
        "/account/two-factor, with recovery codes",
        &[TypesCode("Code of your app"), Presses("Enable 2FA")],
        "I saved these codes",
    ),
    stop("/account/two-factor, on", &[Presses("I saved these codes")], "10 recovery codes are left"),
    stop(
        "/account/two-factor, refused",
        &[
            Types("Current password", "not this one"),
            Types("Your app's code or a recovery code", "12345"),
            Presses("Disable 2FA"),
        ],
        "The password or the code is not right",
    ),
    stop("/account, with a second factor", &[Visits("/account")], "Manage 2FA"),
    stop(
        "/sign-in, second step",
        &[
            Presses("Sign out"),
            Types("Email", "tomasz@example.com"),
            Types("Password", "plenty of quiet mornings"),
            Presses("Sign in"),
        ],
        "Your password is right",
    ),
    stop(
        "/sign-in/verify, refused",
        &[Types("Verification code", "12345"), Presses("Verify and sign in")],
        "That code is not right",
    ),
    stop("/sign-in/verify, without the app", &[Presses("Use a recovery code")], "one of the recovery codes you saved"),
];

/// Takes a new person past every stop and has each looked at.
pub async fn tour(device: Device, mut look: impl AsyncFnMut(&Person, &Stop)) {
    let person = Person::with(device, Server::seeded()).await;
    for stop in STOPS {
        for step in stop.way {
            takes(&person, *step).await;
        }
        person.sees(stop.words).await;
        look(&person, stop).await;
    }
}

async fn takes(person: &Person, step: Step) {
    match step {
        Visits(path) => person.visits(path).await,
        Presses(name) => person.presses(name).await,
        PressesAt(path) => person.presses_at(path, path).await,
        Types(label, text) => person.types(label, text).await,
        TypesCode(label) => person.types(label, &person.is_given_the_key().await.shows_now()).await,
        Sees(words) => person.sees(words).await,
        TicksAll => presses_every(person, "//button[@role='checkbox'][@aria-checked='false']").await,
        Unfolds => presses_every(person, "//details[not(@open)]/summary").await,
    }
}

/// Presses the first match until there is none.
async fn presses_every(person: &Person, path: &str) {
    person
        .until(path, async || match person.shown(path).await? {
            Some(next) => next.click().await.map(|()| None),
            None => Ok(Some(())),
        })
        .await;
}

#[test]
fn the_tour_comes_past_every_page_there_is() {
    let stops_at = |path| STOPS.iter().any(|stop| stop.page.split(',').next() == Some(path));
    let pages = table(true, false).into_iter().filter(|route| route.method == "GET" && route.face() == Face::Page);
    let missed: Vec<_> = pages.map(|route| route.path).filter(|path| !stops_at(path)).collect();
    // The first leads on, the others are no pages.
    assert_eq!(missed, ["/", "/assets/{name}", "/favicon.ico", "/manifest.webmanifest", "/sw.js"]);
}
