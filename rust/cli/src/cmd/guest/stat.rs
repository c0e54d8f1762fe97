// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits guest stat`: a guest's own exits while a command runs in it.

use super::Where;
use crate::cpuid::{Counting, Cpuid, Device, Instruction};
use crate::leaves_client::Leaves;
use crate::pin::Pin;
use crate::snapshot::{Scope, Snapshot};
use crate::stat::{self, Report};
use anyhow::Result;

/// Count this VM's exits while a command runs in it.
///
/// The difference of two latched readings, before and after. What this program's own CPUIDs take
/// between the two moments is counted, too, and said.
#[derive(Debug, clap::Args)]
#[command(after_long_help = stat::JSON_HELP)]
pub struct Args {
    #[command(flatten)]
    place: Where,

    #[command(flatten)]
    stat: stat::Options,
}

impl Args {
    /// Whether it runs no command.
    pub fn is_alone(&self) -> bool {
        self.stat.is_alone()
    }
}

/// One latched reading.
struct Latched {
    snapshot: Snapshot,
    /// How often CPUID was executed for it, up to its moment and after that.
    until: u64,
    after: u64,
}

/// Runs `kvm-exits guest stat`; returns the exit code.
pub fn run(args: &Args) -> Result<u8> {
    let during = args.stat.during(|| {
        // The command may run on any CPU.
        let pin = Pin::new(args.place.cpu)?;
        if args.place.cpl0 {
            read(Device::open(pin.cpu())?)
        } else {
            read(Instruction)
        }
    })?;
    let since = during.after.snapshot.since(&during.before.snapshot)?;
    let whose = match since.scope {
        Scope::Vm => "this VM's exits",
        Scope::Host => "the exits of all VMs of the host",
    };
    let own = during.before.after + during.after.until;
    args.stat.report(&Report {
        whose: whose.to_string(),
        time_of: "this VM's vCPUs",
        since,
        notes: format!(
            "{own} of the CPUID exits are those of this program, which read the counters.\n"
        ),
        by: None,
        own_cpuid_exits: Some(own),
        during: during.figures(),
    })
}

fn read(cpuid: impl Cpuid) -> Result<Latched> {
    let cpuid = Counting::new(cpuid);
    let (snapshot, latch) = Leaves::detect(&cpuid)?.latched()?;
    drop(latch);
    let until = cpuid.until_latched();
    Ok(Latched {
        snapshot,
        until,
        after: cpuid.asked() - until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::leaves::Registers;
    use std::cell::Cell;

    /// Has the leaves of `snapshot` alone, all figures 0, and counts how often it is asked.
    #[derive(Default)]
    struct Source(Cell<u64>);

    impl Cpuid for &Source {
        fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
            use acct::leaves::{INFO, LATCH, SIGNATURE, SIGNATURE_TEXT};
            self.0.set(self.0.get() + 1);
            let [ebx, ecx, edx] = SIGNATURE_TEXT;
            let zero = Registers::default();
            Ok(match (leaf, subleaf) {
                (SIGNATURE, _) => Registers {
                    eax: LATCH,
                    ebx,
                    ecx,
                    edx,
                },
                (INFO, _) => Registers { eax: 0x201, ..zero },
                (LATCH, 1 | 2) => Registers { eax: 1, ..zero },
                _ => zero,
            })
        }
    }

    #[test]
    fn every_cpuid_is_counted() {
        let source = Source::default();
        let [first, second] = [read(&source).unwrap(), read(&source).unwrap()];
        assert_eq!(
            first.until + first.after + second.until + second.after,
            source.0.get()
        );
        // The signature, the ABI, the release of what somebody else may have left, the latch.
        assert_eq!((first.until, second.until), (4, 4));
        assert!(first.after > 150, "{}", first.after);
    }
}
