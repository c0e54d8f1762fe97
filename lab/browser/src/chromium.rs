// SPDX-License-Identifier: GPL-2.0

//! The browser's process.

use crate::page::Page;
use crate::pipe::Pipe;
use anyhow::{Context, Result};
use serde_json::json;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// As Debian installs it.
const PROGRAM: &str = "/usr/bin/chromium";

/// Chromium without a window, which asks nobody for anything by itself.
const OPTIONS: [&str; 11] = [
    "--headless",
    "--remote-debugging-pipe",
    // Root has no sandbox, nor have containers; the pages are ours.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// A browser that is running.
pub struct Chromium {
    process: Child,
    pipe: Pipe,
    /// What it keeps of its own, while it runs.
    _profile: TempDir,
}

impl Chromium {
    /// Starts it.
    pub fn start() -> Result<Self> {
        let profile = tempfile::tempdir().context("no directory for the browser's profile")?;
        // It speaks on descriptors 3 and 4, which a shell can make of 0 and 1.
        let mut process = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"])
            .arg(PROGRAM)
            .args(OPTIONS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start a shell")?;
        let (to, from) = (process.stdin.take(), process.stdout.take());
        let pipe = Pipe::new(
            to.context("the browser has no input")?,
            from.context("the browser has no output")?,
        );
        let mut browser = Self {
            process,
            pipe,
            _profile: profile,
        };
        let version = browser.pipe.call(None, "Browser.getVersion", json!({}));
        version.with_context(|| {
            format!("cannot start {PROGRAM}: apt-get install --no-install-recommends chromium")
        })?;
        Ok(browser)
    }

    /// A page with nothing on it.
    pub fn page(&mut self) -> Result<Page<'_>> {
        let target = json!({ "url": "about:blank" });
        let target = self.pipe.call(None, "Target.createTarget", target)?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = self.pipe.call(None, "Target.attachToTarget", attach)?;
        let session = session["sessionId"].as_str();
        let session = session.context("the browser names no session")?;
        Page::new(&mut self.pipe, session.to_string())
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // It ends by itself, and takes its own processes along; if it does not, it is made to.
        if self.pipe.call(None, "Browser.close", json!({})).is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
