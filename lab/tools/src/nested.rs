// SPDX-License-Identifier: GPL-2.0

//! What `nested-paging` left: one workload with one level, and with two by who walks which page
//! tables. A file for each question that the report answers.

mod account;
mod claims;
mod events;
mod ledger;
mod render;
mod run;

pub use render::report;
pub use run::{Mode, Run};

#[cfg(test)]
mod tests;
