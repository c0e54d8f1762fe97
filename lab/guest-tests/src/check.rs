// SPDX-License-Identifier: GPL-2.0

//! The check: every leaf, every subleaf, twice with different poison, live and latched.

use crate::ask::{Machine, Poison, Reader};
use crate::rules::{self, Layout, Meaning};
use acct::leaves::{Registers, INFO, LATCH, REASON, REASON_L2, SIGNATURE, TIME, TOTAL, VMM};
use acct::table::{reason_at, CELLS};
use anyhow::Result;
use kvm_exits::leaves_client::Leaves;
use kvm_exits::snapshot::Isa;

/// A leaf of KVM's that is nobody's and lies in the range of ours, so that KVM answers it as it
/// would ours if they were not there.
const UNCLAIMED: u32 = 0x4fff_fff0;

/// The subleaf of [`LATCH`] that changes nothing; any but 0 and 1 would do.
const ASK: u32 = 2;

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    /// Questions asked.
    pub asked: usize,
    /// Rules broken, a line each.
    pub broken: Vec<String>,
}

/// Checks `machine` against the rules of `layout`. An error means that there is nothing to check.
pub fn run(machine: &impl Machine, layout: Layout) -> Result<Report> {
    let reader = Reader(machine);
    let leaves = Leaves::detect(&reader)?;
    leaves.release()?;
    let info = leaves.info()?;
    let mut checker = Checker {
        machine,
        layout,
        isa: info.isa,
        report: Report::default(),
    };
    if info.layout as u32 != layout as u32 {
        let reported = info.layout;
        checker.fail(
            INFO,
            0,
            &format!("the host reports {reported:?}, not {layout:?}"),
        );
        return Ok(checker.report);
    }
    checker.live();
    checker.extended();
    let latch = leaves.latch()?;
    checker.latched();
    drop(latch);
    checker.live_again();
    Ok(checker.report)
}

struct Checker<'a, M> {
    machine: &'a M,
    layout: Layout,
    isa: Isa,
    report: Report,
}

