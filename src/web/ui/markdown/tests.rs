//! Tests of Markdown: what is rendered how, and what hostile text comes to.

use proptest::prelude::*;

use super::render_markdown;
use crate::domain::text_search::TextSearch;

fn html(text: &str) -> String {
    render_markdown(text, None).into_string().replace(" dir=\"auto\"", "")
}

#[test]
fn paragraphs_line_breaks_and_emphasis() {
    for (text, expected) in [
        ("One\ntwo\n\n\nthree", "<p>One<br>two</p><p>three</p>"),
        (
            "*a* _b_ **c** __d__ ***e***",
            "<p><em>a</em> <em>b</em> <strong>c</strong> <strong>d</strong> <strong><em>e</em></strong></p>",
        ),
        ("**a *b* c** **d\ne**", "<p><strong>a <em>b</em> c</strong> <strong>d<br>e</strong></p>"),
        ("snake_case_name 2*3*4 * not * a **", "<p>snake_case_name 2*3*4 * not * a **</p>"),
        ("这是**重要**的", "<p>这是<strong>重要</strong>的</p>"),
        ("*a **b* c**", "<p><em>a **b</em> c**</p>"),
        (r"\*a\* \d", r"<p>*a* \d</p>"),
        ("`*a*` `` b`c `` `d", "<p><code>*a*</code> <code>b`c</code> `d</p>"),
        ("# a\n> b\n---\n| c |\n    d", "<p># a<br>&gt; b<br>---<br>| c |<br>d</p>"),
        ("[1]: later\n&amp; ![x](y)", "<p>[1]: later<br>&amp;amp; ![x](y)</p>"),
    ] {
        assert_eq!(html(text), expected, "{text:?}");
    }
}

#[test]
fn lists_and_code() {
    for (text, expected) in [
        (
            "Today:\n- ran\n- swam *far*\n\nEnd",
            "<p>Today:</p><ul><li>ran</li><li>swam <em>far</em></li></ul><p>End</p>",
        ),
        ("* a\n  more\n\n* b\n    + c\n    + d", "<ul><li>a<br>more</li><li>b<ul><li>c</li><li>d</li></ul></li></ul>"),
        ("1. a\n2) b\n7. c\n8. d", "<ol><li>a</li><li>b</li><li value=\"7\">c</li><li>d</li></ol>"),
        ("- a\n1. b", "<ul><li>a</li></ul><ol><li>b</li></ol>"),
        ("1986. Was a year\n-5 degrees\n-", "<p>1986. Was a year<br>-5 degrees<br>-</p>"),
        ("- - - - - - a", "<ul><li><ul><li><ul><li><ul><li>- - a</li></ul></li></ul></li></ul></li></ul>"),
        ("```\n<b>\n\n  *x*\n```\nEnd", "<pre><code>&lt;b&gt;\n\n  *x*</code></pre><p>End</p>"),
        ("```\nopen", "<p>```<br>open</p>"),
    ] {
        assert_eq!(html(text), expected, "{text:?}");
    }
}

#[test]
fn links_lead_to_the_web_only() {
    let link = |address: &str, text: &str| format!("<a href=\"{address}\" rel=\"noopener nofollow ugc\">{text}</a>");
    let wiki = "https://en.wikipedia.org/wiki/A_(b)";
    for (text, expected) in [
        ("[*a* b](https://a.example/?x=1&y=2)", link("https://a.example/?x=1&amp;y=2", "<em>a</em> b")),
        ("See (https://a.example/b_c).", format!("See ({}).", link("https://a.example/b_c", "https://a.example/b_c"))),
        (wiki, link(wiki, wiki)),
        (&format!("[w]({wiki})!"), format!("{}!", link(wiki, "w"))),
        ("**http://a.example**", format!("<strong>{}</strong>", link("http://a.example", "http://a.example"))),
        ("[see http://b.example](http://a.example)", link("http://a.example", "see http://b.example")),
        (
            "[a [b](http://b.example) c](http://c.example)",
            format!("[a {} c]({})", link("http://b.example", "b"), link("http://c.example", "http://c.example")),
        ),
    ] {
        assert_eq!(html(text), format!("<p>{expected}</p>"), "{text:?}");
    }
    for text in [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,x)",
        "[a](//evil.example)",
        "[a](/account/delete)",
        "[a](http:evil)",
        "[a](https://)",
        "https://",
        "javascript:alert(1)",
        "xhttps://a.example",
        "[a](http\t://a.example)",
        "[a]( https://a.example )x",
        "https://bank.example@evil.example",
        "[ \u{200B}](https://[)",
    ] {
        let found = html(text);
        assert!(!found.contains("<a") || found.contains("href=\"https://a.example\""), "{found}");
    }
    assert_eq!(html("[ ](https://a.example)").matches("<a").count(), 1, "only the address that is seen");
    let quoted = html("https://a.example/\"onclick=\"alert(1) [x](https://a.example/'\"><script>)");
    assert!(!quoted.contains("<script") && !quoted.contains("\"onclick"), "{quoted}");
}

