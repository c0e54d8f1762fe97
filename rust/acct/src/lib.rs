// SPDX-License-Identifier: GPL-2.0

//! Pure accounting logic: no kernel types, no allocation, no I/O.
//!
//! This one source is compiled three times: as a module of the kernel modules' crates (by
//! `#[path]`), as a library of the `kvm-exits` tool, and on the host for its tests. It therefore
//! uses `core` only, refers to its own parts by `super::`, and carries no crate-level attribute
//! such as `no_std` (the kernel build, which has no `std`, is what proves that).

pub mod caps;
pub mod cell;
pub mod clock;
pub mod detail;
pub mod encode;
pub mod histogram;
pub mod keys;
pub mod leaves;
pub mod msr_names;
pub mod reasons;
pub mod sequence;
pub mod snapshot;
pub mod table;
pub mod timed;
pub mod times;
pub mod view;
