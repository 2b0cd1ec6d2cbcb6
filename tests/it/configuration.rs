//! Settings: sources, precedence, and all problems reported at once.

use std::collections::BTreeMap;
use std::fs;

use atlas::config::{CheckedConfig, ConfigError, Flags, Severity, Transport, check};
use atlas::domain::accounts::preferences::Backfill;
use tempfile::TempDir;

use crate::process::{exit_code, run, stderr, stdout};
use crate::relay::Certificates;

/// A folder with an atlas.toml, and environment variables.
struct ConfigFixture {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl ConfigFixture {
    fn new(toml: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("atlas.toml"), toml).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { folder, variables }
    }

    fn flags(&self, environment: &str) -> Flags {
        let config = Some(self.folder.path().join("atlas.toml"));
        Flags { environment: Some(environment.to_owned()), config, ..Flags::default() }
    }

    fn check(&self, environment: &str) -> CheckedConfig {
        check(&self.flags(environment), &self.variables).unwrap()
    }
}

fn errors(checked: &CheckedConfig) -> Vec<&str> {
    let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| problem.message.as_str()).collect()
}

const COMPLETE_STAGING: &[(&str, &str)] = &[
    ("APP_URL", "https://staging.example.com"),
    ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
    ("RESEND_API_KEY", "re_123"),
    ("RESEND_FROM_EMAIL", "Atlas <atlas@example.com>"),
    ("SENTRY_DSN", "https://key@sentry.example.com/1"),
    ("NEXT_PUBLIC_SENTRY_DSN", "https://key@sentry.example.com/2"),
    ("ADMIN_OWNER_EMAIL", "owner@example.com"),
];

#[test]
fn development_needs_no_settings() {
    let settings = ConfigFixture::new("", &[]).check("development").settings.unwrap();
    assert!(settings.test_endpoints && settings.app_url.is_none() && settings.secret.is_none());
    assert!(settings.data_file.ends_with("data/development/atlas.redb"));
    assert_eq!(settings.mail.transport, Transport::Capture);
}

#[test]
fn staging_and_production_report_every_missing_setting_at_once() {
    for environment in ["staging", "production"] {
        let checked = ConfigFixture::new("", &[]).check(environment);
        assert!(checked.settings.is_none());
        let errors = errors(&checked).join("\n");
        for name in [
            "APP_URL",
            "NEXTAUTH_SECRET",
            "RESEND_FROM_EMAIL",
            "RESEND_API_KEY",
            "SENTRY_DSN",
            "NEXT_PUBLIC_SENTRY_DSN",
            "ADMIN_OWNER_EMAIL",
        ] {
            assert!(errors.contains(name), "{environment} does not report {name}:\n{errors}");
        }
    }
}

#[test]
fn a_configuration_saved_by_an_editor_with_a_byte_order_mark_is_read() {
    let fixture = ConfigFixture::new("\u{FEFF}[defaults]\r\nlog = \"warn\"\r\n", &[]);
    assert_eq!(fixture.check("development").settings.unwrap().log, "warn");
    let secret = fixture.folder.path().join("seed");
    fs::write(&secret, "\u{FEFF}quiet orchard tram lemon\r\n").unwrap();
    let variables = [("SEED_PASSWORD_FILE".to_owned(), secret.to_str().unwrap().to_owned())];
    let checked = check(&fixture.flags("development"), &variables.into()).unwrap();
    assert_eq!(checked.settings.unwrap().seed_password.unwrap().reveal(), "quiet orchard tram lemon");
}

#[test]
fn production_and_development_take_foreign_files_and_the_others_only_if_a_setting_says_so() {
    let takes = |environment: &str, toml: &str| {
        ConfigFixture::new(toml, COMPLETE_STAGING).check(environment).settings.unwrap().foreign_imports
    };
    for (environment, default) in [("development", true), ("production", true), ("staging", false)] {
        assert_eq!(takes(environment, ""), default, "{environment}");
        for setting in [true, false] {
            assert_eq!(
                takes(environment, &format!("[defaults.imports]\nforeign = {setting}")),
                setting,
                "{environment}"
            );
        }
    }
}

