// SPDX-License-Identifier: GPL-2.0

//! Whether what `make demo` left agrees with itself, and with what paging does to a guest's exits.

mod carried;
mod dumps;
mod leaves;
mod log;
mod reasons;
mod run;
mod state;

use anyhow::{ensure, Result};
use log::Log;
use run::Run;

/// A run of the demo.
struct Kind {
    /// The beginning of its files' names.
    name: &'static str,
    /// What kvm-intel was asked for.
    ept: bool,
    vpid: bool,
}

/// The runs, in order.
const RUNS: [Kind; 3] = [
    Kind::new("ept", true, true),
    Kind::new("shadow", false, true),
    Kind::new("shadow-novpid", false, false),
];

impl Kind {
    const fn new(name: &'static str, ept: bool, vpid: bool) -> Self {
        Self { name, ept, vpid }
    }
}

/// One thing that was checked.
#[derive(Debug)]
pub struct Check {
    /// What has to hold.
    pub what: String,
    /// The figures that show it, or a sentence on what is wrong.
    pub outcome: Result<String>,
}

/// Gives the text of one of the demo's files.
pub type Read<'a> = dyn Fn(&str) -> Result<String> + 'a;

/// What has been checked so far.
#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, what: impl Into<String>, outcome: Result<String>) {
        let what = what.into();
        self.0.push(Check { what, outcome });
    }

    /// Adds what could be read, told by `figures`, and hands it on.
    fn keep<T>(
        &mut self,
        what: impl Into<String>,
        read: Result<T>,
        figures: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match read {
            Ok(value) => {
                self.add(what, Ok(figures(&value)));
                Some(value)
            }
            Err(error) => {
                self.add(what, Err(error));
                None
            }
        }
    }
}

/// Checks the demo whose files `read` gives. What cannot be read leaves nothing to compare it with.
pub fn check(read: &Read<'_>) -> Vec<Check> {
    let mut checks = Checks::default();
    checks.add("report.txt is there", report(read));
    let runs: Vec<Run> = RUNS
        .iter()
        .filter_map(|kind| Run::load(kind, read, &mut checks))
        .collect();
    let log = checks.keep("serial.log can be read", Log::load(read), Log::figures);
    let (Some(log), true) = (log, runs.len() == RUNS.len()) else {
        return checks.0;
    };
    reasons::check(&runs, &mut checks);
    state::check(&runs, &mut checks);
    leaves::check(&runs, &log, &mut checks);
    dumps::check(&runs, &log, &mut checks);
    carried::check(&runs, &log, &mut checks);
    checks.0
}

fn report(read: &Read<'_>) -> Result<String> {
    let text = read("report.txt")?;
    ensure!(!text.trim().is_empty(), "report.txt is empty");
    Ok(format!("{} lines", text.lines().count()))
}

/// Fails with the first of `problems`, and says how many more there are.
fn none_of(problems: Vec<String>) -> Result<()> {
    let more = match problems.len() {
        0 | 1 => String::new(),
        n => format!(" ({} more like it)", n - 1),
    };
    ensure!(problems.is_empty(), "{}{more}", problems[0]);
    Ok(())
}

#[cfg(test)]
mod tests;
