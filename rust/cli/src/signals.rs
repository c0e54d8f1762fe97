// SPDX-License-Identifier: GPL-2.0

//! Signals: putting them off, for what has to be undone before one of them ends the program, and
//! waiting for them.

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use std::time::Duration;

/// The thread gets no signal until this is dropped; those that came meanwhile, it gets then.
///
/// In a program with other threads, one of those may get them at once.
#[derive(Debug)]
pub struct Deferred {
    before: SigSet,
}

impl Deferred {
    /// Begins. All signals, because all that can come from outside end or stop the program, unless
    /// it has said otherwise.
    pub fn new() -> Result<Self> {
        let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK);
        Ok(Self {
            before: before.context("cannot put signals off")?,
        })
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        // This fails only where there is no such thing as a mask.
        let _ = self.before.thread_set_mask();
    }
}

/// Signals that are waited for, instead of what they would do: from when this is made until it is
/// dropped, in a program of one thread.
#[derive(Debug)]
pub struct Awaited {
    fd: SignalFd,
    before: SigSet,
}

/// A signal that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// Which.
    pub signal: Signal,
    /// Whether a process sent it. What the terminal sends (Ctrl-C), it sends to all that it runs.
    pub is_sent: bool,
}

impl Awaited {
    /// Begins.
    pub fn new(signals: &[Signal]) -> Result<Self> {
        let mut set = SigSet::empty();
        signals.iter().for_each(|&signal| set.add(signal));
        let wait = || {
            let before = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
            let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
            Ok::<_, Errno>(Self { fd, before })
        };
        wait().context("cannot wait for signals")
    }

    /// The next that comes within `timeout`, or at all.
    pub fn next(&self, timeout: Option<Duration>) -> Result<Option<Came>> {
        let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
        // Rounded up, for nobody is to come too early and wait again for nothing.
        let milliseconds = timeout.map(|timeout| timeout.as_nanos().div_ceil(1_000_000));
        let timeout = milliseconds.map_or(PollTimeout::NONE, |ms| {
            PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut fds, timeout) {
            Ok(0) | Err(Errno::EINTR) => return Ok(None),
            result => result.context("cannot wait for signals")?,
        };
        let info = self.fd.read_signal().context("cannot read a signal")?;
        Ok(info.and_then(|info| {
            Some(Came {
                signal: Signal::try_from(info.ssi_signo as i32).ok()?,
                // Those of the kernel's own are above 0: SI_KERNEL, CLD_EXITED, …
                is_sent: info.ssi_code <= 0,
            })
        }))
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        // As above.
        let _ = self.before.thread_set_mask();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::Arc;

    #[test]
    fn signals_come_afterwards() {
        let before = SigSet::thread_get_mask().unwrap();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            let came = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal as i32, came.clone()).unwrap();
            let deferred = Deferred::new().unwrap();
            raise(signal).unwrap();
            assert!(!came.load(Ordering::Relaxed), "{signal}");
            drop(deferred);
            assert!(came.load(Ordering::Relaxed), "{signal}");
        }
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }

    #[test]
    fn signals_are_waited_for() {
        let before = SigSet::thread_get_mask().unwrap();
        let awaited = Awaited::new(&[Signal::SIGUSR1, Signal::SIGUSR2]).unwrap();
        assert_eq!(awaited.next(Some(Duration::ZERO)).unwrap(), None);
        raise(Signal::SIGUSR2).unwrap();
        let came = awaited.next(None).unwrap();
        let (signal, is_sent) = (Signal::SIGUSR2, true);
        assert_eq!(came, Some(Came { signal, is_sent }));
        drop(awaited);
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
