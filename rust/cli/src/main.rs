// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits`: reads, compares and reports KVM VM exits.

use kvm_exits::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    Cli::from_args().run()
}
