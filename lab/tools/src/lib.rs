// SPDX-License-Identifier: GPL-2.0

//! What the lab's own programs are made of: `kvm-stats` reads the counters that KVM keeps itself,
//! `crosscheck` compares them and the `kvm_exit` tracepoint with a snapshot of kvm_exit_stats,
//! `demo-check` what the demo left with itself.

pub mod bpf;
pub mod crosscheck;
pub mod debugfs;
pub mod demo;
mod fd;
pub mod hist;
pub mod hostile;
pub mod nested;
pub mod overhead;
pub mod process;
pub mod qmp;
pub mod stats;
pub mod stats_fd;
pub mod suites;
mod text;
pub mod trace;
