// SPDX-License-Identifier: GPL-2.0

//! What came while a command ran: `kvm-exits stat`, and the same in a guest.

use crate::budget;
use crate::by::{self, By};
use crate::command::{Ended, Run};
use crate::files;
use crate::grid;
use crate::history::History;
use crate::html;
use crate::listing;
use crate::name::Name;
use crate::output::{self, Form, Forms};
use crate::snapshot::Snapshot;
use anyhow::{Context, Result};
use nix::sys::resource::{getrusage, UsageWho};
use nix::sys::time::TimeVal;
use serde::Serialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What to run, and how the figures are written, and where.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    forms: Forms,

    /// Write the figures to FILE.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Note what the host is; "emulator" if its TSC counts instructions. `compare` reads it.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,

    /// Run this, and count while it runs.
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// What `--json` prints.
pub const JSON_HELP: &str = r#"--json prints what `kvm-exits show --json` does (kvm-exits show --help), of the difference: reasons
of which any counter moved; and in it "stat": { "command": [], "exit_code", "elapsed_seconds",
"user_seconds", "system_seconds", "own_cpuid_exits" }, the last in a guest."#;

/// What was read before and after, and what came in between.
#[derive(Debug)]
pub struct During<T> {
    /// Before the command began.
    pub before: T,
    /// After it had ended.
    pub after: T,
    figures: Figures,
}

/// How long it was from the one reading to the other, and what the command took.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    elapsed: Duration,
    ended: Ended,
    user: f64,
    system: f64,
}

impl<T> During<T> {
    /// All but the readings.
    pub fn figures(&self) -> Figures {
        self.figures
    }
}

/// What there is to say.
#[derive(Debug)]
pub struct Report<'a> {
    /// Whose exits these are.
    pub whose: String,
    /// Whose the time is that the snapshot has.
    pub time_of: &'static str,
    /// What came.
    pub since: Snapshot,
    /// What to know besides: lines.
    pub notes: String,
    /// What to show of it, instead of all.
    pub by: Option<&'a By>,
    /// How many of the exits are this program's own, where it knows.
    pub own_cpuid_exits: Option<u64>,
    /// When.
    pub during: Figures,
}

/// What `--json` has besides the snapshot.
#[derive(Debug, Serialize)]
struct Stat {
    command: Vec<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    elapsed_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_cpuid_exits: Option<u64>,
}

#[derive(Debug, Serialize)]
struct WithStat<'a> {
    #[serde(flatten)]
    snapshot: &'a Snapshot,
    stat: Stat,
}

impl Options {
    /// Whether it runs no command.
    pub fn is_alone(&self) -> bool {
        self.command.is_empty()
    }

    /// Reads, runs the command to its end, and reads again.
    pub fn during<T>(&self, mut read: impl FnMut() -> Result<T>) -> Result<During<T>> {
        // Each reading is of the moment when it begins.
        let began = Instant::now();
        let before = read()?;
        let mut run = Run::start(&self.command)?;
        let ended = loop {
            if let Some(ended) = run.wait(None)? {
                break ended;
            }
        };
        let elapsed = began.elapsed();
        let after = read()?;
        let usage =
            getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot tell the command's time")?;
        let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        let figures = Figures {
            elapsed,
            ended,
            user: seconds(usage.user_time()),
            system: seconds(usage.system_time()),
        };
        Ok(During {
            before,
            after,
            figures,
        })
    }

    /// Writes `report`; returns the exit code.
    pub fn report(&self, report: &Report<'_>) -> Result<u8> {
        let mut since = report.since.clone();
        if let Some(machine) = &self.machine {
            since.machine = Some(machine.clone());
        }
        let text = match report.by {
            Some(by) => self.by(by, report, &since)?,
            None => self.all(report, &since)?,
        };
        if let Form::Html(path) = self.forms.form() {
            output::write(path, &text)?;
            return Ok(report.during.ended.exit_code());
        }
        match &self.output {
            Some(path) => files::write(path, text)?,
            None if self.is_alone() => output::print(&text)?,
            None => eprint!("{text}"),
        }
        Ok(report.during.ended.exit_code())
    }

    fn all(&self, report: &Report<'_>, since: &Snapshot) -> Result<String> {
        let grid = listing::grid_over(since, Some(report.during.elapsed));
        let heading = self.heading(report, since);
        let notes = self.notes(report, since);
        Ok(match self.forms.form() {
            Form::Text => format!("\n{heading}\n\n{}\n{notes}\n", grid.text()),
            Form::Markdown => [heading, notes]
                .map(|text| grid::markdown_lines(&text))
                .join(&format!("\n{}\n", grid.markdown())),
            Form::Csv => listing::csv(since)?,
            Form::Json => output::json(&WithStat {
                snapshot: since,
                stat: self.stat(report),
            })?,
            Form::Html(_) => html::show::page(&report.whose, since, &History::default())?.text(),
        })
    }

    fn by(&self, by: &By, report: &Report<'_>, since: &Snapshot) -> Result<String> {
        let rows = by.rows(since)?;
        let heading = self.heading(report, since);
        Ok(match self.forms.form() {
            Form::Text => format!("\n{heading}\n\n{}\n", by::text(since.isa, &rows)),
            Form::Markdown => {
                grid::markdown_lines(&heading) + "\n" + &by::markdown(since.isa, &rows)
            }
            Form::Csv => by::csv(&rows)?,
            Form::Json => output::json(&rows)?,
            // A page has the keys in any case.
            Form::Html(_) => html::show::page(&report.whose, since, &History::default())?.text(),
        })
    }

    fn words(&self) -> Vec<Name> {
        let words = self.command.iter();
        words.map(|word| word.to_string_lossy().into()).collect()
    }

    fn heading(&self, report: &Report<'_>, since: &Snapshot) -> String {
        let words: Vec<_> = self.words().iter().map(Name::to_string).collect();
        let during = match words.len() {
            0 => format!(" in {:.1} s", report.during.elapsed.as_secs_f64()),
            _ => format!(" while this ran: {}", words.join(" ")),
        };
        format!("{}{during}\n{}", report.whose, listing::heading(since))
    }

    fn notes(&self, report: &Report<'_>, since: &Snapshot) -> String {
        let time = since.time.as_ref().map(|time| {
            let line = budget::line(time);
            format!("The time of {}: {line}.\n\n", report.time_of)
        });
        let Figures {
            elapsed,
            user,
            system,
            ..
        } = report.during;
        let mut seconds = vec![(elapsed.as_secs_f64(), "elapsed")];
        if !self.is_alone() {
            seconds.extend([(user, "user"), (system, "system")]);
        }
        let seconds = seconds
            .iter()
            .map(|(seconds, what)| format!("{seconds:10.3} s {what}\n"));
        format!(
            "{}{}{}\n{}",
            time.unwrap_or_default(),
            listing::notes(since),
            report.notes,
            seconds.collect::<String>(),
        )
    }

    fn stat(&self, report: &Report<'_>) -> Stat {
        let figures = &report.during;
        let of_command = |figure| (!self.is_alone()).then_some(figure);
        Stat {
            command: self.words(),
            exit_code: (!self.is_alone()).then(|| figures.ended.exit_code()),
            elapsed_seconds: figures.elapsed.as_secs_f64(),
            user_seconds: of_command(figures.user),
            system_seconds: of_command(figures.system),
            own_cpuid_exits: report.own_cpuid_exits,
        }
    }
}
