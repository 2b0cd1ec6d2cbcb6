//! Settings: where they come from, which one counts, and everything wrong at once.

use std::collections::BTreeMap;
use std::fs;

use atlas::config::{Checked, Flags, Severity, Transport, Unreadable, check};
use tempfile::TempDir;

use crate::process::{code, complaint, run, said};

/// A folder with an atlas.toml, and variables beside it.
struct Desk {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Desk {
    fn with(toml: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("atlas.toml"), toml).unwrap();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { folder, variables }
    }

    fn flags(&self, environment: &str) -> Flags {
        let config = Some(self.folder.path().join("atlas.toml"));
        Flags { environment: Some(environment.to_owned()), config, ..Flags::default() }
    }

    fn checked(&self, environment: &str) -> Checked {
        check(&self.flags(environment), &self.variables).unwrap()
    }
}

fn errors(checked: &Checked) -> Vec<&str> {
    let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error);
    errors.map(|problem| problem.message.as_str()).collect()
}

const SOUND_STAGING: &[(&str, &str)] = &[
    ("APP_URL", "https://staging.example.com"),
    ("NEXTAUTH_SECRET", "0123456789abcdef0123456789abcdef"),
    ("RESEND_API_KEY", "re_123"),
    ("RESEND_FROM_EMAIL", "Atlas <atlas@example.com>"),
    ("SENTRY_DSN", "https://key@sentry.example.com/1"),
    ("NEXT_PUBLIC_SENTRY_DSN", "https://key@sentry.example.com/2"),
    ("ADMIN_OWNER_EMAIL", "owner@example.com"),
];

#[test]
fn development_needs_nothing() {
    let settings = Desk::with("", &[]).checked("development").settings.unwrap();
    assert!(settings.test_endpoints && settings.app_url.is_none() && settings.secret.is_none());
    assert!(settings.data_file.ends_with("data/development/atlas.redb"));
    assert_eq!(settings.mail.transport, Transport::Capture);
}

#[test]
fn staging_and_production_miss_everything_at_once() {
    for environment in ["staging", "production"] {
        let checked = Desk::with("", &[]).checked(environment);
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
            assert!(errors.contains(name), "{environment} does not ask for {name}:\n{errors}");
        }
    }
}

