// SPDX-License-Identifier: GPL-2.0

//! What a processor's VMX or SVM can do.
//!
//! VMX tells it in its capability MSRs (SDM Vol. 3D, Appendix A): [`controls`] holds the table of
//! control groups and their controls, [`registers`] the fields of the other MSRs, [`msrs`] which
//! of them there are. SVM tells it in a CPUID leaf and an MSR: [`svm`]. [`extension`] says which of
//! the two a processor has, [`capabilities`] keeps what was read, [`report`] puts it into lines of
//! text, and [`remarks`] what there is to say of the reading.
//!
//! Section numbers are those of the SDM in which the VMCS is chapter 27. Earlier editions number
//! that chapter 24 or 25; what follows the first dot, and the appendix, stayed the same.

pub mod capabilities;
pub mod controls;
pub mod extension;
pub mod msrs;
pub mod places;
pub mod registers;
pub mod remarks;
pub mod report;
pub mod svm;

pub use capabilities::Capabilities;
pub use controls::{Allowed, Control, Group, GroupId, Reading};
pub use extension::Extension;
pub use msrs::Presence;
pub use places::{Gpr, Place};
