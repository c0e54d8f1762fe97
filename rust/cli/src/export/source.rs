// SPDX-License-Identifier: GPL-2.0

//! Where the counters come from: the device, or a file that stands for it.

use crate::device;
use crate::files;
use crate::program::{note, sentence};
use crate::reading::Reading;
use crate::recording::{self, Moment, Reader};
use anyhow::{bail, Context, Result};
use std::fs::File;
use std::io::{BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::time::{Duration, Instant};

/// How a recording is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Play {
    /// As it was recorded, from the first scrape on.
    Own,
    /// A moment a scrape.
    Step,
}

/// The device, or what was saved of one.
#[derive(Debug)]
pub enum Source {
    /// The device, now, and the room that the snapshot before it took.
    Device(Vec<u8>),
    /// The same each time.
    Saved(Box<Reading>),
    /// One moment after the other; the last one stays.
    Recording(Box<Player>),
}

impl Source {
    /// The snapshot or the recording in `path`.
    pub fn open(path: &Path, play: Play) -> Result<Self> {
        let name = path.display().to_string();
        let (begin, file) = files::open(path, recording::MAGIC.len())?;
        let is_recording = recording::is_recording(&begin);
        // Read once, for it may be a pipe.
        let whole = Cursor::new(begin).chain(file);
        if is_recording {
            let moments = Reader::new(whole, &name).with_context(|| name.clone())?;
            let player = Player::new(moments, play).context(name)?;
            return Ok(Self::Recording(Box::new(player)));
        }
        let bytes = files::whole(path, whole)?;
        Ok(Self::Saved(Box::new(
            Reading::decode(&bytes).context(name)?,
        )))
    }

    /// What there is now.
    pub fn read(&mut self) -> Result<Reading> {
        match self {
            Self::Device(room) => device::read_into(room),
            Self::Saved(reading) => Ok((**reading).clone()),
            Self::Recording(player) => player.now(),
        }
    }
}

/// A file whose first bytes have been looked at.
type Recorded = Chain<Cursor<Vec<u8>>, BufReader<File>>;

/// A recording that is being played.
#[derive(Debug)]
pub struct Player {
    moments: Reader<Recorded>,
    play: Play,
    /// When it was first asked, and how far it has come since.
    began: Option<Instant>,
    played: Duration,
    now: Reading,
    next: Option<Moment>,
}

impl Player {
    fn new(mut moments: Reader<Recorded>, play: Play) -> Result<Self> {
        let Some(first) = moments.next().transpose()? else {
            bail!("the recording has no moment yet");
        };
        let mut player = Self {
            moments,
            play,
            began: None,
            played: Duration::ZERO,
            now: first.reading,
            next: None,
        };
        player.look_ahead();
        Ok(player)
    }

    fn now(&mut self) -> Result<Reading> {
        let is_first = self.began.is_none();
        let passed = self.began.get_or_insert_with(Instant::now).elapsed();
        match self.play {
            Play::Own => while self.is_due(passed) && self.step() {},
            Play::Step if is_first => {}
            Play::Step => drop(self.step()),
        }
        Ok(self.now.clone())
    }

    /// Whether the next moment came within so long after the first.
    fn is_due(&self, passed: Duration) -> bool {
        let next = self.next.as_ref();
        next.is_some_and(|next| self.played + after(next) <= passed)
    }

    /// Goes to the next moment; `false` where there is none.
    fn step(&mut self) -> bool {
        let Some(next) = self.next.take() else {
            return false;
        };
        self.played += after(&next);
        self.now = next.reading;
        self.look_ahead();
        true
    }

    /// Finds the next moment, or says why there is none where that is not its end.
    fn look_ahead(&mut self) {
        match self.moments.next().transpose() {
            Ok(Some(next)) => self.next = Some(next),
            Ok(None) => {
                if let Some(cut) = self.moments.cut() {
                    note(cut);
                }
            }
            Err(error) => note(sentence(&error)),
        }
    }
}

/// How long after the moment before it. A pause of the recorder is passed over.
fn after(moment: &Moment) -> Duration {
    moment.elapsed.unwrap_or(Duration::ZERO)
}
