// SPDX-License-Identifier: GPL-2.0

//! Keeping the thread on one CPU: the latch of the leaves belongs to one vCPU.

use anyhow::{ensure, Context, Result};
use nix::sched::{sched_getaffinity, sched_getcpu, sched_setaffinity, CpuSet};
use nix::unistd::Pid;

/// To the scheduler: the thread that asks.
const THIS_THREAD: Pid = Pid::from_raw(0);

/// The thread stays on one CPU until this is dropped.
#[derive(Debug)]
pub struct Pin {
    cpu: usize,
    before: CpuSet,
}

impl Pin {
    /// Pins the thread to `cpu`, or to the CPU it is on.
    pub fn new(cpu: Option<usize>) -> Result<Self> {
        let before = affinity()?;
        let cpu = match cpu {
            Some(cpu) => cpu,
            None => sched_getcpu().context("cannot tell the current CPU")?,
        };
        ensure!(
            contains(&before, cpu),
            "CPU {cpu} is not one this process may run on: choose among {:?}",
            list(&before)
        );
        let mut only = CpuSet::new();
        only.set(cpu)
            .and_then(|()| sched_setaffinity(THIS_THREAD, &only))
            .with_context(|| format!("cannot move to CPU {cpu}"))?;
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
        let _ = sched_setaffinity(THIS_THREAD, &self.before);
    }
}

/// The CPUs that the thread may run on.
pub fn allowed_cpus() -> Result<Vec<usize>> {
    Ok(list(&affinity()?))
}

fn affinity() -> Result<CpuSet> {
    sched_getaffinity(THIS_THREAD).context("cannot read the CPU affinity")
}

fn contains(set: &CpuSet, cpu: usize) -> bool {
    // A CPU that no set has room for is an error.
    set.is_set(cpu).unwrap_or(false)
}

fn list(set: &CpuSet) -> Vec<usize> {
    (0..CpuSet::count())
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
            assert_eq!(sched_getcpu(), Ok(last));
        }
        assert_eq!(allowed_cpus().unwrap(), before);
    }

    #[test]
    fn refuses_a_cpu_that_is_not_there() {
        let error = Pin::new(Some(1_000_000)).unwrap_err();
        assert!(error.to_string().contains("CPU 1000000"), "{error}");
    }
}
