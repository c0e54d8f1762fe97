// SPDX-License-Identifier: GPL-2.0

//! The subcommands, a file each: its arguments (`Args`) and what it does with them (`run`).

pub mod caps;
pub mod check;
pub mod compare;
pub mod dump;
pub mod explain;
pub mod export;
pub mod guest;
pub mod record;
pub mod reset;
pub mod show;
pub mod stat;
pub mod time;
pub mod top;
pub mod vms;
