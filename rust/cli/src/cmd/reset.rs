// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits reset`: counting starts anew.

use crate::device::{self, Device};
use crate::output;
use anyhow::Result;

/// Begin a new generation: all counts start at 0 (needs root).
///
/// For everybody who reads them, guests included. Prints the number of the generation.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `kvm-exits reset`.
pub fn run(_args: &Args) -> Result<()> {
    Device::open()?.reset()?;
    let (reading, _) = device::read()?;
    output::print(&format!("generation {}", reading.host.generation))
}
