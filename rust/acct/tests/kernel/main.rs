// SPDX-License-Identifier: GPL-2.0

//! The tables against the headers of a kernel, so that a wrong number in either is found.
//!
//! The kernel's source is the one that the environment variable `KSRC` names; `scripts/test` sets
//! it. A test without it says so and passes.

mod header;
mod keys;
mod reasons;
mod svm;
mod vmx_controls;
mod vmx_fields;
mod vmx_flags;
mod vmx_names;
