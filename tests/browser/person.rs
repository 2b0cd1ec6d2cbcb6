//! Somebody in front of Atlas: visits, types, presses, sees.
//!
//! Things are found by the words on them. Whatever is expected is waited for, and a wait that was in vain says what
//! was awaited and what the page showed instead.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::authenticator::Authenticator;
use super::browser::{Browser, Device};
use super::server::Server;

/// How long a page may take to show what is expected.
const PATIENCE: Duration = Duration::from_secs(15);

type Looked<T> = Result<Option<T>, CmdError>;

/// A person with a browser and a server to themselves.
pub struct Person {
    // Dropped in this order: a server drains at once when no browser holds connections.
    pub browser: Browser,
    pub server: Server,
}

impl Person {
    /// Opens a browser in front of `server`.
    pub async fn with(device: Device, server: Server) -> Self {
        Self { browser: Browser::open(device).await, server }
    }

    /// Types an address of Atlas.
    pub async fn visits(&self, path: &str) {
        self.goes(&format!("{}{path}", self.server.address)).await;
    }

    /// Types any address.
    pub async fn goes(&self, address: &str) {
        self.within("the page to load", self.browser.client.goto(address)).await;
    }

    /// Reloads the page.
    pub async fn reloads(&self) {
        self.within("the page to load again", self.browser.client.refresh()).await;
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.within("the address", self.browser.client.current_url()).await.into()
    }

    /// Waits to be on the page `path`, whatever its query.
    pub async fn is_on(&self, path: &str) {
        self.until(&format!("the page {path}"), async || {
            Ok((self.browser.client.current_url().await?.path() == path).then_some(()))
        })
        .await;
    }

    /// Waits for words on the screen; style sheets may have changed their case.
    pub async fn sees(&self, words: &str) {
        let wanted = words.to_lowercase();
        self.until(&format!("the words “{words}”"), async || {
            Ok(self.text().await?.to_lowercase().contains(&wanted).then_some(()))
        })
        .await;
    }

    /// Types into the field with that label, instead of what is there.
    pub async fn types(&self, label: &str, text: &str) {
        self.until(&format!("the field “{label}”"), async || {
            let Some(field) = self.shown(&field_path(label)).await? else { return Ok(None) };
            field.clear().await?;
            field.send_keys(text).await?;
            Ok((field.prop("value").await?.as_deref() == Some(text)).then_some(()))
        })
        .await;
    }

    /// The field with that label.
    pub async fn field(&self, label: &str) -> Element {
        self.until(&format!("the field “{label}”"), async || self.shown(&field_path(label)).await).await
    }

    /// What is in the field with that label.
    pub async fn value_of(&self, label: &str) -> String {
        let field = self.field(label).await;
        self.within("a value", field.prop("value")).await.unwrap_or_default()
    }

    /// Presses the button or link with that name.
    pub async fn presses(&self, name: &str) {
        let is_named = format!("[normalize-space()={}]", quoted(name));
        self.presses_at(&format!("“{name}”"), &format!("//button{is_named} | //a{is_named}")).await;
    }

    /// Presses what an XPath leads to.
    pub async fn presses_at(&self, what: &str, path: &str) {
        self.until(&format!("{what}, to press it"), async || {
            let Some(element) = self.shown(path).await? else { return Ok(None) };
            element.click().await.map(Some)
        })
        .await;
    }

    /// Takes the mark off a box.
    pub async fn unchecks(&self, label: &str) {
        let path = format!("//label[normalize-space()={}]", quoted(label));
        self.presses_at(&format!("the box “{label}”"), &path).await;
        self.until(&format!("the box “{label}” to be without mark"), async || {
            let input = self.browser.client.find(Locator::XPath(&format!("{path}//input"))).await?;
            Ok((!input.is_selected().await?).then_some(()))
        })
        .await;
    }

    /// Presses the tick of a habit.
    pub async fn ticks(&self, title: &str) {
        self.presses_at(&format!("the tick of “{title}”"), &tick_path(title)).await;
    }