#[test]
fn new_users_edit_the_last_seven_days_unless_a_setting_says_otherwise() {
    let backfill = |toml: &str, variables: &[(&str, &str)]| {
        ConfigFixture::new(toml, variables).check("development").settings.unwrap().new_user_backfill
    };
    assert_eq!(backfill("", &[]), Backfill::Week);
    for option in Backfill::ALL {
        let toml = format!("[environment.development.habits]\nbackfill = \"{}\"", option.as_str());
        assert_eq!(backfill(&toml, &[]), *option);
        assert_eq!(backfill("", &[("ATLAS_HABITS_BACKFILL", option.as_str())]), *option);
    }
    let checked = ConfigFixture::new("[defaults.habits]\nbackfill = \"7d\"", &[]).check("development");
    let errors = errors(&checked).join("\n");
    assert!(errors.contains("habits.backfill must be week, grace, or always (from "), "{errors}");
}

#[test]
fn a_complete_staging_configuration_warns_only_about_missing_basic_auth() {
    let checked = ConfigFixture::new("", COMPLETE_STAGING).check("staging");
    let settings = checked.settings.as_ref().unwrap();
    let Transport::Smtp(smtp) = &settings.mail.transport else { panic!("mail is not sent over SMTP") };
    assert_eq!((smtp.host.as_str(), smtp.port), ("smtp.resend.com", 465));
    assert!(!settings.test_endpoints);
    assert!(checked.problems.iter().any(|problem| problem.message.contains("ATLAS_GATE_USER")));
    // SECURITY: a debug print of the settings contains no secret.
    let printed = format!("{settings:?}");
    for secret in ["0123456789abcdef", "re_123", "key@sentry"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn a_flag_overrides_a_variable_the_environments_table_and_the_defaults() {
    let toml =
        "[defaults]\nlisten = \"127.0.0.1:1\"\nlog = \"warn\"\n[environment.development]\nlisten = \"127.0.0.1:2\"\n";
    let listen = |fixture: &ConfigFixture, flag: Option<&str>| {
        let flags = Flags { listen: flag.map(str::to_owned), ..fixture.flags("development") };
        let checked = check(&flags, &fixture.variables).unwrap();
        let origin = checked.raw.get("listen").unwrap().origin.to_string();
        (checked.settings.unwrap().listen.port(), origin)
    };
    let fixture = ConfigFixture::new(toml, &[]);
    assert_eq!(listen(&fixture, None).0, 2);
    assert!(listen(&fixture, None).1.ends_with("[environment.development]"));
    let fixture = ConfigFixture::new(toml, &[("ATLAS_LISTEN", "127.0.0.1:3")]);
    assert_eq!(listen(&fixture, None), (3, "variable ATLAS_LISTEN".to_owned()));
    assert_eq!(listen(&fixture, Some("127.0.0.1:4")), (4, "flag --listen".to_owned()));
    assert_eq!(fixture.check("development").settings.unwrap().log, "warn");
}

#[test]
fn a_secret_may_come_from_a_variable_or_a_file_but_not_from_atlas_toml() {
    let fixture = ConfigFixture::new("", COMPLETE_STAGING);
    let path = fixture.folder.path().join("secret");
    fs::write(&path, "another secret, long enough to be one\n").unwrap();
    let path = path.to_str().unwrap();
    let mut with_file = COMPLETE_STAGING.to_vec();
    with_file.push(("NEXTAUTH_SECRET_FILE", path));
    let both = ConfigFixture::new("", &with_file).check("staging");
    assert!(errors(&both).iter().any(|error| error.contains("both set")));
    with_file.retain(|(name, _)| *name != "NEXTAUTH_SECRET");
    let checked = ConfigFixture::new("", &with_file).check("staging");
    assert_eq!(checked.settings.unwrap().secret.unwrap().reveal(), "another secret, long enough to be one");
    let in_toml = ConfigFixture::new("[environment.staging]\nsecret = \"x\"\n", &[]).check("staging");
    assert!(
        errors(&in_toml)
            .iter()
            .any(|error| error.contains("must not be in this file") && error.contains("NEXTAUTH_SECRET_FILE"))
    );
    let empty = fixture.folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let with_empty_file =
        ConfigFixture::new("", &[("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD_FILE", empty.to_str().unwrap())]);
    assert!(errors(&with_empty_file.check("development")).iter().any(|error| error.contains("which is empty")));
    let missing_file = ConfigFixture::new("", &[("AUTH_SECRET_FILE", "/nowhere/secret")]).check("development");
    assert!(errors(&missing_file)[0].contains("/nowhere/secret"));
}

#[test]
fn a_weak_secret_is_refused_with_a_command_that_generates_one() {
    let error_for = |name: &str, text: &str| {
        let checked = ConfigFixture::new("", &[(name, text)]).check("development");
        errors(&checked).first().map(|error| (*error).to_owned())
    };
    for name in ["NEXTAUTH_SECRET", "ATLAS_OPERATOR_TOKEN", "ATLAS_VERIFICATION_KEY"] {
        for weak in ["a".repeat(32), "changeme".repeat(8), "0123".repeat(16)] {
            let error = error_for(name, &weak).expect(&weak);
            assert!(
                error.contains("10 different characters; run `openssl rand -base64 32` to generate one"),
                "{error}"
            );
            assert!(!error.contains(&weak), "the error must not repeat the secret");
        }
        assert!(error_for(name, "short").unwrap().contains("at least 32 characters"));
        // What `openssl rand` generates, as base64 and as hex.
        for generated in ["q0Wk2mY6b9oT4c1Zs8Rr5u7Xv3NhJdLePfGaQiUyHtE=", "9f86d081884c7d659a2feaa0c55ad015"] {
            assert_eq!(error_for(name, generated), None);
        }
    }
}

#[test]
fn alias_variables_must_agree() {
    let equal =
        ConfigFixture::new("", &[("APP_URL", "http://localhost:3000"), ("NEXTAUTH_URL", "http://localhost:3000/")]);
    assert!(equal.check("development").settings.is_some());
    let different = ConfigFixture::new(
        "",
        &[("APP_URL", "http://localhost:3000"), ("NEXT_PUBLIC_APP_URL", "http://localhost:4000")],
    );
    assert!(errors(&different.check("development"))[0].contains("APP_URL and NEXT_PUBLIC_APP_URL disagree"));
}

#[test]
fn a_misspelled_key_is_reported_with_a_suggestion() {
    let toml = "[environment.staging]\napp_ulr = \"x\"\n[environment.staging.mail]\nform = \"y\"\n[environment.stagging]\n[enviroment.x]\n";
    let checked = ConfigFixture::new(toml, COMPLETE_STAGING).check("staging");
    let errors = errors(&checked).join("\n");
    for hint in
        ["did you mean “app_url”", "did you mean “mail.from”", "did you mean “staging”", "did you mean “environment”"]
    {
        assert!(errors.contains(hint), "{hint} is not in:\n{errors}");
    }
    assert!(checked.settings.is_none());
}

#[test]
fn all_values_of_the_wrong_type_are_reported() {
    let toml = "[environment.development]\nlisten = 3000\ntest_endpoints = \"yes\"\n[environment.development.mail]\nallow = \"x\"\n";
    let checked =
        ConfigFixture::new(toml, &[("APP_URL", "localhost"), ("SENTRY_DSN", "nonsense"), ("ADMIN_OWNER_EMAIL", "me")])
            .check("development");
    let errors = errors(&checked).join("\n");
    for message in [
        "listen must be a string",
        "test_endpoints must be true or false",
        "mail.allow must be an array",
        "app_url must be",
        "sentry.dsn is not",
        "admin.owner must be",
    ] {
        assert!(errors.contains(message), "{message} is not in:\n{errors}");
    }
}

#[test]
fn a_wrong_table_a_bad_log_filter_and_an_empty_value_are_reported() {
    for toml in ["environment = 3", "defaults = \"x\"", "[[environment.development]]\nlog = \"info\""] {
        let checked = ConfigFixture::new(toml, &[]).check("development");
        assert!(errors(&checked)[0].contains("must be written as tables"), "{toml}");
    }
    let checked = ConfigFixture::new("", &[("ATLAS_LOG", "atlas=[[")]).check("development");
    assert!(errors(&checked)[0].contains("must be a log filter"));
    let empty = ConfigFixture::new("[environment.development.gate]\nuser = \"\"\n", &[]).check("development");
    assert!(errors(&empty)[0].contains("is empty"));
}

#[test]
fn a_blank_setting_is_unset_but_a_blank_environment_or_config_path_is_an_error() {
    let blank = ConfigFixture::new("", &[("ATLAS_LISTEN", ""), ("NEXTAUTH_SECRET", " "), ("SENTRY_DSN_FILE", "")]);
    let settings = blank.check("development").settings.unwrap();
    assert_eq!((settings.listen.port(), settings.secret.is_none()), (3000, true));
    let required = ConfigFixture::new(
        "",
        COMPLETE_STAGING.iter().chain(&[("NEXTAUTH_SECRET", "")]).copied().collect::<Vec<_>>().as_slice(),
    );
    assert!(errors(&required.check("staging"))[0].contains("secret is required in staging"));

    let folder = tempfile::tempdir().unwrap();
    for (args, variable, message) in [
        (&["serve"][..], ("ATLAS_ENV", ""), "ATLAS_ENV is empty"),
        (&["check"], ("ATLAS_ENV", " "), "ATLAS_ENV is empty"),
        (&["seed"], ("ATLAS_CONFIG", ""), "ATLAS_CONFIG is empty"),
        (&["preview", "list"], ("ATLAS_CONFIG", "\t"), "ATLAS_CONFIG is empty"),
        (&["serve", "--env", ""], ("ATLAS_ENV", "development"), "“” is not an environment"),
        (&["check", "--env", " "], ("ATLAS_ENV", "development"), "“ ” is not an environment"),
    ] {
        let refused = run(folder.path(), args, &[variable]);
        assert_eq!(exit_code(&refused), 78, "{args:?}");
        let stderr = stderr(&refused);
        assert!(stderr.lines().count() == 1 && stderr.contains(message), "{args:?}: {stderr}");
    }
    assert!(!folder.path().join("data").exists());
    // A flag takes precedence over the blank variable.
    assert_eq!(exit_code(&run(folder.path(), &["check", "--env", "development"], &[("ATLAS_ENV", "")])), 0);
}

#[test]
fn only_configured_proxies_are_trusted_and_never_all_addresses() {
    let settings =
        |variables: &[(&str, &str)]| ConfigFixture::new("", variables).check("development").settings.unwrap();
    let trusts = |settings: &atlas::config::Settings, address: &str| settings.proxies.trusts(address.parse().unwrap());
    assert!(!trusts(&settings(&[]), "127.0.0.1"), "no proxy is trusted by default");
    let configured = settings(&[("ATLAS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8")]);
    assert!(
        trusts(&configured, "127.0.0.1") && trusts(&configured, "::ffff:10.1.2.3") && trusts(&configured, "fd00::7")
    );
    assert!(!trusts(&configured, "127.0.0.2") && !trusts(&configured, "192.0.2.1"));
    let toml = "[environment.development]\ntrusted_proxies = [\"10.0.0.1\"]\n";
    assert!(trusts(&ConfigFixture::new(toml, &[]).check("development").settings.unwrap(), "10.0.0.1"));
    for invalid in ["localhost", "10.0.0.0/40", "0.0.0.0/0", "::/0"] {
        let checked = ConfigFixture::new("", &[("ATLAS_TRUSTED_PROXIES", invalid)]).check("development");
        assert!(errors(&checked)[0].contains(&format!("has “{invalid}”")), "{invalid}");
    }
    // An https URL implies a proxy in front. Without the setting all its clients would share one rate limit.
    let is_warned = |checked: &CheckedConfig| checked.problems.iter().any(|problem| problem.key == "trusted_proxies");
    assert!(is_warned(&ConfigFixture::new("", COMPLETE_STAGING).check("staging")));
    let with_proxies = [COMPLETE_STAGING, &[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]].concat();
    assert!(!is_warned(&ConfigFixture::new("", &with_proxies).check("staging")));
}

#[test]
fn the_url_of_another_database_is_explained() {
    for url in
        ["postgres://atlas@db/atlas", "postgresql://x", "mysql://x", "POSTGRES://x", "postgresql+x://y", "mongodb://z"]
    {
        let checked = ConfigFixture::new("", &[("DATABASE_URL", url)]).check("development");
        assert!(errors(&checked)[0].contains("a single data file"), "{:?}", errors(&checked));
    }
    for (url, expected) in
        [("redb:files/a.redb", "files/a.redb"), ("files/a.redb", "files/a.redb"), ("redb:///var/a.redb", "/var/a.redb")]
    {
        let settings = ConfigFixture::new("", &[("DATABASE_URL", url)]).check("development").settings.unwrap();
        assert!(settings.data_file.ends_with(expected), "{url}: {}", settings.data_file.display());
    }
}

#[test]
fn test_endpoints_are_refused_in_staging_and_production() {
    let mut variables = COMPLETE_STAGING.to_vec();
    variables.push(("ENABLE_TEST_ENDPOINTS", "true"));
    for environment in ["staging", "production"] {
        let checked = ConfigFixture::new("", &variables).check(environment);
        assert!(errors(&checked)[0].contains("test_endpoints must be false"));
    }
    assert!(!ConfigFixture::new("", &[]).check("preview/x").settings.unwrap().test_endpoints);
    let enabled = ConfigFixture::new("", &[("ENABLE_TEST_ENDPOINTS", "true")]).check("preview/x");
    assert!(enabled.settings.unwrap().test_endpoints);
}

#[test]
fn development_listens_on_other_interfaces_only_when_named_and_with_a_warning() {
    let public_address = "0.0.0.0:3000";
    let basic_auth = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "a shared password")];
    let warnings = |variables: &[(&str, &str)], environment: &str, listen: &str| {
        let fixture = ConfigFixture::new("", variables);
        let flags = Flags { listen: Some(listen.to_owned()), ..fixture.flags(environment) };
        let checked = check(&flags, &fixture.variables).unwrap();
        assert!(checked.settings.is_some(), "{:?}", checked.problems);
        checked.problems.into_iter().filter(|problem| problem.key == "listen").collect::<Vec<_>>()
    };
    for address in [public_address, "[::]:3000", "192.0.2.7:3000"] {
        let warnings = warnings(&[], "development", address);
        assert!(warnings[0].message.contains("can read the captured email"), "{address}: {warnings:?}");
    }
    for address in ["127.0.0.1:3000", "[::1]:3000", "127.0.0.2:80"] {
        assert_eq!(warnings(&[], "development", address), [], "{address}");
    }
    assert_eq!(warnings(&basic_auth, "development", public_address), []);
    let behind_proxy = [COMPLETE_STAGING, &[("ATLAS_TRUSTED_PROXIES", "192.0.2.1")]].concat();
    let exposed = warnings(COMPLETE_STAGING, "staging", public_address);
    assert!(exposed.iter().any(|problem| problem.message.contains("without TLS")), "{exposed:?}");
    let without_tls = |problem: &atlas::config::Problem| problem.message.contains("without TLS");
    assert!(!warnings(&behind_proxy, "staging", public_address).iter().any(without_tls));
    assert!(!warnings(COMPLETE_STAGING, "staging", "127.0.0.1:3000").iter().any(without_tls));

    let folder = tempfile::tempdir().unwrap();
    let listen = ("ATLAS_LISTEN", public_address);
    for args in [&["check"][..], &["serve"], &["seed"]] {
        let refused = run(folder.path(), args, &[listen]);
        let output = stdout(&refused) + &stderr(&refused);
        assert!(output.contains("no environment was named"), "{args:?}: {output}");
        assert_eq!(exit_code(&refused), 78, "{args:?}");
    }
    assert!(!folder.path().join("data").exists());
    let named = run(folder.path(), &["check"], &[listen, ("ATLAS_ENV", "development")]);
    assert!(stdout(&named).contains("warning: anyone who can reach 0.0.0.0:3000"), "{}", stdout(&named));
    assert_eq!(exit_code(&named), 0);
}

