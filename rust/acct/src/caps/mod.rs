// SPDX-License-Identifier: GPL-2.0

//! What a processor's VMX can do, as its capability MSRs tell it (SDM Vol. 3D, Appendix A).
//!
//! [`controls`] holds the table of control groups and their controls, [`registers`] the fields of
//! the other capability MSRs, [`msrs`] the set of MSR values that both are decoded from, and
//! [`report`] puts all of it into lines of text.
//!
//! Section numbers are those of the SDM in which the VMCS is chapter 27. Earlier editions number
//! that chapter 24 or 25; what follows the first dot, and the appendix, stayed the same.

pub mod controls;
pub mod msrs;
pub mod registers;
pub mod report;

pub use controls::{Allowed, Control, Group, GroupId, Reading};
pub use msrs::{Capabilities, Presence};

/// The bit of ECX, in CPUID leaf 1, that says that the processor has VMX (SDM 26.6).
pub const CPUID_1_ECX_VMX: u32 = 1 << 5;
