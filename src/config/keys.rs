//! Every setting: its key in atlas.toml, its variables, the shape of its values, and what it is for.
//!
//! The configuration file, the variables, `atlas check` and the handbook's table all follow this list.

/// The shape of a value in atlas.toml.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingShape {
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
pub struct SettingKey {
    /// The dotted key below `[defaults]` or `[environment.<name>]`.
    pub name: &'static str,
    /// Variables that set it. `<VARIABLE>_FILE` can name a file with the value instead. If several are set, they must agree.
    pub variables: &'static [&'static str],
    pub shape: SettingShape,
    /// What it is for, in one sentence.
    pub about: &'static str,
}

macro_rules! keys {
    ($($constant:ident = $name:literal, $shape:ident, [$($variable:literal),*], $about:literal;)*) => {
        $(#[doc = $about] pub const $constant: &str = $name;)*

        /// Every setting.
        pub const ALL: &[SettingKey] = &[
            $(SettingKey { name: $name, variables: &[$($variable),*], shape: SettingShape::$shape, about: $about },)*
        ];
    };
}

keys! {
    LISTEN = "listen", Text, ["ATLAS_LISTEN"], "Address and port to serve on.";
    TRUSTED_PROXIES = "trusted_proxies", List, ["ATLAS_TRUSTED_PROXIES"], "Proxies whose X-Forwarded-For header is trusted, as addresses or networks such as 127.0.0.1 or 10.0.0.0/8.";
    APP_URL = "app_url", Text, ["APP_URL", "NEXT_PUBLIC_APP_URL", "NEXTAUTH_URL"], "Public URL of this environment; links in email start with it.";
    HSTS = "hsts", Text, ["ATLAS_HSTS"], "What browsers may only reach over HTTPS for a year: host (the default) for the host of app_url, subdomains to include all hosts below it, or preload to also consent to the browsers' built-in lists.";
    DATA_FILE = "data_file", Text, ["DATABASE_URL"], "Path of the data file, relative to the folder of atlas.toml.";
    SECRET = "secret", Secret, ["NEXTAUTH_SECRET", "AUTH_SECRET"], "Secret from which the keys for sessions, links, and two-factor authentication are derived; at least 32 characters, different in each environment.";
    SECRET_PREVIOUS = "secret_previous", Secret, ["NEXTAUTH_SECRET_PREVIOUS"], "Previous secret, needed as long as two-factor secrets encrypted with it remain.";
    MAIL_FROM = "mail.from", Text, ["RESEND_FROM_EMAIL"], "Sender of all email, as an address or as a name followed by the address in angle brackets.";
    MAIL_ALLOW = "mail.allow", List, [], "Addresses and domains (@example.com) that staging may send email to.";
    RESEND_API_KEY = "mail.resend_api_key", Secret, ["RESEND_API_KEY"], "API key for sending email through Resend.";
    SMTP_URL = "mail.smtp_url", Secret, ["SMTP_URL"], "SMTP relay for sending email: smtps://user:password@host:465, or smtp://… with STARTTLS.";
    SMTP_USER = "mail.smtp_user", Text, ["SMTP_USER"], "User name for the SMTP relay, if it is not in SMTP_URL.";
    SMTP_PASSWORD = "mail.smtp_password", Secret, ["SMTP_PASSWORD"], "Password for the SMTP relay, if it is not in SMTP_URL, where some characters must be percent-encoded.";
    SMTP_CA_FILE = "mail.ca_file", Text, ["SMTP_CA_FILE"], "PEM file with certificate authorities to trust for the SMTP relay besides the public ones, relative to the folder of atlas.toml.";
    SENTRY_ENABLED = "sentry.enabled", Flag, ["SENTRY_ENABLED"], "Whether errors are reported to Sentry; false turns it off for the server and for browsers.";
    SENTRY_DSN = "sentry.dsn", Secret, ["SENTRY_DSN"], "Sentry DSN for server errors.";
    BROWSER_SENTRY_ENABLED = "sentry.browser_enabled", Flag, ["NEXT_PUBLIC_SENTRY_ENABLED"], "Whether browser errors are reported to Sentry.";
    BROWSER_SENTRY_DSN = "sentry.browser_dsn", Secret, ["NEXT_PUBLIC_SENTRY_DSN"], "Sentry DSN for browser errors.";
    SENTRY_CA_FILE = "sentry.ca_file", Text, ["SENTRY_CA_FILE"], "PEM file with the only certificate authorities to trust for Sentry, in place of the public ones, relative to the folder of atlas.toml.";
    SENTRY_ENVIRONMENT = "sentry.environment", Text, ["SENTRY_ENVIRONMENT", "NEXT_PUBLIC_SENTRY_ENVIRONMENT"], "Usually unset: errors are filed under the environment's own name, and any other name is refused.";
    ADMIN_OWNER = "admin.owner", Text, ["ADMIN_OWNER_EMAIL"], "Email address of the person responsible for this environment, who is an admin.";
    ADMIN_ALLOWLIST = "admin.allowlist", List, ["ADMIN_EMAIL_ALLOWLIST"], "Email addresses of additional admins.";
    ADMIN_SEES_HABITS = "admin.sees_habits", Flag, ["ATLAS_ADMIN_SEES_HABITS"], "Whether admins see the titles and descriptions of habits, or only counts and schedules. Account → Your data tells users which.";
    HABITS_BACKFILL = "habits.backfill", Text, ["ATLAS_HABITS_BACKFILL"], "Which past days new users can edit until they choose for themselves in Account: week (the default) for the last seven days, grace for yesterday until 02:00, or always for any day since the habit started.";
    TEST_ENDPOINTS = "test_endpoints", Flag, ["ENABLE_TEST_ENDPOINTS"], "Whether the endpoints for browser tests exist; refused in staging and production.";
    SEED_PASSWORD = "seed_password", Secret, ["SEED_PASSWORD"], "Password of the seeded users.";
    GATE_USER = "gate.user", Text, ["ATLAS_GATE_USER"], "User name for basic authentication, which keeps strangers out of staging and previews.";
    GATE_PASSWORD = "gate.password", Secret, ["ATLAS_GATE_PASSWORD"], "Password for basic authentication.";
    SNAPSHOTS_EVERY = "snapshots.every", Text, ["ATLAS_SNAPSHOTS_EVERY"], "How often to take a snapshot while the server runs, such as 6h; off disables scheduled snapshots.";
    SNAPSHOTS_KEEP = "snapshots.keep", List, [], "How many scheduled snapshots to keep, such as 8 latest, 7 daily, 4 weekly.";
    SNAPSHOTS_COPY_TO = "snapshots.copy_to", Text, [], "Off-site folder, preferably on another disk, where every snapshot is copied to a subfolder named after the environment.";
    SNAPSHOTS_ENCRYPT_TO = "snapshots.encrypt_to", List, [], "age public keys (age1…) that off-site copies are encrypted to; any one of the private keys decrypts them.";
    SNAPSHOTS_PASSPHRASE = "snapshots.passphrase", Secret, ["ATLAS_SNAPSHOTS_PASSPHRASE"], "Passphrase that encrypts and decrypts off-site copies when no public keys are set; at least 16 characters.";
    IMPORTS_FOREIGN = "imports.foreign", Flag, ["ATLAS_IMPORTS_FOREIGN"], "Whether users may import files that this environment didn't export, or that were changed since; on by default in production and development only.";
    REQUIRE_VERIFIED = "require_verified", Flag, ["ATLAS_REQUIRE_VERIFIED"], "Whether production serves only a binary that passed the whole checklist in staging.";
    VERIFIED_WITHIN = "verified_within", Text, ["ATLAS_VERIFIED_WITHIN"], "Maximum age of staging's report when its binary first serves production, such as 7d or 36h.";
    VERIFICATION_KEY = "verification_key", Secret, ["ATLAS_VERIFICATION_KEY"], "Key that signs staging's reports for production; at least 32 characters, the same in both and used for nothing else.";
    OPERATOR_TOKEN = "operator_token", Secret, ["ATLAS_OPERATOR_TOKEN"], "Token that lets `atlas verify` query the server from another machine; at least 32 characters, different in each environment.";
    LOG = "log", Text, ["ATLAS_LOG"], "Log filter, such as info or atlas=debug.";
    LOG_FORMAT = "log_format", Text, ["ATLAS_LOG_FORMAT"], "Log format: pretty, json, or auto, which is pretty on a terminal and json elsewhere.";
    METRICS_LISTEN = "metrics.listen", Text, ["ATLAS_METRICS_LISTEN"], "Address and port to serve /metrics on, such as 127.0.0.1:9464; unset turns metrics off.";
}

/// Variables that select what is read; they are no settings.
pub const SELECTORS: &[(&str, &str)] = &[
    ("ATLAS_ENV", "The environment, when --env is not given."),
    ("ATLAS_CONFIG", "The configuration file, when --config is not given."),
];

/// The setting with the dotted key `name`.
pub fn find(name: &str) -> Option<&'static SettingKey> {
    ALL.iter().find(|key| key.name == name)
}

