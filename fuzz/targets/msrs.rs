// SPDX-License-Identifier: GPL-2.0

//! Lists of MSRs, beside a good one.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../rust/cli/tests/garbage/swallow.rs"]
#[allow(dead_code)]
mod swallow;

const GOOD: &[u8] = include_bytes!("../../rust/cli/tests/data/caps/haswell.txt");

fuzz_target!(|bytes: &[u8]| {
    swallow::msrs(bytes, GOOD);
});