impl<M: Machine> Checker<'_, M> {
    fn fail(&mut self, leaf: u32, subleaf: u32, what: &str) {
        let line = format!("leaf {leaf:#x} subleaf {subleaf:#x}: {what}");
        self.report.broken.push(line);
    }

    fn ensure(&mut self, holds: bool, leaf: u32, subleaf: u32, what: &str) {
        if !holds {
            self.fail(leaf, subleaf, what);
        }
    }

    /// Asks once, and looks for what no answer may do.
    fn ask(&mut self, leaf: u32, subleaf: u32, poison: Poison) -> Registers {
        self.report.asked += 1;
        let answer = self.machine.ask(leaf, subleaf, poison);
        if let Some(what) = answer.leak(poison) {
            self.fail(leaf, subleaf, &format!("{what}: {answer:x?}"));
        }
        let r = answer.registers();
        self.ensure(r.eax != leaf, leaf, subleaf, "eax still holds the leaf");
        r
    }

    /// Asks with either poison.
    fn ask_twice(&mut self, leaf: u32, subleaf: u32) -> [Registers; 2] {
        Poison::BOTH.map(|poison| self.ask(leaf, subleaf, poison))
    }

    /// The four leaves while the counters go on: each answer by itself, and none going back.
    fn live(&mut self) {
        for (leaf, meaning) in self.layout.meanings() {
            let mut last = None;
            for subleaf in rules::subleaves() {
                if meaning == Meaning::Kvms {
                    self.unclaimed(leaf, subleaf);
                    continue;
                }
                for r in self.ask_twice(leaf, subleaf) {
                    let defined = rules::is_defined(self.isa, subleaf);
                    match rules::judge(meaning, defined, r) {
                        Ok(figures) => {
                            // CPUID's own exit is in every total, and in its own reason's count.
                            let own =
                                !meaning.per_reason() || subleaf == rules::cpuid_reason(self.isa);
                            self.moves_on(leaf, subleaf, own, last, figures);
                            last = Some(figures);
                        }
                        Err(what) => self.fail(leaf, subleaf, &format!("{what}: {r:x?}")),
                    }
                }
                // Of a total, every subleaf gives the next figure; of a reason, only its own.
                if meaning.per_reason() {
                    last = None;
                }
            }
        }
    }

    fn moves_on(
        &mut self,
        leaf: u32,
        subleaf: u32,
        own_exit: bool,
        last: Option<(Option<u32>, Option<u64>)>,
        now: (Option<u32>, Option<u64>),
    ) {
        let Some(last) = last else { return };
        if let (Some(last), Some(now)) = (last.0, now.0) {
            // 32 bits may wrap, but not half way round between two questions.
            let ahead = now.wrapping_sub(last);
            let least = u32::from(own_exit);
            self.ensure(
                (least..1 << 31).contains(&ahead),
                leaf,
                subleaf,
                &format!("the count went from {last} to {now}, at least {least} exits later"),
            );
        }
        if let (Some(last), Some(now)) = (last.1, now.1) {
            let what = format!("the cycles went back from {last} to {now}");
            self.ensure(now >= last, leaf, subleaf, &what);
        }
    }

    /// A leaf that is not ours has KVM's answer, the same as its unclaimed neighbour's.
    fn unclaimed(&mut self, leaf: u32, subleaf: u32) {
        let neighbour = self.machine.ask(UNCLAIMED, subleaf, Poison::BOTH[0]);
        for r in self.ask_twice(leaf, subleaf) {
            let what = format!("not a leaf of ours, but not KVM's answer either: {r:x?}");
            self.ensure(r == neighbour.registers(), leaf, subleaf, &what);
        }
    }

    fn extended(&mut self) {
        for r in self.ask_twice(SIGNATURE, 0) {
            let what = format!("the highest extended leaf is {VMM:#x}: {r:x?}");
            self.ensure(r.eax == VMM, SIGNATURE, 0, &what);
        }
        for r in self.ask_twice(INFO, 0) {
            self.ensure(
                r.eax >> 24 == 0,
                INFO,
                0,
                &format!("eax 31:24 are 0: {r:x?}"),
            );
            self.ensure(
                r.ebx & !0x107 == 0,
                INFO,
                0,
                &format!("ebx has bits 0-2, 8: {r:x?}"),
            );
        }
        for subleaf in [0, ASK] {
            self.latch_answers(subleaf, 0);
        }
        for subleaf in rules::subleaves() {
            let l2 = self.ask_twice(REASON_L2, subleaf)[1];
            let all = self.ask_twice(REASON, subleaf)[0];
            self.ensure(
                count(l2) <= count(all) && (cycles(l2) <= cycles(all) || all.edx == u32::MAX),
                REASON_L2,
                subleaf,
                &format!("L2's part is more than the whole: {l2:x?} of {all:x?}"),
            );
        }
        for subleaf in rules::subleaves() {
            let vmm = self.ask_twice(VMM, subleaf)[1];
            let all = self.ask_twice(REASON, subleaf)[0];
            // Not fewer than it led out: KVM_RUN may return again before the guest is entered.
            let what = format!("{vmm:x?} led out, with no exit: {all:x?}");
            self.ensure(count(vmm) == 0 || count(all) > 0, VMM, subleaf, &what);
        }
        for nothing in [6, 0xfe, 0x106, 0x1_0000] {
            for r in self.ask_twice(TIME, nothing) {
                let what = format!("there is no such state: {r:x?}");
                self.ensure(r == Registers::default(), TIME, nothing, &what);
            }
        }
        for leaf in VMM + 1..=VMM + 0xa {
            self.unclaimed(leaf, 0);
        }
    }

    fn latch_answers(&mut self, subleaf: u32, eax: u32) {
        let expected = Registers {
            eax,
            ..Registers::default()
        };
        for r in self.ask_twice(LATCH, subleaf) {
            let what = format!("eax is {eax}, all else 0: {r:x?}");
            self.ensure(r == expected, LATCH, subleaf, &what);
        }
    }

    /// With the view latched, everything agrees with everything.
    fn latched(&mut self) {
        self.latch_answers(ASK, 1);
        for (leaf, meaning) in self.layout.meanings() {
            for subleaf in rules::subleaves().filter(|_| meaning != Meaning::Kvms) {
                let [a, b] = self.ask_twice(leaf, subleaf);
                let what = format!("latched, but {a:x?} became {b:x?}");
                self.ensure(a == b, leaf, subleaf, &what);
                let of = if meaning.per_reason() { subleaf } else { TOTAL };
                if meaning.per_reason() && !rules::is_defined(self.isa, subleaf) {
                    continue;
                }
                let wide = self.ask(REASON, of, Poison::BOTH[1]);
                let agrees = (!meaning.counts() || a.eax == wide.eax)
                    && (!meaning.cycles() || (a.ebx, a.ecx) == (wide.edx, wide.ecx));
                let what = format!("{a:x?} is not {REASON:#x}'s {wide:x?}");
                self.ensure(agrees, leaf, subleaf, &what);
            }
        }
        self.times();
        for leaf in [REASON, REASON_L2, VMM] {
            let mut sum = (0u64, 0u64);
            for reason in (0..CELLS).map(reason_at) {
                let r = self.ask(leaf, reason, Poison::BOTH[0]);
                // With no exit there are no cycles, but the mark of an undefined reason.
                if count(r) > 0 {
                    sum = (sum.0.wrapping_add(count(r)), sum.1.wrapping_add(cycles(r)));
                }
            }
            let total = self.ask(leaf, TOTAL, Poison::BOTH[1]);
            let total = (count(total), cycles(total));
            let what = format!("the total is {total:?}, the reasons add up to {sum:?}");
            self.ensure(sum == total, leaf, TOTAL, &what);
        }
    }

    /// Latched, the states add up to what has elapsed: for the vCPU, and for the VM.
    fn times(&mut self) {
        for (vm, elapsed) in [(0, TOTAL), (1 << 8, 0x1ff)] {
            let mut sum = 0u64;
            for state in 0..5 {
                let [a, b] = self.ask_twice(TIME, state | vm);
                let what = format!("latched, but {a:x?} became {b:x?}");
                self.ensure(a == b, TIME, state | vm, &what);
                sum = sum.wrapping_add(cycles(a));
            }
            let all = cycles(self.ask(TIME, elapsed, Poison::BOTH[0]));
            let what = format!("{all} cycles have elapsed, the states add up to {sum}");
            self.ensure(all == sum, TIME, elapsed, &what);
            let preempted = cycles(self.ask(TIME, 5 | vm, Poison::BOTH[1]));
            let what = format!("of {all} cycles {preempted} were preempted");
            self.ensure(preempted <= all, TIME, 5 | vm, &what);
        }
    }

    fn live_again(&mut self) {
        let [a, b] = self.ask_twice(REASON, TOTAL);
        let what = format!("released, but the total stays {}", count(a));
        self.ensure(count(b) > count(a), REASON, TOTAL, &what);
    }
}

fn count(r: Registers) -> u64 {
    (u64::from(r.ebx) << 32) | u64::from(r.eax)
}

fn cycles(r: Registers) -> u64 {
    (u64::from(r.edx) << 32) | u64::from(r.ecx)
}

#[cfg(test)]
mod tests;
