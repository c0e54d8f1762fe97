// SPDX-License-Identifier: GPL-2.0

//! Descriptors from system calls that no crate of ours has a function for.

use nix::{errno::Errno, libc};
use std::os::fd::{FromRawFd, OwnedFd};

/// What such a call has opened, or its error.
pub(crate) fn new(result: libc::c_long) -> nix::Result<OwnedFd> {
    let fd = Errno::result(result)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
