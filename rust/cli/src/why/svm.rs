// SPDX-License-Identifier: GPL-2.0

//! SVM. Sections are the APM's, Vol. 2; functions are KVM's, in `arch/x86/kvm/svm`.

use super::change::{Change, ANY, DOWN, UP};
use super::says::{Need, Says, Side, Why};
use super::texts;
use acct::reasons::svm::*;

// 8.4.2: the keys of PF_EXCP are #PF's error code.
fn not_present(code: u64) -> bool {
    code & 0b1001 == 0
}
fn not_present_write(code: u64) -> bool {
    code & 0b1011 == 0b10
}
fn read_only(code: u64) -> bool {
    code & 0b1011 == 0b11
}
fn reserved(code: u64) -> bool {
    code & 0b1000 != 0
}
/// Of NPF: KVM's mark for MMIO.
fn mmio(key: u64) -> bool {
    key >> 4 & 1 != 0
}
fn deadline(key: u64) -> bool {
    key == 0x6e0 | 1 << 32
}

const CR0: Says = Says::on(
    UP,
    "For shadow paging KVM keeps paging and write protection on in the processor's CR0 (PG, WP). \
     While the guest's CR0 says otherwise, KVM answers for it at each access: {before} became \
     {after}.",
);

pub const LIST: &[Why] = &[
    // `init_vmcb()`: with NPT, KVM intercepts none of the first four.
    Why {
        reason: PF_EXCP,
        says: &[
            Says::on(UP, texts::PAGE_FAULT),
            Says::needing(
                UP,
                &[
                    Need::keys("missing", PF_EXCP, not_present),
                    Need::keys("writes", PF_EXCP, not_present_write),
                ],
                texts::NOT_PRESENT,
            ),
            Says::needing(
                UP,
                &[Need::keys("protected", PF_EXCP, read_only)],
                texts::READ_ONLY,
            ),
            Says::needing(UP, &[Need::keys("mmio", PF_EXCP, reserved)], texts::RESERVED),
        ],
    },
    Why {
        reason: WRITE_CR3,
        says: &[Says::on(UP, texts::CR3)],
    },
    Why {
        reason: READ_CR3,
        says: &[Says::on(
            UP,
            "Under shadow paging the processor has KVM's page tables in CR3, and the guest is to see \
             its own: {before} reads became {after}.",
        )],
    },
    Why {
        reason: INVLPG,
        says: &[Says::on(UP, texts::INVLPG)],
    },
    // `svm_recalc_instruction_intercepts()`.
    Why {
        reason: INVPCID,
        says: &[Says::on(UP, texts::INVPCID)],
    },
    // 15.25.6.
    Why {
        reason: NPF,
        says: &[
            Says::on(
                DOWN,
                "The exit for a page that NPT does not map yet, or not for what the guest tries. \
                 Without NPT there is no such walk: {before} became {after}.",
            ),
            Says::needing(
                &[Change::Gone],
                &[Need::Other(PF_EXCP)],
                "A page's first use is among the {other} of PF excp instead.",
            ),
            Says::needing(
                &[Change::Gone],
                &[
                    Need::keys_of(Side::Nested, "marked", NPF, mmio),
                    Need::keys("mmio", PF_EXCP, reserved),
                ],
                "Over all of the guest's life, {marked} were accesses to the memory of emulated \
                 devices (MMIO), which KVM marks by a reserved bit; under shadow paging {mmio} page \
                 faults met it.",
            ),
        ],
    },
    // `svm_set_cr0()`.
    Why {
        reason: READ_CR0,
        says: &[
            CR0,
            // lab/emulator/kvm-amd-cr-reads.patch says why.
            Says::needing(
                UP,
                &[Need::Emulated],
                "(Newer versions of QEMU's emulator take a read of any control register for one of \
                 CR0.)",
            ),
        ],
    },
    Why {
        reason: WRITE_CR0,
        says: &[CR0],
    },
    // `svm_check_intercept()`: the intercept of all writes comes before that of some.
    Why {
        reason: CR0_SEL_WRITE,
        says: &[Says::needing(
            DOWN,
            &[Need::Other(WRITE_CR0)],
            "A write of CR0 that changes more than TS and MP. Where KVM intercepts every write of \
             CR0, those are write_cr0, {other} of them: {before} became {after}.",
        )],
    },
    Why {
        reason: MSR,
        says: &[
            Says::needing(&[Change::More], &[Need::Longer], texts::LONGER),
            Says::needing(
                &[Change::More],
                &[
                    Need::keys_of(Side::Nested, "deadlines_before", MSR, deadline),
                    Need::keys("deadlines", MSR, deadline),
                ],
                texts::DEADLINES,
            ),
            Says::on(&[Change::Same, Change::Fewer], texts::ALWAYS),
        ],
    },
    Why {
        reason: VINTR,
        says: &[
            Says::on(ANY, texts::WINDOW),
            Says::on(UP, texts::LONGER_WINDOW),
        ],
    },
    // SVM has no timer of its own for guests: KVM takes one of the host's.
    Why {
        reason: INTR,
        says: &[Says::on(
            ANY,
            "An interrupt of the host's while the guest ran; the guest's timer is among them, for \
             which KVM has a timer of the host's. It goes by the clock, not by paging: {before} and \
             {after}.",
        )],
    },
    Why {
        reason: CPUID,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: IOIO,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: READ_CR4,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: WRITE_CR4,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: WRITE_DR7,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: HLT,
        says: &[Says::on(ANY, texts::WAITS)],
    },
    Why {
        reason: PAUSE,
        says: &[Says::on(ANY, texts::WAITS)],
    },
];
