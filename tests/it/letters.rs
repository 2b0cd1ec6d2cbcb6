//! What Atlas mails, word for word: each letter beside a file that says how it must read.
//!
//! `ATLAS_GOLDEN=write` writes the files anew; then read the difference before it is kept.

use std::fs;
use std::path::PathBuf;

use atlas::domain::mail::Letter;
use atlas::pages::letters;
use url::Url;

const SOURCE: &str = include_str!("../../src/pages/letters.rs");
const HOME: &str = "https://atlas.example.com";

fn every_letter() -> Vec<(&'static str, Letter)> {
    let url: Url = HOME.parse().unwrap();
    vec![
        ("verification", letters::verification(&url, "t0ken", "012345")),
        ("reset", letters::reset(&url, "t0ken")),
        ("password_changed", letters::password_changed(&url)),
        ("new_address", letters::new_address(&url, "t0ken")),
        ("address_asked", letters::address_asked(&url)),
        ("address_changed", letters::address_changed(&url)),
        ("address_taken", letters::address_taken(&url)),
        ("two_factor_enabled", letters::two_factor_enabled(&url)),
        ("two_factor_disabled", letters::two_factor_disabled(&url)),
        ("two_factor_reset", letters::two_factor_reset(&url)),
        ("recovery_code_used", letters::recovery_code_used(&url)),
        ("codes_refused", letters::codes_refused(&url)),
        ("codes_refused_today", letters::codes_refused_today(&url)),
    ]
}

fn writes() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_GOLDEN" && value == "write")
}

#[test]
fn every_letter_reads_as_it_was_agreed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/letters");
    let mut differ = Vec::new();
    for (name, letter) in every_letter() {
        let text = format!("Subject: {}\n\n{}", letter.subject, letter.text);
        // One element a line, so that a difference shows where it is.
        let html = format!("{}\n", letter.html.replace("><", ">\n<"));
        for (ending, now) in [("txt", text), ("html", html)] {
            let path = folder.join(name).with_extension(ending);
            if writes() {
                fs::create_dir_all(&folder).unwrap();
                fs::write(&path, &now).unwrap();
            } else if fs::read_to_string(&path).ok().as_deref() != Some(now.as_str()) {
                differ.push(format!("{} should read:\n{now}", path.display()));
            }
        }
    }
    assert!(differ.is_empty(), "{}\nATLAS_GOLDEN=write writes the files anew", differ.join("\n"));
}

#[test]
fn no_letter_is_left_out_and_no_file_is_left_over() {
    let written: Vec<&str> =
        SOURCE.lines().filter_map(|line| line.strip_prefix("pub fn ")?.split('(').next()).collect();
    let known: Vec<&str> = every_letter().into_iter().map(|(name, _)| name).collect();
    assert_eq!(written, known);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/letters");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(known.contains(&name.as_str()), "{} belongs to no letter", path.display());
    }
}

#[test]
fn letters_lead_home_only_load_nothing_and_say_the_same_in_both_parts() {
    for (name, letter) in every_letter() {
        let links: Vec<&str> =
            letter.html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!links.is_empty(), "{name}");
        for link in &links {
            assert!(link.starts_with(&format!("{HOME}/")), "{name}: {link}");
            assert!(letter.text.lines().any(|line| line == *link), "{name}: {link} is not a line of the text");
        }
        assert_eq!(letter.text.matches("://").count(), links.len(), "{name}");
        for loaded in ["<img", "<script", "<link", "<iframe", "src=", "url(", "@import"] {
            assert!(!letter.html.contains(loaded), "{name}: {loaded}");
        }
        for paragraph in letter.text.split("\n\n").filter(|part| !part.contains("://")) {
            assert!(letter.html.contains(paragraph.trim()), "{name}: “{paragraph}” is in the text alone");
        }
        // RFC 5322 section 2.1.1, with room for what a mail's encoding adds.
        assert!(letter.text.lines().all(|line| line.len() < 900), "{name}");
        assert!(letter.subject.is_ascii() && letter.subject.len() < 78, "{name}: {}", letter.subject);
    }
}
