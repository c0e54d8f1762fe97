// SPDX-License-Identifier: GPL-2.0

//! The rules of the leaves 0x4FFFFFFC to 0x4FFFFFFF, once more and on their own.

use acct::leaves::Registers;
use kvm_exits::snapshot::Isa;

/// The layouts, as the module parameter `leaves` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// Total count and cycles in one leaf, count per reason in the next.
    V1 = 1,
    /// Total count, total cycles, count per reason, cycles per reason.
    V2 = 2,
    /// The same four the other way round.
    V3 = 3,
}

/// What a leaf answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// EAX = all exits.
    TotalCount,
    /// EBX:ECX = all cycles.
    TotalCycles,
    /// EAX = all exits, EBX:ECX = all cycles.
    TotalBoth,
    /// EAX = exits of reason ECX.
    Count,
    /// EBX:ECX = cycles of reason ECX.
    Cycles,
    /// Not a leaf of ours: whatever KVM answers.
    Kvms,
}

impl Meaning {
    /// Whether EAX is a count.
    pub fn counts(self) -> bool {
        matches!(self, Self::TotalCount | Self::TotalBoth | Self::Count)
    }

    /// Whether EBX:ECX are cycles.
    pub fn cycles(self) -> bool {
        matches!(self, Self::TotalCycles | Self::TotalBoth | Self::Cycles)
    }

    /// Whether ECX names a reason.
    pub fn per_reason(self) -> bool {
        matches!(self, Self::Count | Self::Cycles)
    }
}

impl Layout {
    /// The meaning of 0x4FFFFFFC, …FD, …FE and …FF.
    pub fn meanings(self) -> [(u32, Meaning); 4] {
        use Meaning::{Count, Cycles, Kvms, TotalBoth, TotalCount, TotalCycles};
        let [c, d, e, f] = match self {
            Self::V1 => [Kvms, Kvms, Count, TotalBoth],
            Self::V2 => [Cycles, Count, TotalCycles, TotalCount],
            Self::V3 => [TotalCount, TotalCycles, Count, Cycles],
        };
        [
            (0x4fff_fffc, c),
            (0x4fff_fffd, d),
            (0x4fff_fffe, e),
            (0x4fff_ffff, f),
        ]
    }
}

/// Every subleaf worth asking: all that a reason could be, and the ones around that trip bounds or
/// become a reason when they lose their upper half.
pub fn subleaves() -> impl Iterator<Item = u32> {
    let svm_high = 0x3ff..=0x404;
    (0..=0xff)
        .chain(svm_high)
        .chain([0xffff, 0x1_0000, 0x8000_0001, 0xffff_ffff])
}

/// The number of CPUID's own exit.
pub fn cpuid_reason(isa: Isa) -> u32 {
    match isa {
        Isa::Vmx => 10,
        Isa::Svm => 0x72,
    }
}

/// Whether the manual knows the reason.
pub fn is_defined(isa: Isa, reason: u32) -> bool {
    // SDM Vol. 3D, Table C-1, has these gaps, and ends at 85.
    const GAPS: [u32; 7] = [35, 38, 42, 70, 71, 82, 83];
    match isa {
        Isa::Vmx => reason <= 85 && !GAPS.contains(&reason),
        // APM Vol. 2, Table C-1; the negative ones (VMEXIT_INVALID, …) are no reasons of the leaves.
        Isa::Svm => matches!(reason, 0..=0xa6 | 0x400..=0x403),
    }
}

/// The figures of an answer, or the rule that it breaks.
pub fn judge(
    meaning: Meaning,
    defined: bool,
    r: Registers,
) -> Result<(Option<u32>, Option<u64>), &'static str> {
    if meaning.per_reason() && !defined {
        return match (r.eax, r.ebx, r.ecx, r.edx) {
            (0, 0, 0, u32::MAX) => Ok((None, None)),
            _ => Err("a reason the manual does not define: eax = ebx = ecx = 0, edx = 0xffffffff"),
        };
    }
    if r.edx != 0 {
        return Err("edx is not part of this answer and has to be 0");
    }
    if !meaning.counts() && r.eax != 0 {
        return Err("eax is not part of this answer and has to be 0");
    }
    if !meaning.cycles() && (r.ebx != 0 || r.ecx != 0) {
        return Err("ebx and ecx are not part of this answer and have to be 0");
    }
    let cycles = (u64::from(r.ebx) << 32) | u64::from(r.ecx);
    if meaning == Meaning::TotalBoth && r.eax == 0 {
        return Err("no exit at all, though this question is one");
    }
    Ok((
        meaning.counts().then_some(r.eax),
        meaning.cycles().then_some(cycles),
    ))
}