/// Whether Atlas reads the variable.
pub fn is_variable(variable: &str) -> bool {
    let bare = variable.strip_suffix("_FILE").unwrap_or(variable);
    let is_setting = |name| ALL.iter().any(|key| key.variables.contains(&name));
    SELECTORS.iter().any(|(name, _)| *name == variable) || is_setting(variable) || is_setting(bare)
}

/// The key most similar to `name`.
pub fn find_nearest(name: &str) -> &'static str {
    let distance = |key: &&SettingKey| strsim::damerau_levenshtein(key.name, name);
    ALL.iter().min_by_key(distance).map_or("", |key| key.name)
}

/// The variable most similar to `name`, and by how many characters.
pub fn find_nearest_variable(name: &str) -> (String, usize) {
    let bare = ALL.iter().flat_map(|key| key.variables.iter()).map(|variable| (*variable).to_owned());
    let files = ALL.iter().flat_map(|key| key.variables.iter()).map(|variable| format!("{variable}_FILE"));
    let selectors = SELECTORS.iter().map(|(variable, _)| (*variable).to_owned());
    let all = bare.chain(files).chain(selectors);
    let with_distance = all.map(|variable| {
        let distance = strsim::damerau_levenshtein(&variable, name);
        (variable, distance)
    });
    with_distance.min_by_key(|(_, distance)| *distance).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_suggests_the_right_key() {
        assert_eq!(find_nearest("app_ur"), "app_url");
        assert_eq!(find_nearest("mail.form"), "mail.from");
        assert!(find("app_url").is_some() && find("app_ur").is_none());
    }
}
