// SPDX-License-Identifier: GPL-2.0-only

//! What `make bench-scale` measures, and how it reports it; `benches/scale.rs` runs it.

pub mod booking;
pub mod exits;
pub mod fleet;
pub mod report;