/// The message of the first problem of a setting in staging with further variables.
fn staging_problem(toml: &str, variables: &[(&str, &str)], key: &str) -> Option<(Severity, String)> {
    let gate = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "a password for the team")];
    let mut all: BTreeMap<_, _> = COMPLETE_STAGING.iter().chain(&gate).copied().collect();
    all.extend(variables.iter().copied());
    let checked = ConfigFixture::new(toml, &all.into_iter().collect::<Vec<_>>()).check("staging");
    let problem = checked.problems.into_iter().find(|problem| problem.key == key);
    problem.map(|problem| (problem.severity, problem.message))
}

/// The configuration file, variables, the setting, and the severity and a part of the problem that is reported.
type SettingCase<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, Severity, &'a str);

#[test]
fn settings_that_cannot_be_meant_are_reported() {
    use Severity::{Error, Warning};
    let cases: [SettingCase<'_>; 11] = [
        ("", &[("ATLAS_LOG", "inof")], "log", Error, "did you mean “info”?"),
        ("", &[("ATLAS_LOG", "warn,atlas_web")], "log", Error, "write atlas_web=debug"),
        ("", &[("ATLAS_GATE_PASSWORD", "x")], "gate.password", Error, "at least 10 characters"),
        ("", &[("ATLAS_GATE_PASSWORD", "aaaaaaaaaaaa")], "gate.password", Error, "6 of them different"),
        ("", &[("ATLAS_GATE_PASSWORD", "change-me-1234")], "gate.password", Error, "placeholder"),
        ("", &[("NEXTAUTH_SECRET", "change-me-0123456789abcdefghijkl")], "secret", Error, "placeholder"),
        ("", &[("ATLAS_OPERATOR_TOKE", "x")], "variables", Error, "did you mean ATLAS_OPERATOR_TOKEN?"),
        ("", &[("ATLAS_PUBLIC_API_KEY", "x")], "variables", Warning, "doesn't read the variable ATLAS_PUBLIC_API_KEY"),
        ("", &[("ATLAS_SNAPSHOTS_EVERY", "off")], "snapshots.every", Warning, "snapshots.every is off"),
        (
            "[environment.staging.snapshots]\ncopy_to = \"/nowhere/at/all\"",
            &[],
            "snapshots.copy_to",
            Warning,
            "is not a folder",
        ),
        ("[environment.production]\nlisten = \"0.0.0.0:3000\"", &[], "listen", Warning, "where “production” listens"),
    ];
    for (toml, variables, key, severity, says) in cases {
        let (found, message) = staging_problem(toml, variables, key).unwrap_or_else(|| panic!("{toml} {variables:?}"));
        assert!(found == severity && message.contains(says), "{toml} {variables:?}: {message}");
        assert!(!message.contains("aaaaaaaaaaaa"), "the message must not repeat a secret");
    }
    for (variables, key) in [
        (&[("ATLAS_LOG", "info,atlas::web=debug,hyper=off")][..], "log"),
        (&[("ATLAS_LOG", "atlas")], "log"),
        (&[("ATLAS_GATE_PASSWORD", "open sesame")], "gate.password"),
        (&[("ATLAS_LISTEN", "127.0.0.1:0")], "listen"),
        (&[("ATLAS_LISTEN_FILE", "")], "variables"),
    ] {
        assert_eq!(staging_problem("[environment.production]\nlisten = \"127.0.0.1:3002\"", variables, key), None);
    }
}

