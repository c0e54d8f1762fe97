// SPDX-License-Identifier: GPL-2.0

//! Snapshots as the device gives them.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../rust/cli/tests/garbage/swallow.rs"]
#[allow(dead_code)]
mod swallow;

fuzz_target!(|bytes: &[u8]| {
    swallow::device(bytes);
});
