// SPDX-License-Identifier: GPL-2.0

//! What there is to say of the reading itself, in the kernel log and on a terminal alike.

use core::fmt;

use super::capabilities::Capabilities;
use super::extension::Extension;
use super::places::Place;

/// Why there is nothing to report of a processor without either.
pub const NEITHER: &str = "this CPU has neither VMX nor SVM, or a hypervisor hides it \
     (CPUID 0x1, ECX bit 5; CPUID 0x80000001, ECX bit 2)";

/// What usually hides a value.
pub const HIDDEN: &str = "a hypervisor may hide it";

/// A value that the processor must have, but that could not be read.
#[derive(Clone, Copy, Debug)]
pub struct Missing<'a> {
    /// The value.
    pub place: Place,
    /// Why it could not be read.
    pub why: &'a str,
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be read: {}", self.place, self.why)
    }
}

/// A value that one CPU has different from the first CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// Where it is read.
    pub place: Place,
    /// The CPU.
    pub cpu: u32,
    /// What the CPU has; `None` if nothing can be read there.
    pub value: Option<u64>,
    /// The machine's first CPU.
    pub first_cpu: u32,
    /// What the first CPU has.
    pub first_value: Option<u64>,
}

impl Disagreement {
    /// Where `cpu` differs from `first_cpu`, by what each of the two says.
    pub fn between<'a>(
        (first_cpu, first): (u32, &'a Capabilities),
        (cpu, here): (u32, &'a Capabilities),
    ) -> impl Iterator<Item = Self> + 'a {
        first
            .differences(here)
            .map(move |(place, first_value, value)| Self {
                place,
                cpu,
                value,
                first_cpu,
                first_value,
            })
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CPUs disagree on {}: CPU {} has {}, CPU {} has {}",
            self.place,
            self.first_cpu,
            OrNothing(self.first_value),
            self.cpu,
            OrNothing(self.value),
        )
    }
}

struct OrNothing(Option<u64>);

impl fmt::Display for OrNothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value:#x}"),
            None => f.write_str("nothing"),
        }
    }
}

/// Why there is nothing to report of a processor that has the extension.
pub fn hidden(extension: Extension) -> &'static str {
    match extension {
        Extension::Vmx => {
            "CPUID has VMX, but no capability MSR can be read: a hypervisor hides them"
        }
        Extension::Svm => {
            "CPUID has SVM, but neither its leaf 0x8000000a nor VM_CR can be read: \
             a hypervisor hides them"
        }
    }
}