#[test]
fn the_default_retention_is_shown_as_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let checked = run(folder.path(), &["check"], &[]);
    let row = stdout(&checked).lines().find(|line| line.contains("snapshots.keep")).unwrap().to_owned();
    assert!(row.contains("8 latest, 7 daily, 4 weekly") && row.contains("built-in default"), "{row}");
}

#[test]
fn staging_requires_https_except_on_localhost() {
    let with_url = |url: &'static str| {
        let mut variables = COMPLETE_STAGING.to_vec();
        variables[0] = ("APP_URL", url);
        ConfigFixture::new("", &variables).check("staging")
    };
    assert!(errors(&with_url("http://staging.example.com"))[0].contains("must be https"));
    let localhost = with_url("http://localhost:3001");
    assert!(
        localhost.settings.is_some() && localhost.problems.iter().any(|problem| problem.message.contains("rehearsal"))
    );
    assert!(errors(&with_url("https://staging.example.com/app"))[0].contains("without a path"));
}

#[test]
fn sentry_can_be_disabled() {
    let mut variables = COMPLETE_STAGING.to_vec();
    variables.extend([("SENTRY_ENABLED", "false"), ("NEXT_PUBLIC_SENTRY_ENABLED", "false")]);
    let settings = ConfigFixture::new("", &variables).check("production").settings.unwrap();
    assert!(settings.sentry.is_none() && settings.browser_sentry.is_none());
}

