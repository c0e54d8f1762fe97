// SPDX-License-Identifier: GPL-2.0

//! CPUID with every register poisoned before.

use acct::leaves::Registers;
use anyhow::Result;
use kvm_exits::cpuid::Cpuid;
use std::arch::asm;

/// What the registers hold before CPUID: nothing that it could answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poison(u64);

impl Poison {
    /// Two that have no byte in common.
    pub const BOTH: [Self; 2] = [Self(0xa5c3_9b71_d9e5_b36b), Self(0x5a3c_648e_2e1a_4c94)];

    /// The poison in the `n`th register.
    fn of(self, n: u32) -> u64 {
        self.0.rotate_left(3 * n)
    }

    /// The poison in RAX, RBX, RCX and RDX.
    #[cfg(test)]
    pub(crate) fn of_results(self) -> [u64; 4] {
        [0, 1, 2, 3].map(|n| self.of(n))
    }

    /// Whether `value` is the poison, or a half of it, of any register.
    fn is_in(self, value: u32) -> bool {
        (0..REGISTERS).any(|n| self.of(n) as u32 == value || (self.of(n) >> 32) as u32 == value)
    }
}

/// RAX, RBX, RCX, RDX, RSI, RDI and R9 to R15.
const REGISTERS: u32 = 13;

/// All that CPUID left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// RAX, RBX, RCX and RDX, whole.
    pub rax_to_rdx: [u64; 4],
    /// Whether the registers that CPUID has no business with are as they were.
    pub others_kept: bool,
}

impl Answer {
    /// The lower halves, which are the answer.
    pub fn registers(&self) -> Registers {
        let [eax, ebx, ecx, edx] = self.rax_to_rdx.map(|r| r as u32);
        Registers { eax, ebx, ecx, edx }
    }

    /// What is wrong with it whatever the leaf.
    pub fn leak(&self, poison: Poison) -> Option<&'static str> {
        if self.rax_to_rdx.iter().any(|r| r >> 32 != 0) {
            Some("CPUID clears bits 63:32 of its four registers")
        } else if self.rax_to_rdx.iter().any(|&r| poison.is_in(r as u32)) {
            Some("a register still holds what was in it before")
        } else if !self.others_kept {
            Some("CPUID changes no register but its four")
        } else {
            None
        }
    }
}

/// Something that executes CPUID.
pub trait Machine {
    /// Asks `leaf` and `subleaf`, with `poison` in all the rest.
    fn ask(&self, leaf: u32, subleaf: u32, poison: Poison) -> Answer;
}

/// The processor, or the hypervisor that plays it.
#[derive(Debug)]
pub struct Processor;

impl Machine for Processor {
    fn ask(&self, leaf: u32, subleaf: u32, poison: Poison) -> Answer {
        let upper = |n, lower: u32| poison.of(n) & !0xffff_ffff | u64::from(lower);
        let mut r = [0; REGISTERS as usize];
        // SAFETY: every x86-64 processor has CPUID, and any leaf may be asked for. RBX, which the
        // compiler keeps for itself, waits in R8 meanwhile; the others are declared.
        unsafe {
            asm!(
                "xchg r8, rbx",
                "cpuid",
                "xchg r8, rbx",
                inout("rax") upper(0, leaf) => r[0],
                inout("r8") poison.of(1) => r[1],
                inout("rcx") upper(2, subleaf) => r[2],
                inout("rdx") poison.of(3) => r[3],
                inout("rsi") poison.of(4) => r[4],
                inout("rdi") poison.of(5) => r[5],
                inout("r9") poison.of(6) => r[6],
                inout("r10") poison.of(7) => r[7],
                inout("r11") poison.of(8) => r[8],
                inout("r12") poison.of(9) => r[9],
                inout("r13") poison.of(10) => r[10],
                inout("r14") poison.of(11) => r[11],
                inout("r15") poison.of(12) => r[12],
                options(nomem, nostack),
            );
        }
        Answer {
            rax_to_rdx: [r[0], r[1], r[2], r[3]],
            others_kept: (4..REGISTERS).all(|n| r[n as usize] == poison.of(n)),
        }
    }
}

/// A machine as the tool's own reader of the leaves wants it.
#[derive(Debug)]
pub struct Reader<'a, M>(pub &'a M);

impl<M: Machine> Cpuid for Reader<'_, M> {
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        Ok(self.0.ask(leaf, subleaf, Poison::BOTH[0]).registers())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_keeps_its_rules() {
        for poison in Poison::BOTH {
            for (leaf, subleaf) in [(0, 0), (1, 0), (7, 0), (0x8000_0000, 0), (0x8000_0001, 7)] {
                let answer = Processor.ask(leaf, subleaf, poison);
                assert_eq!(answer.leak(poison), None, "{leaf:#x}");
            }
        }
        let [a, b] = Poison::BOTH.map(|p| Processor.ask(0, 0, p));
        assert_eq!(a, b);
    }

    #[test]
    fn leaks_are_seen() {
        let poison = Poison::BOTH[0];
        let clean = Answer {
            rax_to_rdx: [1, 2, 0, 0xffff_ffff],
            others_kept: true,
        };
        assert_eq!(clean.leak(poison), None);
        let mut answer = clean;
        answer.rax_to_rdx[2] = u64::from(poison.of(9) as u32);
        assert!(answer.leak(poison).is_some());
        assert_eq!(answer.leak(Poison::BOTH[1]), None);
        let mut answer = clean;
        answer.rax_to_rdx[0] |= 1 << 40;
        assert!(answer.leak(poison).is_some());
        let mut answer = clean;
        answer.others_kept = false;
        assert!(answer.leak(poison).is_some());
    }
}
