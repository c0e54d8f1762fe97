// SPDX-License-Identifier: GPL-2.0

//! What `kvm-exits` is made of: its subcommands, and the parts that the guest test programs share.

pub mod budget;
pub mod by;
pub mod cli;
pub mod cmd;
pub mod command;
pub mod comparison;
pub mod cpuid;
pub mod detail;
pub mod device;
pub mod files;
pub mod grid;
pub mod history;
pub mod html;
pub mod input;
pub mod leaves_client;
pub mod listing;
pub mod manual;
pub mod name;
pub mod output;
pub mod own_vm;
pub mod pace;
pub mod percentile;
pub mod pin;
pub mod program;
pub mod reading;
pub mod recording;
pub mod saved;
pub mod sheet;
pub mod signals;
pub mod snapshot;
pub mod stat;
pub mod style;
pub mod time;
pub mod top;