#[test]
fn turning_off_sentry_turns_it_off_for_browsers_too() {
    for environment in ["development", "staging", "production"] {
        let without_dsn = COMPLETE_STAGING.iter().filter(|(name, _)| !name.contains("SENTRY")).copied();
        for variables in [without_dsn.collect::<Vec<_>>(), COMPLETE_STAGING.to_vec()] {
            let checked = ConfigFixture::new("", &[&variables[..], &[("SENTRY_ENABLED", "false")]].concat());
            let settings = checked.check(environment).settings.unwrap();
            assert!(settings.sentry.is_none() && settings.browser_sentry.is_none(), "{environment}");
        }
    }
    let contradiction = [("SENTRY_ENABLED", "false"), ("NEXT_PUBLIC_SENTRY_ENABLED", "true")];
    let checked = ConfigFixture::new("", &[COMPLETE_STAGING, &contradiction].concat()).check("staging");
    assert!(checked.settings.unwrap().browser_sentry.is_none());
    let warned = checked.problems.iter().any(|problem| problem.message.contains("turns off all of Sentry"));
    assert!(warned, "{:?}", checked.problems);
}

#[test]
fn a_certificate_authority_for_sentry_is_read_from_a_file() {
    let fixture =
        |name: &'static str| ConfigFixture::new("", &[COMPLETE_STAGING, &[("SENTRY_CA_FILE", name)]].concat());
    let missing = fixture("missing.pem").check("staging");
    assert!(errors(&missing)[0].contains("sentry.ca_file names") && errors(&missing)[0].contains("cannot be read"));
    let trusting = fixture("ca.pem");
    std::fs::write(trusting.folder.path().join("ca.pem"), Certificates::for_host("sentry.example.com").authority)
        .unwrap();
    assert_eq!(trusting.check("staging").settings.unwrap().sentry_authorities.len(), 1);
}

