// SPDX-License-Identifier: GPL-2.0

//! VMX or SVM: which of the two a processor has, and where its capabilities are.

use core::fmt;

use super::msrs::MSRS;
use super::places::Place;
use super::registers::{self, Register};
use super::svm;

/// What a processor runs virtual machines with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// Intel's.
    Vmx,
    /// AMD's.
    Svm,
}

/// CPUID leaf 1, bit of ECX: the processor has VMX (SDM 26.6).
const LEAF_1_ECX_VMX: u32 = 5;

/// CPUID leaf 8000_0001, bit of ECX: the processor has SVM (APM Vol. 2, 15.4).
const LEAF_8000_0001_ECX_SVM: u32 = 2;

impl Extension {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Vmx, Self::Svm];

    /// Which of the two the processor has that `cpuid` asks: for a leaf, EAX to EDX.
    ///
    /// The kernel's own feature flags would not do: it drops them where firmware has locked the
    /// extension off, but the capabilities are there all the same.
    pub fn detect<E>(mut cpuid: impl FnMut(u32) -> Result<[u32; 4], E>) -> Result<Option<Self>, E> {
        let [_, _, ecx, _] = cpuid(1)?;
        if (ecx >> LEAF_1_ECX_VMX) & 1 != 0 {
            return Ok(Some(Self::Vmx));
        }
        let svm = match extended_leaf(0x8000_0001, cpuid)? {
            Some([_, _, ecx, _]) => (ecx >> LEAF_8000_0001_ECX_SVM) & 1 != 0,
            None => false,
        };
        Ok(svm.then_some(Self::Svm))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vmx => "VMX",
            Self::Svm => "SVM",
        }
    }

    /// Every place that a processor with it may have, and the place's name.
    ///
    /// Whatever decides whether one exists stands in one before it.
    pub fn places(self) -> impl Iterator<Item = (Place, &'static str)> {
        (0..).map_while(move |i| match self {
            Self::Vmx => MSRS.get(i).map(|&(msr, name)| (Place::Msr(msr), name)),
            Self::Svm => svm::PLACES.get(i).copied(),
        })
    }

    /// Those of them that are made of fields, in the order in which they are reported.
    pub fn registers(self) -> &'static [Register] {
        match self {
            Self::Vmx => registers::REGISTERS,
            Self::Svm => svm::REGISTERS,
        }
    }
}

/// The answer to an extended leaf; `None` where the processor has no such leaf.
pub(super) fn extended_leaf<E>(
    leaf: u32,
    mut cpuid: impl FnMut(u32) -> Result<[u32; 4], E>,
) -> Result<Option<[u32; 4]>, E> {
    // A processor without extended leaves answers with some other leaf.
    let [highest, ..] = cpuid(0x8000_0000)?;
    if (leaf..=0x8000_ffff).contains(&highest) {
        cpuid(leaf).map(Some)
    } else {
        Ok(None)
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
