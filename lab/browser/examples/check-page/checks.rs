// SPDX-License-Identifier: GPL-2.0

//! What is looked at. What the page itself has to say is asked for in JavaScript, a file each.

use crate::runs::Runs;
use anyhow::{Context, Result};
use browser::{Complaint, Page};
use serde_json::{json, Value};
use std::path::Path;

/// What came of one check.
#[derive(Debug)]
pub struct Finding {
    /// What was looked at.
    pub what: String,
    /// How many of it.
    pub seen: u64,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// The checks, by name: each gives `{ seen, problems }`.
const SCRIPTS: [(&str, &str); 4] = [
    ("layout", include_str!("layout.js")),
    ("bars", include_str!("bars.js")),
    ("sorting", include_str!("sort.js")),
    ("choosing", include_str!("closer.js")),
];

/// A page that is open.
pub struct Checks<'p, 'b> {
    page: &'p mut Page<'b>,
    runs: &'p [Runs],
}

impl<'p, 'b> Checks<'p, 'b> {
    /// Opens `file`.
    pub fn new(page: &'p mut Page<'b>, file: &Path, runs: &'p [Runs]) -> Result<Self> {
        page.open(file)?;
        Ok(Self { page, runs })
    }

    /// All of it, into `directory` if there is one.
    pub fn picture(&mut self, directory: Option<&Path>, name: &str) -> Result<()> {
        directory.map_or(Ok(()), |at| self.page.picture(&at.join(name), None))
    }

    /// As it is printed.
    pub fn print(&mut self, file: &Path) -> Result<()> {
        self.page.print(file)
    }

    /// Every check, seen in this `way`.
    pub fn all(&mut self, way: &str) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (name, script) in SCRIPTS {
            findings.push(self.run(format!("{way}: {name}"), script)?);
        }
        if !self.runs.is_empty() {
            let data = self.data()?;
            findings.push(self.run(format!("{way}: figures"), &data)?);
        }
        // Every reason open in turn: what is closed has no length.
        let bars = self.each_open(&format!("{way}: bars of each reason"))?;
        findings.push(bars);
        findings.push(self.complaints(way)?);
        Ok(findings)
    }

    fn data(&self) -> Result<String> {
        let runs = self.runs.iter();
        let runs: Vec<_> = runs
            .map(|runs| json!({ "prefix": runs.prefix, "snapshots": runs.snapshots }))
            .collect();
        let runs = serde_json::to_string(&runs)?;
        Ok(format!("{}({runs})", include_str!("data.js").trim_end()))
    }

    fn each_open(&mut self, what: &str) -> Result<Finding> {
        let count = self
            .page
            .evaluate("document.querySelectorAll('details').length")?;
        let mut all = Finding {
            what: what.to_string(),
            seen: 0,
            problems: Vec::new(),
        };
        for n in 0..count.as_u64().unwrap_or(0) {
            let open = format!("document.querySelectorAll('details')[{n}].open = true");
            self.page.evaluate(&open)?;
            let one = self.run(String::new(), include_str!("bars.js"))?;
            all.seen += one.seen;
            all.problems.extend(one.problems);
        }
        Ok(all)
    }

    fn run(&mut self, what: String, script: &str) -> Result<Finding> {
        let found = self.page.evaluate(script).with_context(|| what.clone())?;
        let seen = found["seen"]
            .as_u64()
            .context("a check that counts nothing")?;
        let problems = found["problems"].as_array();
        let text = |problem: &Value| problem.as_str().unwrap_or_default().to_string();
        let mut problems: Vec<_> = problems.into_iter().flatten().map(text).collect();
        if seen == 0 {
            problems.push("there is nothing of it on the page".to_string());
        }
        Ok(Finding {
            what,
            seen,
            problems,
        })
    }

    fn complaints(&mut self, way: &str) -> Result<Finding> {
        let complaints = self.page.complaints()?.into_iter();
        let problems = complaints.map(|complaint| match complaint {
            Complaint::Request(url) => format!("it asked for {url}"),
            Complaint::Console(text) => format!("on the console: {text}"),
        });
        Ok(Finding {
            what: format!("{way}: nothing asked for, nothing complained of"),
            seen: 1,
            problems: problems.collect(),
        })
    }
}
