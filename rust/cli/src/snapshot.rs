// SPDX-License-Identifier: GPL-2.0

//! A snapshot of the counters, as JSON: what `guest`, `show` and `vms` print and reports read.
//! `saved.rs` reads it; the binary one, which the device gives, is decoded in `reading.rs`.
//!
//! A field that the source cannot know is absent, not zero. Fields may be added within a schema
//! (readers pass over those they do not know); a change of meaning moves [`SCHEMA`].

mod counters;
mod since;

use crate::detail::KeyRow;
use crate::name::Name;
use crate::time::{Time, Vcpu};
use acct::{leaves::paging, reasons};
use anyhow::{ensure, Result};
pub use counters::Counters;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The schema that this tool writes and reads.
pub const SCHEMA: u32 = 1;

/// [`Snapshot::machine`] of a run in an emulator, whose TSC counts instructions.
pub const EMULATOR: &str = "emulator";

/// The counters of a VM or of a host at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Where the figures were read.
    pub source: Source,
    /// Release of the host's kernel. A guest cannot know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Name>,
    /// What virtualizes the host's processor.
    pub isa: Isa,
    /// Moves on a reset and whenever kvm-intel or kvm-amd is loaded.
    pub generation: u64,
    /// Whose exits these are.
    pub scope: Scope,
    /// Frequency of the TSC that the cycles are counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsc_khz: Option<u64>,
    /// What the host is, where whoever took the snapshot said so: [`EMULATOR`] or anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Name>,
    /// Which VM's, where the host tells one VM from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vm: Option<Vm>,
    /// How guest memory is translated.
    pub paging: Paging,
    /// The sums over `reasons`.
    pub total: Counters,
    /// Where the vCPUs' time went, where the module measures that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// The same of each vCPU, of a VM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcpus: Option<Vec<Vcpu>>,
    /// The reasons that were counted, by number.
    pub reasons: Vec<ReasonRow>,
}

/// Where a snapshot was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `/dev/kvm_exit_stats`, on the host.
    Device,
    /// The CPUID leaves, in a guest.
    Cpuid,
}

/// The extension that numbers the exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isa {
    /// Intel's.
    Vmx,
    /// AMD's.
    Svm,
}

impl From<Isa> for reasons::Isa {
    fn from(isa: Isa) -> Self {
        match isa {
            Isa::Vmx => Self::Vmx,
            Isa::Svm => Self::Svm,
        }
    }
}

impl Isa {
    /// By the bits of [`paging`].
    pub fn of(bits: u32) -> Self {
        if bits & paging::SVM != 0 {
            Self::Svm
        } else {
            Self::Vmx
        }
    }

    /// The name of `reason`, or a substitute where it has none.
    pub fn reason_name(self, reason: u32) -> String {
        let name = reasons::Isa::from(self).name(reason);
        name.map_or_else(|| format!("UNDEFINED_{reason}"), String::from)
    }

    /// The number of the reason that is called so, in whatever case, or has this number.
    pub fn reason_of(self, text: &str) -> Option<u32> {
        let named = |reason: &&reasons::Reason| reason.name.eq_ignore_ascii_case(text);
        if let Some(reason) = reasons::Isa::from(self).all().iter().find(named) {
            return Some(reason.number);
        }
        let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => text.parse(),
        };
        number.ok()
    }

    /// The number of `reason` as its manual writes it: the SDM in decimal, the APM in hexadecimal.
    pub fn reason_number(self, reason: u32) -> String {
        match self {
            Self::Vmx => reason.to_string(),
            Self::Svm => format!("{reason:#x}"),
        }
    }
}

/// Whose exits are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One VM's, over all its vCPUs.
    Vm,
    /// Those of all VMs.
    Host,
}

/// A VM, as the host knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// Pid of the task that created it.
    pub pid: u32,
    /// That task's name, which it may have chosen to be anything.
    pub name: Name,
    /// How many vCPUs it has.
    pub vcpus: u32,
}

/// How guest memory is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// Two-dimensional paging: EPT or NPT. Without it, shadow paging.
    pub tdp: bool,
    /// TLB entries carry a VPID or an ASID.
    pub vpid: bool,
    /// The guest may run unpaged and in real mode without emulation. VMX's word: SVM has no guests
    /// that may not, and `false` here says nothing.
    pub unrestricted_guest: bool,
}

