//! What axe-core finds on a page.

use std::fmt;

use serde::Deserialize;
use serde_json::json;

use super::browser::Device;
use super::person::Person;
use super::server::Server;
use super::tools::tool;

/// The rules that count: WCAG 2.2 A and AA, and what is merely good practice.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// A rule that a page breaks, and where.
#[derive(Debug, Deserialize)]
pub struct Finding {
    rule: String,
    help: String,
    selector: String,
    why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why: Vec<_> = self.why.split_whitespace().collect();
        write!(f, "{} at `{}`: {}. {}", self.rule, self.selector, self.help, why.join(" "))
    }
}

/// What axe finds on the page at hand.
pub async fn findings(person: &Person) -> Vec<Finding> {
    findings_but(person, &[]).await
}

/// The same but for some rules. The driver's scripts do not come from the page, so its policy lets them be.
pub async fn findings_but(person: &Person, rules: &[&str]) -> Vec<Finding> {
    if person.asks("return typeof axe").await == "undefined" {
        person.asks(&std::fs::read_to_string(tool("axe-core/axe.min.js")).unwrap()).await;
    }
    // Of WCAG 2.2, but off by itself.
    let mut enabled = json!({ "target-size": { "enabled": true } });
    for rule in rules {
        enabled[rule] = json!({ "enabled": false });
    }
    let options = json!({ "runOnly": TAGS, "rules": enabled, "resultTypes": ["violations"] });
    let found = format!(
        "return axe.run(document, {options}).then(({{ violations }}) => violations.flatMap((rule) =>
            rule.nodes.map((node) => ({{
                rule: rule.id, help: rule.help, selector: node.target.join(' '), why: node.failureSummary,
            }}))))"
    );
    serde_json::from_value(person.asks(&found).await).expect("axe says what it found")
}

#[tokio::test]
async fn what_keeps_people_out_is_found() {
    let ada = Person::with(Device::DESKTOP, Server::fresh()).await;
    ada.visits("/sign-in").await;
    assert_eq!(findings(&ada).await.len(), 0, "nothing is wrong before");
    ada.asks("document.querySelector('label[for=email]').remove()").await;
    ada.asks("document.querySelector('h1').style.color = '#aaa'").await;
    let mut findings = findings(&ada).await;
    findings.sort_by(|one, other| one.rule.cmp(&other.rule));
    let found: Vec<_> = findings.iter().map(|found| (found.rule.as_str(), found.selector.as_str())).collect();
    assert_eq!(found, [("color-contrast", "h1"), ("label", "#email")]);
    assert!(findings[1].to_string().contains("Form elements must have labels"), "{}", findings[1]);
}
