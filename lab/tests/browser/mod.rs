//! A real browser: Chromium without a window, driven through ChromeDriver, which this starts and ends.

pub mod docs;
pub mod judge;
pub mod look;

use crate::support::{PATIENCE, client, folder};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use thirtyfour::prelude::{ElementQueryable, WebDriver, WebElement};
use thirtyfour::{By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, TypingData};

/// No window, no questions, nothing sent anywhere by the browser itself, and no name but this machine's resolved: a
/// page that needs the internet fails here.
const FLAGS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-proxy-server",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// ChromeDriver on a port of its own choice, until this is dropped.
pub struct ChromeDriver {
    url: String,
    child: Child,
    /// For whatever it and the browsers write besides their profiles.
    _folder: TempDir,
}

impl ChromeDriver {
    /// It takes a port that is free for one kind of address, and gives up if it is not for the other: then once more.
    pub fn start() -> Self {
        (0..5).find_map(|_| Self::try_to_start()).expect("chromedriver says its port")
    }

    fn try_to_start() -> Option<Self> {
        let folder = folder();
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; apt-get install -y chromium chromium-driver"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut ports = lines.map_while(Result::ok).filter_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        let Some(port) = ports.next() else {
            let _ = child.wait();
            return None;
        };
        Some(Self { url: format!("http://127.0.0.1:{port}"), child, _folder: folder })
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        // SIGTERM lets it end the browsers that a failed test left behind.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One browser with a profile of its own.
pub struct Browser {
    pub driver: WebDriver,
    _profile: TempDir,
}

impl Browser {
    pub async fn open(chromedriver: &ChromeDriver) -> Self {
        let profile = folder();
        let mut capabilities = DesiredCapabilities::chrome();
        for flag in FLAGS {
            capabilities.add_arg(flag).unwrap();
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).unwrap();
        capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::All).unwrap();
        capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All).unwrap();
        let driver = WebDriver::builder(&chromedriver.url, capabilities).client(client()).await.unwrap();
        let browser = Self { driver, _profile: profile };
        browser.show_as(1280, 900, "light").await;
        browser
    }

    pub async fn close(self) {
        self.driver.quit().await.unwrap();
    }

    pub async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// The size of the window in CSS pixels, and what the reader prefers, `light` or `dark`.
    pub async fn show_as(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", media).await.unwrap();
    }

    /// Whether pages may run scripts from now on. What tests ask is run all the same.
    pub async fn allow_scripts(&self, allowed: bool) {
        let value = json!({ "value": !allowed });
        self.driver.cdp().send_raw("Emulation.setScriptExecutionDisabled", value).await.unwrap();
    }

    /// What a script returns.
    pub async fn ask(&self, script: &str) -> Value {
        self.driver.execute(script, vec![]).await.unwrap().json().clone()
    }

    /// Waits until a JavaScript expression holds.
    pub async fn until(&self, expression: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.ask(&format!("return Boolean({expression})")).await != Value::Bool(true) {
            assert!(Instant::now() < deadline, "this did not come to hold: {expression}\n{}", self.text().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing moves or changes its colour any more.
    pub async fn settled(&self) {
        self.until("document.getAnimations().every(animation => animation.playState !== 'running')").await;
    }

    /// The text of the page as it can be read.
    pub async fn text(&self) -> String {
        self.ask("return document.body.innerText").await.as_str().unwrap_or_default().to_owned()
    }

    /// The first element that a selector matches, as soon as there is one that can be seen.
    pub async fn element(&self, selector: &str) -> WebElement {
        let query = self.driver.query(By::Css(selector)).wait(PATIENCE, Duration::from_millis(100)).and_displayed();
        query.first().await.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    /// Clicks it, once nothing moves or lies over it any more.
    pub async fn click(&self, selector: &str) {
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = self.element(selector).await.click().await {
            assert!(Instant::now() < deadline, "{selector}: {error}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Chooses the option with this value in a `select`, as a person does.
    pub async fn choose(&self, selector: &str, value: &str) {
        let script = format!(
            "return [...document.querySelector('{selector}').options].findIndex((option) => option.value === '{value}')"
        );
        let place = self.ask(&script).await.as_i64().unwrap();
        assert!(place >= 0, "{selector} has no {value}");
        let options = self.driver.find_all(By::Css(format!("{selector} option"))).await.unwrap();
        options[usize::try_from(place).unwrap()].click().await.unwrap();
    }

    /// Presses a key where the focus is.
    pub async fn press(&self, key: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(key).perform().await.unwrap();
    }

    /// What the console showed since the last call: scripts' messages and faults, and files that did not load.
    pub async fn console(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap();
        entries.into_iter().map(|entry| format!("{} {}", entry.level, entry.message)).collect()
    }

    /// The address of every request since the last call, also of those that failed.
    pub async fn requests(&self) -> Vec<String> {
        let entries = self.driver.get_log("performance").await.unwrap();
        let events = entries.iter().filter_map(|entry| serde_json::from_str::<Value>(&entry.message).ok());
        let sent = events.filter(|event| event["message"]["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["message"]["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Writes a picture of the whole page, as far as it is not endless, to `target/screenshots`.
    pub async fn screenshot(&self, name: &str, width: u32, scheme: &str) {
        let height = if width < 600 { 844 } else { 900 };
        self.show_as(width, height, scheme).await;
        let whole = self.ask("return document.documentElement.scrollHeight").await.as_u64().unwrap_or_default();
        let whole = u32::try_from(whole).unwrap().clamp(height, 2400);
        self.show_as(width, whole, scheme).await;
        self.settled().await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        self.driver.screenshot(&folder.join(format!("{name}-{width}-{scheme}.png"))).await.unwrap();
        self.show_as(width, height, scheme).await;
    }
}
