//! Prepares the assets that the binary embeds, in `OUT_DIR/assets`:
//!
//! - `app.css` is joined from the style sheets in `assets/css/`, without their comments.
//! - Scripts import each other by public names, which carry a hash of the content.
//! - Each file is accompanied by its brotli and gzip encodings where they are smaller.
//!
//! `OUT_DIR/handbook.rs` is the operator's handbook as HTML, for `web/admin/handbook`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use sha2::{Digest, Sha256};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const ASSETS: &str = "assets";
const STYLE_SHEETS: &str = "assets/css";
const HANDBOOK: &str = "assets/handbook";
/// The topic that lists the others. Its page is at `/admin/handbook`.
const HANDBOOK_INDEX: &str = "index";

/// The style sheets in cascade order: tokens, elements and layout first, then components, pages, and the way between pages.
const STYLE_SHEET_ORDER: &[&str] = &[
    "tokens",
    "dark",
    "habit-colors",
    "base",
    "layout",
    "icons",
    "navigation",
    "subnav",
    "buttons",
    "forms",
    "frequency",
    "pauses",
    "notices",
    "weekday-picker",
    "appearance",
    "checkbox",
    "progress",
    "empty-state",
    "toast",
    "dialogs",
    "menus",
    "tables",
    "charts",
    "heatmap",
    "sections",
    "today",
    "week",
    "amounts",
    "habits",
    "first-habit",
    "habit-ideas",
    "calendar",
    "day-panel",
    "streaks",
    "insights",
    "notes",
    "account",
    "landing",
    "mailbox",
    "admin",
    "handbook",
    "styles",
    "print",
    "view-transitions",
];

/// The selectors that the rules of `dark.css` are applied to, with the media query that each depends on. Paper is always light.
const DARK_SELECTORS: [(&str, &str); 2] = [
    ("screen and (prefers-color-scheme: dark)", ":root:not([data-theme=\"light\"])"),
    ("screen", "[data-theme=\"dark\"]"),
];

fn main() -> Result<()> {
    // rust-embed does not notice new files. Cargo watches a folder with everything below it.
    println!("cargo:rerun-if-changed={ASSETS}");
    println!("cargo:rerun-if-changed=seeds");
    println!("cargo:rerun-if-changed=build.rs");
    #[allow(clippy::disallowed_methods, reason = "cargo names the output folder only in this variable")]
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    let assets_dir = out_dir.join("assets");
    if assets_dir.exists() {
        fs::remove_dir_all(&assets_dir)?;
    }
    fs::create_dir_all(&assets_dir)?;
    for name in file_names(ASSETS)? {
        write_encodings(&assets_dir, &name, &read_asset(&name)?)?;
    }
    write_encodings(&assets_dir, "app.css", join_style_sheets()?.as_bytes())?;
    Ok(fs::write(out_dir.join("handbook.rs"), render_handbook()?)?)
}

/// The names of the files in a folder, without hidden files and subfolders.
fn file_names(folder: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

/// Joins the style sheets in [`STYLE_SHEET_ORDER`]. A sheet that the order does not name fails the build.
fn join_style_sheets() -> Result<String> {
    let is_ordered = |name: &str| name.strip_suffix(".css").is_some_and(|stem| STYLE_SHEET_ORDER.contains(&stem));
    if let Some(name) = file_names(STYLE_SHEETS)?.iter().find(|name| !is_ordered(name)) {
        return Err(format!("{STYLE_SHEETS}/{name} is missing from STYLE_SHEET_ORDER in build.rs").into());
    }
    let mut joined = Vec::new();
    for stem in STYLE_SHEET_ORDER.iter().copied() {
        let path = Path::new(STYLE_SHEETS).join(stem).with_extension("css");
        let sheet = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let rules = strip_comments(&sheet)?;
        joined.push(if stem == "dark" { expand_dark_theme(&rules)? } else { rules });
    }
    Ok(joined.concat())
}

/// A style sheet without its comments. The sheets have no strings that contain `/*`.
fn strip_comments(sheet: &str) -> Result<String> {
    let (mut rules, mut rest) = (String::new(), sheet);
    while let Some((before, comment)) = rest.split_once("/*") {
        let (_, after) = comment.split_once("*/").ok_or("a comment in a style sheet is not closed")?;
        rules.push_str(before.trim_end_matches(' '));
        rest = after.trim_start();
    }
    rules.push_str(rest);
    Ok(rules)
}

/// Repeats the declarations of the `:root` rule in `dark.css` for each of [`DARK_SELECTORS`]. CSS cannot share them between
/// two media queries.
fn expand_dark_theme(sheet: &str) -> Result<String> {
    let (_, rule) = sheet.split_once(":root {").ok_or("dark.css has no :root rule")?;
    let (declarations, _) = rule.split_once('}').ok_or("the :root rule of dark.css is not closed")?;
    let rules =
        DARK_SELECTORS.map(|(media, selector)| format!("@media {media} {{\n{selector} {{{declarations}}}\n}}\n"));
    Ok(rules.concat())
}

/// The content of an asset as it is served. A script's imports are rewritten to public names, so modules must not import each
/// other in a cycle.
fn read_asset(name: &str) -> Result<Vec<u8>> {
    let bytes = fs::read(Path::new(ASSETS).join(name))?;
    if Path::new(name).extension().is_none_or(|extension| extension != "js") {
        return Ok(bytes);
    }
    let mut script = String::new();
    for line in String::from_utf8(bytes)?.split_inclusive('\n') {
        match line.trim_end().strip_suffix("\";").and_then(|line| line.rsplit_once("from \"./")) {
            Some((names, module)) if line.starts_with("import ") => {
                let (stem, extension) = module.rsplit_once('.').ok_or("an imported module has no file extension")?;
                let public_name = format!("{stem}.{}.{extension}", short_hash(&read_asset(module)?));
                writeln!(script, "{names}from \"./{public_name}\";")?;
            }
            _ => script.push_str(line),
        }
    }
    Ok(script.into_bytes())
}

/// The hash in public names. `web/assets/embedded.rs` computes the same one; a test requests every imported module.
fn short_hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().take(6).fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
}