/// Staging with these variables in place of those with the same names.
fn staging_with(changed: &[(&'static str, &'static str)]) -> CheckedConfig {
    let kept = COMPLETE_STAGING.iter().filter(|(name, _)| !changed.iter().any(|(other, _)| name == other));
    let variables: Vec<_> = kept.chain(changed).copied().filter(|(_, value)| !value.is_empty()).collect();
    ConfigFixture::new("", &variables).check("staging")
}

#[test]
fn a_refused_url_names_the_character_at_fault_and_how_to_write_it() {
    for (variable, value, message) in [
        (
            "SMTP_URL",
            "smtps://ada:pa/ss@mail.example.com",
            "“/” in the password ends that part of the URL; write it as %2F",
        ),
        ("SMTP_URL", "smtps://ada:12#ss@mail.example.com", "write it as %23"),
        ("SMTP_URL", "mail.example.com:587", "it has no “://”"),
        ("SMTP_URL", "smtps://ada@mail.example.com", "set SMTP_PASSWORD"),
        ("APP_URL", "https://atlas example.com", "“ ” can't be part of a host name"),
        ("APP_URL", "https://atlas.example.com:443x", "“443x” is no port"),
        ("SENTRY_DSN", "https://k/ey@sentry.example.com/1", "“/” in the user name"),
        ("NEXT_PUBLIC_SENTRY_DSN", "https://key@sentry example.com/1", "“ ” can't be part of a host name"),
        ("SENTRY_DSN", "https://sentry.example.com/1", "is not a Sentry DSN"),
    ] {
        let without_resend = if variable == "SMTP_URL" { "" } else { "re_123" };
        let checked = staging_with(&[("RESEND_API_KEY", without_resend), (variable, value)]);
        let errors = errors(&checked).join("\n");
        assert!(errors.contains(message), "{variable}={value}: {errors}");
        assert!(!errors.contains(value), "a secret is printed: {errors}");
    }
}

