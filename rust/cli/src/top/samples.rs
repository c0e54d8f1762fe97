// SPDX-License-Identifier: GPL-2.0

//! Where the readings come from, one after the other.

use crate::device;
use crate::name::Name;
use crate::reading::Reading;
use crate::top::rates::Interval;
use anyhow::Result;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The device, or files that stand for it.
#[derive(Debug)]
pub enum Source {
    /// The device, now.
    Device,
    /// Saved snapshots, taken one interval after the other.
    Files(std::vec::IntoIter<PathBuf>),
}

/// The last two readings.
#[derive(Debug)]
pub struct Samples {
    source: Source,
    interval: Duration,
    machine: Option<Name>,
    before: Option<Reading>,
    now: Option<(Reading, Instant)>,
    elapsed: Duration,
}

impl Samples {
    /// Nothing read yet. `machine` is what is to be noted of the host.
    pub fn new(source: Source, interval: Duration, machine: Option<Name>) -> Self {
        Self {
            source,
            interval,
            machine,
            before: None,
            now: None,
            elapsed: interval,
        }
    }

    /// Takes the next reading; `false` where there is none.
    pub fn advance(&mut self) -> Result<bool> {
        // Before reading: a snapshot is of the moment when the device is opened.
        let at = Instant::now();
        let mut reading = match &mut self.source {
            Source::Device => device::read()?.0,
            Source::Files(paths) => match paths.next() {
                Some(path) => Reading::load(&path)?,
                None => return Ok(false),
            },
        };
        for snapshot in reading.snapshots_mut() {
            snapshot.machine.clone_from(&self.machine);
        }
        if let Some((before, then)) = self.now.replace((reading, at)) {
            self.before = Some(before);
            self.elapsed = match self.source {
                Source::Device => at - then,
                Source::Files(_) => self.interval,
            };
        }
        Ok(true)
    }

    /// Waits until the next reading is due.
    pub fn wait(&self) {
        if let Source::Device = self.source {
            std::thread::sleep(self.remaining());
        }
    }

    /// How long it is until the next reading is due.
    pub fn remaining(&self) -> Duration {
        let passed = self.now.as_ref().map(|(_, at)| at.elapsed());
        passed.map_or(Duration::ZERO, |passed| {
            self.interval.saturating_sub(passed)
        })
    }

    /// The last two readings, once there is one.
    pub fn last(&self) -> Option<Interval<'_>> {
        self.now.as_ref().map(|(now, _)| Interval {
            before: self.before.as_ref(),
            now,
            elapsed: self.elapsed,
        })
    }
}
