// SPDX-License-Identifier: GPL-2.0-only

//! Whether kernel modules fit a kernel, before they are loaded. The kernel looks at little: at
//! names of symbols, at the vermagic, and where it has MODVERSIONS at checksums of types. Where it
//! has none, a structure that is laid out otherwise goes unseen until it corrupts something.

pub mod btf;
pub mod compared;
mod die;
pub mod dwarf;
pub mod layout;
pub mod module;
pub mod symvers;