/// Writes a file, and its compressed encodings where they are smaller.
fn write_encodings(folder: &Path, name: &str, content: &[u8]) -> Result<()> {
    fs::write(folder.join(name), content)?;
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut brotli, &brotli::enc::BrotliEncoderParams::default())?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(content)?;
    for (extension, compressed) in [("br", brotli), ("gz", gzip.finish()?)] {
        if compressed.len() < content.len() {
            fs::write(folder.join(format!("{name}.{extension}")), compressed)?;
        }
    }
    Ok(())
}

/// The topics of the handbook, ordered by name, as the source of a slice of `HandbookPage`.
fn render_handbook() -> Result<String> {
    let mut names = file_names(HANDBOOK)?;
    names.sort();
    let mut source = String::from("&[\n");
    for name in &names {
        let topic = name.strip_suffix(".md").ok_or_else(|| format!("{HANDBOOK}/{name} isn't Markdown"))?;
        let markdown = fs::read_to_string(Path::new(HANDBOOK).join(name))?;
        let title = markdown.lines().next().and_then(|line| line.strip_prefix("# "));
        let title = title.ok_or_else(|| format!("{HANDBOOK}/{name} doesn't start with a title"))?;
        let html = render_topic(&markdown, &names).map_err(|error| format!("{HANDBOOK}/{name}: {error}"))?;
        writeln!(source, "    HandbookPage {{ topic: {topic:?}, title: {title:?}, html: {html:?} }},")?;
    }
    source.push(']');
    Ok(source)
}

/// Renders Markdown with tables. Raw HTML is escaped, and links to topics lead to their pages.
fn render_topic(markdown: &str, names: &[String]) -> Result<String> {
    let (mut heading, mut in_heading) = (String::new(), false);
    let mut events = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => (heading, in_heading) = (String::new(), true),
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::Text(ref text) | Event::Code(ref text) if in_heading => heading.push_str(text),
            _ => {}
        }
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = topic_address(&dest_url, names)?.into();
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            // On narrow screens a table scrolls inside its frame, which needs the focus for that. Alignments are dropped: the
            // content security policy blocks the inline styles that they become.
            Event::Start(Tag::Table(_)) => {
                let label = heading.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
                let frame = format!("<div class=\"wide\" role=\"group\" tabindex=\"0\" aria-label=\"Table: {label}\">");
                events.extend([Event::Html(frame.into()), Event::Start(Tag::Table(Vec::new()))]);
            }
            Event::End(TagEnd::Table) => events.extend([event, Event::Html("</div>\n".into())]),
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text)),
            event => events.push(event),
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, events.into_iter());
    Ok(page)
}

/// The address of the page that a link leads to. A link that is neither a topic nor on another site fails the build.
fn topic_address(link: &str, names: &[String]) -> Result<String> {
    if link.starts_with("https://") {
        return Ok(link.to_owned());
    }
    match link.strip_suffix(".md").filter(|_| names.iter().any(|name| name == link)) {
        Some(HANDBOOK_INDEX) => Ok("/admin/handbook".to_owned()),
        Some(topic) => Ok(format!("/admin/handbook/{topic}")),
        None => Err(format!("{link} is not a topic of the handbook").into()),
    }
}
