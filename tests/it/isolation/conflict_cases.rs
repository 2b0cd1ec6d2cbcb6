//! The cases in which environments conflict, one row each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::deployment::{ATLAS_TOML, Deployment, PRODUCTION, SNAPSHOT_ID, STAGING, copy_folder};
use super::stamp_edits::{MacEdit, edit_stamp};

type Variables = &'static [(&'static str, &'static str)];

/// One conflict between environments that a command must refuse.
pub struct ConflictCase {
    pub name: &'static str,
    /// The mistake that leads to the conflict.
    pub setup: fn(&Deployment),
    pub args: &'static [&'static str],
    /// The environment whose variables the command starts with.
    pub run_as: &'static str,
    /// Variables that take precedence.
    pub variables: Variables,
    pub exit: i32,
    /// The parts of the message that name what was found, what was expected and the fix.
    pub expected: &'static [&'static str],
}

const PRODUCTION_SECRET: Variables = &[PRODUCTION[0]];
const PRODUCTION_SECRET_AS_ALIAS: Variables = &[("NEXTAUTH_SECRET", ""), ("AUTH_SECRET", PRODUCTION[0].1)];
const PRODUCTION_MAIL_KEY: Variables = &[PRODUCTION[1]];
const PRODUCTION_OPERATOR_TOKEN: Variables = &[PRODUCTION[4]];
const STAGING_SECRET: Variables = &[STAGING[0]];

const SERVE_STAGING: &[&str] = &["serve", "--env", "staging"];
const SERVE_PRODUCTION: &[&str] = &["serve", "--env", "production"];

const WRONG_FILE: &[&str] = &["belongs to environment “production”", "expected a separate file", "Unset DATABASE_URL"];
const WRONG_STAMP: &[&str] = &["belongs to environment “production”", "not to “staging”", "Set data_file of “staging”"];
const SHARED_SECRET: &[&str] = &["is also the secret of “production”", "expected a different secret", "openssl rand"];
const SHARED_TOKEN: &[&str] = &["is also the token of “production”", "expected a different token", "openssl rand"];
const SHARED_SENDER: &[&str] =
    &["is also the sender of “production”", "expected a different sender", "Set RESEND_FROM_EMAIL"];
const SHARED_MAIL_KEY: &[&str] = &["is also that of “production”", "expected a different key", "Create a new key"];
const SHARED_APP_URL: &[&str] = &["which is also that of “production”", "expected a different address", "Set APP_URL"];
const WRONG_SENTRY_ENVIRONMENT: &[&str] = &["is “production”, expected “staging”", "Leave it unset"];
const NEVER_SEEDED: &[&str] = &["production is never seeded", "Use --env staging"];
const NOT_A_PREVIEW: &[&str] =
    &["“production” is a reserved name and not a preview", "Name one that `atlas preview list` shows"];
const INVALID_PREVIEW_NAME: &[&str] =
    &["production” is not the name of a preview", "use lowercase letters", "Nothing was changed"];
const EDITED_STAMP: &[&str] = &["was edited", "its seal was made for another stamp", "Put the file back"];
const FORGED_STAMP: &[&str] =
    &["claims to belong to “staging”", "as that of “production”", "Restore the file of “staging”"];

const PRODUCTION_SNAPSHOT: &[&str] = &[
    "is of file",
    "of “production”, and one of the data file of “staging” was expected",
    "snapshot list --env staging",
];
const FORGED_MANIFEST: &[&str] =
    &["it holds file", "of “production” with schema", "of “staging” was expected", "name another"];
const ROLL_BACK_STAGING: &[&str] = &["rollback", "--env", "staging", "--to", SNAPSHOT_ID];
const FETCH_FROM_OFFSITE: &[&str] = &["snapshot", "fetch", SNAPSHOT_ID, "--env", "staging", "--from", "offsite"];
const UNCONFIRMED: &[&str] = &["this is production", "add --confirm production", "nothing was changed"];

/// A conflict caused by the arguments and variables alone.
const fn by_command(
    name: &'static str,
    args: &'static [&'static str],
    variables: Variables,
    expected: &'static [&'static str],
) -> ConflictCase {
    ConflictCase { name, setup: |_| {}, args, run_as: "staging", variables, exit: 1, expected }
}

