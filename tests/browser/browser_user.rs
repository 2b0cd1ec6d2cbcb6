//! A user in front of a browser, who visits pages, types and presses.
//!
//! Elements are found by their visible text. Every method waits for what it expects; when the wait times out, the panic says what
//! was expected and what the page shows instead.

use std::time::Duration;

use fantoccini::Locator;
use fantoccini::elements::Element;
use fantoccini::error::{CmdError, ErrorStatus};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::authenticator::Authenticator;
use super::browser::{Browser, Device};
use super::server::Server;

const WAIT_TIMEOUT: Duration = Duration::from_secs(15);

/// What was found, or `None` if it isn't on the page yet.
type Found<T> = Result<Option<T>, CmdError>;

/// A user with a browser and a server of their own.
pub struct BrowserUser {
    // Dropped in this order: the server stops immediately when no browser has open connections.
    pub browser: Browser,
    pub server: Server,
}

impl BrowserUser {
    pub async fn open(device: Device, server: Server) -> Self {
        Self { browser: Browser::open(device).await, server }
    }

    /// Opens a path of Atlas.
    pub async fn visit(&self, path: &str) {
        self.open_url(&format!("{}{path}", self.server.base_url)).await;
    }

    /// Opens any URL.
    pub async fn open_url(&self, address: &str) {
        self.with_timeout("the page to load", self.browser.client.goto(address)).await;
    }

    pub async fn reload(&self) {
        self.with_timeout("the page to load again", self.browser.client.refresh()).await;
    }

    /// The URL of the page.
    pub async fn current_url(&self) -> String {
        self.with_timeout("the address", self.browser.client.current_url()).await.into()
    }

    /// Waits until the browser is on `path`, with any query.
    pub async fn wait_for_path(&self, path: &str) {
        self.wait_until(&format!("the page {path}"), async || {
            Ok((self.browser.client.current_url().await?.path() == path).then_some(()))
        })
        .await;
    }

    /// Waits for visible text, ignoring case because style sheets can change it.
    pub async fn wait_for_text(&self, words: &str) {
        let wanted = words.to_lowercase();
        self.wait_until(&format!("the text “{words}”"), async || {
            Ok(self.page_text().await?.to_lowercase().contains(&wanted).then_some(()))
        })
        .await;
    }

    /// Replaces the value of the field with that label.
    pub async fn type_into(&self, label: &str, text: &str) {
        self.type_into_at(&format!("the field “{label}”"), &field_path(label), text).await;
    }

    /// Replaces the value of the field at an XPath. `what` names it in error messages.
    pub async fn type_into_at(&self, what: &str, path: &str, text: &str) {
        self.wait_until(what, async || {
            let Some(field) = self.find_visible(path).await? else { return Ok(None) };
            field.clear().await?;
            field.send_keys(text).await?;
            Ok((field.prop("value").await?.as_deref() == Some(text)).then_some(()))
        })
        .await;
    }

    /// Waits for the field with that label.
    pub async fn field(&self, label: &str) -> Element {
        self.wait_until(&format!("the field “{label}”"), async || self.find_visible(&field_path(label)).await).await
    }

    /// The value of the field with that label.
    pub async fn field_value(&self, label: &str) -> String {
        let field = self.field(label).await;
        self.with_timeout("a value", field.prop("value")).await.unwrap_or_default()
    }

    /// Presses the button or link with that name.
    pub async fn press(&self, name: &str) {
        let is_named = format!("[normalize-space()={}]", xpath_string(name));
        self.press_at(&format!("“{name}”"), &format!("//button{is_named} | //a{is_named}")).await;
    }

    /// Opens the menu of the bar, if there is a bar.
    pub async fn open_menu(&self) {
        let closed = "return Boolean(document.querySelector('.nav-more')?.checkVisibility() \
            && !document.querySelector('#nav-menu:popover-open'))";
        if self.run_script(closed).await == true {
            self.press("More").await;
        }
    }

    /// Signs out on any screen; on a phone the button is in the menu of the bar.
    pub async fn sign_out(&self) {
        self.open_menu().await;
        self.press("Sign out").await;
        self.wait_for_path("/sign-in").await;
    }

    /// Presses the element at an XPath. `what` names it in error messages.
    pub async fn press_at(&self, what: &str, path: &str) {
        self.wait_until(&format!("{what}, to press it"), async || {
            let Some(element) = self.find_visible(path).await? else { return Ok(None) };
            match element.click().await {
                // The bar of a phone covers it. Scrolling respects the space that the bar takes.
                Err(CmdError::Standard(error)) if error.error == ErrorStatus::ElementClickIntercepted => {
                    let element = serde_json::to_value(&element).expect("an element is a reference");
                    self.browser
                        .client
                        .execute("arguments[0].scrollIntoView({ block: 'nearest' })", vec![element])
                        .await?;
                    Ok(None)
                }
                clicked => clicked.map(Some),
            }
        })
        .await;
    }

    /// Unchecks the checkbox with that label.
    pub async fn uncheck(&self, label: &str) {
        let path = format!("//label[normalize-space()={}]", xpath_string(label));
        self.press_at(&format!("the checkbox “{label}”"), &path).await;
        self.wait_until(&format!("the checkbox “{label}” to be unchecked"), async || {
            let input = self.browser.client.find(Locator::XPath(&format!("{path}//input"))).await?;
            Ok((!input.is_selected().await?).then_some(()))
        })
        .await;
    }

