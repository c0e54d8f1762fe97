// SPDX-License-Identifier: GPL-2.0

//! What the test programs for the inside of a guest are made of.
//!
//! The rules of the leaves stand here a second time, in `rules.rs`: a test that called the code
//! under test for them would agree with all its mistakes.

pub mod ask;
pub mod check;
pub mod dump;
pub mod rules;
pub mod tiny;
pub mod vendor;
