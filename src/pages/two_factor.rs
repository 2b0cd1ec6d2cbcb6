//! The second factor: setting it up, its recovery codes, switching it off, and the second step of signing in.

use maud::{Markup, html};

use super::form::{Field, alert, described_by, field, notes, status};
use super::layout::{Frame, Here, document};
use super::qr;
use crate::domain::Fault;
use crate::domain::two_factor::Method;

/// Where everything about the second factor is done.
pub const ADDRESS: &str = "/account/two-factor";

/// The field of the second step of signing in.
const SECOND_STEP: &str = "code";

/// How the second factor stands, as far as pages tell.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Whether it is on.
    pub enabled: bool,
    /// Whether codes of the app can be checked.
    pub readable: bool,
    /// How many recovery codes are left.
    pub recovery_left: usize,
}

/// The part of the account page about it.
pub fn section(standing: Standing) -> Markup {
    html! {
        section #two-factor {
            h2 { "Two-factor sign-in" }
            @if standing.enabled {
                p { strong { "It is on." } " Signing in takes a code of your app, too. " (left(standing.recovery_left)) }
                @if !standing.readable { (unreadable()) }
                p.actions { a.button.plain href=(ADDRESS) { "Manage 2FA" } }
            } @else {
                p { "With it a password alone lets nobody in: signing in also takes a code that an app on your phone shows." }
                (begin())
            }
        }
    }
}

fn begin() -> Markup {
    html! {
        form method="post" action=(ADDRESS) {
            button.button.plain type="submit" name="what" value="set-up" { "Set up 2FA" }
        }
    }
}

fn left(count: usize) -> String {
    match count {
        0 => "No recovery code is left.".to_owned(),
        1 => "1 recovery code is left.".to_owned(),
        _ => format!("{count} recovery codes are left."),
    }
}

fn unreadable() -> Markup {
    alert(
        "Codes of your app no longer count since this server's secret was changed. Switch 2FA off with a recovery code and set it up again.",
    )
}

/// The page of somebody who has no second factor and has not begun to set one up.
pub fn start(frame: &Frame<'_>, required: bool) -> Markup {
    page(
        frame,
        "Set up 2FA",
        &html! {
            @if required { (status("Admins of this environment need two-factor sign-in. Set it up to open the dashboard.")) }
            p.lead { "With two-factor sign-in a password alone lets nobody in: signing in also takes a code that an app on your phone shows." }
            p { "You need an authenticator app. Any will do, as in most password managers, and it works without a connection." }
            (begin())
            p.back { a href="/account" { "Back to your account" } }
        },
    )
}

/// The page with a secret that waits for its first code.
pub fn enrol(frame: &Frame<'_>, secret: &str, uri: &str, faults: &[Fault]) -> Markup {
    page(
        frame,
        "Set up 2FA",
        &html! {
            section {
                h2 { "1. Give the secret to your app" }
                p { "Scan this QR code with your authenticator app." }
                (qr::svg(uri, "QR code for your authenticator app"))
                p.actions { a.button.plain href=(uri) { "Open in an app on this device" } }
                div.field {
                    label for="manual-secret" { "Or type this key" }
                    input #manual-secret.key type="text" readonly value=(secret) autocomplete="off" autocapitalize="none" spellcheck="false";
                }
            }
            section {
                h2 { "2. Type the code it shows" }
                form.stack method="post" action=(ADDRESS) novalidate {
                    (code("setup-code", "Code of your app", Some("Six digits; a new one every half minute."), Method::Totp, faults))
                    div.actions {
                        button.button type="submit" name="what" value="enable" { "Enable 2FA" }
                        a.button.plain href="/account" { "Not now" }
                    }
                }
                p.hint { "Every other device is signed out then, and must show a code to come back." }
            }
        },
    )
}

/// What follows: the recovery codes, shown once.
pub fn recovery_codes(frame: &Frame<'_>, codes: &[String], enabled_now: bool) -> Markup {
    page(
        frame,
        "Your recovery codes",
        &html! {
            @if enabled_now { (status("Two-factor sign-in is on.")) }
            p.lead { "Each of these lets you in once when you do not have your app. Keep them where you keep your passwords; they are not shown again." }
            ul.codes { @for one in codes { li { code { (one) } } } }
            form method="get" action=(ADDRESS) { button.button type="submit" { "I saved these codes" } }
        },
    )
}