    /// Presses the completion button of a habit.
    pub async fn toggle_completion(&self, title: &str) {
        self.press_at(&format!("the completion button of “{title}”"), &completion_button_path(title)).await;
    }

    /// Waits until a habit is shown as done or as not done.
    pub async fn wait_for_done(&self, title: &str, done: bool) {
        let state = if done { "done" } else { "not done" };
        self.wait_until(&format!("“{title}” to be {state}"), async || {
            let Some(button) = self.find_visible(&completion_button_path(title)).await? else { return Ok(None) };
            let checked = button.attr("aria-checked").await?;
            Ok((checked.as_deref() == Some(if done { "true" } else { "false" })).then_some(()))
        })
        .await;
    }

    /// Fills in the sign-in form of the current page.
    pub async fn sign_in(&self, email: &str, password: &str) {
        self.type_into("Email", email).await;
        self.type_into("Password", password).await;
        self.press("Sign in").await;
    }

    /// An authenticator app set up with the key on the page.
    pub async fn scan_authenticator_key(&self) -> Authenticator {
        Authenticator::new(&self.field_value("Or enter this key").await)
    }

    /// Presses single keys outside of any field, as for keyboard shortcuts.
    pub async fn press_keys(&self, keys: &str) {
        for key in keys.chars() {
            let element = self.with_timeout("the focus", self.browser.client.active_element()).await;
            self.with_timeout("a key", element.send_keys(&key.to_string())).await;
        }
    }

    /// Runs a script in the page and returns its result; a promise is awaited.
    pub async fn run_script(&self, script: &str) -> Value {
        self.with_timeout("the result of the script", self.browser.client.execute(script, Vec::new())).await
    }

    /// The visible text that `aria-describedby` of an element refers to.
    pub async fn description_of(&self, element: &Element) -> String {
        let ids = self.with_timeout("aria-describedby", element.attr("aria-describedby")).await.unwrap_or_default();
        let mut described = Vec::new();
        for id in ids.split_whitespace() {
            let found = self.with_timeout("the description", self.browser.client.find(Locator::Id(id))).await;
            described.push(self.with_timeout("the description's text", found.text()).await);
        }
        described.join("\n")
    }

    /// The first visible match of an XPath.
    pub async fn find_visible(&self, path: &str) -> Found<Element> {
        for element in self.browser.client.find_all(Locator::XPath(path)).await? {
            if element.is_displayed().await? {
                return Ok(Some(element));
            }
        }
        Ok(None)
    }

    /// Repeats `find` until it finds something. Pages change meanwhile, so an error is reported only when the wait times out.
    pub async fn wait_until<T>(&self, expected: &str, mut find: impl AsyncFnMut() -> Found<T>) -> T {
        let mut last_error = None;
        let search = async {
            loop {
                match find().await {
                    Ok(Some(found)) => return found,
                    Ok(None) => last_error = None,
                    Err(error) => last_error = Some(error),
                }
                sleep(Duration::from_millis(30)).await;
            }
        };
        match timeout(WAIT_TIMEOUT, search).await {
            Ok(found) => found,
            Err(_) => self.fail(expected, last_error).await,
        }
    }

    /// Waits for one command of the browser.
    pub async fn with_timeout<T>(&self, expected: &str, command: impl Future<Output = Result<T, CmdError>>) -> T {
        match timeout(WAIT_TIMEOUT, command).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => self.fail(expected, Some(error)).await,
            Err(_) => self.fail(expected, None).await,
        }
    }

    async fn fail(&self, expected: &str, error: Option<CmdError>) -> ! {
        let describe_page = async {
            let url = self.browser.client.current_url().await?;
            Ok::<_, CmdError>(format!("{url} shows:\n{}", self.page_text().await?))
        };
        let page = match timeout(Duration::from_secs(5), describe_page).await {
            Ok(Ok(page)) => page,
            Ok(Err(error)) => format!("the page cannot be read: {error}"),
            Err(_) => "the browser does not respond".to_owned(),
        };
        let error = error.map(|error| format!(" ({error})")).unwrap_or_default();
        panic!("timed out waiting for {expected}{error}; {page}");
    }

    async fn page_text(&self) -> Result<String, CmdError> {
        self.browser.client.find(Locator::Css("body")).await?.text().await
    }
}

/// The XPath of the field whose id the label's `for` attribute names.
fn field_path(label: &str) -> String {
    let id = format!("//label[normalize-space()={}]/@for", xpath_string(label));
    format!("//input[@id={id}] | //textarea[@id={id}]")
}

/// The XPath of a habit's completion button, which may contain more text than the title.
pub fn completion_button_path(title: &str) -> String {
    format!("//button[@role='checkbox'][.//text()[normalize-space()={}]]", xpath_string(title))
}

/// Quotes a string for XPath, which has no escapes; no text in these tests contains a quotation mark.
fn xpath_string(text: &str) -> String {
    assert!(!text.contains('"'), "XPath cannot quote {text}");
    format!("\"{text}\"")
}
