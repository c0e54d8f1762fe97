// SPDX-License-Identifier: GPL-2.0

//! One scrape after the other.

use super::families::{self, Extent};
use super::family::Family;
use super::source::Source;
use super::steady::Steady;
use crate::name::Name;
use crate::program::{note, sentence};
use anyhow::Result;
use std::time::Instant;

/// What scrapes have in common.
#[derive(Debug)]
pub struct Exporter {
    source: Source,
    machine: Option<Name>,
    extent: Extent,
    steady: Steady,
    /// Why the last scrape failed, if it did.
    trouble: Option<String>,
}

impl Exporter {
    /// Nothing read yet. `machine` is what is to be noted of the host.
    pub fn new(source: Source, machine: Option<Name>, extent: Extent) -> Self {
        Self {
            source,
            machine,
            extent,
            steady: Steady::default(),
            trouble: None,
        }
    }

    /// Reads, once. Whoever runs this is told on stderr when it begins to fail, and when it works
    /// again; whoever scrapes, each time.
    pub fn scrape(&mut self) -> Result<Vec<Family>> {
        let scraped = self.read();
        let trouble = scraped.as_ref().err().map(sentence);
        if trouble != self.trouble {
            match &trouble {
                Some(why) => note(why),
                None => note("the counters can be read again"),
            }
            self.trouble = trouble;
        }
        scraped
    }

    /// The same, without a word.
    pub fn read(&mut self) -> Result<Vec<Family>> {
        let began = Instant::now();
        let mut reading = self.source.read()?;
        reading.note(self.machine.as_ref());
        let took = began.elapsed();
        let reading = self.steady.next(reading);
        Ok(families::of(&reading, self.extent, took))
    }
}
