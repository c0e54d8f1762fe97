// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits`: reads, compares and reports KVM VM exits.

fn main() {}
