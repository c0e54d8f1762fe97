// SPDX-License-Identifier: GPL-2.0

//! The guest's side of the CPUID leaves of kvm_exit_stats: finding them, the latch, the figures.
//!
//! Only the extended leaves are used. They answer alike in every layout, and in 64 bits.

use crate::cpuid::{Cpuid, HOLD};
use crate::signals::Deferred;
use crate::snapshot::{Counters, Isa, Paging, ReasonRow, Scope, Snapshot, Source, SCHEMA};
use crate::time::{Entered, States, Time};
use acct::leaves::{time, Layout, Registers};
use acct::leaves::{
    ABI, INFO, LATCH, REASON, REASON_L2, SIGNATURE, SIGNATURE_TEXT, TIME, TOTAL, VMM,
};
use acct::table;
use acct::times::State;
use anyhow::{bail, ensure, Context, Result};

/// The sub-leaf of [`LATCH`] that only asks.
const ASK: u32 = 2;

/// How often to read what the host has let go of meanwhile.
const TRIES: u32 = 5;

/// What the leaf [`INFO`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Layout of the leaves 0x4FFFFFFC to 0x4FFFFFFF.
    pub layout: Layout,
    /// Whose exits are shown.
    pub scope: Scope,
    /// What numbers them.
    pub isa: Isa,
    /// How the host translates the guest's memory.
    pub paging: Paging,
    /// Moves on a reset and on a reload of kvm-intel or kvm-amd.
    pub generation: u32,
    /// The host's TSC.
    pub tsc_khz: u32,
}

/// The leaves, once found.
#[derive(Debug)]
pub struct Leaves<'a, C> {
    cpuid: &'a C,
    /// Whether there are [`TIME`] and [`VMM`]: a host of before has them not.
    has_time: bool,
}

impl<'a, C: Cpuid> Leaves<'a, C> {
    /// Looks for the signature.
    pub fn detect(cpuid: &'a C) -> Result<Self> {
        let answer = cpuid.query(SIGNATURE, 0)?;
        // Without such a leaf, a processor may answer with the figures of some other one.
        ensure!(
            [answer.ebx, answer.ecx, answer.edx] == SIGNATURE_TEXT && answer.eax >= LATCH,
            "no leaves of kvm_exit_stats here: this is no guest of a host that has the module \
             loaded, or the module runs with leaves=off, or with cpl0=1, which shows them to the \
             guest's kernel only (then pass --cpl0)"
        );
        let abi = cpuid.query(INFO, 0)?.eax & 0xff;
        ensure!(
            abi == ABI,
            "the host's kvm_exit_stats speaks ABI {abi}, this kvm-exits ABI {ABI}: \
             use the kvm-exits that belongs to the host's module"
        );
        Ok(Self {
            cpuid,
            has_time: answer.eax >= VMM,
        })
    }

    /// What the host says about the figures.
    pub fn info(&self) -> Result<Info> {
        let r = self.cpuid.query(INFO, 0)?;
        let layout = (r.eax >> 8) & 0xff;
        Ok(Info {
            layout: Layout::ALL
                .into_iter()
                .map(|(_, l)| l)
                .find(|&l| l as u32 == layout)
                .with_context(|| {
                    format!("the host reports layout {layout}, which this kvm-exits does not know")
                })?,
            scope: match (r.eax >> 16) & 0xff {
                0 => Scope::Vm,
                1 => Scope::Host,
                other => {
                    bail!("the host reports scope {other}, which this kvm-exits does not know")
                }
            },
            isa: Isa::of(r.ebx),
            paging: Paging::of(r.ebx),
            generation: r.ecx,
            tsc_khz: r.edx,
        })
    }

    /// Latches this vCPU's view anew: until released, all leaves answer from one moment.
    ///
    /// No signal comes meanwhile, for what ended the program would leave the view latched.
    pub fn latch(&self) -> Result<Latch<'a, C>> {
        let signals = Deferred::new()?;
        // A view left behind by somebody else would be an old one.
        self.release()?;
        let answer = self.cpuid.query(LATCH, HOLD)?;
        ensure!(
            answer.eax == 1,
            "the host did not latch the counters (leaf {LATCH:#x} answered eax={:#x})",
            answer.eax
        );
        Ok(Latch {
            leaves: Self { ..*self },
            keep: false,
            _signals: signals,
        })
    }

    /// Releases the view of this vCPU, latched or not.
    pub fn release(&self) -> Result<()> {
        self.cpuid.query(LATCH, 0).map(drop)
    }

    /// Everything, of one moment, and the latch that it was read under.
    ///
    /// The host lets go of the view where the VM is reset or the vCPU starts anew; what is read
    /// without it is of no one moment, so it is read again.
    pub fn latched(&self) -> Result<(Snapshot, Latch<'a, C>)> {
        for _ in 0..TRIES {
            let latch = self.latch()?;
            let snapshot = latch.snapshot();
            if latch.holds()? {
                return Ok((snapshot?, latch));
            }
        }
        bail!(
            "the host let go of the latched counters {TRIES} times while they were read, as it \
             does when CPUs are started: try again"
        )
    }
}