#[test]
fn a_sound_staging_settles_with_a_warning_for_the_open_gate() {
    let checked = Desk::with("", SOUND_STAGING).checked("staging");
    let settings = checked.settings.as_ref().unwrap();
    let Transport::Smtp(smtp) = &settings.mail.transport else { panic!("mail is sent") };
    assert_eq!((smtp.host.as_str(), smtp.port), ("smtp.resend.com", 465));
    assert!(!settings.test_endpoints);
    assert!(checked.problems.iter().any(|problem| problem.message.contains("ATLAS_GATE_USER")));
    // No secret is ever printed by a stray debug line.
    let printed = format!("{settings:?}");
    for secret in ["0123456789abcdef", "re_123", "key@sentry"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

#[test]
fn a_flag_beats_a_variable_beats_the_environments_table_beats_the_defaults() {
    let toml =
        "[defaults]\nlisten = \"127.0.0.1:1\"\nlog = \"warn\"\n[environment.development]\nlisten = \"127.0.0.1:2\"\n";
    let listen = |desk: &Desk, flag: Option<&str>| {
        let flags = Flags { listen: flag.map(str::to_owned), ..desk.flags("development") };
        let checked = check(&flags, &desk.variables).unwrap();
        let origin = checked.written.get("listen").unwrap().origin.to_string();
        (checked.settings.unwrap().listen.port(), origin)
    };
    let desk = Desk::with(toml, &[]);
    assert_eq!(listen(&desk, None).0, 2);
    assert!(listen(&desk, None).1.ends_with("[environment.development]"));
    let desk = Desk::with(toml, &[("ATLAS_LISTEN", "127.0.0.1:3")]);
    assert_eq!(listen(&desk, None), (3, "variable ATLAS_LISTEN".to_owned()));
    assert_eq!(listen(&desk, Some("127.0.0.1:4")), (4, "flag --listen".to_owned()));
    assert_eq!(desk.checked("development").settings.unwrap().log, "warn");
}

#[test]
fn a_secret_may_come_from_a_file_but_not_from_both_and_never_from_atlas_toml() {
    let desk = Desk::with("", SOUND_STAGING);
    let path = desk.folder.path().join("secret");
    fs::write(&path, "another secret, long enough to be one\n").unwrap();
    let path = path.to_str().unwrap();
    let mut with_file = SOUND_STAGING.to_vec();
    with_file.push(("NEXTAUTH_SECRET_FILE", path));
    let both = Desk::with("", &with_file).checked("staging");
    assert!(errors(&both).iter().any(|error| error.contains("both set")));
    with_file.retain(|(name, _)| *name != "NEXTAUTH_SECRET");
    let checked = Desk::with("", &with_file).checked("staging");
    assert_eq!(checked.settings.unwrap().secret.unwrap().reveal(), "another secret, long enough to be one");
    let written = Desk::with("[environment.staging]\nsecret = \"x\"\n", &[]).checked("staging");
    assert!(
        errors(&written)
            .iter()
            .any(|error| error.contains("does not belong into a file") && error.contains("NEXTAUTH_SECRET_FILE"))
    );
    let empty = desk.folder.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let open = Desk::with("", &[("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD_FILE", empty.to_str().unwrap())]);
    assert!(errors(&open.checked("development")).iter().any(|error| error.contains("which is empty")));
    let gone = Desk::with("", &[("AUTH_SECRET_FILE", "/nowhere/secret")]).checked("development");
    assert!(errors(&gone)[0].contains("/nowhere/secret"));
}

#[test]
fn a_secret_that_somebody_typed_to_fill_the_field_is_refused_with_how_to_make_one() {
    let refused = |name: &str, text: &str| {
        let checked = Desk::with("", &[(name, text)]).checked("development");
        errors(&checked).first().map(|error| (*error).to_owned())
    };
    for name in ["NEXTAUTH_SECRET", "ATLAS_OPERATOR_TOKEN", "ATLAS_VERIFICATION_KEY"] {
        for plain in ["a".repeat(32), "changeme".repeat(8), "0123".repeat(16)] {
            let why = refused(name, &plain).expect(&plain);
            assert!(why.contains("10 different characters; `openssl rand -base64 32` makes one"), "{why}");
            assert!(!why.contains(&plain), "what was typed is not repeated");
        }
        assert!(refused(name, "short").unwrap().contains("at least 32 characters"));
        // What openssl makes, in either spelling.
        for made in ["q0Wk2mY6b9oT4c1Zs8Rr5u7Xv3NhJdLePfGaQiUyHtE=", "9f86d081884c7d659a2feaa0c55ad015"] {
            assert_eq!(refused(name, made), None);
        }
    }
}

#[test]
fn variables_that_mean_the_same_must_agree() {
    let agree = Desk::with("", &[("APP_URL", "http://localhost:3000"), ("NEXTAUTH_URL", "http://localhost:3000/")]);
    assert!(agree.checked("development").settings.is_some());
    let differ =
        Desk::with("", &[("APP_URL", "http://localhost:3000"), ("NEXT_PUBLIC_APP_URL", "http://localhost:4000")]);
    assert!(errors(&differ.checked("development"))[0].contains("APP_URL and NEXT_PUBLIC_APP_URL disagree"));
}

#[test]
fn a_typo_is_answered_with_what_was_meant() {
    let toml = "[environment.staging]\napp_ulr = \"x\"\n[environment.staging.mail]\nform = \"y\"\n[environment.stagging]\n[enviroment.x]\n";
    let checked = Desk::with(toml, SOUND_STAGING).checked("staging");
    let errors = errors(&checked).join("\n");
    for hint in
        ["did you mean “app_url”", "did you mean “mail.from”", "did you mean “staging”", "did you mean “environment”"]
    {
        assert!(errors.contains(hint), "{hint} is not in:\n{errors}");
    }
    assert!(checked.settings.is_none());
}

#[test]
fn values_of_the_wrong_shape_are_all_named() {
    let toml = "[environment.development]\nlisten = 3000\ntest_endpoints = \"yes\"\n[environment.development.mail]\nallow = \"x\"\n";
    let checked =
        Desk::with(toml, &[("APP_URL", "localhost"), ("SENTRY_DSN", "nonsense"), ("ADMIN_OWNER_EMAIL", "me")])
            .checked("development");
    let errors = errors(&checked).join("\n");
    for key in [
        "listen must be a string",
        "test_endpoints must be true or false",
        "mail.allow must be an array",
        "app_url must be",
        "sentry.dsn is not",
        "admin.owner must be",
    ] {
        assert!(errors.contains(key), "{key} is not in:\n{errors}");
    }
}

#[test]
fn what_is_not_written_as_tables_or_cannot_filter_a_log_is_named() {
    for toml in ["environment = 3", "defaults = \"x\"", "[[environment.development]]\nlog = \"info\""] {
        let checked = Desk::with(toml, &[]).checked("development");
        assert!(errors(&checked)[0].contains("must be written as tables"), "{toml}");
    }
    let checked = Desk::with("", &[("ATLAS_LOG", "atlas=[[")]).checked("development");
    assert!(errors(&checked)[0].contains("must be a log filter"));
    let empty = Desk::with("[environment.development.gate]\nuser = \"\"\n", &[]).checked("development");
    assert!(errors(&empty)[0].contains("is empty"));
}

#[test]
fn a_blank_setting_is_an_unset_one_and_what_chooses_is_never_blank() {
    let blank = Desk::with("", &[("ATLAS_LISTEN", ""), ("NEXTAUTH_SECRET", " "), ("SENTRY_DSN_FILE", "")]);
    let settings = blank.checked("development").settings.unwrap();
    assert_eq!((settings.listen.port(), settings.secret.is_none()), (3000, true));
    let required =
        Desk::with("", SOUND_STAGING.iter().chain(&[("NEXTAUTH_SECRET", "")]).copied().collect::<Vec<_>>().as_slice());
    assert!(errors(&required.checked("staging"))[0].contains("secret is required in staging"));

    let folder = tempfile::tempdir().unwrap();
    for (words, variable, why) in [
        (&["serve"][..], ("ATLAS_ENV", ""), "ATLAS_ENV is set and blank"),
        (&["check"], ("ATLAS_ENV", " "), "ATLAS_ENV is set and blank"),
        (&["seed"], ("ATLAS_CONFIG", ""), "ATLAS_CONFIG is set and blank"),
        (&["preview", "list"], ("ATLAS_CONFIG", "\t"), "ATLAS_CONFIG is set and blank"),
        (&["serve", "--env", ""], ("ATLAS_ENV", "development"), "“” is not an environment"),
        (&["check", "--env", " "], ("ATLAS_ENV", "development"), "“ ” is not an environment"),
    ] {
        let refused = run(folder.path(), words, &[variable]);
        assert_eq!(code(&refused), 78, "{words:?}");
        let said = complaint(&refused);
        assert!(said.lines().count() == 1 && said.contains(why), "{words:?}: {said}");
    }
    assert!(!folder.path().join("data").exists());
    // Whoever says it with a flag has said it.
    assert_eq!(code(&run(folder.path(), &["check", "--env", "development"], &[("ATLAS_ENV", "")])), 0);
}

#[test]
fn the_proxies_that_are_believed_are_named_and_never_everybody() {
    let settings = |variables: &[(&str, &str)]| Desk::with("", variables).checked("development").settings.unwrap();
    let trusts = |settings: &atlas::config::Settings, address: &str| settings.proxies.trust(address.parse().unwrap());
    assert!(!trusts(&settings(&[]), "127.0.0.1"), "nobody is believed unless asked for");
    let named = settings(&[("ATLAS_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,fd00::/8")]);
    assert!(trusts(&named, "127.0.0.1") && trusts(&named, "::ffff:10.1.2.3") && trusts(&named, "fd00::7"));
    assert!(!trusts(&named, "127.0.0.2") && !trusts(&named, "192.0.2.1"));
    let toml = "[environment.development]\ntrusted_proxies = [\"10.0.0.1\"]\n";
    assert!(trusts(&Desk::with(toml, &[]).checked("development").settings.unwrap(), "10.0.0.1"));
    for bad in ["localhost", "10.0.0.0/40", "0.0.0.0/0", "::/0"] {
        let checked = Desk::with("", &[("ATLAS_TRUSTED_PROXIES", bad)]).checked("development");
        assert!(errors(&checked)[0].contains(&format!("has “{bad}”")), "{bad}");
    }
    // Over https there is a proxy in front; whoever forgets it counts everybody behind it as one.
    let warned = |checked: &Checked| checked.problems.iter().any(|problem| problem.key == "trusted_proxies");
    assert!(warned(&Desk::with("", SOUND_STAGING).checked("staging")));
    let told = [SOUND_STAGING, &[("ATLAS_TRUSTED_PROXIES", "127.0.0.1")]].concat();
    assert!(!warned(&Desk::with("", &told).checked("staging")));
}

#[test]
fn another_kind_of_database_is_explained() {
    for url in
        ["postgres://atlas@db/atlas", "postgresql://x", "mysql://x", "POSTGRES://x", "postgresql+x://y", "mongodb://z"]
    {
        let checked = Desk::with("", &[("DATABASE_URL", url)]).checked("development");
        assert!(errors(&checked)[0].contains("one file of its own"), "{:?}", errors(&checked));
    }
    for (url, end) in
        [("redb:files/a.redb", "files/a.redb"), ("files/a.redb", "files/a.redb"), ("redb:///var/a.redb", "/var/a.redb")]
    {
        let settings = Desk::with("", &[("DATABASE_URL", url)]).checked("development").settings.unwrap();
        assert!(settings.data_file.ends_with(end), "{url}: {}", settings.data_file.display());
    }
}

#[test]
fn test_endpoints_are_refused_in_staging_and_production() {
    let mut variables = SOUND_STAGING.to_vec();
    variables.push(("ENABLE_TEST_ENDPOINTS", "true"));
    for environment in ["staging", "production"] {
        let checked = Desk::with("", &variables).checked(environment);
        assert!(errors(&checked)[0].contains("test_endpoints must be false"));
    }
    assert!(!Desk::with("", &[]).checked("preview/x").settings.unwrap().test_endpoints);
    let asked = Desk::with("", &[("ENABLE_TEST_ENDPOINTS", "true")]).checked("preview/x");
    assert!(asked.settings.unwrap().test_endpoints);
}

#[test]
fn development_is_shown_to_other_machines_only_when_it_is_named_and_never_without_a_word() {
    let open = "0.0.0.0:3000";
    let gate = [("ATLAS_GATE_USER", "team"), ("ATLAS_GATE_PASSWORD", "a shared password")];
    let warnings = |variables: &[(&str, &str)], environment: &str, listen: &str| {
        let desk = Desk::with("", variables);
        let flags = Flags { listen: Some(listen.to_owned()), ..desk.flags(environment) };
        let checked = check(&flags, &desk.variables).unwrap();
        assert!(checked.settings.is_some(), "{:?}", checked.problems);
        checked.problems.into_iter().filter(|problem| problem.key == "listen").collect::<Vec<_>>()
    };
    for address in [open, "[::]:3000", "192.0.2.7:3000"] {
        let warned = warnings(&[], "development", address);
        assert!(warned[0].message.contains("reads the captured mail"), "{address}: {warned:?}");
    }
    for address in ["127.0.0.1:3000", "[::1]:3000", "127.0.0.2:80"] {
        assert_eq!(warnings(&[], "development", address), [], "{address}");
    }
    assert_eq!(warnings(&gate, "development", open), []);
    assert_eq!(warnings(SOUND_STAGING, "staging", open), []);

    let folder = tempfile::tempdir().unwrap();
    let listens = ("ATLAS_LISTEN", open);
    for words in [&["check"][..], &["serve"], &["seed"]] {
        let refused = run(folder.path(), words, &[listens]);
        let said = said(&refused) + &complaint(&refused);
        assert!(said.contains("no environment was named"), "{words:?}: {said}");
        assert_eq!(code(&refused), 78, "{words:?}");
    }
    assert!(!folder.path().join("data").exists());
    let named = run(folder.path(), &["check"], &[listens, ("ATLAS_ENV", "development")]);
    assert!(said(&named).contains("warning: whoever reaches 0.0.0.0:3000"), "{}", said(&named));
    assert_eq!(code(&named), 0);
}

#[test]
fn people_reach_staging_over_https_except_in_a_rehearsal() {
    let with_url = |url: &'static str| {
        let mut variables = SOUND_STAGING.to_vec();
        variables[0] = ("APP_URL", url);
        Desk::with("", &variables).checked("staging")
    };
    assert!(errors(&with_url("http://staging.example.com"))[0].contains("must be https"));
    let rehearsal = with_url("http://localhost:3001");
    assert!(
        rehearsal.settings.is_some() && rehearsal.problems.iter().any(|problem| problem.message.contains("rehearsal"))
    );
    assert!(errors(&with_url("https://staging.example.com/app"))[0].contains("without a path"));
}

#[test]
fn sentry_that_is_switched_off_is_off() {
    let mut variables = SOUND_STAGING.to_vec();
    variables.extend([("SENTRY_ENABLED", "false"), ("NEXT_PUBLIC_SENTRY_ENABLED", "false")]);
    let settings = Desk::with("", &variables).checked("production").settings.unwrap();
    assert!(settings.sentry.is_none() && settings.browser_sentry.is_none());
}

#[test]
fn a_preview_keeps_its_data_to_itself() {
    let settings = Desk::with("", &[]).checked("preview/fix-42").settings.unwrap();
    assert!(settings.data_file.ends_with("data/preview/fix-42/atlas.redb"));
    let shared = Desk::with("[environment.preview]\ndata_file = \"x.redb\"\n", &[]).checked("preview/fix-42");
    assert!(errors(&shared)[0].contains("cannot be shared"));
}

#[test]
fn what_cannot_be_read_at_all_says_where() {
    let broken = Desk::with("[defaults\nlog = 1", &[]);
    let Err(Unreadable::File { why, .. }) = check(&broken.flags("development"), &BTreeMap::new()) else { panic!() };
    assert!(why.contains("line 1"), "{why}");
    let Err(error) = check(&Desk::with("", &[]).flags("prod"), &BTreeMap::new()) else { panic!() };
    assert!(error.to_string().contains("use production, staging, development or preview/<name>"));
    let nowhere = Flags { config: Some("/nowhere/atlas.toml".into()), ..Flags::default() };
    assert!(matches!(check(&nowhere, &BTreeMap::new()), Err(Unreadable::File { .. })));
}
