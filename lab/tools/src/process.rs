// SPDX-License-Identifier: GPL-2.0

//! Processes that run VMs, and the files of theirs that KVM made.

use crate::stats::{ProcessStats, Source, VcpuStats};
use crate::{debugfs, fd, stats_fd};
use anyhow::{bail, Context, Result};
use nix::libc;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

/// What `/proc` calls a vCPU, before its number.
const VCPU: &str = "anon_inode:kvm-vcpu:";
/// What `/proc` calls the binary statistics of a vCPU, before its number.
const VCPU_STATS: &str = "anon_inode:kvm-vcpu-stats:";

/// A descriptor of another process, and the number of the vCPU that it belongs to.
struct VcpuFd {
    fd: i32,
    vcpu: u32,
}

/// All processes that have a vCPU.
pub fn with_vcpus() -> Result<Vec<u32>> {
    let mut pids: Vec<u32> = fs::read_dir("/proc")
        .context("cannot list /proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        // A process that has ended meanwhile, or one that we may not look into, runs no VM for us.
        .filter(|&pid| fds_named(pid, VCPU).is_ok_and(|fds| !fds.is_empty()))
        .collect();
    pids.sort_unstable();
    Ok(pids)
}

/// Reads the statistics of the vCPUs of `pid`.
///
/// `KVM_GET_STATS_FD` on a vCPU of another process is refused (`EIO`), so the binary statistics
/// can be had only where the process holds a descriptor of them already, as QEMU does since 8.1.
/// Else it is the sums in debugfs, which are made of the same counters.
pub fn stats(pid: u32) -> Result<ProcessStats> {
    let vcpus = fds_named(pid, VCPU)?.len();
    if vcpus == 0 {
        bail!("process {pid} has no vCPU: it is no VMM, or its VM is gone");
    }
    let fds = fds_named(pid, VCPU_STATS)?;
    if fds.len() == vcpus {
        let process = pidfd_open(pid)?;
        let vcpus = fds
            .iter()
            .map(|fd| {
                let file = File::from(pidfd_getfd(&process, pid, fd.fd)?);
                Ok(VcpuStats {
                    vcpu: fd.vcpu,
                    scalars: stats_fd::read(&file)?,
                })
            })
            .collect::<Result<_>>()?;
        return Ok(ProcessStats {
            pid,
            source: Source::Binary,
            vcpus,
            vms: Vec::new(),
        });
    }
    Ok(ProcessStats {
        pid,
        source: Source::Debugfs,
        vcpus: Vec::new(),
        vms: debugfs::read(Path::new(debugfs::ROOT), pid)?,
    })
}

/// The descriptors of `pid` whose name is `prefix` and a vCPU's number.
fn fds_named(pid: u32, prefix: &str) -> Result<Vec<VcpuFd>> {
    let directory = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&directory).with_context(|| {
        format!("cannot list {directory}: there is no such process, or you are not root")
    })?;
    let mut fds: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = fs::read_link(&path).ok()?;
            Some(VcpuFd {
                fd: path.file_name()?.to_str()?.parse().ok()?,
                vcpu: name.to_str()?.strip_prefix(prefix)?.parse().ok()?,
            })
        })
        .collect();
    fds.sort_unstable_by_key(|fd| (fd.vcpu, fd.fd));
    Ok(fds)
}

fn pidfd_open(pid: u32) -> Result<OwnedFd> {
    // SAFETY: the system call takes two numbers and touches no memory of ours.
    let process = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    fd::new(process).with_context(|| format!("cannot open process {pid} (pidfd_open, Linux 5.3)"))
}

fn pidfd_getfd(process: &OwnedFd, pid: u32, fd: i32) -> Result<OwnedFd> {
    // SAFETY: the system call takes three numbers and touches no memory of ours.
    let taken = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0) };
    fd::new(taken).with_context(|| {
        format!(
            "cannot take descriptors of process {pid}: run this as root (pidfd_getfd, Linux 5.6)"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    #[test]
    fn says_that_a_process_runs_no_vm() {
        let error = stats(std::process::id()).unwrap_err().to_string();
        assert!(error.contains("has no vCPU"), "{error}");
    }

    #[test]
    fn takes_a_descriptor() {
        let (mut reader, writer) = UnixStream::pair().unwrap();
        let pid = std::process::id();
        let process = pidfd_open(pid).unwrap();
        let taken = pidfd_getfd(&process, pid, writer.as_raw_fd()).unwrap();
        drop(writer);
        File::from(taken).write_all(b"x").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
    }
}