/// A conflict caused before staging is served.
const fn by_setup(name: &'static str, setup: fn(&Deployment), expected: &'static [&'static str]) -> ConflictCase {
    ConflictCase { name, setup, args: SERVE_STAGING, run_as: "staging", variables: &[], exit: 1, expected }
}

pub const CONFLICT_CASES: &[ConflictCase] = &[
    // Production's file, by every path that leads to it.
    by_setup(
        "data_file of atlas.toml",
        |deployment| set_data_file(deployment, "data/production/atlas.redb"),
        WRONG_FILE,
    ),
    by_setup(
        "data_file with ..",
        |deployment| set_data_file(deployment, "data/staging/../production/atlas.redb"),
        WRONG_FILE,
    ),
    by_command("DATABASE_URL", SERVE_STAGING, &[("DATABASE_URL", "data/production/atlas.redb")], WRONG_FILE),
    by_command(
        "DATABASE_URL with a scheme",
        SERVE_STAGING,
        &[("DATABASE_URL", "redb:data/production/atlas.redb")],
        WRONG_FILE,
    ),
    by_command(
        "DATABASE_URL with ..",
        SERVE_STAGING,
        &[("DATABASE_URL", "data/staging/../production/atlas.redb")],
        WRONG_FILE,
    ),
    by_command(
        "DATABASE_URL with ./",
        SERVE_STAGING,
        &[("DATABASE_URL", "./data/./production//atlas.redb")],
        WRONG_FILE,
    ),
    by_command(
        "ATLAS_ENV and DATABASE_URL",
        &["serve"],
        &[("ATLAS_ENV", "staging"), ("DATABASE_URL", "data/production/atlas.redb")],
        WRONG_FILE,
    ),
    by_setup(
        "symbolic link",
        |deployment| replace_staging_file(deployment, |production, staging| symlink(production, staging).unwrap()),
        WRONG_FILE,
    ),
    by_setup(
        "hard link",
        |deployment| {
            replace_staging_file(deployment, |production, staging| fs::hard_link(production, staging).unwrap());
        },
        WRONG_FILE,
    ),
    by_setup(
        "hard link of a hard link in another folder",
        |deployment| {
            let link = deployment.path_to("link.redb");
            replace_staging_file(deployment, |production, staging| {
                fs::hard_link(production, &link).unwrap();
                fs::hard_link(&link, staging).unwrap();
            });
        },
        WRONG_FILE,
    ),
    by_setup(
        "folder that is a link",
        |deployment| {
            fs::remove_dir_all(deployment.path_to("data/staging")).unwrap();
            symlink("production", deployment.path_to("data/staging")).unwrap();
        },
        WRONG_FILE,
    ),
    ConflictCase {
        setup: |deployment| symlink(deployment.path_to("data"), deployment.path_to("linked")).unwrap(),
        variables: &[("DATABASE_URL", "linked/production/atlas.redb")],
        ..by_setup("folder above that is a link", |_| {}, WRONG_FILE)
    },
    ConflictCase {
        run_as: "production",
        ..by_command(
            "staging's file for production",
            SERVE_PRODUCTION,
            &[("DATABASE_URL", "data/staging/atlas.redb")],
            &["belongs to environment “staging”", "--env staging"],
        )
    },
    by_command(
        "production's folder",
        SERVE_STAGING,
        &[("DATABASE_URL", "data/production/staging.redb")],
        &["in the same folder as data/production/atlas.redb", "expected a separate folder", "Move one of the files"],
    ),
    // Production's data, without a path that leads to it.
    by_setup(
        "copy under staging's name",
        |deployment| replace_staging_file(deployment, |production, staging| copy_file(production, staging)),
        WRONG_STAMP,
    ),
    by_setup(
        "production's snapshot put in place by hand",
        |deployment| {
            fs::copy(deployment.path_to("data/production/atlas.redb"), deployment.path_to("snapshot.redb")).unwrap();
            replace_staging_file(deployment, |_, staging| copy_file(deployment.path_to("snapshot.redb"), staging));
        },
        WRONG_STAMP,
    ),
    by_setup(
        "file renamed",
        |deployment| replace_staging_file(deployment, |production, staging| fs::rename(production, staging).unwrap()),
        WRONG_STAMP,
    ),
    by_setup(
        "whole folder copied",
        |deployment| {
            fs::remove_dir_all(deployment.path_to("data/staging")).unwrap();
            copy_folder(&deployment.path_to("data/production"), &deployment.path_to("data/staging"));
        },
        WRONG_STAMP,
    ),
    by_setup(
        "whole folder renamed",
        |deployment| {
            fs::remove_dir_all(deployment.path_to("data/staging")).unwrap();
            fs::rename(deployment.path_to("data/production"), deployment.path_to("data/staging")).unwrap();
        },
        WRONG_STAMP,
    ),
    ConflictCase {
        setup: |deployment| {
            copy_file(deployment.path_to("data/production/atlas.redb"), deployment.path_to("copy.redb"));
        },
        variables: &[("DATABASE_URL", "copy.redb")],
        ..by_setup("copy at an unknown path", |_| {}, WRONG_STAMP)
    },
    ConflictCase {
        setup: |deployment| copy_folder(&deployment.path_to("data/production"), &deployment.path_to("copied")),
        variables: &[("DATABASE_URL", "copied/new.redb")],
        ..by_setup(
            "new file in production's copied folder",
            |_| {},
            &["is in the folder of “production”", "expected a separate folder", "Set data_file"],
        )
    },
    ConflictCase {
        setup: |deployment| {
            copy_file(deployment.path_to("data/production/atlas.redb"), deployment.path_to("copy.redb"));
        },
        ..by_command(
            "operator command on a copy",
            &["user", "list", "--env", "staging"],
            &[("DATABASE_URL", "copy.redb")],
            WRONG_STAMP,
        )
    },
    by_command(
        "operator command on production's file",
        &["user", "list", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        WRONG_FILE,
    ),
    // Production's data, with another stamp.
    by_setup(
        "stamp edited in a copy",
        |deployment| {
            replace_staging_file(deployment, |production, staging| {
                fs::copy(production, staging).unwrap();
                edit_stamp(staging, "staging", MacEdit::Unchanged);
            });
        },
        EDITED_STAMP,
    ),
    by_setup(
        "kind edited, name unchanged",
        |deployment| edit_stamp(&deployment.path_to("data/staging/atlas.redb"), "kind", MacEdit::Unchanged),
        EDITED_STAMP,
    ),
    by_setup(
        "file id edited",
        |deployment| edit_stamp(&deployment.path_to("data/staging/atlas.redb"), "fileId", MacEdit::Unchanged),
        EDITED_STAMP,
    ),
    by_setup(
        "stamp edited and its MAC removed",
        |deployment| {
            replace_staging_file(deployment, |production, staging| {
                fs::copy(production, staging).unwrap();
                edit_stamp(staging, "staging", MacEdit::Removed);
            });
        },
        FORGED_STAMP,
    ),
    by_setup(
        "stamp edited and its MAC recomputed",
        |deployment| {
            replace_staging_file(deployment, |production, staging| {
                fs::copy(production, staging).unwrap();
                edit_stamp(staging, "staging", MacEdit::Recomputed);
            });
        },
        FORGED_STAMP,
    ),
    by_setup(
        "folder copied, stamp edited and its MAC recomputed",
        |deployment| {
            fs::remove_dir_all(deployment.path_to("data/staging")).unwrap();
            copy_folder(&deployment.path_to("data/production"), &deployment.path_to("data/staging"));
            edit_stamp(&deployment.path_to("data/staging/atlas.redb"), "staging", MacEdit::Recomputed);
        },
        FORGED_STAMP,
    ),
    by_setup(
        "staging's file of another deployment",
        |deployment| {
            let other = Deployment::new();
            fs::copy(other.path_to("data/staging/atlas.redb"), deployment.path_to("data/staging/atlas.redb")).unwrap();
        },
        &["is another data file of “staging”", "records", "Put the original file back"],
    ),
    // Secrets and settings.
    by_command("production's secret", SERVE_STAGING, PRODUCTION_SECRET, SHARED_SECRET),
    by_command("production's secret as AUTH_SECRET", SERVE_STAGING, PRODUCTION_SECRET_AS_ALIAS, SHARED_SECRET),
    ConflictCase {
        setup: |deployment| fs::write(deployment.path_to("secret"), PRODUCTION[0].1).unwrap(),
        ..by_command(
            "production's secret in a file",
            SERVE_STAGING,
            &[("NEXTAUTH_SECRET", ""), ("NEXTAUTH_SECRET_FILE", "secret")],
            SHARED_SECRET,
        )
    },
    ConflictCase {
        run_as: "production",
        ..by_command(
            "staging's secret in production",
            SERVE_PRODUCTION,
            STAGING_SECRET,
            &["is also the secret of “staging”", "expected a different secret"],
        )
    },
    by_command("production's operator token", SERVE_STAGING, PRODUCTION_OPERATOR_TOKEN, SHARED_TOKEN),
    by_command("production's Resend key", SERVE_STAGING, PRODUCTION_MAIL_KEY, SHARED_MAIL_KEY),
    by_command(
        "production's Resend key in an SMTP_URL",
        SERVE_STAGING,
        &[("RESEND_API_KEY", ""), ("SMTP_URL", "smtps://resend:re_of_production@smtp.resend.com")],
        SHARED_MAIL_KEY,
    ),
    by_command(
        "production's Resend key in SMTP_PASSWORD",
        SERVE_STAGING,
        &[
            ("RESEND_API_KEY", ""),
            ("SMTP_URL", "smtps://smtp.resend.com"),
            ("SMTP_USER", "resend"),
            ("SMTP_PASSWORD", "re_of_production"),
        ],
        SHARED_MAIL_KEY,
    ),
    by_command(
        "production's sender",
        SERVE_STAGING,
        &[("RESEND_FROM_EMAIL", "Someone <atlas@example.com>")],
        SHARED_SENDER,
    ),
    ConflictCase {
        setup: |deployment| fs::write(deployment.path_to("atlas.toml"), toml_without_production()).unwrap(),
        ..by_command(
            "production's sender, known from its identity file",
            SERVE_STAGING,
            &[("RESEND_FROM_EMAIL", "atlas@example.com")],
            SHARED_SENDER,
        )
    },
    by_command("production's address", SERVE_STAGING, &[("APP_URL", "https://atlas.example.com/")], SHARED_APP_URL),
    ConflictCase {
        setup: |deployment| fs::write(deployment.path_to("atlas.toml"), toml_without_production()).unwrap(),
        ..by_command(
            "production's address, known from its identity file",
            SERVE_STAGING,
            &[("APP_URL", "https://ATLAS.example.com:443")],
            SHARED_APP_URL,
        )
    },
    by_command(
        "production's address with a dot at its end",
        SERVE_STAGING,
        &[("APP_URL", "https://Atlas.Example.com.")],
        SHARED_APP_URL,
    ),
    by_setup(
        "one address for all environments",
        |deployment| {
            let toml = ATLAS_TOML.lines().filter(|line| !line.starts_with("app_url")).collect::<Vec<_>>().join("\n");
            fs::write(
                deployment.path_to("atlas.toml"),
                format!("[defaults]\napp_url = \"https://atlas.example.com\"\n{toml}"),
            )
            .unwrap();
        },
        SHARED_APP_URL,
    ),
    ConflictCase {
        exit: 78,
        ..by_command(
            "Sentry's environment",
            SERVE_STAGING,
            &[("SENTRY_ENVIRONMENT", "production")],
            WRONG_SENTRY_ENVIRONMENT,
        )
    },
    ConflictCase {
        exit: 78,
        ..by_command(
            "the browser's Sentry environment",
            SERVE_STAGING,
            &[("NEXT_PUBLIC_SENTRY_ENVIRONMENT", "production")],
            WRONG_SENTRY_ENVIRONMENT,
        )
    },
    ConflictCase {
        exit: 78,
        ..by_command(
            "test endpoints in staging",
            SERVE_STAGING,
            &[("ENABLE_TEST_ENDPOINTS", "true")],
            &["test_endpoints must be false in staging", "variable ENABLE_TEST_ENDPOINTS"],
        )
    },
    ConflictCase {
        exit: 78,
        run_as: "production",
        ..by_command(
            "test endpoints in production",
            SERVE_PRODUCTION,
            &[("ENABLE_TEST_ENDPOINTS", "1")],
            &["test_endpoints must be false in production", "variable ENABLE_TEST_ENDPOINTS"],
        )
    },
    ConflictCase {
        exit: 78,
        ..by_setup(
            "environment renamed in atlas.toml",
            |deployment| {
                fs::write(
                    deployment.path_to("atlas.toml"),
                    ATLAS_TOML.replace("environment.production", "environment.prod"),
                )
                .unwrap();
            },
            &["unknown environment “prod”", "did you mean “production”?"],
        )
    },
    by_setup(
        "production's tables renamed to staging",
        |deployment| {
            let toml = toml_without_staging().replace("environment.production", "environment.staging");
            let table = "[environment.staging]\ndata_file = \"data/production/atlas.redb\"";
            fs::write(deployment.path_to("atlas.toml"), toml.replacen("[environment.staging]", table, 1)).unwrap();
        },
        WRONG_FILE,
    ),
    // Seeding and resetting.
    ConflictCase {
        run_as: "production",
        ..by_command("seed --env production", &["seed", "--env", "production"], &[], NEVER_SEEDED)
    },
    ConflictCase {
        run_as: "production",
        ..by_command("seed with ATLAS_ENV=production", &["seed"], &[("ATLAS_ENV", "production")], NEVER_SEEDED)
    },
    by_command(
        "seed into production's file",
        &["seed", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        WRONG_FILE,
    ),
    by_command(
        "seed of development into production's file",
        &["seed"],
        &[("DATABASE_URL", "data/production/atlas.redb"), ("NEXTAUTH_SECRET", "")],
        WRONG_FILE,
    ),
    ConflictCase {
        run_as: "production",
        ..by_command("reset --env production", &["seed", "--env", "production", "--reset"], &[], NEVER_SEEDED)
    },
    ConflictCase {
        run_as: "production",
        ..by_command(
            "reset of production with its name typed",
            &["seed", "--env", "production", "--reset", "--confirm", "production"],
            &[],
            NEVER_SEEDED,
        )
    },
    ConflictCase {
        run_as: "production",
        ..by_command(
            "reset with ATLAS_ENV=production",
            &["seed", "--reset", "--confirm", "production"],
            &[("ATLAS_ENV", "production")],
            NEVER_SEEDED,
        )
    },
    by_command(
        "reset of staging with production's name typed",
        &["seed", "--env", "staging", "--reset", "--confirm", "production"],
        &[],
        &["found --confirm production", "deletes all data of “staging”", "--confirm staging"],
    ),
    by_command(
        "reset of staging with no name typed",
        &["seed", "--env", "staging", "--reset"],
        &[],
        &["Add --confirm staging"],
    ),
    by_command(
        "reset of production's file",
        &["seed", "--env", "staging", "--reset", "--confirm", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        WRONG_FILE,
    ),
    ConflictCase {
        setup: |deployment| {
            copy_file(deployment.path_to("data/production/atlas.redb"), deployment.path_to("copy.redb"));
        },
        ..by_command(
            "reset of a copy of production's file",
            &["seed", "--env", "staging", "--reset", "--confirm", "staging"],
            &[("DATABASE_URL", "copy.redb")],
            WRONG_STAMP,
        )
    },
    // Previews.
    by_command("preview destroy production", &["preview", "destroy", "production"], &[], NOT_A_PREVIEW),
    by_command(
        "preview destroy preview/production",
        &["preview", "destroy", "preview/production"],
        &[],
        INVALID_PREVIEW_NAME,
    ),
    by_command(
        "preview destroy staging",
        &["preview", "destroy", "staging"],
        &[],
        &["“staging” is a reserved name and not a preview", "Name one"],
    ),
    by_command("preview destroy ../production", &["preview", "destroy", "../production"], &[], INVALID_PREVIEW_NAME),
    by_command(
        "preview destroy --from-branch ../production",
        &["preview", "destroy", "--from-branch", "../production"],
        &[],
        &["there is no preview “production-"],
    ),
    by_command(
        "preview destroy with ATLAS_ENV=production",
        &["preview", "destroy", "x"],
        &[("ATLAS_ENV", "production"), ("DATABASE_URL", "data/production/atlas.redb")],
        &["there is no preview “x”", "atlas preview list"],
    ),
    ConflictCase {
        exit: 2,
        ..by_command(
            "preview destroy --env production",
            &["preview", "destroy", "x", "--env", "production"],
            &[],
            &["unexpected argument '--env'"],
        )
    },
    by_command("preview create production", &["preview", "create", "production"], &[], NOT_A_PREVIEW),
    ConflictCase {
        setup: |deployment| {
            create_preview(deployment, |folder| symlink(deployment.path_to("data/production"), folder).unwrap());
        },
        ..by_command(
            "preview destroy of a link to production's folder",
            &["preview", "destroy", "x"],
            &[],
            &["is not a preview folder", "it is a link", "Check it"],
        )
    },
    ConflictCase {
        setup: |deployment| {
            create_preview(deployment, |folder| symlink(deployment.path_to("data/production"), folder).unwrap());
        },
        run_as: "preview",
        ..by_command(
            "preview whose folder is a link to production's",
            &["serve", "--env", "preview/x"],
            &[],
            WRONG_FILE,
        )
    },
    ConflictCase {
        setup: |deployment| {
            create_preview(deployment, |folder| copy_folder(&deployment.path_to("data/production"), folder));
        },
        ..by_command(
            "preview destroy of production's copied folder",
            &["preview", "destroy", "x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    ConflictCase {
        setup: |deployment| {
            create_preview(deployment, |folder| {
                fs::create_dir(folder).unwrap();
                fs::hard_link(deployment.path_to("data/production/atlas.redb"), folder.join("atlas.redb")).unwrap();
            });
        },
        ..by_command(
            "preview destroy of a hard link to production's file",
            &["preview", "destroy", "x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    ConflictCase {
        setup: |deployment| {
            create_preview(deployment, |folder| copy_folder(&deployment.path_to("data/production"), folder));
        },
        run_as: "preview",
        ..by_command(
            "preview with production's copied folder",
            &["serve", "--env", "preview/x"],
            &[],
            &["belongs to environment “production”", "not to “preview/x”"],
        )
    },
    // Rollback and migration.
    ConflictCase {
        args: ROLL_BACK_STAGING,
        ..by_setup(
            "production's snapshot restored into staging",
            |deployment| deployment.copy_production_snapshot("staging", false),
            PRODUCTION_SNAPSHOT,
        )
    },
    ConflictCase {
        args: ROLL_BACK_STAGING,
        ..by_setup(
            "production's snapshot with a forged manifest",
            |deployment| deployment.copy_production_snapshot("staging", true),
            FORGED_MANIFEST,
        )
    },
    ConflictCase {
        setup: |deployment| deployment.copy_production_snapshot("production", false),
        run_as: "production",
        ..by_command(
            "rollback --env production with no name typed",
            &["rollback", "--env", "production", "--to", SNAPSHOT_ID],
            &[],
            UNCONFIRMED,
        )
    },
    ConflictCase {
        setup: |deployment| deployment.copy_production_snapshot("production", false),
        run_as: "production",
        ..by_command(
            "rollback with ATLAS_ENV=production",
            &["rollback", "--to", SNAPSHOT_ID],
            &[("ATLAS_ENV", "production")],
            UNCONFIRMED,
        )
    },
    ConflictCase {
        setup: |deployment| deployment.copy_production_snapshot("production", false),
        run_as: "production",
        ..by_command(
            "rollback of production with staging's name typed",
            &["rollback", "--env", "production", "--to", SNAPSHOT_ID, "--confirm", "staging"],
            &[],
            &["--confirm says “staging”, and this is production", "nothing was changed"],
        )
    },
    ConflictCase {
        args: FETCH_FROM_OFFSITE,
        ..by_setup(
            "production's snapshot fetched from the off-site copy",
            |deployment| move_snapshot_offsite(deployment, false),
            &["is of file", "of “production”, and one of “staging” was expected", "Nothing was changed"],
        )
    },
    ConflictCase {
        args: FETCH_FROM_OFFSITE,
        ..by_setup(
            "production's snapshot fetched with a forged manifest",
            |deployment| move_snapshot_offsite(deployment, true),
            &["it holds file", "of “production”, and one of “staging” was expected", "name another"],
        )
    },
    ConflictCase {
        setup: |deployment| deployment.copy_production_snapshot("production", false),
        ..by_command(
            "rollback of production's file",
            &["rollback", "--env", "staging", "--to", SNAPSHOT_ID, "--confirm", "staging"],
            &[("DATABASE_URL", "data/production/atlas.redb")],
            WRONG_FILE,
        )
    },
    ConflictCase {
        args: ROLL_BACK_STAGING,
        ..by_setup(
            "rollback of production's copied folder",
            |deployment| {
                deployment.copy_production_snapshot("production", false);
                fs::remove_dir_all(deployment.path_to("data/staging")).unwrap();
                copy_folder(&deployment.path_to("data/production"), &deployment.path_to("data/staging"));
            },
            WRONG_STAMP,
        )
    },
    by_command(
        "migrate of production's file",
        &["migrate", "up", "--env", "staging"],
        &[("DATABASE_URL", "data/production/atlas.redb")],
        WRONG_FILE,
    ),
    ConflictCase {
        args: &["migrate", "up", "--env", "staging"],
        ..by_setup(
            "migrate of a copy",
            |deployment| replace_staging_file(deployment, |production, staging| copy_file(production, staging)),
            WRONG_STAMP,
        )
    },
    ConflictCase {
        args: &["migrate", "down", "--to", "2", "--env", "staging", "--confirm", "staging"],
        ..by_setup(
            "migrate down of a copy",
            |deployment| replace_staging_file(deployment, |production, staging| copy_file(production, staging)),
            WRONG_STAMP,
        )
    },
    ConflictCase {
        run_as: "production",
        ..by_command(
            "migrate down of production with no name typed",
            &["migrate", "down", "--to", "2", "--env", "production"],
            &[],
            UNCONFIRMED,
        )
    },
];

fn copy_file(from: impl AsRef<Path>, to: impl AsRef<Path>) {
    fs::copy(from, to).unwrap();
}

/// Creates the folder of the preview `x` with `create` and adds its record.
fn create_preview(deployment: &Deployment, create: impl FnOnce(&Path)) {
    fs::create_dir_all(deployment.path_to("data/preview")).unwrap();
    create(&deployment.path_to("data/preview/x"));
    let record = r#"{"name":"x","port":3100,"gateUser":"preview","gatePassword":"secret",
        "createdAt":"2026-02-12T12:00:00Z","expiresAt":"2026-02-26T12:00:00Z"}"#;
    fs::write(deployment.path_to("data/preview/x/preview.json"), record).unwrap();
}

/// Sets staging's `data_file` in atlas.toml.
fn set_data_file(deployment: &Deployment, path: &str) {
    let table = format!("[environment.staging]\ndata_file = \"{path}\"");
    fs::write(deployment.path_to("atlas.toml"), ATLAS_TOML.replace("[environment.staging]", &table)).unwrap();
}

/// Removes staging's file and calls `replace` with the paths of production's and staging's files.
fn replace_staging_file(deployment: &Deployment, replace: impl FnOnce(&Path, &Path)) {
    let staging = deployment.path_to("data/staging/atlas.redb");
    fs::remove_file(&staging).unwrap();
    let _ = fs::remove_file(deployment.path_to("data/staging/identity.json"));
    replace(&deployment.path_to("data/production/atlas.redb"), &staging);
}

fn toml_without_production() -> String {
    let (_, staging) = ATLAS_TOML.split_once("[environment.staging]").unwrap();
    format!("[environment.staging]{staging}")
}

fn toml_without_staging() -> String {
    ATLAS_TOML.split_once("[environment.staging]").unwrap().0.to_owned()
}

/// Moves production's snapshot to an off-site folder.
fn move_snapshot_offsite(deployment: &Deployment, forge_manifest: bool) {
    deployment.copy_production_snapshot("staging", forge_manifest);
    fs::rename(deployment.path_to("data/staging/snapshots"), deployment.path_to("offsite")).unwrap();
}
