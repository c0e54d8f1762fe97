// SPDX-License-Identifier: GPL-2.0

//! Snapshots as JSON, beside a good one.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../rust/cli/tests/garbage/swallow.rs"]
#[allow(dead_code)]
mod swallow;

const GOOD: &str = include_str!("../../rust/cli/tests/data/ept.json");

fuzz_target!(|bytes: &[u8]| {
    let good = kvm_exits::snapshot::Snapshot::parse(GOOD).expect("a snapshot");
    swallow::json(bytes, &good);
});
