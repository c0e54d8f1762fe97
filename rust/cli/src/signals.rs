// SPDX-License-Identifier: GPL-2.0

//! Putting signals off, for what has to be undone before one of them ends the program.

use anyhow::{Context, Result};
use nix::sys::signal::{SigSet, SigmaskHow};

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

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{raise, Signal};
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
}
