// SPDX-License-Identifier: GPL-2.0

//! `/dev/kvm_exit_stats`: reading it, its ioctls, and what it means when that fails.

use crate::name::Name;
use crate::reading::Reading;
use acct::snapshot::ioctl;
use anyhow::{anyhow, Context, Result};
use nix::errno::Errno;
use nix::sys::utsname::uname;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

/// Where the module puts it.
pub const PATH: &str = "/dev/kvm_exit_stats";

/// Neither takes an argument.
mod commands {
    use super::ioctl;
    nix::ioctl_none_bad!(reset, ioctl::RESET);
    nix::ioctl_none_bad!(dump, ioctl::DUMP);
}

/// The device, opened: it holds the snapshot of that moment.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens the device.
    pub fn open() -> Result<Self> {
        let file = File::open(PATH).map_err(|error| {
            let is_loaded = Path::new("/sys/module/kvm_exit_stats").exists();
            let advice = advice(&error, is_loaded);
            anyhow!("cannot open {PATH}: {error}: {advice}")
        })?;
        Ok(Self(file))
    }

    /// The snapshot, as it is.
    pub fn bytes(mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {PATH}"))?;
        Ok(bytes)
    }

    /// Begins a new period.
    pub fn reset(&self) -> Result<()> {
        self.ioctl(commands::reset).context("cannot reset")
    }

    /// Dumps to the kernel log.
    pub fn dump(&self) -> Result<()> {
        self.ioctl(commands::dump).context("cannot dump")
    }

    fn ioctl(&self, command: unsafe fn(RawFd) -> nix::Result<i32>) -> Result<()> {
        // SAFETY: our commands take no argument, so the kernel touches no memory of ours.
        let result = unsafe { command(self.0.as_raw_fd()) };
        let advice = |error| match error {
            Errno::ENOTTY => {
                "the loaded module does not know this: use the kvm-exits that belongs to it"
            }
            Errno::ENOMEM => "the kernel has no memory for it now: try again",
            _ => "the kernel refused",
        };
        result
            .map(drop)
            .map_err(|error| anyhow!("{}: {}", io::Error::from(error), advice(error)))
    }
}

/// Reads the device now; this is the snapshot, and the bytes it was made from.
pub fn read() -> Result<(Reading, Vec<u8>)> {
    let bytes = Device::open()?.bytes()?;
    let mut reading = Reading::decode(&bytes).context(PATH)?;
    let release = kernel_release();
    for snapshot in reading.snapshots_mut() {
        snapshot.kernel.clone_from(&release);
    }
    Ok((reading, bytes))
}

/// The running kernel's, as of `uname -r`.
fn kernel_release() -> Option<Name> {
    Some(uname().ok()?.release().to_string_lossy().into())
}

/// What to do about `error`, when opening.
fn advice(error: &io::Error, is_loaded: bool) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT) if is_loaded => {
            "the module is loaded, but this /dev does not show its device: in a container, pass \
             the device in; else see that devtmpfs is mounted there"
        }
        Some(Errno::ENOENT) => {
            "the module is not loaded. As root: `modprobe kvm_exit_stats` where it is installed, \
             else `insmod out/modules/kvm_exit_stats.ko` after `make module`; the KVM that runs \
             must have the patches"
        }
        Some(Errno::EACCES | Errno::EPERM) => {
            "it is root's: run this as root (`sudo kvm-exits ...`), or let an administrator \
             change the device's mode"
        }
        Some(Errno::EAGAIN | Errno::EBUSY | Errno::EINTR) => {
            "the module is just being loaded: try again in a moment"
        }
        Some(Errno::ENODEV | Errno::ENXIO) => {
            "the module is just being unloaded, or has left the device's name behind: load it \
             again (as root: `modprobe kvm_exit_stats`)"
        }
        Some(Errno::ENOMEM) => "the kernel has no memory for a snapshot now: try again",
        _ => "the kernel refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: Errno, is_loaded: bool) -> &'static str {
        advice(&error.into(), is_loaded)
    }

    #[test]
    fn every_failure_says_what_to_do() {
        assert!(of(Errno::ENOENT, false).contains("modprobe kvm_exit_stats"));
        assert!(of(Errno::ENOENT, true).contains("container"));
        assert!(of(Errno::EACCES, true).contains("as root"));
        assert!(of(Errno::EAGAIN, true).contains("try again"));
        assert!(of(Errno::ENODEV, false).contains("load it again"));
    }

    #[test]
    fn another_device_does_not_know_the_commands() {
        let null = || Device(File::open("/dev/null").unwrap());
        for error in [null().reset(), null().dump()].map(Result::unwrap_err) {
            assert!(
                format!("{error:#}").contains("does not know this"),
                "{error:#}"
            );
        }
    }

    #[test]
    fn the_kernel_has_a_release() {
        let release = kernel_release().unwrap().to_string();
        assert!(
            release.starts_with(|c: char| c.is_ascii_digit()),
            "{release}"
        );
    }
}