/// The page of somebody who has a second factor.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// Nothing happened.
    Nothing,
    /// Switching it off was refused.
    Disable(&'a [Fault]),
    /// New recovery codes were refused.
    Rotate(&'a [Fault]),
}

/// The page of somebody who has a second factor: new recovery codes, and switching it off.
pub fn manage(frame: &Frame<'_>, standing: Standing, required: bool, news: News<'_>) -> Markup {
    let (disable, rotate) = match news {
        News::Nothing => (&[][..], &[][..]),
        News::Disable(faults) => (faults, &[][..]),
        News::Rotate(faults) => (&[][..], faults),
    };
    let password = Field {
        name: "currentPassword",
        label: "Current password",
        kind: "password",
        value: "",
        autocomplete: "current-password",
        hint: None,
    };
    page(
        frame,
        "Two-factor sign-in",
        &html! {
            p.lead { strong { "It is on." } " " (left(standing.recovery_left)) }
            @if !standing.readable { (unreadable()) }
            section {
                h2 { "New recovery codes" }
                p { "Ten new ones; those you have stop working." }
                form.stack method="post" action=(ADDRESS) novalidate {
                    (code("rotate-code", "Code of your app, or a recovery code", None, Method::RecoveryCode, rotate))
                    button.button.plain type="submit" name="what" value="rotate" { "Make new codes" }
                }
            }
            section {
                h2 { "Switch it off" }
                @if required {
                    p { "Admins of this environment need it, so it stays on." }
                } @else {
                    p { "Your password alone lets you in again, and your recovery codes are void." }
                    form.stack method="post" action=(ADDRESS) novalidate {
                        // For password managers.
                        input type="text" name="username" autocomplete="username" value=[frame.member.map(|me| me.email.as_str())] hidden;
                        (field("", &password, disable))
                        (code("disable-2fa-code", "Your app's code or a recovery code", None, Method::RecoveryCode, disable))
                        button.button.plain type="submit" name="what" value="disable" { "Disable 2FA" }
                    }
                }
            }
            p.back { a href="/account" { "Back to your account" } }
        },
    )
}

fn page(frame: &Frame<'_>, title: &str, body: &Markup) -> Markup {
    document(
        frame,
        title,
        Here::Account,
        &html! {
            div.settings {
                h1 { (title) }
                (body)
            }
        },
    )
}

/// A field for a code, sent as `code`. One that takes recovery codes, too, gives phones a whole keyboard.
fn code(id: &'static str, label: &str, hint: Option<&str>, method: Method, faults: &[Fault]) -> Markup {
    let fault = faults.iter().find(|fault| fault.field == "code").map(|fault| fault.message.as_str());
    let (inputmode, autocomplete) = match method {
        Method::Totp => ("numeric", "one-time-code"),
        Method::RecoveryCode => ("text", "off"),
    };
    // Where nothing else is to be typed, it may be typed at once.
    let is_first = id == SECOND_STEP || faults.first().is_some_and(|first| first.field == "code");
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name="code" type="text" inputmode=(inputmode) autocomplete=(autocomplete) autocapitalize="none" spellcheck="false"
                maxlength="64" required aria-describedby=[described_by("", id, hint.is_some(), fault.is_some())]
                aria-invalid=[fault.map(|_| "true")] autofocus[is_first];
            (notes("", id, hint, fault))
        }
    }
}

/// What the second step of signing in is about.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The challenge's token.
    pub challenge: &'a str,
    /// Where to go afterwards.
    pub from: &'a str,
    /// What is asked for.
    pub method: Method,
}

/// The second step of signing in.
pub fn second_step(frame: &Frame<'_>, step: Step<'_>, refused: Option<&str>) -> Markup {
    let (title, lead, hint, other) = match step.method {
        Method::Totp => (
            "One more step",
            "Your password is right. Now the code that your authenticator app shows.",
            "Six digits; a new one every half minute.",
            (Method::RecoveryCode, "Use a recovery code"),
        ),
        Method::RecoveryCode => (
            "Without your app",
            "Your password is right. Now one of the recovery codes you saved; it works once.",
            "Five groups of four. Dashes and spaces do not matter.",
            (Method::Totp, "Use the app instead"),
        ),
    };
    let hidden = |method: Method| {
        html! {
            input type="hidden" name="challenge" value=(step.challenge);
            input type="hidden" name="from" value=(step.from);
            input type="hidden" name="method" value=(method.word());
        }
    };
    let faults: Vec<Fault> = refused.map(|why| Fault::new("code", why)).into_iter().collect();
    document(
        frame,
        title,
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { (title) }
                p.lead { (lead) }
                form.stack method="post" action="/sign-in/verify" novalidate {
                    (hidden(step.method))
                    (code(SECOND_STEP, "Verification code", Some(hint), step.method, &faults))
                    button.button type="submit" { "Verify and sign in" }
                }
                form.stack method="post" action="/sign-in/verify" {
                    (hidden(other.0))
                    button.button.plain type="submit" name="switch" value="true" { (other.1) }
                }
                p.aside { a href="/sign-in" { "Begin again" } }
            }
        },
    )
}
