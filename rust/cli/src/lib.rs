// SPDX-License-Identifier: GPL-2.0

//! What `kvm-exits` is made of: its subcommands.

pub mod cmd;
pub mod comparison;
pub mod output;
pub mod snapshot;
