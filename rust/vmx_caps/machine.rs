// SPDX-License-Identifier: GPL-2.0

//! The capability MSRs of every online CPU.

use crate::caps::{msrs, report, Capabilities};
use crate::msr;
use kernel::{
    cpu::{nr_cpu_ids, CpuId},
    fmt,
    prelude::*,
};

/// What the machine's CPUs say of their VMX.
pub(crate) struct Machine {
    first: CpuId,
    caps: Capabilities,
    disagreements: KVec<Disagreement>,
}

/// An MSR that one CPU has different from the first CPU.
struct Disagreement {
    cpu: CpuId,
    msr: u32,
    first: Option<u64>,
    here: Option<u64>,
}

impl Machine {
    /// Reads the MSRs of every CPU that is online.
    pub(crate) fn read() -> Result<Self> {
        let mut machine: Option<Self> = None;

        for cpu in (0..nr_cpu_ids()).filter_map(CpuId::from_u32) {
            let caps = match read_cpu(cpu) {
                Ok(caps) => caps,
                // Offline.
                Err(e) if e == ENXIO => continue,
                Err(e) => return Err(e),
            };
            match &mut machine {
                Some(machine) => machine.compare(cpu, &caps)?,
                None => {
                    machine = Some(Self {
                        first: cpu,
                        caps,
                        disagreements: KVec::new(),
                    })
                }
            }
        }

        let machine = machine.ok_or(ENODEV)?;
        if machine.caps.iter().next().is_none() {
            pr_err!("CPUID has VMX, but no capability MSR can be read: a hypervisor hides them\n");
            return Err(ENODEV);
        }
        Ok(machine)
    }

    fn compare(&mut self, cpu: CpuId, caps: &Capabilities) -> Result {
        for (msr, first, here) in self.caps.differences(caps) {
            let disagreement = Disagreement {
                cpu,
                msr,
                first,
                here,
            };
            self.disagreements.push(disagreement, GFP_KERNEL)?;
        }
        Ok(())
    }

    /// Puts everything into the kernel log.
    pub(crate) fn log(&self) {
        report::lines(&self.caps, &mut |line| pr_info!("{}\n", line));
        // Logging does not fail.
        let _ = self.remarks(&mut |line| {
            pr_warn!("{}\n", line);
            Ok(())
        });
    }

    /// Writes lines of `MSR VALUE` for the first CPU, and what else there is to say as comments.
    pub(crate) fn write_msrs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# CPU {}", self.first.as_u32())?;
        for (msr, value) in self.caps.iter() {
            writeln!(f, "{msr:#x} {value:#x}")?;
        }
        self.remarks(&mut |line| writeln!(f, "# {line}"))
    }

    /// Hands `line` a sentence on every MSR that cannot be read, and on every one that differs.
    fn remarks(&self, line: &mut dyn FnMut(fmt::Arguments<'_>) -> fmt::Result) -> fmt::Result {
        for msr in self.caps.missing() {
            line(format_args!(
                "{} ({msr:#x}) cannot be read: a hypervisor may hide it",
                msrs::name(msr),
            ))?;
        }
        for d in &self.disagreements {
            line(format_args!(
                "CPUs disagree on {} ({:#x}): CPU {} has {}, CPU {} has {}",
                msrs::name(d.msr),
                d.msr,
                self.first.as_u32(),
                OrNothing(d.first),
                d.cpu.as_u32(),
                OrNothing(d.here),
            ))?;
        }
        Ok(())
    }
}

/// Reads the MSRs of one CPU.
fn read_cpu(cpu: CpuId) -> Result<Capabilities> {
    let mut failure = Ok(());

    let caps = Capabilities::read_with(|msr| match msr::read(cpu, msr) {
        Ok(value) => Some(value),
        // RDMSR faulted: this MSR is not there, but others may be.
        Err(e) if e == EIO => None,
        Err(e) => {
            failure = Err(e);
            None
        }
    });
    failure.map(|()| caps)
}

struct OrNothing(Option<u64>);

impl core::fmt::Display for OrNothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value:#x}"),
            None => f.write_str("nothing"),
        }
    }
}