impl Paging {
    /// By the bits of [`paging`].
    pub fn of(bits: u32) -> Self {
        let is = |bit| bits & bit != 0;
        Self {
            tdp: is(paging::TDP),
            vpid: is(paging::VPID),
            unrestricted_guest: is(paging::UNRESTRICTED),
        }
    }

    /// What to head a column of figures with: "EPT", "shadow", "shadow, vpid=0", …
    pub fn heading(self, isa: Isa) -> String {
        let mut heading = match (self.tdp, isa) {
            (true, Isa::Vmx) => "EPT",
            (true, Isa::Svm) => "NPT",
            (false, _) => "shadow",
        }
        .to_string();
        if !self.vpid {
            heading += match isa {
                Isa::Vmx => ", vpid=0",
                Isa::Svm => ", no ASIDs",
            };
        }
        heading
    }
}

/// The counters of one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReasonRow {
    /// The basic exit reason, or 0xFFFF for all those above the table.
    pub reason: u32,
    /// KVM's name for it.
    pub name: Name,
    /// Its counters.
    #[serde(flatten)]
    pub counters: Counters,
    /// Exits by the logarithm to base 2 of their cycles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Vec<u64>>,
    /// What the exits were about, where the module notes that, of a reason that has keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Vec<KeyRow>>,
}

/// More reasons than any processor has an exit for; a damaged snapshot may have a million.
const MOST_REASONS: usize = 4096;

/// Checks that no reason has two rows, and that there is an end to them.
pub fn reasons_differ(reasons: impl Iterator<Item = u32>) -> Result<()> {
    let mut seen = HashSet::new();
    for reason in reasons {
        ensure!(
            seen.insert(reason) && seen.len() <= MOST_REASONS,
            "a damaged snapshot: it has reason {reason} twice, or more than {MOST_REASONS} reasons"
        );
    }
    Ok(())
}

impl Snapshot {
    /// Whether its cycles are those of an emulator.
    pub fn is_emulated(&self) -> bool {
        self.machine.as_ref().is_some_and(|name| *name == EMULATOR)
    }

    /// The row of `reason`, if it was counted.
    pub fn row(&self, reason: u32) -> Option<&ReasonRow> {
        self.reasons.iter().find(|row| row.reason == reason)
    }

    /// How many exits `reason` had.
    pub fn count(&self, reason: u32) -> u64 {
        self.row(reason).map_or(0, |row| row.counters.count)
    }

    /// Each counter's name, its sum over the reasons, and what the total says.
    pub fn sums(&self) -> impl Iterator<Item = (&'static str, Option<u64>, Option<u64>)> {
        let sum = Counters::sum(self.reasons.iter().map(|row| &row.counters));
        let fields = sum.fields().into_iter().zip(self.total.fields());
        fields.map(|((name, sum), (_, total))| (name, sum, total))
    }

    /// Checks that the total is the sum of the reasons, in every counter that all of them have,
    /// each reason the sum of its keys, and the time that of the states.
    pub fn verify(&self) -> Result<()> {
        reasons_differ(self.reasons.iter().map(|row| row.reason))?;
        for (name, sum, total) in self.sums() {
            // A row may lack what its source cannot know; then there is nothing to compare.
            let (Some(sum), Some(total)) = (sum, total) else {
                continue;
            };
            ensure!(
                sum == total,
                "the reasons' {name} sum up to {sum}, the total says {total}: \
                 this snapshot was not taken at one moment, or it was changed"
            );
        }
        for row in &self.reasons {
            let Some(detail) = &row.detail else { continue };
            let sum = detail
                .iter()
                .map(|key| key.count)
                .fold(0, u64::wrapping_add);
            ensure!(
                sum == row.counters.count,
                "the keys of {} sum up to {sum}, its count is {}: this snapshot was changed",
                row.name,
                row.counters.count
            );
        }
        let vcpus = self.vcpus.iter().flatten().map(|vcpu| &vcpu.time);
        vcpus.chain(&self.time).try_for_each(Time::verify)
    }
}

#[cfg(test)]
mod tests;
