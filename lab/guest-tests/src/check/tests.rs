// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::ask::Answer;
use acct::cell::Level;
use acct::leaves::{self, paging::SVM};
use acct::table::Reading;
use acct::times::Times;
use std::cell::{Cell, RefCell};

type Spoil = fn(leaf: u32, subleaf: u32, poison: [u64; 4], answer: &mut Answer);

/// A guest of the module, spoiled on request.
struct Guest {
    layout: Layout,
    /// Bits of `leaves::paging`.
    paging: u32,
    live: RefCell<Reading>,
    /// And how many questions there had been.
    latched: RefCell<Option<(Reading, u64)>>,
    asked: Cell<u64>,
    spoil: Spoil,
    counts_itself: bool,
}

impl Guest {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            paging: 7,
            live: RefCell::new(Reading::ZERO),
            latched: RefCell::new(None),
            asked: Cell::new(0),
            spoil: |_, _, _, _| {},
            counts_itself: true,
        }
    }

    fn spoiled(spoil: Spoil) -> Self {
        Self {
            spoil,
            ..Self::new(Layout::V2)
        }
    }

    fn of_svm(layout: Layout) -> Self {
        Self {
            paging: SVM | 3,
            ..Self::new(layout)
        }
    }

    fn broken(&self) -> String {
        run(self, self.layout).unwrap().broken.join("\n")
    }
}

/// After so many questions.
fn times(asked: u64) -> Times {
    Times {
        cycles: [10, 5, 3, 2, 1].map(|n| n * asked),
        preempted: [0, 1, 1, 0, 0].map(|n| n * asked),
        entered: [asked; 5],
        preemptions: asked / 2,
        elapsed: 21 * asked,
    }
}

impl Machine for Guest {
    fn ask(&self, leaf: u32, subleaf: u32, poison: Poison) -> Answer {
        let asked = self.asked.get() + 1;
        self.asked.set(asked);
        if self.counts_itself {
            let cpuid = if self.paging & SVM != 0 { 0x72 } else { 10 };
            let mut values = self.live.borrow().get(cpuid);
            // In 32 bits the count has long wrapped.
            let count = (1 << 33) + asked;
            values.l1 = Level {
                count,
                cycles: 1_000 * asked,
            };
            values.l2 = Level {
                count: asked / 4,
                cycles: 50 * asked,
            };
            self.live.borrow_mut().set(cpuid, values);
        }
        let (_, layout) = leaves::Layout::ALL[self.layout as usize - 1];
        let context = leaves::Context {
            layout,
            scope: leaves::Scope::Vm,
            paging: self.paging,
            generation: 1,
            tsc_khz: 1_000,
        };
        let registers = if leaf == LATCH {
            if subleaf < 2 {
                let view = (subleaf == 1).then(|| (self.live.borrow().clone(), asked));
                self.latched.replace(view);
            }
            Registers {
                eax: u32::from(self.latched.borrow().is_some()),
                ..Registers::default()
            }
        } else {
            let (live, latched) = (self.live.borrow(), self.latched.borrow());
            let (view, at) = latched
                .as_ref()
                .map_or((&*live, asked), |(view, at)| (view, *at));
            // Elsewhere the answer of KVM: some leaf's figures, which depend on the subleaf.
            let kvms = Registers {
                eax: 7,
                ebx: 6,
                ecx: subleaf & 0xff,
                edx: 1,
            };
            leaves::answer(&context, view, |_| times(at), leaf, subleaf).unwrap_or(kvms)
        };
        let Registers { eax, ebx, ecx, edx } = registers;
        let mut answer = Answer {
            rax_to_rdx: [eax, ebx, ecx, edx].map(u64::from),
            others_kept: true,
        };
        (self.spoil)(leaf, subleaf, poison.of_results(), &mut answer);
        answer
    }
}

#[test]
fn the_module_passes_in_every_layout() {
    for layout in [Layout::V1, Layout::V2, Layout::V3] {
        for guest in [Guest::new(layout), Guest::of_svm(layout)] {
            let report = run(&guest, layout).unwrap();
            assert_eq!(report.broken, [""; 0], "{layout:?}");
            assert!(report.asked > 4_000, "{}", report.asked);
        }
    }
}

#[test]
fn the_wrong_layout_is_told() {
    let report = run(&Guest::new(Layout::V2), Layout::V3).unwrap();
    assert!(
        report.broken[0].contains("reports V2, not V3"),
        "{:?}",
        report.broken
    );
}

#[test]
fn without_leaves_there_is_nothing_to_check() {
    let guest = Guest::spoiled(|leaf, _, _, answer| {
        if leaf == SIGNATURE {
            answer.rax_to_rdx = [0; 4];
        }
    });
    assert!(run(&guest, Layout::V2).is_err());
}

#[test]
fn a_register_left_alone_is_found() {
    let guest = Guest::spoiled(|leaf, subleaf, poison, answer| {
        if leaf == 0x4fff_fffd && subleaf == 17 {
            answer.rax_to_rdx[1] = u64::from(poison[1] as u32);
        }
    });
    let broken = guest.broken();
    assert!(
        broken.contains("leaf 0x4ffffffd subleaf 0x11: a register still holds"),
        "{broken}"
    );
}

