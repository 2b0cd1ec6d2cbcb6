//! Compares every mail template with its golden file, word for word.
//!
//! `INSTA_UPDATE=always` rewrites the files; review the difference before you commit it.

use std::fs;
use std::path::PathBuf;

use atlas::domain::mail::MessageBody;
use atlas::mail::templates;
use url::Url;

const SOURCE: &str = include_str!("../../src/mail/templates.rs");
const APP_URL: &str = "https://atlas.example.com";

fn every_message() -> Vec<(&'static str, MessageBody)> {
    let url: Url = APP_URL.parse().unwrap();
    vec![
        ("verification", templates::verification(&url, "t0ken", "012345")),
        ("password_reset", templates::password_reset(&url, "t0ken")),
        ("password_changed", templates::password_changed(&url)),
        ("new_address", templates::new_address(&url, "t0ken")),
        ("address_change_requested", templates::address_change_requested(&url)),
        ("address_changed", templates::address_changed(&url)),
        ("address_taken", templates::address_taken(&url)),
        ("two_factor_enabled", templates::two_factor_enabled(&url)),
        ("two_factor_disabled", templates::two_factor_disabled(&url)),
        ("two_factor_reset", templates::two_factor_reset(&url)),
        ("recovery_code_used", templates::recovery_code_used(&url)),
        ("codes_refused", templates::codes_refused(&url)),
        ("codes_refused_today", templates::codes_refused_today(&url)),
    ]
}

#[test]
fn every_email_matches_its_golden_file() {
    let mut settings = insta::Settings::new();
    settings.set_snapshot_path("../golden/mail_templates");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, body) in every_message() {
            insta::assert_snapshot!(format!("{name}.txt"), format!("Subject: {}\n\n{}", body.subject, body.text));
            // One element per line keeps differences readable.
            insta::assert_snapshot!(format!("{name}.html"), body.html.replace("><", ">\n<"));
        }
    });
}

#[test]
fn every_template_has_golden_files_and_every_golden_file_a_template() {
    let templates: Vec<&str> =
        SOURCE.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next()).collect();
    let known: Vec<&str> = every_message().into_iter().map(|(name, _)| name).collect();
    assert_eq!(templates, known);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mail_templates");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
        assert!(known.contains(&name), "{} belongs to no template", path.display());
    }
}

#[test]
fn emails_link_only_to_atlas_load_nothing_and_have_equal_text_and_html_parts() {
    for (name, body) in every_message() {
        let links: Vec<&str> = body.html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!links.is_empty(), "{name}");
        for link in &links {
            assert!(link.starts_with(&format!("{APP_URL}/")), "{name}: {link}");
            assert!(body.text.lines().any(|line| line == *link), "{name}: {link} is not a line of the text");
        }
        assert_eq!(body.text.matches("://").count(), links.len(), "{name}");
        for pattern in ["<img", "<script", "<link", "<iframe", "src=", "url(", "@import"] {
            assert!(!body.html.contains(pattern), "{name}: {pattern}");
        }
        for paragraph in body.text.split("\n\n").filter(|part| !part.contains("://")) {
            assert!(body.html.contains(paragraph.trim()), "{name}: “{paragraph}” is missing from the HTML part");
        }
        // RFC 5322 section 2.1.1 limits lines to 998 characters; encoding adds some.
        assert!(body.text.lines().all(|line| line.len() < 900), "{name}");
        assert!(body.subject.is_ascii() && body.subject.len() < 78, "{name}: {}", body.subject);
    }
}
