// SPDX-License-Identifier: GPL-2.0

//! The counters for Prometheus: what is exported, and in which formats.
//!
//! A reading becomes a list of metric families ([`families`]); each of the formats ([`format`]) is
//! made of that list, and [`server`] gives a scraper the one that it asks for.

mod accept;
pub mod exporter;
pub mod families;
pub mod family;
pub mod format;
mod number;
mod protobuf;
pub mod server;
pub mod source;
mod steady;
mod text;