#[test]
fn a_leaf_left_in_eax_is_found() {
    let guest = Guest::spoiled(|leaf, _, _, answer| {
        if leaf == 0x4fff_ffff {
            answer.rax_to_rdx[0] = u64::from(leaf);
        }
    });
    assert!(guest.broken().contains("eax still holds the leaf"));
}

#[test]
fn an_upper_half_left_alone_is_found() {
    let guest = Guest::spoiled(|leaf, _, poison, answer| {
        if leaf == 0x4fff_ffff {
            answer.rax_to_rdx[3] |= poison[3] & !0xffff_ffff;
        }
    });
    assert!(guest.broken().contains("clears bits 63:32"));
}

#[test]
fn an_undefined_reason_must_be_marked() {
    let guest = Guest::spoiled(|leaf, subleaf, _, answer| {
        if leaf == 0x4fff_fffc && subleaf == 35 {
            answer.rax_to_rdx = [0; 4];
        }
    });
    let broken = guest.broken();
    assert!(
        broken.contains("leaf 0x4ffffffc subleaf 0x23: a reason the manual does not"),
        "{broken}"
    );
    assert!(!broken.contains("0x4ffffffd"), "{broken}");
}

#[test]
fn svm_has_its_own_gaps() {
    let guest = Guest {
        spoil: |leaf, subleaf, _, answer| {
            // Of a code above 16 bits zeros are no answer: its exits are in another row.
            if leaf == 0x4fff_fffd && matches!(subleaf, 0xa7 | 0x404 | 0x8000_0001 | u32::MAX) {
                answer.rax_to_rdx = [0; 4];
            }
        },
        ..Guest::of_svm(Layout::V2)
    };
    let broken = guest.broken();
    for subleaf in ["0xa7", "0x404", "0x80000001", "0xffffffff"] {
        let line = format!("leaf 0x4ffffffd subleaf {subleaf}: a reason the manual does not");
        assert!(broken.contains(&line), "{line}: {broken}");
    }
}

#[test]
fn a_defined_reason_must_not_be_marked() {
    let guest = Guest::spoiled(|leaf, subleaf, _, answer| {
        if leaf == 0x4fff_fffd && subleaf == 11 {
            answer.rax_to_rdx = [0, 0, 0, 0xffff_ffff];
        }
    });
    assert!(guest.broken().contains("subleaf 0xb: edx is not part"));
}

#[test]
fn a_total_that_looks_at_the_subleaf_is_found() {
    let guest = Guest::spoiled(|leaf, subleaf, _, answer| {
        if leaf == 0x4fff_fffe && subleaf == 0xffff {
            answer.rax_to_rdx = [0; 4];
        }
    });
    assert!(guest
        .broken()
        .contains("subleaf 0xffff: the cycles went back"));
}

#[test]
fn a_question_that_is_not_counted_is_found() {
    let mut guest = Guest::new(Layout::V2);
    guest.counts_itself = false;
    let broken = guest.broken();
    assert!(broken.contains("at least 1 exits later"), "{broken}");
    assert!(broken.contains("released, but the total stays"), "{broken}");
}

#[test]
fn a_latch_that_does_not_hold_is_found() {
    let guest = Guest::spoiled(|leaf, subleaf, poison, answer| {
        let second = poison[0] == Poison::BOTH[1].of_results()[0];
        if leaf == 0x4fff_fffd && subleaf == 10 && second {
            answer.rax_to_rdx[0] += 5;
        }
    });
    assert!(guest.broken().contains("latched, but"));
}

#[test]
fn a_question_that_releases_is_found() {
    let guest = Guest::spoiled(|leaf, subleaf, _, answer| {
        if leaf == LATCH && subleaf == 2 {
            answer.rax_to_rdx[0] = 0;
        }
    });
    assert!(guest.broken().contains("subleaf 0x2: eax is 1"));
}

#[test]
fn time_that_is_in_no_state_is_found() {
    for state in [1, 0x101] {
        let guest = Guest::spoiled(match state {
            1 => |leaf, subleaf, _, answer| {
                answer.rax_to_rdx[2] -= u64::from(leaf == TIME && subleaf == 1);
            },
            _ => |leaf, subleaf, _, answer| {
                answer.rax_to_rdx[2] -= u64::from(leaf == TIME && subleaf == 0x101);
            },
        });
        assert!(guest.broken().contains("the states add up to"), "{state}");
    }
}

#[test]
fn a_total_that_is_not_the_sum_is_found() {
    let guest = Guest::spoiled(|leaf, subleaf, _, answer| {
        if leaf == REASON_L2 && subleaf == 0xffff {
            answer.rax_to_rdx[0] += 1;
        }
    });
    assert!(guest.broken().contains("the reasons add up to"));
}

#[test]
fn a_leaf_that_is_not_ours_must_be_kvms() {
    let guest = Guest {
        spoil: |leaf, _, _, answer| {
            if leaf == 0x4fff_fffd {
                answer.rax_to_rdx = [0; 4];
            }
        },
        ..Guest::new(Layout::V1)
    };
    assert!(guest.broken().contains("not KVM's answer"));
}
