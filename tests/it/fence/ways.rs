//! The ways across, one row each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::stamps::{Seal, edit_stamp};
use super::team::{PRODUCTION, SNAPSHOT, STAGING, TOML, Team, copy};

type Variables = &'static [(&'static str, &'static str)];

/// One way of crossing.
pub struct Way {
    pub name: &'static str,
    /// What somebody did before.
    pub mistake: fn(&Team),
    pub words: &'static [&'static str],
    /// Whose variables the command is started with.
    pub starts_as: &'static str,
    /// Variables that are set otherwise.
    pub variables: Variables,
    pub exit: i32,
    /// What was found, what was expected, and the fix, as the refusal must name them.
    pub says: &'static [&'static str],
}

const PRODUCTIONS_SECRET: Variables = &[PRODUCTION[0]];
const PRODUCTIONS_SECRET_AS_ALIAS: Variables = &[("NEXTAUTH_SECRET", ""), ("AUTH_SECRET", PRODUCTION[0].1)];
const PRODUCTIONS_KEY: Variables = &[PRODUCTION[1]];
const PRODUCTIONS_TOKEN: Variables = &[PRODUCTION[4]];
const STAGINGS_SECRET: Variables = &[STAGING[0]];

const SERVE_STAGING: &[&str] = &["serve", "--env", "staging"];
const SERVE_PRODUCTION: &[&str] = &["serve", "--env", "production"];

const THEIRS: &[&str] = &["belongs to environment “production”", "of its own was expected", "Unset DATABASE_URL"];
const STAMPED: &[&str] = &["belongs to environment “production”", "not to “staging”", "Set data_file of “staging”"];
const SECRET: &[&str] = &["is the secret of “production”", "another one was expected", "openssl rand"];
const TOKEN: &[&str] = &["is the token of “production”", "another one was expected", "openssl rand"];
const SENDER: &[&str] = &["the sender of “production”", "a sender of its own was expected", "Set RESEND_FROM_EMAIL"];
const KEY: &[&str] = &["is that of “production”", "a key of its own was expected", "Make another one"];
const ADDRESS: &[&str] = &["which is that of “production”", "an address of its own was expected", "Set APP_URL"];
const SENTRY: &[&str] = &["is “production” where “staging” was expected", "Leave it unset"];
const NEVER_SEEDED: &[&str] = &["production is never seeded", "Use --env staging"];
const NO_PREVIEW: &[&str] = &["“production” is no preview", "a preview cannot be called so", "Name a preview"];
const NO_NAME: &[&str] = &["production” is not the name of a preview", "use lower-case letters", "Nothing was changed"];
const EDITED: &[&str] = &["was edited", "its seal was made for another stamp", "Put the file back"];
const CLAIMED: &[&str] =
    &["says that it belongs to “staging”", "as that of “production”", "Put the file of “staging” back"];

const OF_PRODUCTION: &[&str] = &[
    "is of file",
    "of “production”, and one of the data file of “staging” was expected",
    "snapshot list --env staging",
];
const HOLDS_PRODUCTIONS: &[&str] =
    &["it holds file", "of “production” with schema", "of “staging” was expected", "name another"];
const TO_SNAPSHOT: &[&str] = &["rollback", "--env", "staging", "--to", SNAPSHOT];
const FROM_VAULT: &[&str] = &["snapshot", "fetch", SNAPSHOT, "--env", "staging", "--from", "vault"];
const UNCONFIRMED: &[&str] = &["this is production", "add --confirm production", "nothing was changed"];

/// A way that needs nothing but a command.
const fn told(
    name: &'static str,
    words: &'static [&'static str],
    variables: Variables,
    says: &'static [&'static str],
) -> Way {
    Way { name, mistake: |_| {}, words, starts_as: "staging", variables, exit: 1, says }
}

