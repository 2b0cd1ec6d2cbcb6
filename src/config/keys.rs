//! Every setting on one page: its key in atlas.toml, its variables, its shape, and what it is for.
//!
//! The file reader, the variables, `atlas check` and the README's table all come from this list.

/// What a value looks like in atlas.toml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// An array of strings; in a variable, separated by commas.
    List,
    /// A string that is never printed and never read from atlas.toml.
    Secret,
}

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its dotted key below `[defaults]` or `[environment.<name>]`.
    pub name: &'static str,
    /// Variables that set it, each also readable from a file named by `<VARIABLE>_FILE`. Set together, they must agree.
    pub variables: &'static [&'static str],
    /// What a value looks like.
    pub shape: Shape,
    /// What it is for, as one sentence.
    pub about: &'static str,
}

macro_rules! keys {
    ($($constant:ident = $name:literal, $shape:ident, [$($variable:literal),*], $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*

        /// Every setting.
        pub const ALL: &[Key] = &[
            $(Key { name: $name, variables: &[$($variable),*], shape: Shape::$shape, about: $about },)*
        ];
    };
}

keys! {
    LISTEN = "listen", Text, ["ATLAS_LISTEN"], "Address and port to serve on.";
    TRUSTED_PROXIES = "trusted_proxies", List, ["ATLAS_TRUSTED_PROXIES"], "Addresses and networks of the proxies in front, as in 127.0.0.1 or 10.0.0.0/8: only they are believed when they say, in X-Forwarded-For, who asks.";
    APP_URL = "app_url", Text, ["APP_URL", "NEXT_PUBLIC_APP_URL", "NEXTAUTH_URL"], "Where people reach this environment; links in mail begin with it.";
    DATA_FILE = "data_file", Text, ["DATABASE_URL"], "The data file, relative to the folder of atlas.toml.";
    SECRET = "secret", Secret, ["NEXTAUTH_SECRET", "AUTH_SECRET"], "Keys for sessions and links are derived from it; at least 32 characters, another one in every environment.";
    SECRET_PREVIOUS = "secret_previous", Secret, ["NEXTAUTH_SECRET_PREVIOUS"], "The secret before the present one, for as long as there are second factors that were sealed with it.";
    MAIL_FROM = "mail.from", Text, ["RESEND_FROM_EMAIL"], "Sender of every mail, as in Atlas <atlas@example.com>.";
    MAIL_ALLOW = "mail.allow", List, [], "Addresses and domains (@example.com) that an environment other than production may write to.";
    RESEND_API_KEY = "mail.resend_api_key", Secret, ["RESEND_API_KEY"], "Sends mail through Resend.";
    SMTP_URL = "mail.smtp_url", Secret, ["SMTP_URL"], "Sends mail through any relay: smtps://user:password@host:465, or smtp://… with STARTTLS.";
    SMTP_CA_FILE = "mail.ca_file", Text, ["SMTP_CA_FILE"], "Certificates (PEM) of authorities that the relay's certificate may be from, besides those the Web trusts; relative to the folder of atlas.toml.";
    SENTRY_ENABLED = "sentry.enabled", Flag, ["SENTRY_ENABLED"], "Whether server errors are reported; false switches it off everywhere.";
    SENTRY_DSN = "sentry.dsn", Secret, ["SENTRY_DSN"], "Where server errors are reported.";
    BROWSER_SENTRY_ENABLED = "sentry.browser_enabled", Flag, ["NEXT_PUBLIC_SENTRY_ENABLED"], "Whether browser errors are reported.";
    BROWSER_SENTRY_DSN = "sentry.browser_dsn", Secret, ["NEXT_PUBLIC_SENTRY_DSN"], "Where browser errors are reported.";
    SENTRY_ENVIRONMENT = "sentry.environment", Text, ["SENTRY_ENVIRONMENT", "NEXT_PUBLIC_SENTRY_ENVIRONMENT"], "Need not be set: errors are filed under the environment's own name, and any other name is refused.";
    ADMIN_OWNER = "admin.owner", Text, ["ADMIN_OWNER_EMAIL"], "Address of the person who answers for this environment.";
    ADMIN_ALLOWLIST = "admin.allowlist", List, ["ADMIN_EMAIL_ALLOWLIST"], "Further addresses that may open the admin dashboard.";
    TEST_ENDPOINTS = "test_endpoints", Flag, ["ENABLE_TEST_ENDPOINTS"], "Whether the endpoints for browser tests exist; never in staging and production.";
    SEED_PASSWORD = "seed_password", Secret, ["SEED_PASSWORD"], "Password of seeded people.";
    GATE_USER = "gate.user", Text, ["ATLAS_GATE_USER"], "Shared name that keeps strangers out of staging and previews.";
    GATE_PASSWORD = "gate.password", Secret, ["ATLAS_GATE_PASSWORD"], "Shared password that goes with it.";
    SNAPSHOTS_EVERY = "snapshots.every", Text, ["ATLAS_SNAPSHOTS_EVERY"], "How often a snapshot is taken while the server runs, as in 6h; off for never.";
    SNAPSHOTS_KEEP = "snapshots.keep", List, [], "How many snapshots on schedule are kept, as in 8 latest, 7 daily, 4 weekly.";
    SNAPSHOTS_COPY_TO = "snapshots.copy_to", Text, [], "A second folder, best on another disk, that every snapshot is copied to, into a folder named after the environment.";
    SNAPSHOTS_ENCRYPT_TO = "snapshots.encrypt_to", List, [], "Public keys of age (age1…) that the copies there are encrypted to; each of the private keys opens them.";
    SNAPSHOTS_PASSPHRASE = "snapshots.passphrase", Secret, ["ATLAS_SNAPSHOTS_PASSPHRASE"], "A passphrase that the copies there are encrypted with where there are no keys, and that opens those; at least 16 characters.";
    REQUIRE_VERIFIED = "require_verified", Flag, ["ATLAS_REQUIRE_VERIFIED"], "Whether production is served only by a binary that passed the whole checklist in staging.";
    VERIFIED_WITHIN = "verified_within", Text, ["ATLAS_VERIFIED_WITHIN"], "How old staging's report may be when its binary begins to serve production, as in 7d or 36h.";
    VERIFICATION_KEY = "verification_key", Secret, ["ATLAS_VERIFICATION_KEY"], "Signs staging's reports for production; at least 32 characters, the same in both and nothing else's.";
    OPERATOR_TOKEN = "operator_token", Secret, ["ATLAS_OPERATOR_TOKEN"], "Lets `atlas verify` ask the server from another machine; at least 32 characters, another one in every environment.";
    LOG = "log", Text, ["ATLAS_LOG"], "What is logged, as in info or atlas=debug.";
    LOG_FORMAT = "log_format", Text, ["ATLAS_LOG_FORMAT"], "How it is logged: pretty, json, or auto, which is pretty on a terminal and json elsewhere.";
    METRICS_LISTEN = "metrics.listen", Text, ["ATLAS_METRICS_LISTEN"], "Address and port to serve /metrics on, as in 127.0.0.1:9464; unset, there are no metrics.";
}

/// Variables that choose what is read, rather than being settings.
pub const CHOOSERS: &[(&str, &str)] = &[
    ("ATLAS_ENV", "The environment, when --env is not given."),
    ("ATLAS_CONFIG", "The configuration file, when --config is not given."),
];

/// The setting with that name.
pub fn find(name: &str) -> Option<&'static Key> {
    ALL.iter().find(|key| key.name == name)
}

/// Whether a variable of that name is read.
pub fn reads(variable: &str) -> bool {
    let bare = variable.strip_suffix("_FILE").unwrap_or(variable);
    let named = |name| ALL.iter().any(|key| key.variables.contains(&name));
    CHOOSERS.iter().any(|(name, _)| *name == variable) || named(variable) || named(bare)
}

/// The known name that looks most like `name`.
pub fn nearest(name: &str) -> &'static str {
    let far = |key: &&Key| strsim::damerau_levenshtein(key.name, name);
    ALL.iter().min_by_key(far).map_or("", |key| key.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_answered_with_the_key_that_was_meant() {
        assert_eq!(nearest("app_ur"), "app_url");
        assert_eq!(nearest("mail.form"), "mail.from");
        assert!(find("app_url").is_some() && find("app_ur").is_none());
    }
}
