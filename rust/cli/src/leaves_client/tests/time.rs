// SPDX-License-Identifier: GPL-2.0

//! The leaves of the time, and of what led out to the VMM.

use super::*;

/// What led out to the VMM, of each reason and of all.
fn led_out(snapshot: &Snapshot) -> Vec<(Option<u64>, Option<u64>)> {
    let rows = snapshot.reasons.iter().map(|row| &row.counters);
    rows.chain([&snapshot.total])
        .map(|c| (c.vmm_count, c.vmm_cycles))
        .collect()
}

#[test]
fn time_is_that_of_the_latched_view() {
    let host = Host::vmx();
    let vmm = Level {
        count: 1 << 34,
        cycles: 1 << 36,
    };
    let mut values = host.live.borrow().get(0);
    values.vmm = vmm;
    host.live.borrow_mut().set(0, values);
    // The VMM came back since a reset: cycles of a reason without an exit.
    let late = Values {
        vmm: Level {
            count: 0,
            cycles: 5,
        },
        ..Values::ZERO
    };
    host.live.borrow_mut().set(30, late);

    let s = read(&host).unwrap();
    let times = host.latched_times.get();
    let time = s.time.unwrap();
    assert_eq!(
        (time.elapsed, time.cycles, time.preempted),
        (times.elapsed, times.cycles.into(), times.preempted())
    );
    let entered = time.entered.unwrap();
    assert_eq!(entered.states, times.entered.into());
    assert_eq!(entered.preempted, times.preemptions);
    assert_eq!(
        (time.preempted_in, &s.vcpus),
        (None, &None),
        "a guest is not told"
    );
    let vmm = (Some(vmm.count), Some(vmm.cycles));
    let none = (Some(0), Some(0));
    assert_eq!(led_out(&s), [vmm, none, none, vmm]);
    assert_eq!(s.total.halted_cycles, None);
}

#[test]
fn without_time_there_is_none_of_it() {
    let mut off = Host::vmx();
    off.is_timed = false;
    let mut old = Host::vmx();
    old.highest = LATCH;
    for host in [off, old] {
        let s = read(&host).unwrap();
        assert_eq!(s.time, None);
        assert!(led_out(&s).iter().all(|of| *of == (None, None)), "{s:?}");
    }
    let mut all = Host::vmx();
    all.context.scope = leaves::Scope::Host;
    let s = read(&all).unwrap();
    assert_eq!(s.time, None, "it is this VM's only");
    assert_eq!(led_out(&s)[0], (Some(0), Some(0)));
}

#[test]
fn an_old_host_is_not_asked_for_more() {
    let mut host = Host::vmx();
    host.highest = LATCH;
    let asked = |host: &Host| {
        read(host).unwrap();
        host.times.get().cycles[0]
    };
    let old = asked(&host);
    // Seven for the time, one for each of the three reasons.
    assert_eq!(asked(&Host::vmx()), old + 7 + 3);
}
