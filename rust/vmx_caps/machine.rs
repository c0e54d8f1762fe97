// SPDX-License-Identifier: GPL-2.0

//! The capabilities of every online CPU.

use crate::caps::remarks::{self, Disagreement, Missing, HIDDEN};
use crate::caps::{report, svm, Capabilities, Extension, Place};
use crate::{cpuid, msr};
use kernel::{
    cpu::{nr_cpu_ids, CpuId},
    fmt,
    prelude::*,
};

/// What the machine's CPUs say of their VMX or SVM.
pub(crate) struct Machine {
    first: u32,
    caps: Capabilities,
    disagreements: KVec<Disagreement>,
}

impl Machine {
    /// Reads every CPU that is online.
    pub(crate) fn read(extension: Extension) -> Result<Self> {
        let mut machine: Option<Self> = None;

        for cpu in (0..nr_cpu_ids()).filter_map(CpuId::from_u32) {
            let caps = match read_cpu(extension, cpu) {
                Ok(caps) => caps,
                // Offline.
                Err(e) if e == ENXIO => continue,
                Err(e) => return Err(e),
            };
            match &mut machine {
                Some(machine) => machine.compare(cpu.as_u32(), &caps)?,
                None => {
                    machine = Some(Self {
                        first: cpu.as_u32(),
                        caps,
                        disagreements: KVec::new(),
                    })
                }
            }
        }

        let machine = machine.ok_or(ENODEV)?;
        if machine.caps.iter().next().is_none() {
            pr_err!("{}\n", remarks::hidden(extension));
            return Err(ENODEV);
        }
        Ok(machine)
    }

    fn compare(&mut self, cpu: u32, caps: &Capabilities) -> Result {
        for disagreement in Disagreement::between((self.first, &self.caps), (cpu, caps)) {
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

    /// Hands `line` a sentence on every value that cannot be read, and on every one that differs.
    fn remarks(&self, line: &mut dyn FnMut(fmt::Arguments<'_>) -> fmt::Result) -> fmt::Result {
        for place in self.caps.missing() {
            let missing = Missing { place, why: HIDDEN };
            line(format_args!("{missing}"))?;
        }
        for disagreement in &self.disagreements {
            line(format_args!("{disagreement}"))?;
        }
        Ok(())
    }
}

/// What the first CPU says, and what else there is to say as comments.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# CPU {}", self.first)?;
        self.caps.dump(&mut |line| writeln!(f, "{line}"))?;
        self.remarks(&mut |line| writeln!(f, "# {line}"))
    }
}

/// Reads one CPU.
fn read_cpu(extension: Extension, cpu: CpuId) -> Result<Capabilities> {
    let leaf = match extension {
        Extension::Vmx => None,
        Extension::Svm => svm::leaf(|leaf| cpuid::on(cpu, leaf))?,
    };
    let mut failure = Ok(());

    let caps = Capabilities::read_with(extension, |place| match place {
        Place::Cpuid(register) => leaf.map(|answer| register.of(answer).into()),
        Place::Msr(msr) => match msr::read(cpu, msr) {
            Ok(value) => Some(value),
            // RDMSR faulted: this MSR is not there, but others may be.
            Err(e) if e == EIO => None,
            Err(e) => {
                failure = Err(e);
                None
            }
        },
    });
    failure.map(|()| caps)
}
