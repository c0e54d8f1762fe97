// SPDX-License-Identifier: GPL-2.0

//! The odd cases, one by one.

use acct::{
    clock::{Change, Ended, Stamps},
    times::Times,
};

use crate::model::{Step, Vcpu, NONE};

#[test]
fn a_stopped_clock_keeps_what_it_has() {
    let mut vcpu = Vcpu::new();
    vcpu.tsc += 5_000;
    assert_eq!(vcpu.read(), Times::ZERO);
    vcpu.step(Step::Preempt, 1);
    vcpu.step(Step::Resume, 70);
    assert_eq!(vcpu.read(), Times::ZERO, "it is in no state");

    let mut vcpu = Vcpu::new();
    vcpu.step(Step::Run, 1);
    vcpu.step(Step::Vmm, 30);
    vcpu.tsc += 5;
    vcpu.stop();
    let kept = vcpu.read();
    assert_eq!(kept.cycles, [0, 0, 30, 5, 0]);
    assert_eq!(kept.elapsed, 35);
    vcpu.tsc += 1_000_000;
    assert_eq!(vcpu.read(), kept);
    // Begins anew, by a change: the time in between is in no state, and no VMM is charged with it.
    assert_eq!(vcpu.change(Change::Run), Ended::default());
    vcpu.tsc += 7;
    assert_eq!(vcpu.read().cycles, [0, 0, 37, 5, 0]);
    assert_eq!(vcpu.read().elapsed, 42);
}

#[test]
fn an_exit_starts_a_stopped_clock() {
    let vcpu = Vcpu::new();
    let stamps = Stamps {
        entered: 900,
        start: 1_000,
    };
    vcpu.clock.exit(stamps, 40, || 1_050);
    let idle = Stamps {
        start: NONE,
        ..stamps
    };
    let times = vcpu.clock.read(|| idle, || 1_060);
    // The guest's part nobody has measured.
    assert_eq!(times.cycles, [0, 40, 20, 0, 0]);
    assert_eq!(times.entered, [0, 1, 1, 0, 0]);
}

#[test]
fn a_lagging_tsc_takes_nothing_back() {
    let vcpu = Vcpu::new();
    vcpu.clock.change(Change::Run, false, 1_000);
    // Entered and left on a CPU that is 500 behind.
    let stamps = Stamps {
        entered: 510,
        start: 520,
    };
    vcpu.clock.exit(stamps, 30, || 550);
    let idle = Stamps {
        start: NONE,
        ..stamps
    };
    let read = |now| vcpu.clock.read(|| idle, || now);
    assert_eq!(read(560).cycles, [0, 30, 0, 0, 0], "now is before it");
    assert_eq!(read(1_035).cycles, [0, 30, 5, 0, 0]);
    let ended = vcpu.clock.change(Change::Vmm, false, 600);
    assert_eq!(ended, Ended::default());
    assert_eq!(vcpu.clock.change(Change::Run, false, 700).vmm, 0);
    assert_eq!(read(1_040).sum(), 40);
    // Entered on one CPU, left on another: all in doubt is the entry's.
    let torn = Stamps {
        entered: 1_100,
        start: 1_090,
    };
    vcpu.clock.exit(torn, 10, || 1_100);
    assert_eq!(read(1_100).cycles, [0, 40, 60, 0, 0]);
}

#[test]
fn what_is_in_flight_is_shown() {
    let vcpu = Vcpu::new();
    vcpu.clock.change(Change::Run, false, 1_000);
    let read = |entered, start| {
        vcpu.clock
            .read(|| Stamps { entered, start }, || 1_100)
            .cycles
    };
    assert_eq!(read(0, NONE), [0, 0, 100, 0, 0]);
    assert_eq!(read(1_010, NONE), [90, 0, 10, 0, 0]);
    assert_eq!(read(1_010, 1_030), [20, 70, 10, 0, 0]);
    assert_eq!(read(0, 1_030), [0, 70, 30, 0, 0], "never entered");
    assert_eq!(read(900, NONE), [0, 0, 100, 0, 0], "the entry before");
    vcpu.clock.change(Change::Vmm, false, 1_040);
    assert_eq!(read(1_010, NONE), [0, 0, 40, 60, 0]);
}

#[test]
fn changes_have_the_kernels_numbers() {
    let all = [
        Change::Run,
        Change::Vmm,
        Change::Halted,
        Change::Preempted,
        Change::Resumed,
    ];
    for (number, change) in (0..).zip(all) {
        assert_eq!((Change::of(number), change as u32), (Some(change), number));
    }
    assert_eq!(Change::of(5), None);
}
