// SPDX-License-Identifier: GPL-2.0

//! Asking CPUID: by the instruction, or through the guest's kernel.

use acct::leaves::{Registers, LATCH};
use anyhow::{Context, Result};
use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The sub-leaf of [`LATCH`] that latches.
pub const HOLD: u32 = 1;

/// Something that answers CPUID. All answers come from the CPU that the source is bound to.
pub trait Cpuid {
    /// The answer to `leaf`, with `subleaf` in ECX.
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers>;

    /// The highest sub-leaf that can be asked for.
    fn max_subleaf(&self) -> u32 {
        u32::MAX
    }
}

/// The CPUID instruction, on the CPU that the thread runs on.
#[derive(Debug)]
pub struct Instruction;

impl Cpuid for Instruction {
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        // A safe function only since Rust 1.94.
        #[allow(unused_unsafe)]
        // SAFETY: every x86-64 processor has CPUID, and any leaf may be asked for.
        let r = unsafe { core::arch::x86_64::__cpuid_count(leaf, subleaf) };
        Ok(Registers {
            eax: r.eax,
            ebx: r.ebx,
            ecx: r.ecx,
            edx: r.edx,
        })
    }
}

/// `/dev/cpu/N/cpuid` of the guest's `cpuid` module: the kernel executes the instruction, at CPL 0.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens the device of `cpu`.
    pub fn open(cpu: usize) -> Result<Self> {
        let path = format!("/dev/cpu/{cpu}/cpuid");
        File::open(&path).map(Self).with_context(|| {
            format!("cannot open {path}: load the cpuid module (modprobe cpuid) and run as root")
        })
    }
}

impl Cpuid for Device {
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        let mut answer = [0; 16];
        // The file position is the question: EAX in its low half, ECX in its high half.
        let position = u64::from(leaf) | (u64::from(subleaf) << 32);
        self.0
            .read_exact_at(&mut answer, position)
            .with_context(|| format!("reading CPUID leaf {leaf:#x} from the cpuid device"))?;
        let word =
            |i: usize| u32::from_ne_bytes([answer[i], answer[i + 1], answer[i + 2], answer[i + 3]]);
        Ok(Registers {
            eax: word(0),
            ebx: word(4),
            ecx: word(8),
            edx: word(12),
        })
    }

    /// A file position is not negative.
    fn max_subleaf(&self) -> u32 {
        u32::MAX >> 1
    }
}

/// Counts how often another source is asked: an exit each time.
#[derive(Debug)]
pub struct Counting<C> {
    cpuid: C,
    asked: Cell<u64>,
    latched: Cell<u64>,
}

impl<C> Counting<C> {
    /// Nothing asked yet.
    pub fn new(cpuid: C) -> Self {
        Self {
            cpuid,
            asked: Cell::new(0),
            latched: Cell::new(0),
        }
    }

    /// How often it has been asked.
    pub fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// How often it had been asked when the view was latched last, that time included.
    pub fn until_latched(&self) -> u64 {
        self.latched.get()
    }
}

impl<C: Cpuid> Cpuid for Counting<C> {
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        self.asked.set(self.asked.get() + 1);
        if (leaf, subleaf) == (LATCH, HOLD) {
            self.latched.set(self.asked.get());
        }
        self.cpuid.query(leaf, subleaf)
    }

    fn max_subleaf(&self) -> u32 {
        self.cpuid.max_subleaf()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_answers() {
        let vendor = Instruction.query(0, 0).unwrap();
        assert!(vendor.eax > 0);
        assert_ne!(vendor.ebx, 0);
    }
}
