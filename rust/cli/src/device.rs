// SPDX-License-Identifier: GPL-2.0

//! `/dev/kvm_exit_stats`: reading it, its ioctls, and what it means when that fails.

use crate::reading::Reading;
use acct::snapshot::ioctl;
use anyhow::{anyhow, Context, Result};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::path::Path;

/// Where the module puts it.
pub const PATH: &str = "/dev/kvm_exit_stats";

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
        self.ioctl(ioctl::RESET).context("cannot reset")
    }

    /// Dumps to the kernel log.
    pub fn dump(&self) -> Result<()> {
        self.ioctl(ioctl::DUMP).context("cannot dump")
    }

    fn ioctl(&self, command: u32) -> Result<()> {
        // SAFETY: these commands take no argument, so the kernel touches no memory of ours.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), command as _, 0) };
        if result >= 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        let advice = match error.raw_os_error() {
            Some(libc::ENOTTY) => {
                "the loaded module does not know this: use the kvm-exits that belongs to it"
            }
            Some(libc::ENOMEM) => "the kernel has no memory for it now: try again",
            _ => "the kernel refused",
        };
        Err(anyhow!("{error}: {advice}"))
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
fn kernel_release() -> Option<String> {
    // SAFETY: all-zero bytes are valid, empty strings.
    let mut names: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes to that structure and no further.
    if unsafe { libc::uname(&mut names) } != 0 {
        return None;
    }
    let release = names.release.iter().take_while(|&&c| c != 0);
    let release: Vec<u8> = release.map(|&c| c as u8).collect();
    String::from_utf8(release).ok()
}

/// What to do about `error`, when opening.
fn advice(error: &io::Error, is_loaded: bool) -> &'static str {
    match error.raw_os_error() {
        Some(libc::ENOENT) if is_loaded => {
            "the module is loaded, but this /dev does not show its device: in a container, pass \
             the device in; else see that devtmpfs is mounted there"
        }
        Some(libc::ENOENT) => {
            "the module is not loaded. As root: `modprobe kvm_exit_stats` where it is installed, \
             else `insmod out/modules/kvm_exit_stats.ko` after `make module`; the KVM that runs \
             must have the patches"
        }
        Some(libc::EACCES | libc::EPERM) => {
            "it is root's: run this as root (`sudo kvm-exits ...`), or let an administrator \
             change the device's mode"
        }
        Some(libc::EAGAIN | libc::EBUSY | libc::EINTR) => {
            "the module is just being loaded: try again in a moment"
        }
        Some(libc::ENODEV | libc::ENXIO) => {
            "the module is just being unloaded, or has left the device's name behind: load it \
             again (as root: `modprobe kvm_exit_stats`)"
        }
        Some(libc::ENOMEM) => "the kernel has no memory for a snapshot now: try again",
        _ => "the kernel refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errno: i32, is_loaded: bool) -> &'static str {
        advice(&io::Error::from_raw_os_error(errno), is_loaded)
    }

    #[test]
    fn every_failure_says_what_to_do() {
        assert!(of(libc::ENOENT, false).contains("modprobe kvm_exit_stats"));
        assert!(of(libc::ENOENT, true).contains("container"));
        assert!(of(libc::EACCES, true).contains("as root"));
        assert!(of(libc::EAGAIN, true).contains("try again"));
        assert!(of(libc::ENODEV, false).contains("load it again"));
    }

    #[test]
    fn the_kernel_has_a_release() {
        let release = kernel_release().unwrap();
        assert!(
            release.starts_with(|c: char| c.is_ascii_digit()),
            "{release}"
        );
    }
}