/// A way in which something was done before staging is served.
const fn done(name: &'static str, mistake: fn(&Team), says: &'static [&'static str]) -> Way {
    Way { name, mistake, words: SERVE_STAGING, starts_as: "staging", variables: &[], exit: 1, says }
}

pub const WAYS: &[Way] = &[
    // Production's file, by every name that leads to it.
    done("data_file of atlas.toml", |team| data_file(team, "data/production/atlas.redb"), THEIRS),
    done("data_file with ..", |team| data_file(team, "data/staging/../production/atlas.redb"), THEIRS),
    told("DATABASE_URL", SERVE_STAGING, &[("DATABASE_URL", "data/production/atlas.redb")], THEIRS),
    told("DATABASE_URL with a scheme", SERVE_STAGING, &[("DATABASE_URL", "redb:data/production/atlas.redb")], THEIRS),
    told("DATABASE_URL with ..", SERVE_STAGING, &[("DATABASE_URL", "data/staging/../production/atlas.redb")], THEIRS),
    told("DATABASE_URL with ./", SERVE_STAGING, &[("DATABASE_URL", "./data/./production//atlas.redb")], THEIRS),
    told(
        "ATLAS_ENV and DATABASE_URL",
        &["serve"],
        &[("ATLAS_ENV", "staging"), ("DATABASE_URL", "data/production/atlas.redb")],
        THEIRS,
    ),
    done("symbolic link", |team| instead(team, |real, at| symlink(real, at).unwrap()), THEIRS),
    done("hard link", |team| instead(team, |real, at| fs::hard_link(real, at).unwrap()), THEIRS),
    done(
        "hard link of a hard link, elsewhere",
        |team| {
            let kept = team.at("kept.redb");
            instead(team, |real, at| {
                fs::hard_link(real, &kept).unwrap();
                fs::hard_link(&kept, at).unwrap();
            });
        },
        THEIRS,
    ),
    done(
        "folder that is a link",
        |team| {
            fs::remove_dir_all(team.at("data/staging")).unwrap();
            symlink("production", team.at("data/staging")).unwrap();
        },
        THEIRS,
    ),
    Way {
        mistake: |team| symlink(team.at("data"), team.at("elsewhere")).unwrap(),
        variables: &[("DATABASE_URL", "elsewhere/production/atlas.redb")],
        ..done("folder above that is a link", |_| {}, THEIRS)
    },
    Way {
        starts_as: "production",
        ..told(
            "staging's file for production",
            SERVE_PRODUCTION,
            &[("DATABASE_URL", "data/staging/atlas.redb")],
            &["belongs to environment “staging”", "--env staging"],
        )
    },
    told(
        "production's folder",
        SERVE_STAGING,
        &[("DATABASE_URL", "data/production/staging.redb")],
        &[
            "in the same folder as data/production/atlas.redb",
            "a folder of its own was expected",
            "Move one of the files",
        ],
    ),
    // Production's data, without a path that leads to it.
    done("copy under staging's name", |team| instead(team, |real, at| copied(fs::copy(real, at).unwrap())), STAMPED),
    done(
        "production's snapshot put in place by hand",
        |team| {
            fs::copy(team.at("data/production/atlas.redb"), team.at("snapshot.redb")).unwrap();
            instead(team, |_, at| copied(fs::copy(team.at("snapshot.redb"), at).unwrap()));
        },
        STAMPED,
    ),
    done("file renamed", |team| instead(team, |real, at| fs::rename(real, at).unwrap()), STAMPED),
    done(
        "whole folder copied",
        |team| {
            fs::remove_dir_all(team.at("data/staging")).unwrap();
            copy(&team.at("data/production"), &team.at("data/staging"));
        },
        STAMPED,
    ),
    done(
        "whole folder renamed",
        |team| {
            fs::remove_dir_all(team.at("data/staging")).unwrap();
            fs::rename(team.at("data/production"), team.at("data/staging")).unwrap();
        },
        STAMPED,
    ),
    Way {
        mistake: |team| copied(fs::copy(team.at("data/production/atlas.redb"), team.at("elsewhere.redb")).unwrap()),
        variables: &[("DATABASE_URL", "elsewhere.redb")],
        ..done("copy that nobody knows of", |_| {}, STAMPED)
    },
    Way {
        mistake: |team| copy(&team.at("data/production"), &team.at("copied")),
        variables: &[("DATABASE_URL", "copied/new.redb")],
        ..done(
            "new file in production's copied folder",
            |_| {},
            &["is the home of “production”", "a folder of its own was expected", "Set data_file"],
        )
    },
    Way {
        mistake: |team| copied(fs::copy(team.at("data/production/atlas.redb"), team.at("elsewhere.redb")).unwrap()),
        ..told(
            "operator's verb on a copy",
            &["user", "list", "--env", "staging"],
            &[("DATABASE_URL", "elsewhere.redb")],
            STAMPED,
        )
    },
    told(
        "operator's verb on production's file",
        &["user", "list", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        THEIRS,
    ),
    // Production's data, with another stamp.
    done(
        "stamp edited in a copy",
        |team| {
            instead(team, |real, at| {
                fs::copy(real, at).unwrap();
                edit_stamp(at, "staging", Seal::Kept);
            });
        },
        EDITED,
    ),
    done("kind edited, name kept", |team| edit_stamp(&team.at("data/staging/atlas.redb"), "kind", Seal::Kept), EDITED),
    done("file id edited", |team| edit_stamp(&team.at("data/staging/atlas.redb"), "fileId", Seal::Kept), EDITED),
    done(
        "stamp edited and its seal taken off",
        |team| {
            instead(team, |real, at| {
                fs::copy(real, at).unwrap();
                edit_stamp(at, "staging", Seal::Removed);
            });
        },
        CLAIMED,
    ),
    done(
        "stamp edited and sealed again",
        |team| {
            instead(team, |real, at| {
                fs::copy(real, at).unwrap();
                edit_stamp(at, "staging", Seal::Forged);
            });
        },
        CLAIMED,
    ),
    done(
        "folder copied, stamp edited and sealed again",
        |team| {
            fs::remove_dir_all(team.at("data/staging")).unwrap();
            copy(&team.at("data/production"), &team.at("data/staging"));
            edit_stamp(&team.at("data/staging/atlas.redb"), "staging", Seal::Forged);
        },
        CLAIMED,
    ),
    done(
        "staging's file of another installation",
        |team| {
            let other = Team::founded();
            fs::copy(other.at("data/staging/atlas.redb"), team.at("data/staging/atlas.redb")).unwrap();
        },
        &["is another data file of “staging”", "lives here", "Put the file back that belongs here"],
    ),
    // Secrets and settings.
    told("production's secret", SERVE_STAGING, PRODUCTIONS_SECRET, SECRET),
    told("production's secret as AUTH_SECRET", SERVE_STAGING, PRODUCTIONS_SECRET_AS_ALIAS, SECRET),
    Way {
        mistake: |team| fs::write(team.at("secret"), PRODUCTION[0].1).unwrap(),
        ..told(
            "production's secret in a file",
            SERVE_STAGING,
            &[("NEXTAUTH_SECRET", ""), ("NEXTAUTH_SECRET_FILE", "secret")],
            SECRET,
        )
    },
    Way {
        starts_as: "production",
        ..told(
            "staging's secret in production",
            SERVE_PRODUCTION,
            STAGINGS_SECRET,
            &["is the secret of “staging”", "another one was expected"],
        )
    },
    told("production's operator token", SERVE_STAGING, PRODUCTIONS_TOKEN, TOKEN),
    told("production's Resend key", SERVE_STAGING, PRODUCTIONS_KEY, KEY),
    told(
        "production's Resend key in an SMTP_URL",
        SERVE_STAGING,
        &[("RESEND_API_KEY", ""), ("SMTP_URL", "smtps://resend:re_of_production@smtp.resend.com")],
        KEY,
    ),
    told("production's sender", SERVE_STAGING, &[("RESEND_FROM_EMAIL", "Somebody <atlas@example.com>")], SENDER),
    Way {
        mistake: |team| fs::write(team.at("atlas.toml"), without_production()).unwrap(),
        ..told(
            "production's sender, known by what it left",
            SERVE_STAGING,
            &[("RESEND_FROM_EMAIL", "atlas@example.com")],
            SENDER,
        )
    },
    told("production's address", SERVE_STAGING, &[("APP_URL", "https://atlas.example.com/")], ADDRESS),
    Way {
        mistake: |team| fs::write(team.at("atlas.toml"), without_production()).unwrap(),
        ..told(
            "production's address, known by what it left",
            SERVE_STAGING,
            &[("APP_URL", "https://ATLAS.example.com:443")],
            ADDRESS,
        )
    },
    done(
        "one address for all",
        |team| {
            let toml = TOML.lines().filter(|line| !line.starts_with("app_url")).collect::<Vec<_>>().join("\n");
            fs::write(team.at("atlas.toml"), format!("[defaults]\napp_url = \"https://atlas.example.com\"\n{toml}"))
                .unwrap();
        },
        ADDRESS,
    ),
    Way { exit: 78, ..told("Sentry's environment", SERVE_STAGING, &[("SENTRY_ENVIRONMENT", "production")], SENTRY) },
    Way {
        exit: 78,
        ..told(
            "the browser's Sentry environment",
            SERVE_STAGING,
            &[("NEXT_PUBLIC_SENTRY_ENVIRONMENT", "production")],
            SENTRY,
        )
    },
    Way {
        exit: 78,
        ..told(
            "test endpoints in staging",
            SERVE_STAGING,
            &[("ENABLE_TEST_ENDPOINTS", "true")],
            &["test_endpoints must be false in staging", "variable ENABLE_TEST_ENDPOINTS"],
        )
    },
    Way {
        exit: 78,
        starts_as: "production",
        ..told(
            "test endpoints in production",
            SERVE_PRODUCTION,
            &[("ENABLE_TEST_ENDPOINTS", "1")],
            &["test_endpoints must be false in production", "variable ENABLE_TEST_ENDPOINTS"],
        )
    },
    Way {
        exit: 78,
        ..done(
            "environment renamed in atlas.toml",
            |team| {
                fs::write(team.at("atlas.toml"), TOML.replace("environment.production", "environment.prod")).unwrap();
            },
            &["unknown environment “prod”", "did you mean “production”?"],
        )
    },
    done(
        "production's tables renamed to staging",
        |team| {
            let toml = without_staging().replace("environment.production", "environment.staging");
            let place = "[environment.staging]\ndata_file = \"data/production/atlas.redb\"";
            fs::write(team.at("atlas.toml"), toml.replacen("[environment.staging]", place, 1)).unwrap();
        },
        THEIRS,
    ),
    // Emptying and filling.
    Way {
        starts_as: "production",
        ..told("seed --env production", &["seed", "--env", "production"], &[], NEVER_SEEDED)
    },
    Way {
        starts_as: "production",
        ..told("seed with ATLAS_ENV=production", &["seed"], &[("ATLAS_ENV", "production")], NEVER_SEEDED)
    },
    told(
        "seed into production's file",
        &["seed", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        THEIRS,
    ),
    told(
        "seed of development into production's file",
        &["seed"],
        &[("DATABASE_URL", "data/production/atlas.redb"), ("NEXTAUTH_SECRET", "")],
        THEIRS,
    ),
    Way {
        starts_as: "production",
        ..told("reset --env production", &["seed", "--env", "production", "--reset"], &[], NEVER_SEEDED)
    },
    Way {
        starts_as: "production",
        ..told(
            "reset of production with its name typed",
            &["seed", "--env", "production", "--reset", "--confirm", "production"],
            &[],
            NEVER_SEEDED,
        )
    },
    Way {
        starts_as: "production",
        ..told(
            "reset with ATLAS_ENV=production",
            &["seed", "--reset", "--confirm", "production"],
            &[("ATLAS_ENV", "production")],
            NEVER_SEEDED,
        )
    },
    told(
        "reset of staging with production's name typed",
        &["seed", "--env", "staging", "--reset", "--confirm", "production"],
        &[],
        &["found --confirm production", "everything in “staging”", "--confirm staging"],
    ),
    told(
        "reset of staging with no name typed",
        &["seed", "--env", "staging", "--reset"],
        &[],
        &["Say so with --confirm staging"],
    ),
    told(
        "reset of production's file",
        &["seed", "--env", "staging", "--reset", "--confirm", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        THEIRS,
    ),
    Way {
        mistake: |team| copied(fs::copy(team.at("data/production/atlas.redb"), team.at("elsewhere.redb")).unwrap()),
        ..told(
            "reset of a copy of production's file",
            &["seed", "--env", "staging", "--reset", "--confirm", "staging"],
            &[("DATABASE_URL", "elsewhere.redb")],
            STAMPED,
        )
    },
    // Previews.
    told("preview destroy production", &["preview", "destroy", "production"], &[], NO_PREVIEW),
    told("preview destroy preview/production", &["preview", "destroy", "preview/production"], &[], NO_NAME),
    told(
        "preview destroy staging",
        &["preview", "destroy", "staging"],
        &[],
        &["“staging” is no preview", "Name a preview"],
    ),
    told("preview destroy ../production", &["preview", "destroy", "../production"], &[], NO_NAME),
    told(
        "preview destroy --from-branch ../production",
        &["preview", "destroy", "--from-branch", "../production"],
        &[],
        &["there is no preview “production-"],
    ),
    told(
        "preview destroy with ATLAS_ENV=production",
        &["preview", "destroy", "x"],
        &[("ATLAS_ENV", "production"), ("DATABASE_URL", "data/production/atlas.redb")],
        &["there is no preview “x”", "atlas preview list"],
    ),
    Way {
        exit: 2,
        ..told(
            "preview destroy --env production",
            &["preview", "destroy", "x", "--env", "production"],
            &[],
            &["unexpected argument '--env'"],
        )
    },
    told("preview create production", &["preview", "create", "production"], &[], NO_PREVIEW),
    Way {
        mistake: |team| preview(team, |home| symlink(team.at("data/production"), home).unwrap()),
        ..told(
            "preview destroy of a link to production's folder",
            &["preview", "destroy", "x"],
            &[],
            &["is not the folder of a preview", "it is a link", "Look at it"],
        )
    },
    Way {
        mistake: |team| preview(team, |home| symlink(team.at("data/production"), home).unwrap()),
        starts_as: "nobody",
        ..told("preview whose folder is a link to production's", &["serve", "--env", "preview/x"], &[], THEIRS)
    },
    Way {
        mistake: |team| preview(team, |home| copy(&team.at("data/production"), home)),
        ..told(
            "preview destroy of production's copied folder",
            &["preview", "destroy", "x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    Way {
        mistake: |team| {
            preview(team, |home| {
                fs::create_dir(home).unwrap();
                fs::hard_link(team.at("data/production/atlas.redb"), home.join("atlas.redb")).unwrap();
            });
        },
        ..told(
            "preview destroy of a hard link to production's file",
            &["preview", "destroy", "x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    Way {
        mistake: |team| preview(team, |home| copy(&team.at("data/production"), home)),
        starts_as: "nobody",
        ..told(
            "preview with production's copied folder",
            &["serve", "--env", "preview/x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    // Going back, and leading data to another schema.
    Way {
        words: TO_SNAPSHOT,
        ..done(
            "production's snapshot restored into staging",
            |team| team.puts_snapshot("staging", false),
            OF_PRODUCTION,
        )
    },
    Way {
        words: TO_SNAPSHOT,
        ..done(
            "production's snapshot whose manifest says staging's",
            |team| team.puts_snapshot("staging", true),
            HOLDS_PRODUCTIONS,
        )
    },
    Way {
        mistake: |team| team.puts_snapshot("production", false),
        starts_as: "production",
        ..told(
            "rollback --env production with no name typed",
            &["rollback", "--env", "production", "--to", SNAPSHOT],
            &[],
            UNCONFIRMED,
        )
    },
    Way {
        mistake: |team| team.puts_snapshot("production", false),
        starts_as: "production",
        ..told(
            "rollback with ATLAS_ENV=production",
            &["rollback", "--to", SNAPSHOT],
            &[("ATLAS_ENV", "production")],
            UNCONFIRMED,
        )
    },
    Way {
        mistake: |team| team.puts_snapshot("production", false),
        starts_as: "production",
        ..told(
            "rollback of production with staging's name typed",
            &["rollback", "--env", "production", "--to", SNAPSHOT, "--confirm", "staging"],
            &[],
            &["--confirm says “staging”, and this is production", "nothing was changed"],
        )
    },
    Way {
        words: FROM_VAULT,
        ..done(
            "production's copy fetched from a second folder",
            |team| vault(team, false),
            &["is of file", "of “production”, and one of “staging” was expected", "Nothing was changed"],
        )
    },
    Way {
        words: FROM_VAULT,
        ..done(
            "production's copy fetched with a manifest that claims to be staging's",
            |team| vault(team, true),
            &["it holds file", "of “production”, and one of “staging” was expected", "name another"],
        )
    },
    Way {
        mistake: |team| team.puts_snapshot("production", false),
        ..told(
            "rollback of production's file",
            &["rollback", "--env", "staging", "--to", SNAPSHOT, "--confirm", "staging"],
            &[("DATABASE_URL", "data/production/atlas.redb")],
            THEIRS,
        )
    },
    Way {
        words: TO_SNAPSHOT,
        ..done(
            "rollback of production's copied folder",
            |team| {
                team.puts_snapshot("production", false);
                fs::remove_dir_all(team.at("data/staging")).unwrap();
                copy(&team.at("data/production"), &team.at("data/staging"));
            },
            STAMPED,
        )
    },
    told(
        "migrate of production's file",
        &["migrate", "up", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        THEIRS,
    ),
    Way {
        words: &["migrate", "up", "--env", "staging"],
        ..done("migrate of a copy", |team| instead(team, |real, at| copied(fs::copy(real, at).unwrap())), STAMPED)
    },
    Way {
        words: &["migrate", "down", "--to", "2", "--env", "staging", "--confirm", "staging"],
        ..done("migrate down of a copy", |team| instead(team, |real, at| copied(fs::copy(real, at).unwrap())), STAMPED)
    },
    Way {
        starts_as: "production",
        ..told(
            "migrate down of production with no name typed",
            &["migrate", "down", "--to", "2", "--env", "production"],
            &[],
            UNCONFIRMED,
        )
    },
];

/// A copy was made; how long it is does not matter.
fn copied(_: u64) {}

/// Puts something in place of a preview's folder, with the record that it had.
fn preview(team: &Team, put: impl FnOnce(&Path)) {
    fs::create_dir_all(team.at("data/preview")).unwrap();
    put(&team.at("data/preview/x"));
    let record = r#"{"name":"x","port":3100,"gateUser":"preview","gatePassword":"secret",
        "createdAt":"2026-02-12T12:00:00Z","expiresAt":"2026-02-26T12:00:00Z"}"#;
    fs::write(team.at("data/preview/x/preview.json"), record).unwrap();
}

/// Sets staging's `data_file` in atlas.toml.
fn data_file(team: &Team, path: &str) {
    let place = format!("[environment.staging]\ndata_file = \"{path}\"");
    fs::write(team.at("atlas.toml"), TOML.replace("[environment.staging]", &place)).unwrap();
}

/// Puts something that has to do with production's file in place of staging's.
fn instead(team: &Team, put: impl FnOnce(&Path, &Path)) {
    let place = team.at("data/staging/atlas.redb");
    fs::remove_file(&place).unwrap();
    let _ = fs::remove_file(team.at("data/staging/identity.json"));
    put(&team.at("data/production/atlas.redb"), &place);
}

fn without_production() -> String {
    let (_, staging) = TOML.split_once("[environment.staging]").unwrap();
    format!("[environment.staging]{staging}")
}

fn without_staging() -> String {
    TOML.split_once("[environment.staging]").unwrap().0.to_owned()
}

/// Moves production's snapshot to a second folder.
fn vault(team: &Team, claims: bool) {
    team.puts_snapshot("staging", claims);
    fs::rename(team.at("data/staging/snapshots"), team.at("vault")).unwrap();
}
