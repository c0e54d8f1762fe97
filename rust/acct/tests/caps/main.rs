// SPDX-License-Identifier: GPL-2.0

//! What a processor can do: reading, decoding and reporting of its capabilities.

mod common;
mod controls;
mod detect;
mod dump;
mod fields;
mod groups;
mod reading;
mod svm;
mod tables;
