//! Markdown that keeps a parser busy: openings without an end, deep lists, and almost addresses.

use atlas::web::ui::markdown::render_markdown;

use super::cost::assert_cost;

#[test]
fn hostile_markdown_costs_no_more_than_its_length() {
    let patterns = [
        "*a ",
        "**a",
        "_a*",
        "***a** ",
        "[",
        "](",
        "[a](http://",
        "[a](http://b.c/((",
        "`",
        "`a``",
        "``` a\n",
        "```\n",
        "- ",
        "- a\n",
        "  - a\n",
        "- a\n\n\n",
        "1. ",
        "\\",
        "http://[",
        "(http://a.b)",
        "http://",
        "\t",
        "a\n",
        "\u{200B}[ ](",
    ];
    for pattern in patterns {
        let text = pattern.repeat(120_000 / pattern.len());
        assert_cost("markdown", text.as_bytes(), || {
            let html = render_markdown(&text, None).into_string();
            assert!(html.len() < 60 * text.len(), "{pattern:?}");
        });
    }
    // Runs of backticks of every length, each of which could end an earlier one.
    let runs: String = (1..400).map(|length| "`".repeat(length) + "a").collect();
    assert_cost("markdown", runs.as_bytes(), || drop(render_markdown(&runs, None)));
}
