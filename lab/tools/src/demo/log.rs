// SPDX-License-Identifier: GPL-2.0

//! A `serial.log`: the dumps of the kernel log, and what `cpuid` printed in the guests.

mod dump;
mod lines;

use super::Read;
use acct::leaves::Registers;
use anyhow::{ensure, Context, Result};
pub use dump::Dump;

/// What `cpuid -l 0x4ffffffd` prints is to be found by.
const LEAF: &str = "0x4ffffffd 0x";

/// The answer of the leaf of counts for a reason.
pub type Leaf = (u32, Registers);

/// What the log has.
#[derive(Default)]
pub struct Log {
    /// All dumps, in order.
    pub dumps: Vec<Dump>,
    /// The answers that came before each dump and after the one before it.
    leaves: Vec<Vec<Leaf>>,
}

impl Log {
    /// Reads the log.
    pub fn load(read: &Read<'_>, name: &'static str) -> Result<Self> {
        let text = read(name)?;
        ensure!(!text.trim().is_empty(), "{name} is empty");
        Self::parse(&text).context(name)
    }

    /// Reads the text of a log.
    pub fn parse(text: &str) -> Result<Self> {
        let mut log = Self::default();
        let mut pending = Vec::new();
        for line in lines::whole(text) {
            let parsed = log.line(&line, &mut pending);
            parsed.with_context(|| format!("in \"{}\"", line.trim()))?;
        }
        Ok(log)
    }

    fn line(&mut self, line: &str, pending: &mut Vec<Leaf>) -> Result<()> {
        if let Some(at) = line.find(LEAF) {
            pending.push(leaf(&line[at..])?);
        } else if let Some(dump) = Dump::heading(line)? {
            self.dumps.push(dump);
            self.leaves.push(std::mem::take(pending));
        } else if let Some(dump) = self.dumps.last_mut() {
            dump.row(line)?;
        }
        Ok(())
    }

    /// The dumps of one generation.
    pub fn dumps_of(&self, generation: u64) -> impl Iterator<Item = &Dump> {
        let of = move |dump: &&Dump| dump.generation == generation;
        self.dumps.iter().filter(of)
    }

    /// The answers to the guest that ran in one generation: a run ends with a dump.
    pub fn leaves_of(&self, generation: u64) -> Vec<Leaf> {
        let dumps = self.dumps.iter().zip(&self.leaves);
        dumps
            .filter(|(dump, _)| dump.generation == generation)
            .flat_map(|(_, leaves)| leaves.iter().copied())
            .collect()
    }

    /// What there is, for people.
    pub fn figures(&self) -> String {
        let leaves: usize = self.leaves.iter().map(Vec::len).sum();
        format!("{} dumps, {leaves} lines of cpuid's", self.dumps.len())
    }
}

/// `0x4ffffffd 0x0a: eax=0x0000060b ebx=0x00000000 ecx=0x00000000 edx=0x00000000`
fn leaf(text: &str) -> Result<Leaf> {
    let mut words = text.split_whitespace().skip(1);
    let mut next = |prefix: &str| {
        let word = words.next().context("it ends too early")?;
        word.strip_prefix(prefix)
            .and_then(|rest| u32::from_str_radix(rest.trim_end_matches(':'), 16).ok())
            .with_context(|| format!("\"{word}\" should be {prefix} and a number"))
    };
    let reason = next("0x")?;
    let registers = Registers {
        eax: next("eax=0x")?,
        ebx: next("ebx=0x")?,
        ecx: next("ecx=0x")?,
        edx: next("edx=0x")?,
    };
    Ok((reason, registers))
}

#[cfg(test)]
mod tests;
