// SPDX-License-Identifier: GPL-2.0

//! `/dev/kvm_exit_stats`: reading it, its ioctls, and what it means when that fails.

use crate::name::Name;
use crate::reading::Reading;
use acct::snapshot::{ioctl, kind};
use anyhow::{anyhow, Context, Result};
use nix::errno::Errno;
use nix::sys::utsname::uname;
use std::env;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

/// Where the module puts it.
pub const PATH: &str = "/dev/kvm_exit_stats";

/// The variable of the environment that names another place: of a container that has it elsewhere,
/// or a saved snapshot in place of the device.
pub const VARIABLE: &str = "KVM_EXITS_DEVICE";

/// Room for the snapshot of a small host; a larger one takes more reads, the first time.
const ROOM: usize = 1 << 16;

/// The device's path here.
fn path() -> PathBuf {
    env::var_os(VARIABLE).map_or_else(|| PATH.into(), PathBuf::from)
}

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
        let path = path();
        let file = File::open(&path).map_err(|error| {
            let is_loaded = Path::new("/sys/module/kvm_exit_stats").exists();
            let advice = advice(&error, is_loaded);
            anyhow!("cannot open {}: {error}: {advice}", path.display())
        })?;
        Ok(Self(file))
    }

    /// The snapshot, as it is, in place of what `bytes` has. Whose room is enough (that of the one
    /// before, next time) gets it in one `read()`.
    pub fn bytes(&mut self, bytes: &mut Vec<u8>) -> Result<()> {
        let read = read_snapshot(&mut self.0, bytes);
        read.with_context(|| format!("cannot read {}", path().display()))
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

/// Reads until there is no more. The device gives all that there is room for, so that less than
/// that, with the record that ends a snapshot at its end, is all.
fn read_snapshot(from: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.resize(bytes.capacity().max(ROOM), 0);
    let mut length = 0;
    loop {
        let room = &mut bytes[length..];
        let (wanted, read) = (room.len(), from.read(room));
        match read {
            Ok(n) => {
                length += n;
                if n == 0 || n < wanted && is_ended(&bytes[..length]) {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == bytes.len() {
            bytes.resize(length * 2, 0);
        }
    }
    bytes.truncate(length);
    Ok(())
}

/// Whether the last record is the one that nothing comes after.
fn is_ended(bytes: &[u8]) -> bool {
    let [a, b, c, d] = kind::END.to_le_bytes();
    bytes.ends_with(&[a, b, c, d, 0, 0, 0, 0])
}

/// Reads the device now; this is the snapshot, and the bytes it was made from.
pub fn read() -> Result<(Reading, Vec<u8>)> {
    let mut bytes = Vec::new();
    let reading = read_into(&mut bytes)?;
    Ok((reading, bytes))
}

/// The same, with room that is used again.
pub fn read_into(bytes: &mut Vec<u8>) -> Result<Reading> {
    Device::open()?.bytes(bytes)?;
    decode(bytes)
}

/// What the device of this host gave as `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Reading> {
    let mut reading = Reading::decode(bytes).with_context(|| path().display().to_string())?;
    let release = kernel_release();
    for snapshot in reading.snapshots_mut() {
        snapshot.kernel.clone_from(&release);
    }
    Ok(reading)
}

/// The running kernel's, as of `uname -r`.
pub fn kernel_release() -> Option<Name> {
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

    /// Gives at most so many bytes at once, and counts how often it is asked.
    struct Counted<'a>(&'a [u8], usize, usize);

    impl Read for Counted<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.2 += 1;
            let most = room.len().min(self.1);
            self.0.read(&mut room[..most])
        }
    }

    #[test]
    fn a_snapshot_is_one_read_where_there_is_room() {
        let mut snapshot = vec![7; 3 * ROOM];
        snapshot.extend([4, 0, 0, 0, 0, 0, 0, 0]);
        let mut bytes = Vec::new();
        let mut reads = |snapshot: &[u8], at_once| {
            let mut from = Counted(snapshot, at_once, 0);
            read_snapshot(&mut from, &mut bytes).unwrap();
            assert!(bytes == snapshot);
            from.2
        };
        assert_eq!(reads(&snapshot, usize::MAX), 3);
        assert_eq!(reads(&snapshot, usize::MAX), 1);
        // One that is longer now, or that comes in pieces, is there whole, too.
        let longer = snapshot.repeat(4);
        assert_eq!(reads(&longer, usize::MAX), 3);
        assert!(reads(&longer, 1_000) > 100);
        assert_eq!(reads(&[], 1), 1);
        assert_eq!(reads(&longer[..100], usize::MAX), 2, "without an end");
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
