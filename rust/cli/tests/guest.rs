// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits guest`, run as a program where the tests run.

use std::process::Command;

#[test]
fn outside_of_a_measured_guest_it_says_so() {
    let program = env!("CARGO_BIN_EXE_kvm-exits");
    let output = Command::new(program)
        .args(["guest", "--json"])
        .output()
        .unwrap();
    if output.status.success() {
        println!("this is a guest of a host with kvm_exit_stats: nothing to refuse");
        return;
    }
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("no leaves of kvm_exit_stats here"),
        "{error}"
    );
    assert!(error.contains("leaves=off"), "{error}");
    assert_eq!(output.stdout, b"");
}

#[test]
fn release_reads_nothing() {
    let program = env!("CARGO_BIN_EXE_kvm-exits");
    let output = Command::new(program)
        .args(["guest", "--release", "--json"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "an option that --release does not go with"
    );
}
