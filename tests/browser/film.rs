//! What a user does from one page to the next, recorded step by step: pages, clicks, and keys, with the time that each took.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::browser_user::BrowserUser;

#[derive(Debug)]
enum Action {
    /// The page that appeared.
    Page(String),
    /// What was clicked or tapped.
    Click(String),
    /// How many keys were pressed, and where.
    Keys(usize, String),
}

/// A user whose steps are recorded.
pub struct Film<'a> {
    user: &'a BrowserUser,
    steps: Vec<(Action, Duration)>,
    since: Instant,
}

impl<'a> Film<'a> {
    /// Starts on a page that is open.
    pub fn start(user: &'a BrowserUser) -> Self {
        Self { user, steps: Vec::new(), since: Instant::now() }
    }

    fn record(&mut self, action: Action) {
        self.steps.push((action, self.since.elapsed()));
        self.since = Instant::now();
    }

    /// Waits for the page with that heading.
    pub async fn wait_for_page(&mut self, heading: &str) {
        let path = format!("//h1[contains(normalize-space(), \"{heading}\")]");
        self.user.wait_until(heading, async || self.user.find_visible(&path).await).await;
        self.record(Action::Page(heading.to_owned()));
    }

    /// Clicks the button or link with that name.
    pub async fn click(&mut self, name: &str) {
        self.user.press(name).await;
        self.record(Action::Click(name.to_owned()));
    }

    /// Clicks the element at an XPath.
    pub async fn click_at(&mut self, what: &str, path: &str) {
        self.user.press_at(what, path).await;
        self.record(Action::Click(what.to_owned()));
    }

    /// Clicks the field with that label and types into it.
    pub async fn fill_in(&mut self, label: &str, text: &str) {
        self.user.type_into(label, text).await;
        self.record(Action::Click(label.to_owned()));
        self.record(Action::Keys(text.chars().count(), label.to_owned()));
    }

    /// Chooses an option of the list with that id: one click opens the list.
    pub async fn choose(&mut self, id: &str, value: &str) {
        self.record(Action::Click(format!("the list {id}")));
        self.click_at(value, &format!("//select[@id='{id}']//option[@value='{value}']")).await;
    }

    /// Types where the focus is.
    pub async fn type_text(&mut self, text: &str) {
        self.user.browser.type_text(text).await;
        self.record(Action::Keys(text.chars().count(), "the focused field".to_owned()));
    }

    /// Presses Enter, which phones label “Go”.
    pub async fn press_enter(&mut self) {
        self.user.browser.press_key("Enter").await;
        self.record(Action::Keys(1, "Enter".to_owned()));
    }

    /// Records a click of the user that a test made.
    pub fn note_click(&mut self, what: &str) {
        self.record(Action::Click(what.to_owned()));
    }

    /// Takes no time away from the next step.
    pub fn pause(&mut self) {
        self.since = Instant::now();
    }

    /// How many pages appeared, and how many clicks or taps were made.
    pub fn counts(&self) -> (usize, usize) {
        let count = |is: fn(&Action) -> bool| self.steps.iter().filter(|(action, _)| is(action)).count();
        (count(|action| matches!(action, Action::Page(_))), count(|action| matches!(action, Action::Click(_))))
    }

    /// The list of steps, one in each line.
    pub fn describe(&self) -> String {
        let mut list = String::new();
        for (n, (action, time)) in self.steps.iter().enumerate() {
            let action = match action {
                Action::Page(heading) => format!("page   {heading}"),
                Action::Click(what) => format!("click  {what}"),
                Action::Keys(count, place) => format!("keys   {count} in {place}"),
            };
            let _ = writeln!(list, "{:>3}. {action:<48} {:>6} ms", n + 1, time.as_millis());
        }
        let total: Duration = self.steps.iter().map(|(_, time)| *time).sum();
        let (pages, clicks) = self.counts();
        let _ = writeln!(list, "     {pages} pages, {clicks} clicks, {} ms", total.as_millis());
        list
    }
}
