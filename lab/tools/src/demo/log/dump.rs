// SPDX-License-Identifier: GPL-2.0

//! A dump of the module's: its first line, and the line of a reason. `rust/module/dump.rs` writes
//! them.

use crate::text::number;
use anyhow::{bail, ensure, Context, Result};
use kvm_exits::snapshot::{Counters, Isa, Paging, Scope};
use std::collections::BTreeMap;

/// What the module's messages begin with.
const MODULE: &str = "kvm_exit_stats: ";

/// A dump.
pub struct Dump {
    why: String,
    pub isa: Isa,
    pub paging: Paging,
    pub generation: u64,
    pub scope: Scope,
    /// As the first line has it: count and cycles.
    pub total: Counters,
    /// By number: what it is called there, and its counters.
    pub rows: BTreeMap<u32, (String, Counters)>,
}

impl Dump {
    /// Reads a first line: `None` of any other.
    pub fn heading(line: &str) -> Result<Option<Self>> {
        let Some((why, rest)) = message(line)
            .and_then(|text| text.strip_prefix("dump ("))
            .and_then(|text| text.split_once("): "))
        else {
            return Ok(None);
        };
        let isa = if rest.starts_with("NPT") {
            Isa::Svm
        } else {
            Isa::Vmx
        };
        let mut parts = rest.split(", ");
        let mut next = |name: &str| {
            let part = parts.next().context("it ends too early")?;
            part.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(' '))
                .with_context(|| format!("\"{part}\" should be {name}"))
        };
        let dump = Self {
            why: why.to_string(),
            isa,
            paging: match isa {
                Isa::Vmx => Paging {
                    tdp: on(next("EPT")?)?,
                    vpid: on(next("VPID")?)?,
                    unrestricted_guest: on(next("unrestricted guest")?)?,
                },
                Isa::Svm => Paging {
                    tdp: on(next("NPT")?)?,
                    vpid: on(next("ASID")?)?,
                    unrestricted_guest: false,
                },
            },
            generation: number(next("generation")?)?,
            scope: match next("scope")? {
                "vm" => Scope::Vm,
                "host" => Scope::Host,
                other => bail!("\"{other}\" is no scope"),
            },
            total: counters(next("total")?)?,
            rows: BTreeMap::new(),
        };
        Ok(Some(dump))
    }

    /// Takes the line of a reason, and passes over any other.
    pub fn row(&mut self, line: &str) -> Result<()> {
        // SVM's names have blanks in them.
        let row = message(line)
            .and_then(|text| text.trim_start().split_once(' '))
            .and_then(|(reason, rest)| {
                let (name, _) = rest.split_once(" count ")?;
                Some((reason.parse().ok()?, (name, &rest[name.len()..])))
            });
        let Some((reason, (name, values))) = row else {
            return Ok(());
        };
        let row = (name.to_string(), counters(values)?);
        ensure!(
            self.rows.insert(reason, row).is_none(),
            "{} has reason {reason} twice",
            self.which()
        );
        Ok(())
    }

    /// The counters of `reason`, zero where it has no line.
    pub fn counters(&self, reason: u32) -> Counters {
        self.rows.get(&reason).map(|row| row.1).unwrap_or_default()
    }

    /// How to call it in a sentence.
    pub fn which(&self) -> String {
        format!("the dump ({}) of generation {}", self.why, self.generation)
    }
}

/// The module's message in a line.
fn message(line: &str) -> Option<&str> {
    line.split_once(MODULE).map(|(_, text)| text)
}

fn on(text: &str) -> Result<bool> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => bail!("\"{text}\" is neither on nor off"),
    }
}

/// `count N cycles N`, and what else there may be.
fn counters(text: &str) -> Result<Counters> {
    let mut words = text.split_whitespace();
    let mut next = |name: &str| {
        ensure!(words.next() == Some(name), "there is no {name}");
        number(words.next().context("it ends too early")?)
    };
    Ok(Counters {
        count: next("count")?,
        cycles: next("cycles")?,
        ..Counters::default()
    })
}
