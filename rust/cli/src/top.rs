// SPDX-License-Identifier: GPL-2.0

//! What happens per second: two readings, of the device or of a recording, and what came between
//! them.

pub mod app;
pub mod page;
pub mod player;
pub mod rates;
pub mod samples;
pub mod screen;
