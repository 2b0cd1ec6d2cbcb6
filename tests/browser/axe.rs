//! Accessibility checks with axe-core.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::server::Server;
use super::tools::npm_file;

/// The rules to check: WCAG 2.2 A and AA, and best practices.
const RULE_TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// A violated rule and the element that violates it.
#[derive(Debug, Deserialize)]
pub struct Violation {
    rule: String,
    help: String,
    selector: String,
    reason: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason: Vec<_> = self.reason.split_whitespace().collect();
        write!(f, "{} at `{}`: {}. {}", self.rule, self.selector, self.help, reason.join(" "))
    }
}

/// Checks the current page.
pub async fn find_violations(user: &BrowserUser) -> Vec<Violation> {
    find_violations_except(user, &[]).await
}

/// Checks the current page, except for some rules. Its Content-Security-Policy doesn't apply to scripts of chromedriver.
pub async fn find_violations_except(user: &BrowserUser, rules: &[&str]) -> Vec<Violation> {
    if user.run_script("return typeof axe").await == "undefined" {
        user.run_script(&std::fs::read_to_string(npm_file("axe-core/axe.min.js")).unwrap()).await;
    }
    // A rule of WCAG 2.2 that axe disables by default.
    let mut enabled = json!({ "target-size": { "enabled": true } });
    for rule in rules {
        enabled[rule] = json!({ "enabled": false });
    }
    let options = json!({ "runOnly": RULE_TAGS, "rules": enabled, "resultTypes": ["violations"] });
    let script = format!(
        "return axe.run(document, {options}).then(({{ violations }}) => violations.flatMap((rule) =>
            rule.nodes.map((node) => ({{
                rule: rule.id, help: rule.help, selector: node.target.join(' '), reason: node.failureSummary,
            }}))))"
    );
    serde_json::from_value(user.run_script(&script).await).expect("axe returns its violations")
}

#[tokio::test]
async fn axe_finds_a_missing_label_and_a_low_contrast() {
    let ada = BrowserUser::open(Device::DESKTOP, Server::start()).await;
    ada.visit("/sign-in").await;
    assert_eq!(find_violations(&ada).await.len(), 0, "the page has no violations before the change");
    ada.run_script("document.querySelector('label[for=email]').remove()").await;
    ada.run_script("document.querySelector('h1').style.color = '#aaa'").await;
    let mut violations = find_violations(&ada).await;
    violations.sort_by(|one, other| one.rule.cmp(&other.rule));
    let found: Vec<_> = violations.iter().map(|found| (found.rule.as_str(), found.selector.as_str())).collect();
    assert_eq!(found, [("color-contrast", "h1"), ("label", "#email")]);
    assert!(violations[1].to_string().contains("Form elements must have labels"), "{}", violations[1]);
}
