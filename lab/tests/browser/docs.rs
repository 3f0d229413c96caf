//! The docs page of a variant, used as a person does.

use super::Browser;
use serde_json::Value;
use thirtyfour::Key;

/// An open docs page.
pub struct Docs<'a>(&'a Browser);

/// What the page shows of an answer.
pub struct Shown {
    pub status: String,
    pub body: Value,
}

impl<'a> Docs<'a> {
    /// Opens the docs page of the variant at `url` and waits until it shows operations.
    pub async fn open(browser: &'a Browser, url: &str) -> Self {
        browser.goto(&format!("{url}/docs")).await;
        browser.element(".opblock").await;
        Self(browser)
    }

    /// The operations that are shown: `GET /api/hello`.
    pub async fn operations(&self) -> Vec<String> {
        let script = "return [...document.querySelectorAll('.opblock-summary')].map(summary =>
            summary.querySelector('.opblock-summary-method').textContent + ' ' +
            summary.querySelector('.opblock-summary-path').dataset.path)";
        let shown = self.0.ask(script).await;
        shown.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    }

    /// Unfolds an operation (`GET /api/hello`), fills in a body if it takes one, presses *Execute*, and reads the answer.
    pub async fn execute(&self, operation: &str, body: Option<&Value>) -> Shown {
        let (method, path) = operation.split_once(' ').unwrap();
        let block = format!(".opblock-{}:has([data-path='{path}'])", method.to_lowercase());
        self.0.click(&format!("{block} .opblock-summary-control")).await;
        if let Some(body) = body {
            let field = self.0.element(&format!("{block} .body-param__text")).await;
            field.send_keys(Key::Control + "a").await.unwrap();
            field.send_keys(body.to_string()).await.unwrap();
        }
        self.0.click(&format!("{block} .execute")).await;
        let row = format!("{block} .live-responses-table tbody");
        let status = self.0.element(&format!("{row} .response-col_status")).await;
        let text = self.0.element(&format!("{row} .response-col_description pre")).await;
        let status = status.text().await.unwrap();
        let text = text.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Shown { status: status.split_whitespace().next().unwrap_or_default().to_owned(), body }
    }

    /// Pastes a token under *Authorize*.
    pub async fn authorize(&self, token: &str) {
        self.0.click(".auth-wrapper .authorize").await;
        self.0.element(".modal-ux input").await.send_keys(token).await.unwrap();
        self.0.click(".modal-ux .modal-btn.authorize").await;
        self.0.click(".modal-ux .btn-done").await;
    }
}