#[test]
fn the_relays_user_and_password_can_be_set_beside_its_url() {
    let beside = [
        ("RESEND_API_KEY", ""),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("SMTP_USER", "ada@example.com"),
        ("SMTP_PASSWORD", "p/a#s?s%w@o:rd"),
    ];
    let settings = staging_with(&beside).settings.unwrap();
    let Transport::Smtp(smtp) = settings.mail.transport else { panic!("mail is not sent over SMTP") };
    let (user, password) = smtp.credentials.unwrap();
    assert_eq!((user.as_str(), password.reveal()), ("ada@example.com", "p/a#s?s%w@o:rd"));
    let without_url = staging_with(&[("SMTP_PASSWORD", "secret")]);
    assert!(errors(&without_url)[0].contains("set SMTP_URL"), "{:?}", errors(&without_url));
}

#[test]
fn hosts_and_addresses_in_any_script_are_converted() {
    let settings = staging_with(&[
        ("RESEND_API_KEY", ""),
        ("APP_URL", "https://bücher.example"),
        ("SMTP_URL", "smtp://pöst.example"),
        ("SENTRY_DSN", "https://key@fehler.bücher.example/1"),
        ("ADMIN_OWNER_EMAIL", "owner@bücher.example"),
        ("RESEND_FROM_EMAIL", "Bücher <atlas@bücher.example>"),
    ])
    .settings
    .unwrap();
    assert_eq!(settings.app_url.unwrap().as_str(), "https://xn--bcher-kva.example/");
    let Transport::Smtp(smtp) = settings.mail.transport else { panic!("mail is not sent over SMTP") };
    assert_eq!(smtp.host, "xn--pst-sna.example");
    assert_eq!(settings.sentry.unwrap().0, "https://key@fehler.xn--bcher-kva.example/1");
    assert_eq!(settings.admins[0].as_str(), "owner@xn--bcher-kva.example");
    assert_eq!(settings.mail.from.email.as_str(), "atlas@xn--bcher-kva.example");
}

#[test]
fn previews_cannot_share_a_data_file() {
    let settings = ConfigFixture::new("", &[]).check("preview/fix-42").settings.unwrap();
    assert!(settings.data_file.ends_with("data/preview/fix-42/atlas.redb"));
    let shared = ConfigFixture::new("[environment.preview]\ndata_file = \"x.redb\"\n", &[]).check("preview/fix-42");
    assert!(errors(&shared)[0].contains("cannot be shared"));
}

#[test]
fn an_unreadable_configuration_is_reported_with_its_location() {
    let broken = ConfigFixture::new("[defaults\nlog = 1", &[]);
    let Err(error) = check(&broken.flags("development"), &BTreeMap::new()) else { panic!() };
    assert!(matches!(error, ConfigError::ParseFile { .. }) && error.to_string().contains("line 1"), "{error}");
    let Err(error) = check(&ConfigFixture::new("", &[]).flags("prod"), &BTreeMap::new()) else { panic!() };
    assert!(error.to_string().contains("use production, staging, development or preview/<name>"));
    let nowhere = Flags { config: Some("/nowhere/atlas.toml".into()), ..Flags::default() };
    assert!(matches!(check(&nowhere, &BTreeMap::new()), Err(ConfigError::ReadFile { .. })));
}
