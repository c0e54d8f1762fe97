// SPDX-License-Identifier: GPL-2.0

//! What happens per second: two readings of the device, and what came between them.

pub mod app;
pub mod page;
pub mod rates;
pub mod samples;
pub mod screen;
