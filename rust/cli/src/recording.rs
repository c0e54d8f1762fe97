// SPDX-License-Identifier: GPL-2.0

//! Snapshots over time, in one file: what `record` keeps, and `top` and the pages play.
//! `docs/recording.md` is the text to this.
//!
//! A file is written at its end only, a chunk at a time, and each chunk is whole or it is cut off:
//! whoever is killed in the middle of one loses that one.

mod format;
mod read;
mod write;

use crate::reading::Reading;
pub use format::{Recorder, MAGIC};
pub use read::{open, Cut, Reader};
use std::time::{Duration, SystemTime};
pub use write::{now, Writer};

/// What the device gave at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// When, by the host's clock, which may have been set meanwhile.
    pub at: SystemTime,
    /// How long after the moment before it, by a clock that nobody sets; `None` of the first, and of
    /// the first after a pause of the recorder.
    pub elapsed: Option<Duration>,
    /// What it gave.
    pub reading: Reading,
}

/// Whether a file that begins with `bytes` is a recording.
pub fn is_recording(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}
