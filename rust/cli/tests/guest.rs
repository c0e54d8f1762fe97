// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits guest`, run as a program where the tests run.

mod common;

use common::{failure, kvm_exits};

#[test]
fn outside_of_a_measured_guest_it_says_so() {
    let output = kvm_exits(&["guest", "--json"]);
    if output.status.success() {
        println!("this is a guest of a host with kvm_exit_stats: nothing to refuse");
        return;
    }
    let error = failure(&output);
    for what in ["no leaves of kvm_exit_stats here", "leaves=off"] {
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn release_reads_nothing() {
    // An option that --release does not go with.
    let output = kvm_exits(&["guest", "--release", "--json"]);
    assert_eq!(output.status.code(), Some(2));
}
