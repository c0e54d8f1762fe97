// SPDX-License-Identifier: GPL-2.0

//! Where capabilities are told: MSRs, and the registers of a CPUID leaf.

use core::fmt;

use super::extension::Extension;

/// One value that tells of capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The MSR with this index.
    Msr(u32),
    /// This register of the answer to CPUID leaf [`super::svm::LEAF`].
    Cpuid(Gpr),
}

/// A register that CPUID answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gpr {
    /// EAX.
    Eax,
    /// EBX.
    Ebx,
    /// ECX.
    Ecx,
    /// EDX.
    Edx,
}

impl Gpr {
    /// The registers, in the order in which an answer lists them.
    pub const ALL: [Self; 4] = [Self::Eax, Self::Ebx, Self::Ecx, Self::Edx];

    /// The register's part of an answer.
    pub fn of(self, answer: [u32; 4]) -> u32 {
        let [eax, ebx, ecx, edx] = answer;
        match self {
            Self::Eax => eax,
            Self::Ebx => ebx,
            Self::Ecx => ecx,
            Self::Edx => edx,
        }
    }

    /// Its name, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eax => "eax",
            Self::Ebx => "ebx",
            Self::Ecx => "ecx",
            Self::Edx => "edx",
        }
    }
}

impl Place {
    /// What the SDM or the APM calls it.
    pub fn name(self) -> &'static str {
        Extension::ALL
            .into_iter()
            .flat_map(Extension::places)
            .find(|&(place, _)| place == self)
            .map_or("unknown MSR", |(_, name)| name)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Msr(msr) => write!(f, "{} ({msr:#x})", self.name()),
            Self::Cpuid(_) => f.write_str(self.name()),
        }
    }
}
