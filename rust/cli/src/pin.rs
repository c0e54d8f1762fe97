// SPDX-License-Identifier: GPL-2.0

//! Keeping the thread on one CPU: the latch of the leaves belongs to one vCPU.

use anyhow::{ensure, Context, Result};
use std::mem::size_of;

/// The thread stays on one CPU until this is dropped.
#[derive(Debug)]
pub struct Pin {
    cpu: usize,
    before: libc::cpu_set_t,
}

impl Pin {
    /// Pins the thread to `cpu`, or to the CPU it is on.
    pub fn new(cpu: Option<usize>) -> Result<Self> {
        let before = affinity()?;
        let cpu = match cpu {
            Some(cpu) => cpu,
            None => current_cpu()?,
        };
        ensure!(
            contains(&before, cpu),
            "CPU {cpu} is not one this process may run on: choose among {:?}",
            list(&before)
        );
        // SAFETY: all-zero bytes are a valid, empty set.
        let mut only: libc::cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: `contains` has checked that `cpu` lies within the set.
        unsafe { libc::CPU_SET(cpu, &mut only) };
        set_affinity(&only).with_context(|| format!("cannot move to CPU {cpu}"))?;
        Ok(Self { cpu, before })
    }

    /// The CPU.
    pub fn cpu(&self) -> usize {
        self.cpu
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // The set was the thread's own a moment ago. If it cannot be had back, the thread stays
        // where it is, which harms nothing.
        let _ = set_affinity(&self.before);
    }
}

/// The CPUs that the thread may run on.
pub fn allowed_cpus() -> Result<Vec<usize>> {
    Ok(list(&affinity()?))
}

fn current_cpu() -> Result<usize> {
    // SAFETY: takes no arguments, touches no memory of ours.
    let cpu = unsafe { libc::sched_getcpu() };
    usize::try_from(cpu).map_err(|_| {
        anyhow::Error::new(std::io::Error::last_os_error()).context("cannot tell the current CPU")
    })
}

fn affinity() -> Result<libc::cpu_set_t> {
    // SAFETY: all-zero bytes are a valid, empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `set` is ours, and as large as we say.
    let rc = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set) };
    if rc != 0 {
        return Err(std::io::Error::last_os_error()).context("cannot read the CPU affinity");
    }
    Ok(set)
}

fn set_affinity(set: &libc::cpu_set_t) -> Result<()> {
    // SAFETY: `set` is valid, and as large as we say.
    let rc = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) };
    if rc != 0 {
        return Err(std::io::Error::last_os_error()).context("cannot set the CPU affinity");
    }
    Ok(())
}

fn contains(set: &libc::cpu_set_t, cpu: usize) -> bool {
    // SAFETY: the bound is checked first.
    cpu < libc::CPU_SETSIZE as usize && unsafe { libc::CPU_ISSET(cpu, set) }
}

fn list(set: &libc::cpu_set_t) -> Vec<usize> {
    (0..libc::CPU_SETSIZE as usize)
        .filter(|&cpu| contains(set, cpu))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_and_gives_back() {
        let before = allowed_cpus().unwrap();
        let last = *before.last().unwrap();
        {
            let pin = Pin::new(Some(last)).unwrap();
            assert_eq!(pin.cpu(), last);
            assert_eq!(allowed_cpus().unwrap(), [last]);
            assert_eq!(current_cpu().unwrap(), last);
        }
        assert_eq!(allowed_cpus().unwrap(), before);
    }

    #[test]
    fn refuses_a_cpu_that_is_not_there() {
        let error = Pin::new(Some(1_000_000)).unwrap_err();
        assert!(error.to_string().contains("CPU 1000000"), "{error}");
    }
}