/// A latched view: released when dropped, unless it is to be kept.
#[derive(Debug)]
pub struct Latch<'a, C: Cpuid> {
    leaves: Leaves<'a, C>,
    keep: bool,
    /// Dropped after the view has been released.
    _signals: Deferred,
}

impl<C: Cpuid> Latch<'_, C> {
    /// Leaves the view latched.
    pub fn keep(mut self) {
        self.keep = true;
    }

    /// Whether the view is still latched.
    fn holds(&self) -> Result<bool> {
        Ok(self.query(LATCH, ASK)?.eax == 1)
    }

    /// Everything, checked. Only here: several answers belong together only if they are of one view.
    fn snapshot(&self) -> Result<Snapshot> {
        let info = self.leaves.info()?;
        let time = self.time()?;
        let mut rows = Vec::new();
        // All that a table of the host has a cell for, defined here or not: with one left out,
        // the sum would not be the total.
        for reason in (0..table::CELLS).map(table::reason_at) {
            let mut counters = self.counters(reason)?;
            if counters.count == 0 {
                continue;
            }
            if time.is_some() {
                let (count, cycles) = pair(self.query(VMM, reason)?);
                counters.vmm_count = Some(count);
                counters.vmm_cycles = Some(cycles);
            }
            rows.push(ReasonRow {
                reason,
                name: info.isa.reason_name(reason).into(),
                counters,
                histogram: None,
                detail: None,
            });
        }
        let snapshot = Snapshot {
            schema: SCHEMA,
            source: Source::Cpuid,
            kernel: None,
            isa: info.isa,
            generation: info.generation.into(),
            scope: info.scope,
            tsc_khz: Some(info.tsc_khz.into()),
            machine: None,
            vm: None,
            paging: info.paging,
            total: self.total(&rows)?,
            // That of a VM, also where the exits are all VMs'.
            time: time.filter(|_| info.scope == Scope::Vm),
            vcpus: None,
            reasons: rows,
        };
        snapshot.verify()?;
        Ok(snapshot)
    }

    /// The counters of all reasons, of which `rows` has those that were counted.
    fn total(&self, rows: &[ReasonRow]) -> Result<Counters> {
        let sum = Counters::sum(rows.iter().map(|row| &row.counters));
        if self.leaves.cpuid.max_subleaf() != TOTAL {
            return Ok(sum);
        }
        Ok(Counters {
            // Not the leaf's: a VMM that a reason led out to before a reset may have come back
            // since, and the reason has cycles there without any exit.
            vmm_count: sum.vmm_count,
            vmm_cycles: sum.vmm_cycles,
            ..self.counters(TOTAL)?
        })
    }

    /// Where the time of the VM's vCPUs went; `None` where the host does not measure it.
    fn time(&self) -> Result<Option<Time>> {
        if !self.leaves.has_time {
            return Ok(None);
        }
        let of_vm = |what| self.query(TIME, what | time::VM).map(pair);
        let (_, elapsed) = of_vm(time::ELAPSED)?;
        if elapsed == 0 {
            return Ok(None);
        }
        let (mut entered, mut cycles) = (States::default(), States::default());
        for (state, _) in State::ALL {
            let (count, sum) = of_vm(state as u32)?;
            *entered.of_mut(state) = count;
            *cycles.of_mut(state) = sum;
        }
        let (preemptions, preempted) = of_vm(time::PREEMPTED)?;
        Ok(Some(Time {
            elapsed,
            cycles,
            preempted,
            preempted_in: None,
            entered: Some(Entered {
                states: entered,
                preempted: preemptions,
            }),
        }))
    }

    /// The counters of `reason`, or of all together ([`TOTAL`]).
    fn counters(&self, reason: u32) -> Result<Counters> {
        let (count, cycles) = pair(self.query(REASON, reason)?);
        // Each question is an exit itself: none for a part of nothing.
        let (l2_count, l2_cycles) = match count {
            0 => (0, 0),
            _ => pair(self.query(REASON_L2, reason)?),
        };
        Ok(Counters {
            count,
            cycles,
            l2_count: Some(l2_count),
            l2_cycles: Some(l2_cycles),
            // These leaves tell no more; what is the VMM's has its own.
            ..Counters::default()
        })
    }

    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        self.leaves.cpuid.query(leaf, subleaf)
    }
}

impl<C: Cpuid> Drop for Latch<'_, C> {
    fn drop(&mut self) {
        if !self.keep {
            // The instruction cannot fail, and a device that does has said so before.
            let _ = self.leaves.release();
        }
    }
}

/// `(count, cycles)`.
fn pair(r: Registers) -> (u64, u64) {
    let wide = |high: u32, low: u32| (u64::from(high) << 32) | u64::from(low);
    (wide(r.ebx, r.eax), wide(r.edx, r.ecx))
}

#[cfg(test)]
mod tests;