#[test]
fn words_of_a_search_are_marked_inside_elements_too() {
    let search = TextSearch::parse("cafe a&b").unwrap();
    let found = render_markdown("A **Café** `cafe` a&b snake_cafe_ x", Some(&search)).into_string();
    assert_eq!(
        found.replace(" dir=\"auto\"", ""),
        "<p>A <strong><mark>Café</mark></strong> <code><mark>cafe</mark></code> <mark>a&amp;b</mark> snake_<mark>cafe</mark>_ x</p>"
    );
}

/// The text and the tags of HTML.
fn split(html: &str) -> (String, Vec<String>) {
    let (mut text, mut tags) = (String::new(), Vec::new());
    for part in html.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        tags.extend((!tag.is_empty()).then(|| tag.to_owned()));
        text.push_str(after);
    }
    for (entity, c) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")] {
        text = text.replace(entity, c);
    }
    (text, tags)
}

const TAGS: [&str; 10] = ["p", "ul", "ol", "li", "pre", "code", "em", "strong", "a", "mark"];

/// Whether every tag is a known one with its own attributes, and every element ends inside the one it began in.
fn is_well_formed(tags: &[String]) -> bool {
    let mut open = Vec::new();
    for tag in tags {
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if let Some(name) = name.strip_prefix('/') {
            if open.pop() != Some(name) {
                return false;
            }
            continue;
        }
        let is_known = match name {
            "br" => attributes.is_empty(),
            "p" => attributes == "dir=\"auto\"",
            "li" => {
                attributes.trim_start_matches(|c: char| c.is_ascii_digit() || "value=\" ".contains(c)) == "dir=\"auto\""
            }
            "a" => attributes.strip_prefix("href=\"").is_some_and(|rest| {
                let (address, rest) = rest.split_once('"').unwrap_or_default();
                address.to_ascii_lowercase().starts_with("http") && rest == " rel=\"noopener nofollow ugc\""
            }),
            _ => TAGS.contains(&name) && attributes.is_empty(),
        };
        if !is_known || name == "a" && open.contains(&"a") {
            return false;
        }
        open.extend((name != "br").then_some(name));
    }
    open.is_empty() && open.len() < 40
}

/// Text made of what Markdown, HTML and addresses are made of.
fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "*",
        "**",
        "_",
        "__",
        "***",
        "`",
        "``",
        "```",
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "12) ",
        "  ",
        "\t",
        "[",
        "](",
        "](http://",
        ")",
        "(",
        "]",
        "\\",
        "https://a.example/",
        "http://",
        "javascript:",
        "<",
        ">",
        "<script>",
        "</p>",
        "\"",
        "'",
        "&",
        "&lt;",
        "a",
        "Zoë",
        "é",
        "漢",
        "🦀",
        "\u{200D}",
        "\u{5D0}",
        " ",
    ]);
    prop::collection::vec(parts, 0..60).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn only_known_tags_are_written_and_they_nest(text in prop_oneof![hostile(), "\\PC{0,200}"], search in "[a-z*é]{0,2}") {
        let html = render_markdown(&text, TextSearch::parse(&search).as_ref()).into_string();
        let (_, tags) = split(&html);
        prop_assert!(is_well_formed(&tags), "{html}");
    }

    #[test]
    fn alphabetic_characters_are_kept_in_their_order(text in prop_oneof![hostile(), "\\PC{0,200}"]) {
        // The address of a link with other text is seen nowhere.
        let text = text.replace("](", "] (");
        let (shown, _) = split(&render_markdown(&text, None).into_string());
        let words = |text: &str| text.chars().filter(|c| c.is_alphabetic()).collect::<String>();
        prop_assert_eq!(words(&shown), words(&text));
    }

    #[test]
    fn plain_text_stays_as_it_is(text in "[a-zA-Zäé ,.!?;:<>&\"'()=+|~^%$#@/-]{0,80}") {
        prop_assume!(!text.contains("http") && !text.trim_start().starts_with(['-', '+']));
        let (shown, _) = split(&render_markdown(&text, None).into_string());
        prop_assert_eq!(shown, text.trim());
    }

    #[test]
    fn marking_words_changes_no_text(text in hostile(), search in "[a-zé]{1,3}") {
        let plain = render_markdown(&text, None).into_string();
        let marked = render_markdown(&text, TextSearch::parse(&search).as_ref()).into_string();
        prop_assert_eq!(marked.replace("<mark>", "").replace("</mark>", ""), plain);
    }
}