    /// Waits for a habit to be shown as done or open.
    pub async fn sees_done(&self, title: &str, done: bool) {
        let state = if done { "done" } else { "open" };
        self.until(&format!("“{title}” to be {state}"), async || {
            let Some(tick) = self.shown(&tick_path(title)).await? else { return Ok(None) };
            let checked = tick.attr("aria-checked").await?;
            Ok((checked.as_deref() == Some(if done { "true" } else { "false" })).then_some(()))
        })
        .await;
    }

    /// Signs in on the page at hand.
    pub async fn signs_in(&self, email: &str, password: &str) {
        self.types("Email", email).await;
        self.types("Password", password).await;
        self.presses("Sign in").await;
    }

    /// An app that was given the key on the page.
    pub async fn is_given_the_key(&self) -> Authenticator {
        Authenticator::given(&self.value_of("Or type this key").await)
    }

    /// Types single keys, as somebody does who is in no field.
    pub async fn keys(&self, keys: &str) {
        for key in keys.chars() {
            let element = self.within("the focus", self.browser.client.active_element()).await;
            self.within("a key", element.send_keys(&key.to_string())).await;
        }
    }

    /// What the page answers to a script; a promise is waited for.
    pub async fn asks(&self, script: &str) -> Value {
        self.within("the page's answer", self.browser.client.execute(script, Vec::new())).await
    }

    /// The visible text that an element names as its description.
    pub async fn description_of(&self, element: &Element) -> String {
        let ids = self.within("aria-describedby", element.attr("aria-describedby")).await.unwrap_or_default();
        let mut described = Vec::new();
        for id in ids.split_whitespace() {
            let found = self.within("the description", self.browser.client.find(Locator::Id(id))).await;
            described.push(self.within("the description's text", found.text()).await);
        }
        described.join("\n")
    }

    /// The first match that can be seen.
    pub async fn shown(&self, path: &str) -> Looked<Element> {
        for element in self.browser.client.find_all(Locator::XPath(path)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// Looks until there is something to see. Pages change while they are looked at, so errors only count at the end.
    pub async fn until<T>(&self, awaited: &str, mut look: impl AsyncFnMut() -> Looked<T>) -> T {
        let mut trouble = None;
        let looking = async {
            loop {
                match look().await {
                    Ok(Some(seen)) => return seen,
                    Ok(None) => trouble = None,
                    Err(error) => trouble = Some(error),
                }
                sleep(Duration::from_millis(30)).await;
            }
        };
        match timeout(PATIENCE, looking).await {
            Ok(seen) => seen,
            Err(_) => self.gives_up(awaited, trouble).await,
        }
    }

    /// Waits for one command of the browser.
    pub async fn within<T>(&self, awaited: &str, command: impl Future<Output = Result<T, CmdError>>) -> T {
        match timeout(PATIENCE, command).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => self.gives_up(awaited, Some(error)).await,
            Err(_) => self.gives_up(awaited, None).await,
        }
    }

    async fn gives_up(&self, awaited: &str, trouble: Option<CmdError>) -> ! {
        let look = async {
            let address = self.browser.client.current_url().await?;
            Ok::<_, CmdError>(format!("{address} shows:\n{}", self.text().await?))
        };
        let page = match timeout(Duration::from_secs(5), look).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => format!("the page cannot be read: {error}"),
            Err(_) => "the browser does not answer".to_owned(),
        };
        let trouble = trouble.map(|error| format!(" ({error})")).unwrap_or_default();
        panic!("waited in vain for {awaited}{trouble}; {page}");
    }

    async fn text(&self) -> Result<String, CmdError> {
        self.browser.client.find(Locator::Css("body")).await?.text().await
    }
}

/// Labels name their field by its id.
fn field_path(label: &str) -> String {
    let id = format!("//label[normalize-space()={}]/@for", quoted(label));
    format!("//input[@id={id}] | //textarea[@id={id}]")
}

/// The tick whose title it is, with or without further words beside it.
pub fn tick_path(title: &str) -> String {
    format!("//button[@role='checkbox'][.//text()[normalize-space()={}]]", quoted(title))
}

/// XPath knows no escapes, and no words on the screen need any.
fn quoted(text: &str) -> String {
    assert!(!text.contains('"'), "{text} cannot be looked for");
    format!("\"{text}\"")
}
