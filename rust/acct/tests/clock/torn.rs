// SPDX-License-Identifier: GPL-2.0

//! A reader beside a vCPU whose clock is just being written: whichever of the stores it sees, the
//! sum over the states is the time since the clock began, or it has to read again.

use acct::{
    clock::{Change, Clock, Stamps},
    times::Times,
};
use std::cell::Cell;
use std::mem::{align_of, size_of};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::*};
use std::thread;

const WORDS: usize = size_of::<Clock>() / size_of::<AtomicU64>();

/// No exit is in flight.
const NONE: i64 = -1;

/// When the clock begins.
const BEGAN: i64 = 1_000_000;

/// The clock as the words that it is made of: each an atomic one, in whatever order.
fn words(clock: &Clock) -> &[AtomicU64; WORDS] {
    const { assert!(size_of::<Clock>() % 8 == 0 && align_of::<Clock>() == 8) };
    // SAFETY: It is as large, as aligned, made of nothing but atomic words, and lives as long.
    unsafe { &*(clock as *const Clock).cast() }
}

#[derive(Clone, Copy)]
enum Op {
    Change(Change, i64),
    /// Entered, taken, dealt with.
    Exit(i64, i64, i64),
}

use Op::{Change as C, Exit as E};

/// One after the other, all that a vCPU does.
const OPS: [Op; 10] = [
    C(Change::Run, BEGAN),
    E(BEGAN + 11, BEGAN + 130, BEGAN + 170),
    // Not entered.
    E(0, BEGAN + 200, BEGAN + 231),
    C(Change::Preempted, BEGAN + 240),
    C(Change::Resumed, BEGAN + 299),
    C(Change::Halted, BEGAN + 311),
    C(Change::Run, BEGAN + 400),
    C(Change::Vmm, BEGAN + 405),
    C(Change::Run, BEGAN + 500),
    E(BEGAN + 503, BEGAN + 600, BEGAN + 700),
];

fn apply(clock: &Clock, op: Op) {
    match op {
        C(change, tsc) => _ = clock.change(change, false, tsc),
        E(entered, start, end) => {
            clock.exit(Stamps { entered, start }, (end - start) as u64, || end);
        }
    }
}

/// After `ops`.
fn clock(ops: &[Op]) -> Clock {
    let clock = Clock::default();
    clock.stop(|| unreachable!(), || unreachable!());
    ops.iter().for_each(|op| apply(&clock, *op));
    clock
}

fn try_read(clock: &Clock, op: Op, now: i64) -> Option<Times> {
    // KVM's stamps stay as they were until the exit has been booked.
    let stamps = match op {
        E(entered, start, _) => Stamps { entered, start },
        C(..) => Stamps {
            entered: 0,
            start: NONE,
        },
    };
    clock.try_read(|| stamps, || now)
}

/// Each subset of the stores of each step, but the last one: the stamp, which makes it whole.
#[test]
fn in_no_order_of_the_stores_is_time_torn() {
    let (mut all, mut refused) = (0, 0);
    let now = BEGAN + 1_000;
    for at in 1..OPS.len() {
        let (before, after) = (clock(&OPS[..at]), clock(&OPS[..=at]));
        let is_stamp = |word: u64| (BEGAN as u64..now as u64).contains(&word);
        let changed: Vec<_> = (0..WORDS)
            .map(|n| {
                (
                    n,
                    words(&before)[n].load(Relaxed),
                    words(&after)[n].load(Relaxed),
                )
            })
            .filter(|(_, old, new)| old != new)
            .filter(|(_, old, new)| !(is_stamp(*old) && is_stamp(*new)))
            .collect();
        for subset in 0..1u32 << changed.len() {
            let torn = clock(&OPS[..at]);
            for (bit, (n, _, new)) in changed.iter().enumerate() {
                if subset >> bit & 1 != 0 {
                    words(&torn)[*n].store(*new, Relaxed);
                }
            }
            all += 1;
            match try_read(&torn, OPS[at], now) {
                Some(times) => {
                    assert_eq!(times.sum(), 1_000, "step {at}: {subset:b}");
                    assert_eq!(times.elapsed, 1_000, "step {at}: {subset:b}");
                }
                None => refused += 1,
            }
        }
        let whole = try_read(&after, C(Change::Run, 0), now);
        assert_eq!(whole.map(|times| times.sum()), Some(1_000));
    }
    assert!(
        refused > 20 && refused < all - OPS.len(),
        "{refused} of {all}"
    );
}

#[test]
fn a_step_between_two_looks_is_noticed() {
    let ended = C(Change::Vmm, BEGAN + 20);
    let clock = clock(&OPS[..1]);
    let looks = Cell::new(0);
    let nothing = Stamps {
        entered: 0,
        start: NONE,
    };
    let stamps = || {
        if looks.replace(looks.get() + 1) == 0 {
            apply(&clock, ended);
        }
        nothing
    };
    let times = clock.read(stamps, || BEGAN + 100);
    assert_eq!(looks.get(), 2);
    assert_eq!(times.cycles, [0, 0, 20, 80, 0]);
}

#[test]
fn beside_a_running_vcpu_the_sum_is_the_time() {
    let clock = clock(&OPS[..1]);
    let tsc = AtomicI64::new(BEGAN);
    let [entered, start] = [0, NONE].map(AtomicI64::new);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let pass = |n| tsc.fetch_add(n, SeqCst) + n;
            for round in 0..300_000 {
                entered.store(pass(3), SeqCst);
                let taken = pass(20);
                start.store(taken, SeqCst);
                let stamps = Stamps {
                    entered: entered.load(SeqCst),
                    start: taken,
                };
                clock.exit(stamps, (pass(7) - taken) as u64, || 0);
                start.store(NONE, SeqCst);
                if round % 5 == 0 {
                    clock.change(Change::Vmm, false, pass(2));
                    clock.change(Change::Run, false, pass(50));
                }
            }
            done.store(true, SeqCst);
        });
        let mut reads = 0;
        while !done.load(SeqCst) || reads == 0 {
            let at = Cell::new(0);
            let times = clock.read(
                || Stamps {
                    start: start.load(SeqCst),
                    entered: entered.load(SeqCst),
                },
                || {
                    at.set(tsc.load(SeqCst));
                    at.get()
                },
            );
            assert_eq!(times.sum(), (at.get() - BEGAN) as u64, "{times:?}");
            reads += 1;
        }
    });
    let rest = clock.read(
        || Stamps {
            entered: 0,
            start: NONE,
        },
        || tsc.load(SeqCst),
    );
    assert_eq!(rest.cycles[..2], [300_000 * 20, 300_000 * 7]);
    assert_eq!(rest.entered[..2], [300_000; 2]);
}
