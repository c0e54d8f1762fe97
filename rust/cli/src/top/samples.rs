// SPDX-License-Identifier: GPL-2.0

//! Where the readings come from, one after the other.

use crate::device;
use crate::name::Name;
use crate::pace::Pace;
use crate::reading::Reading;
use crate::top::player::Player;
use crate::top::rates::Interval;
use anyhow::Result;
use std::time::{Duration, Instant};

/// The last two readings: the device's, or of what was kept.
#[derive(Debug)]
pub struct Samples {
    source: Source,
    is_paused: bool,
}

#[derive(Debug)]
enum Source {
    Device(Box<Live>),
    Kept {
        player: Box<Player>,
        /// How many times as fast as it was.
        speed: f64,
        /// When the moment that is shown was shown.
        since: Instant,
    },
}

/// The device, now.
#[derive(Debug)]
struct Live {
    pace: Pace,
    machine: Option<Name>,
    /// Room that is used again.
    bytes: Vec<u8>,
    before: Option<Reading>,
    now: Option<(Reading, Instant)>,
    elapsed: Duration,
}

impl Samples {
    /// Of the device, every `interval`; nothing read yet. `machine` is what is to be noted of the
    /// host.
    pub fn live(interval: Duration, machine: Option<Name>) -> Self {
        let live = Live {
            pace: Pace::new(interval, Instant::now()),
            machine,
            bytes: Vec::new(),
            before: None,
            now: None,
            elapsed: interval,
        };
        Self::new(Source::Device(Box::new(live)))
    }

    /// Of what was kept, so many times as fast as it was.
    pub fn kept(player: Player, speed: f64) -> Self {
        Self::new(Source::Kept {
            player: Box::new(player),
            speed,
            since: Instant::now(),
        })
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            is_paused: false,
        }
    }

    /// Takes the next reading; `false` where there is none.
    pub fn advance(&mut self) -> Result<bool> {
        match &mut self.source {
            Source::Device(live) => live.read().map(|()| true),
            Source::Kept { player, since, .. } => {
                *since = Instant::now();
                player.forward()
            }
        }
    }

    /// Goes back by one, where that is possible.
    pub fn back(&mut self) -> Result<()> {
        if let Source::Kept { player, since, .. } = &mut self.source {
            *since = Instant::now();
            player.back()?;
        }
        Ok(())
    }

    /// Goes on by one, where that is possible before it is due.
    pub fn forward(&mut self) -> Result<()> {
        if self.can_step() {
            self.advance()?;
        }
        Ok(())
    }

    /// Whether it can be stepped from one moment to another.
    pub fn can_step(&self) -> bool {
        matches!(self.source, Source::Kept { .. })
    }

    /// Pauses, or goes on.
    pub fn pause(&mut self) {
        self.is_paused = !self.is_paused;
        if let Source::Kept { since, .. } = &mut self.source {
            *since = Instant::now();
        }
    }

    /// Waits until the next reading of the device is due.
    pub fn wait(&self) {
        if let Source::Device(live) = &self.source {
            std::thread::sleep(live.pace.remaining(Instant::now()));
        }
    }

    /// How long it is until the next reading is due; `None` where none is.
    pub fn remaining(&mut self) -> Result<Option<Duration>> {
        if self.is_paused {
            return Ok(None);
        }
        Ok(match &mut self.source {
            Source::Device(live) => Some(live.pace.remaining(Instant::now())),
            Source::Kept {
                player,
                speed,
                since,
            } => {
                let next = player.until_next()?;
                // A pause of years is one that ends.
                let due = next.map(|next| {
                    Duration::try_from_secs_f64(next.as_secs_f64() / *speed)
                        .unwrap_or(Duration::MAX)
                });
                due.map(|due| due.saturating_sub(since.elapsed()))
            }
        })
    }

    /// The last two readings, once there is one.
    pub fn last(&self) -> Option<Interval<'_>> {
        match &self.source {
            Source::Device(live) => live.last(),
            Source::Kept { player, .. } => player.now().map(|now| Interval {
                before: player.before().map(|moment| &moment.reading),
                now: &now.reading,
                elapsed: now.elapsed.unwrap_or_default(),
            }),
        }
    }

    /// Where a recording is cut off, if it has been read to there.
    pub fn cut(&self) -> Option<String> {
        match &self.source {
            Source::Device(_) => None,
            Source::Kept { player, .. } => player.cut(),
        }
    }

    /// When that was, of what was recorded: "; 2026-11-22T10:15:30Z".
    pub fn moment(&self) -> String {
        let Source::Kept { player, .. } = &self.source else {
            return String::new();
        };
        let at = player.now().and_then(|now| now.at);
        let at = at.map(|at| format!("; {}", humantime::format_rfc3339_seconds(at)));
        at.unwrap_or_default()
    }

    /// What to say of it on a screen: [`moment()`](Self::moment), "; paused", "; the end".
    pub fn caption(&mut self) -> Result<String> {
        let is_over = !self.is_paused && self.remaining()?.is_none();
        let state = match is_over {
            true => format!("; {}", self.cut().as_deref().unwrap_or("the end")),
            false if self.is_paused => "; paused".to_string(),
            false => String::new(),
        };
        Ok(self.moment() + &state)
    }
}

impl Live {
    fn read(&mut self) -> Result<()> {
        // Before reading: a snapshot is of the moment when the device is opened.
        let at = Instant::now();
        let mut reading = device::read_into(&mut self.bytes)?;
        reading.note(self.machine.as_ref());
        self.pace.done(at);
        if let Some((before, then)) = self.now.replace((reading, at)) {
            self.before = Some(before);
            self.elapsed = at - then;
        }
        Ok(())
    }

    fn last(&self) -> Option<Interval<'_>> {
        self.now.as_ref().map(|(now, _)| Interval {
            before: self.before.as_ref(),
            now,
            elapsed: self.elapsed,
        })
    }
}
