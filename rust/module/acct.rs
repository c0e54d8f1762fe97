// SPDX-License-Identifier: GPL-2.0

//! The parts of `rust/acct` that this module is made of, from the one source there is.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the other crates use the rest"
)]

#[path = "../acct/src/cell.rs"]
pub(crate) mod cell;
#[path = "../acct/src/clock.rs"]
pub(crate) mod clock;
#[path = "../acct/src/detail.rs"]
pub(crate) mod detail;
#[path = "../acct/src/encode.rs"]
pub(crate) mod encode;
#[path = "../acct/src/histogram.rs"]
pub(crate) mod histogram;
#[path = "../acct/src/keys.rs"]
pub(crate) mod keys;
#[path = "../acct/src/leaves.rs"]
pub(crate) mod leaves;
#[path = "../acct/src/reasons.rs"]
pub(crate) mod reasons;
#[path = "../acct/src/sequence.rs"]
pub(crate) mod sequence;
#[path = "../acct/src/snapshot.rs"]
pub(crate) mod snapshot;
#[path = "../acct/src/table.rs"]
pub(crate) mod table;
#[path = "../acct/src/timed.rs"]
pub(crate) mod timed;
#[path = "../acct/src/times.rs"]
pub(crate) mod times;
#[path = "../acct/src/view.rs"]
pub(crate) mod view;
