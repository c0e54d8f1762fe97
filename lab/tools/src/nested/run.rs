// SPDX-License-Identifier: GPL-2.0

//! One mode's files, read.

use super::events::Event;
use crate::crosscheck::{self, Input};
use crate::hist::{self, Counts};
use anyhow::{Context, Result};
use kvm_exits::files;
use kvm_exits::snapshot::{Counters, Isa, Snapshot};
use std::path::Path;

/// Who walks which page tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A guest and no guest of it; L0 with EPT.
    OneLevel,
    /// Both with EPT.
    NestedEpt,
    /// L0 with EPT, L1 with shadow page tables.
    ShadowOnEpt,
    /// Both with shadow page tables.
    ShadowOnShadow,
}

impl Mode {
    /// In the order of the report.
    pub const ALL: [Self; 4] = [
        Self::OneLevel,
        Self::NestedEpt,
        Self::ShadowOnEpt,
        Self::ShadowOnShadow,
    ];

    /// What its files begin with.
    pub fn name(self) -> &'static str {
        match self {
            Self::OneLevel => "one-level",
            Self::NestedEpt => "nested-ept",
            Self::ShadowOnEpt => "shadow-on-ept",
            Self::ShadowOnShadow => "shadow-on-shadow",
        }
    }
}

/// One mode's figures.
#[derive(Debug)]
pub struct Run {
    /// Which mode.
    pub mode: Mode,
    /// What L0 counted.
    pub l0: Snapshot,
    /// The tracepoint `kvm_exit` at L0.
    pub traced: Counts,
    /// The exits that L0 gave to L1, by the reason that L1 was told.
    pub given: Counts,
    /// What L1 counted, with two levels.
    pub l1: Option<L1>,
    /// Cycles of each part of the workload, in its order.
    pub times: Vec<(String, u64)>,
    /// What single events cost.
    pub events: Vec<Event>,
}

/// L1's own view.
#[derive(Debug)]
pub struct L1 {
    /// What it counted of L2.
    pub counted: Snapshot,
    /// Its tracepoint.
    pub traced: Counts,
}

impl Run {
    /// Reads the files of `mode`, or nothing where there are none.
    pub fn read(directory: &Path, mode: Mode) -> Result<Option<Self>> {
        let path = |suffix: &str| directory.join(format!("{}{suffix}", mode.name()));
        if !path(".json").exists() {
            return Ok(None);
        }
        let counts = |suffix: &str| {
            let path = path(suffix);
            hist::parse(&files::read_text(&path)?, Isa::Vmx.into())
                .with_context(|| path.display().to_string())
        };
        let log = files::read(path(".log"))?;
        let log = String::from_utf8_lossy(&log);
        let l1 = match mode {
            Mode::OneLevel => None,
            _ => Some(L1 {
                counted: Snapshot::load(&path("-l1.json"))?,
                traced: counts("-l1.hist")?,
            }),
        };
        Ok(Some(Self {
            mode,
            l0: Snapshot::load(&path(".json"))?,
            traced: counts(".hist")?,
            given: counts("-injected.hist")?,
            l1,
            times: times(&log).with_context(|| path(".log").display().to_string())?,
            events: super::events::parse(&log)
                .with_context(|| path(".log").display().to_string())?,
        }))
    }

    /// All parts of the workload together.
    pub fn time(&self) -> u64 {
        self.times.iter().map(|(_, cycles)| cycles).sum()
    }

    /// The exits of `reason` at L0.
    pub fn l0_row(&self, reason: u32) -> Counters {
        self.l0
            .row(reason)
            .map_or_else(Counters::default, |row| row.counters)
    }

    /// The module's counts against the tracepoint's, at L0 and at L1.
    pub fn crosschecks(&self) -> Result<Vec<(&'static str, crosscheck::Report)>> {
        let check = |module: &Snapshot, traced: &Counts| {
            crosscheck::compare(&Input {
                module: module.clone(),
                before: None,
                traced: traced.clone(),
                stats: None,
                paging: self.mode.name().to_string(),
                expect_reasons: 1,
                handled: None,
                fastpath: true,
                recorded: None,
            })
        };
        let mut reports = vec![("L0", check(&self.l0, &self.traced)?)];
        if let Some(l1) = &self.l1 {
            reports.push(("L1", check(&l1.counted, &l1.traced)?));
        }
        Ok(reports)
    }
}

/// The lines `timed: NAME CYCLES` of the console.
fn times(log: &str) -> Result<Vec<(String, u64)>> {
    log.lines()
        .filter_map(|line| line.trim_end().strip_prefix("timed: "))
        .map(|line| {
            let (name, cycles) = line.split_once(' ').context("timed: without a figure")?;
            Ok((name.to_string(), crate::text::number(cycles)?))
        })
        .collect()
}
