// SPDX-License-Identifier: GPL-2.0

//! Tells readers without a lock that what they read was written meanwhile.

use core::sync::atomic::{
    fence, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// A sequence number: odd while what it guards is written, two further afterwards. As Linux'
/// `seqcount_t`, for which the `kernel` crate has no abstraction.
///
/// What it guards has to be atomic by itself, word by word: a reader reads it beside the writer,
/// and throws away what it got.
#[derive(Default)]
pub struct Sequence(AtomicU32);

/// What a reader has seen the sequence at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen(u32);

impl Sequence {
    /// Nothing is being written.
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Writing begins. Only one at a time may write.
    pub fn begin(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Relaxed);
        // No store of the writer's may be seen without the one above.
        fence(Release);
    }

    /// Writing ends.
    pub fn end(&self) {
        self.0.store(self.0.load(Relaxed).wrapping_add(1), Release);
    }

    /// Reading begins; `None` while it makes no sense, as something is being written.
    pub fn seen(&self) -> Option<Seen> {
        let number = self.0.load(Acquire);
        (number & 1 == 0).then_some(Seen(number))
    }

    /// Whether nothing has been written since `seen`, which is asked when all is read.
    pub fn is_still(&self, seen: Seen) -> bool {
        // No load of the reader's may come after the one below.
        fence(Acquire);
        self.0.load(Relaxed) == seen.0
    }

    /// What `read` returns; `None` if something was written meanwhile, or is being written.
    pub fn read<R>(&self, read: impl FnOnce() -> R) -> Option<R> {
        let seen = self.seen()?;
        let value = read();
        self.is_still(seen).then_some(value)
    }
}
