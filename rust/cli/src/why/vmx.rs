// SPDX-License-Identifier: GPL-2.0

//! VMX. Sections are the SDM's, Vol. 3C; functions are KVM's, in `arch/x86/kvm`.

use super::change::{Change, ANY, DOWN, UP};
use super::says::{Need, Says, Side, Why};
use super::texts;
use acct::reasons::vmx::*;

/// As the keys of EXCEPTION_NMI have it: the vector in 7:0, the error code above.
const fn error_code(key: u64) -> Option<u64> {
    if key & 0xff == 14 {
        Some(key >> 8)
    } else {
        None
    }
}

fn not_present(key: u64) -> bool {
    error_code(key).is_some_and(|code| code & 0b1001 == 0)
}
fn not_present_write(key: u64) -> bool {
    not_present(key) && key >> 8 & 0b10 != 0
}
fn read_only(key: u64) -> bool {
    error_code(key).is_some_and(|code| code & 0b1011 == 0b11)
}
fn reserved(key: u64) -> bool {
    error_code(key).is_some_and(|code| code & 0b1000 != 0)
}
fn cr3_write(key: u64) -> bool {
    key == 0x03
}
fn cr3_read(key: u64) -> bool {
    key == 0x13
}
fn deadline(key: u64) -> bool {
    key == 0x6e0
}

/// Code that KVM emulates makes no exits of its own.
const EMULATED_INSTEAD: Says = Says::needing(
    &[Change::Same, Change::Fewer],
    &[Need::Less, Need::Restricted, Need::Other(INVALID_STATE)],
    "What KVM emulates as INVALID_STATE ({other}) does not exit for it.",
);

pub const LIST: &[Why] = &[
    Why {
        reason: EXCEPTION_NMI,
        says: &[
            Says::on(UP, texts::PAGE_FAULT),
            Says::needing(
                UP,
                &[
                    Need::keys("missing", EXCEPTION_NMI, not_present),
                    Need::keys("writes", EXCEPTION_NMI, not_present_write),
                ],
                texts::NOT_PRESENT,
            ),
            Says::needing(
                UP,
                &[Need::keys("protected", EXCEPTION_NMI, read_only)],
                texts::READ_ONLY,
            ),
            Says::needing(
                UP,
                &[Need::keys("mmio", EXCEPTION_NMI, reserved)],
                texts::RESERVED,
            ),
        ],
    },
    // 30.3.3.2.
    Why {
        reason: EPT_VIOLATION,
        says: &[
            Says::on(
                DOWN,
                "The exit for a page that EPT does not map yet, or not for what the guest tries. \
                 Without EPT there is nothing to violate: {before} became {after}.",
            ),
            Says::needing(
                &[Change::Gone],
                &[Need::Other(EXCEPTION_NMI)],
                "A page's first use is among the {other} of EXCEPTION_NMI instead.",
            ),
        ],
    },
    // 30.3.3.1; `kvm_mmu_set_ept_masks()`.
    Why {
        reason: EPT_MISCONFIG,
        says: &[
            Says::on(
                DOWN,
                "KVM marks the memory of emulated devices (MMIO) by EPT entries that are wrong on \
                 purpose, so that each access exits. Without EPT there are none: {before} became \
                 {after}.",
            ),
            Says::needing(
                &[Change::Gone],
                &[
                    Need::keys_of(Side::Nested, "misconfigured", EPT_MISCONFIG, |_| true),
                    Need::keys("mmio", EXCEPTION_NMI, reserved),
                ],
                "The mark is a reserved bit in the shadow page tables instead. Over all of the \
                 guest's life, {misconfigured} accesses exited as EPT_MISCONFIG, and {mmio} as #PF \
                 with RSVD.",
            ),
        ],
    },
    Why {
        reason: CR_ACCESS,
        says: &[
            Says::on(UP, texts::CR3),
            Says::needing(
                UP,
                &[Need::keys("loads", CR_ACCESS, cr3_write)],
                "Over all of the guest's life, {loads} of {life} were writes of CR3.",
            ),
            Says::needing(
                UP,
                &[Need::keys("reads", CR_ACCESS, cr3_read)],
                "{reads} read it: the processor has KVM's there, and the guest is to see its own.",
            ),
        ],
    },
    // `vmx_exec_control()`.
    Why {
        reason: INVLPG,
        says: &[Says::on(UP, texts::INVLPG)],
    },
    // 27.1.3: where INVLPG exits.
    Why {
        reason: INVPCID,
        says: &[Says::on(UP, texts::INVPCID)],
    },
    // 28.2.1.1: unrestricted guest needs EPT; 28.3.1.2: what segments have to be without it;
    // `handle_invalid_guest_state()`.
    Why {
        reason: INVALID_STATE,
        says: &[Says::needing(
            UP,
            &[Need::Restricted],
            "Only with EPT may a guest run real-mode code as it is (\"unrestricted guest\"). Without, \
             KVM emulates the firmware's, instruction by instruction, and counts each turn of that \
             here: {before} became {after}, at {mean} cycles each, where an exit of this run takes \
             {mean_of_all}.",
        )],
    },
    Why {
        reason: MSR_WRITE,
        says: &[
            Says::needing(&[Change::More], &[Need::Longer], texts::LONGER),
            Says::needing(
                &[Change::More],
                &[
                    Need::keys_of(Side::Nested, "deadlines_before", MSR_WRITE, deadline),
                    Need::keys("deadlines", MSR_WRITE, deadline),
                ],
                texts::DEADLINES,
            ),
            Says::on(&[Change::Same, Change::Fewer], texts::ALWAYS),
        ],
    },
    // `vmx_set_hv_timer()`.
    Why {
        reason: PREEMPTION_TIMER,
        says: &[
            Says::on(
                ANY,
                "KVM has the VMX-preemption timer count down to the guest's next timer interrupt; \
                 this is its end.",
            ),
            Says::needing(UP, &[Need::Longer], texts::LONGER),
        ],
    },
    Why {
        reason: INTERRUPT_WINDOW,
        says: &[
            Says::on(ANY, texts::WINDOW),
            Says::on(UP, texts::LONGER_WINDOW),
        ],
    },
    Why {
        reason: EXTERNAL_INTERRUPT,
        says: &[
            Says::on(ANY, texts::HOSTS),
        ],
    },
    // 27.1.2.
    Why {
        reason: CPUID,
        says: &[Says::on(ANY, texts::ALWAYS), EMULATED_INSTEAD],
    },
    Why {
        reason: XSETBV,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: IO_INSTRUCTION,
        says: &[Says::on(ANY, texts::ALWAYS), EMULATED_INSTEAD],
    },
    Why {
        reason: MSR_READ,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: DR_ACCESS,
        says: &[Says::on(ANY, texts::ALWAYS)],
    },
    Why {
        reason: HLT,
        says: &[Says::on(ANY, texts::WAITS)],
    },
    // 27.1.3, PAUSE-loop exiting.
    Why {
        reason: PAUSE_INSTRUCTION,
        says: &[Says::on(ANY, texts::WAITS)],
    },
];
