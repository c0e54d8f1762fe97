// SPDX-License-Identifier: GPL-2.0

//! Figures that others have published, to see whether ours go the same way.

use super::Lesson;
use crate::comparison::proportion;
use crate::snapshot::Isa;
use acct::reasons::vmx;

/// What they are of.
pub const OF: &str = "Published by somebody else, for the boot of a distribution on hardware: \
    another guest, another machine, another kernel. The counts have nothing to do with ours; which \
    way they go, and how far, may be compared.";

/// Reason, with EPT, and with shadow paging.
const FIGURES: [(u32, u64, u64); 4] = [
    (vmx::EXCEPTION_NMI, 16_896, 1_926_000),
    (vmx::CR_ACCESS, 775_415, 10_268_766),
    (vmx::INVLPG, 0, 174_268),
    (vmx::INVPCID, 0, 136_629),
];

/// One reason, ours and theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// Ours, with EPT and with shadow paging, and the one in proportion to the other.
    pub ours: (u64, u64, String),
    /// Theirs likewise.
    pub theirs: (u64, u64, String),
}

/// All of them; none of SVM.
pub fn beside(lesson: &Lesson) -> Vec<Published> {
    let isa = lesson.comparison.isa;
    if isa != Isa::Vmx {
        return Vec::new();
    }
    let (nested, shadow) = lesson.pair();
    let count = |column: usize, reason| lesson.snapshots[column].1.count(reason);
    let with_ratio = |a, b| (a, b, proportion(a, b));
    let each = FIGURES.iter().map(|&(reason, before, after)| Published {
        reason,
        name: isa.reason_name(reason),
        ours: with_ratio(count(nested, reason), count(shadow, reason)),
        theirs: with_ratio(before, after),
    });
    each.collect()
}
