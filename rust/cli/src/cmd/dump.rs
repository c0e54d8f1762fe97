// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits dump`: the counts into the kernel log.

use crate::device::Device;
use anyhow::Result;

/// Write the exits of all VMs to the kernel log (needs root); `dmesg` shows it.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs `kvm-exits dump`.
pub fn run(_args: &Args) -> Result<()> {
    Device::open()?.dump()
}
