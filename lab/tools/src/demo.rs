// SPDX-License-Identifier: GPL-2.0

//! Whether what `make demo` left agrees with itself, and with what paging does to a guest's exits.

mod carried;
mod dumps;
mod leaves;
mod log;
mod page;
mod reasons;
mod run;
mod state;
mod time;
mod vendor;

use anyhow::{ensure, Result};
use log::Log;
use run::Run;
pub use vendor::{Vendor, ALL};

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

/// The vendors on whose machines the demo whose files `read` gives was run.
pub fn ran(read: &Read<'_>) -> Vec<&'static Vendor> {
    let started = |vendor: &&Vendor| read(vendor.machine).is_ok();
    ALL.into_iter().filter(started).collect()
}

/// Checks the demo whose files `read` gives, on the machines of `vendors`. What cannot be read
/// leaves nothing to compare it with.
pub fn check(read: &Read<'_>, vendors: &[&'static Vendor]) -> Vec<Check> {
    let mut checks = Checks::default();
    checks.add("report.txt is there", report(read));
    for vendor in vendors {
        check_vendor(vendor, read, &mut checks);
    }
    checks.0
}

fn check_vendor(vendor: &'static Vendor, read: &Read<'_>, checks: &mut Checks) {
    let runs: Vec<Run> = vendor
        .runs
        .iter()
        .filter_map(|kind| Run::load(vendor, kind, read, checks))
        .collect();
    for run in &runs {
        time::check(run, read, checks);
    }
    let log = Log::load(read, vendor.log);
    let log = checks.keep(format!("{} can be read", vendor.log), log, Log::figures);
    let (Some(log), true) = (log, runs.len() == vendor.runs.len()) else {
        return;
    };
    reasons::check(vendor, &runs, checks);
    state::check(vendor, &runs, checks);
    leaves::check(vendor, &runs, &log, checks);
    dumps::check(vendor, &runs, &log, checks);
    carried::check(vendor, &runs, &log, checks);
    page::check(vendor, &runs, read, checks);
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
