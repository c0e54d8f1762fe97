// SPDX-License-Identifier: GPL-2.0

//! `l2-events`: what one event of a guest costs in exits, here and, where there is a host with
//! kvm_exit_stats below, there.
//!
//! Each event is made to happen N times in one guest and 2N times in another: the difference is
//! that of N events, without what else a guest costs.

use anyhow::{Context, Result};
use clap::Parser;
use guest_tests::tiny::{Event, Guest};
use kvm_exits::cpuid::Instruction;
use kvm_exits::device;
use kvm_exits::leaves_client::Leaves;
use kvm_exits::snapshot::Snapshot;
use serde_json::{json, Value};
use std::collections::BTreeMap;

/// Prints a line `event: {...}` for each kind of event.
#[derive(Parser)]
struct Args {
    /// How often each happens.
    count: u32,
}

/// What is counted between the marks.
struct Interval {
    cycles: u64,
    own: Counts,
    /// Of the host below: its exits of this guest, and of this guest's guest.
    below: Option<[Counts; 2]>,
}

/// By name.
type Counts = BTreeMap<String, i64>;

/// Both views at one moment.
struct Moment {
    own: Snapshot,
    below: Option<Snapshot>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    for event in Event::ALL {
        let once = measure(event, args.count)?;
        let twice = measure(event, 2 * args.count)?;
        println!("event: {}", line(event, args.count, &once, &twice));
    }
    Ok(())
}

fn measure(event: Event, count: u32) -> Result<Interval> {
    let mut guest = Guest::new(event, count)?;
    guest.run_to(0x10)?;
    let before = Moment::now()?;
    let start = tsc();
    guest.run_to(0x11)?;
    let cycles = tsc() - start;
    let after = Moment::now()?;
    Ok(after.since(&before, cycles))
}

impl Moment {
    fn now() -> Result<Self> {
        let (reading, _) = device::read()?;
        let below = match Leaves::detect(&Instruction) {
            Ok(leaves) => Some(leaves.latched().context("the host below")?.0),
            // Of the lowest host.
            Err(_) => None,
        };
        Ok(Self {
            own: reading.host,
            below,
        })
    }

    fn since(&self, before: &Self, cycles: u64) -> Interval {
        let all = |s: &Snapshot| by_name(s, |c| c.count);
        let l2 = |s: &Snapshot| by_name(s, |c| c.l2_count.unwrap_or(0));
        let l1 = |s: &Snapshot| by_name(s, |c| c.count - c.l2_count.unwrap_or(0));
        let below = self.below.as_ref().zip(before.below.as_ref());
        Interval {
            cycles,
            own: less(all(&self.own), &all(&before.own)),
            below: below.map(|(now, then)| [less(l2(now), &l2(then)), less(l1(now), &l1(then))]),
        }
    }
}

fn by_name(snapshot: &Snapshot, of: impl Fn(&kvm_exits::snapshot::Counters) -> u64) -> Counts {
    let rows = snapshot.reasons.iter();
    rows.map(|row| (row.name.to_string(), of(&row.counters) as i64))
        .collect()
}

/// `a` less `b`, without what comes to nothing.
fn less(mut a: Counts, b: &Counts) -> Counts {
    for (name, count) in b {
        *a.entry(name.clone()).or_default() -= count;
    }
    a.retain(|_, count| *count != 0);
    a
}

fn line(event: Event, count: u32, once: &Interval, twice: &Interval) -> Value {
    let name = clap::ValueEnum::to_possible_value(&event);
    let mut line = json!({
        "event": name.map(|name| name.get_name().to_string()),
        "count": count,
        "cycles": twice.cycles as i64 - once.cycles as i64,
        "own": less(twice.own.clone(), &once.own),
    });
    if let (Some([l2, l1]), Some([once_l2, once_l1])) = (&twice.below, &once.below) {
        line["below_l2"] = json!(less(l2.clone(), once_l2));
        line["below_l1"] = json!(less(l1.clone(), once_l1));
    }
    line
}

fn tsc() -> u64 {
    // A safe function in later Rusts.
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 processor has a TSC, and Linux lets programs read it.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
}
