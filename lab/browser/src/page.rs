// SPDX-License-Identifier: GPL-2.0

//! One page: what it asks for, what it complains of, what it looks like.

use crate::pipe::Pipe;
use anyhow::{anyhow, bail, Context, Result};
use base64::{engine::general_purpose::STANDARD, Engine};
use serde_json::{json, Value};
use std::fs;
use std::path::Path;

/// What the reader's system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// Both, by name.
    pub const ALL: [(Self, &'static str); 2] = [(Self::Light, "light"), (Self::Dark, "dark")];
}

/// Something that a page should not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// It asked for something that is not itself.
    Request(String),
    /// It said something on the console, or the browser did about it.
    Console(String),
}

/// A page in a browser.
pub struct Page<'a> {
    pipe: &'a mut Pipe,
    session: String,
    url: String,
}

impl<'a> Page<'a> {
    pub(crate) fn new(pipe: &'a mut Pipe, session: String) -> Result<Self> {
        let mut page = Self {
            pipe,
            session,
            url: String::new(),
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(page)
    }

    fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.pipe.call(Some(&self.session), method, params)
    }

    /// Has no network from now on.
    pub fn take_network(&mut self) -> Result<()> {
        let offline = json!({
            "offline": true, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0,
        });
        self.call("Network.emulateNetworkConditions", offline)?;
        Ok(())
    }

    /// So wide and so high, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        Ok(())
    }

    /// As with a reader who prefers `scheme`.
    pub fn prefer(&mut self, scheme: Scheme) -> Result<()> {
        let named = Scheme::ALL.into_iter().find(|(known, _)| *known == scheme);
        let value = named.map_or("light", |(_, name)| name);
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", media)?;
        Ok(())
    }

    /// Opens `file`, and waits until it is all there.
    pub fn open(&mut self, file: &Path) -> Result<()> {
        let file = file.canonicalize();
        let file = file.context("no such page")?;
        // Before, so that this page's are the only ones.
        self.pipe.events();
        self.url = format!("file://{}", file.display());
        let url = json!({ "url": self.url });
        let opened = self.call("Page.navigate", url)?;
        if let Some(error) = opened["errorText"].as_str() {
            bail!("{}: {error}", self.url);
        }
        self.pipe.wait("Page.loadEventFired")
    }

    /// What it did since it was opened that it should not have done.
    pub fn complaints(&mut self) -> Result<Vec<Complaint>> {
        // What has been queued is said before this is answered.
        self.evaluate("0")?;
        let own = self.url.clone();
        let events = self.pipe.events().into_iter();
        Ok(events.filter_map(|event| complaint(&event, &own)).collect())
    }

    /// The value of the JavaScript `expression`, awaited if it is a promise.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let wanted = json!({
            "expression": expression, "returnByValue": true, "awaitPromise": true,
        });
        let mut answer = self.call("Runtime.evaluate", wanted)?;
        if let Some(exception) = answer.get("exceptionDetails") {
            bail!("in the page: {}", exception["exception"]["description"]);
        }
        Ok(answer["result"]["value"].take())
    }

    /// A picture of all of it, or of its uppermost `height` pixels, as a PNG.
    pub fn picture(&mut self, file: &Path, height: Option<u32>) -> Result<()> {
        let size = self.call("Page.getLayoutMetrics", json!({}))?;
        let size = &size["cssContentSize"];
        let whole = size["height"].as_f64().context("a page without a size")?;
        let height = height.map_or(whole, |height| whole.min(height.into()));
        let clip = json!({
            "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1,
        });
        let wanted = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.call("Page.captureScreenshot", wanted)?;
        write(file, &picture)
    }

    /// As it is printed, as a PDF.
    pub fn print(&mut self, file: &Path) -> Result<()> {
        let wanted = json!({ "preferCSSPageSize": true, "printBackground": false });
        let printed = self.call("Page.printToPDF", wanted)?;
        write(file, &printed)
    }
}

/// What `event` of the page `own` is to be complained of.
fn complaint(event: &Value, own: &str) -> Option<Complaint> {
    let params = &event["params"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    match event["method"].as_str()? {
        "Network.requestWillBeSent" => {
            let url = text(&params["request"]["url"]);
            (url != own).then_some(Complaint::Request(url))
        }
        "Runtime.consoleAPICalled" => {
            let what = params["args"].to_string();
            Some(Complaint::Console(format!(
                "{}: {what}",
                text(&params["type"])
            )))
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            Some(Complaint::Console(
                details["exception"]["description"].to_string(),
            ))
        }
        "Log.entryAdded" => Some(Complaint::Console(text(&params["entry"]["text"]))),
        _ => None,
    }
}

fn write(file: &Path, answer: &Value) -> Result<()> {
    let data = answer["data"].as_str().context("no data")?;
    let bytes = STANDARD.decode(data);
    let bytes = bytes.map_err(|why| anyhow!("damaged data: {why}"))?;
    fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_ask_for_itself_only() {
        let asked = |url: &str| {
            let event = json!({ "method": "Network.requestWillBeSent",
                "params": { "request": { "url": url } } });
            complaint(&event, "file:///a.html")
        };
        assert_eq!(asked("file:///a.html"), None);
        for url in [
            "file:///b.css",
            "http://example.org/",
            "data:image/png;base64,",
        ] {
            assert_eq!(asked(url), Some(Complaint::Request(url.to_string())));
        }
    }

    #[test]
    fn whatever_is_on_the_console_is_a_complaint() {
        for event in [
            json!({ "method": "Log.entryAdded", "params": { "entry": { "text": "refused" } } }),
            json!({ "method": "Runtime.exceptionThrown", "params": { "exceptionDetails": {} } }),
            json!({ "method": "Runtime.consoleAPICalled", "params": { "type": "log" } }),
        ] {
            assert!(
                matches!(complaint(&event, ""), Some(Complaint::Console(_))),
                "{event}"
            );
        }
        assert_eq!(
            complaint(&json!({ "method": "Page.loadEventFired" }), ""),
            None
        );
    }
}
