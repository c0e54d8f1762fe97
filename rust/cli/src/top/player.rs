// SPDX-License-Identifier: GPL-2.0

//! Moments that were kept: a recording, or saved snapshots that stand for one. One is shown at a
//! time, and it can be stepped from it to the next and back.

use crate::name::Name;
use crate::reading::Reading;
use crate::recording::{self, Reader};
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// How many moments are at hand; for those before, it is read anew.
const AT_HAND: usize = 32;

/// What is played.
#[derive(Clone, Debug)]
pub enum Kept {
    /// A recording.
    Recording(PathBuf),
    /// Saved snapshots, as if they were taken so far apart.
    Snapshots(Vec<PathBuf>, Duration),
}

/// One moment of it.
#[derive(Clone, Debug)]
pub struct Moment {
    /// When, where that was noted.
    pub at: Option<SystemTime>,
    /// How long after the one before; `None` where that is not known.
    pub elapsed: Option<Duration>,
    /// What there was.
    pub reading: Reading,
}

/// It, being played.
#[derive(Debug)]
pub struct Player {
    kept: Kept,
    from: From,
    machine: Option<Name>,
    /// The moments read last, of which the first has this number.
    at_hand: VecDeque<Moment>,
    first: usize,
    /// The number of the one that is shown.
    shown: Option<usize>,
}

/// What is left to be read.
#[derive(Debug)]
enum From {
    Recording(Box<Reader<BufReader<File>>>),
    Snapshots(std::vec::IntoIter<PathBuf>, Duration),
}

impl From {
    fn open(kept: &Kept) -> Result<Self> {
        Ok(match kept {
            Kept::Recording(path) => Self::Recording(Box::new(
                recording::open(path)
                    .context("--from takes one recording, or two saved snapshots or more")?,
            )),
            Kept::Snapshots(paths, interval) => {
                Self::Snapshots(paths.clone().into_iter(), *interval)
            }
        })
    }

    fn next(&mut self) -> Result<Option<Moment>> {
        Ok(match self {
            Self::Recording(reader) => reader.next().transpose()?.map(|moment| Moment {
                at: Some(moment.at),
                elapsed: moment.elapsed,
                reading: moment.reading,
            }),
            Self::Snapshots(paths, interval) => match paths.next() {
                Some(path) => Some(Moment {
                    at: None,
                    elapsed: Some(*interval),
                    reading: Reading::load(&path)?,
                }),
                None => None,
            },
        })
    }
}

impl Player {
    /// Before its first moment. `machine` is what is to be noted of the host, if that was said.
    pub fn open(kept: Kept, machine: Option<Name>) -> Result<Self> {
        Ok(Self {
            from: From::open(&kept)?,
            kept,
            machine,
            at_hand: VecDeque::new(),
            first: 0,
            shown: None,
        })
    }

    /// Shows the next moment; `false` where there is none.
    pub fn forward(&mut self) -> Result<bool> {
        let next = self.shown.map_or(0, |shown| shown + 1);
        let there = self.reach(next)?;
        if there {
            self.shown = Some(next);
        }
        Ok(there)
    }

    /// Shows the one before; `false` where there is none.
    pub fn back(&mut self) -> Result<bool> {
        let Some(wanted) = self.shown.and_then(|shown| shown.checked_sub(1)) else {
            return Ok(false);
        };
        // The one before that is wanted, too, for the rates.
        if wanted.saturating_sub(1) < self.first {
            self.from = From::open(&self.kept)?;
            self.at_hand.clear();
            self.first = 0;
        }
        let there = self.reach(wanted)?;
        if there {
            self.shown = Some(wanted);
        }
        Ok(there)
    }

    /// The moment that is shown.
    pub fn now(&self) -> Option<&Moment> {
        self.moment(self.shown?)
    }

    /// The one before it, where it is known how long ago that was.
    pub fn before(&self) -> Option<&Moment> {
        self.now()?.elapsed?;
        self.moment(self.shown?.checked_sub(1)?)
    }

    /// How long after it the next one is, where there is one.
    pub fn until_next(&mut self) -> Result<Option<Duration>> {
        let Some(shown) = self.shown else {
            return Ok(Some(Duration::ZERO));
        };
        self.reach(shown + 1)?;
        let next = self.moment(shown + 1);
        Ok(next.map(|next| next.elapsed.unwrap_or_default()))
    }

    /// Where a recording ends that does not end as it should, if that has been read already.
    pub fn cut(&self) -> Option<String> {
        match &self.from {
            From::Recording(reader) => reader.cut().map(ToString::to_string),
            From::Snapshots(..) => None,
        }
    }

    fn moment(&self, number: usize) -> Option<&Moment> {
        self.at_hand.get(number.checked_sub(self.first)?)
    }

    /// Reads up to `number`; whether there is one.
    fn reach(&mut self, number: usize) -> Result<bool> {
        while self.first + self.at_hand.len() <= number {
            let Some(mut moment) = self.from.next()? else {
                return Ok(false);
            };
            moment.reading.note(self.machine.as_ref());
            self.at_hand.push_back(moment);
            if self.at_hand.len() > AT_HAND {
                self.at_hand.pop_front();
                self.first += 1;
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Recorder, Writer};
    use acct::snapshot::{self, Header, Sink};
    use std::convert::Infallible;

    struct Bytes(Vec<u8>);

    impl Sink for Bytes {
        type Error = Infallible;

        fn put(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }

    /// Nothing but its generation.
    fn snapshot(generation: u32) -> Vec<u8> {
        let mut bytes = Bytes(Vec::new());
        let header = Header {
            generation,
            paging: 0,
            scope: 0,
            tsc_khz: 1,
            measures: 0,
        };
        let Ok(()) = snapshot::put_header(&mut bytes, &header);
        let Ok(()) = snapshot::put_end(&mut bytes);
        bytes.0
    }

    fn player(name: &str, moments: u32) -> Player {
        let path = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
        for n in 0..moments {
            let at = Duration::from_secs(n.into());
            writer.add_at(at, at, &snapshot(n)).unwrap();
        }
        Player::open(Kept::Recording(path), Some("metal".into())).unwrap()
    }

    fn shown(player: &Player) -> Option<u64> {
        player.now().map(|moment| moment.reading.host.generation)
    }

    fn done(player: Player) {
        if let Kept::Recording(path) = player.kept {
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn to_the_end_and_all_the_way_back() {
        let mut player = player("player-all", 100);
        assert_eq!(shown(&player), None);
        assert!(!player.back().unwrap());
        for n in 0..100 {
            assert!(player.forward().unwrap());
            assert_eq!(shown(&player), Some(n));
            assert_eq!(player.before().is_some(), n > 0);
            let next = player.until_next().unwrap();
            assert_eq!(next, (n < 99).then_some(Duration::from_secs(1)));
        }
        assert!(!player.forward().unwrap());
        assert_eq!(shown(&player), Some(99));
        for n in (0..99).rev() {
            assert!(player.back().unwrap());
            assert_eq!(shown(&player), Some(n));
            assert_eq!(player.before().is_some(), n > 0);
            assert!(player.at_hand.len() <= AT_HAND);
        }
        assert!(!player.back().unwrap());
        assert!(player.forward().unwrap());
        assert_eq!((shown(&player), player.cut()), (Some(1), None));
        done(player);
    }

    #[test]
    fn of_nothing_there_is_nothing() {
        let mut player = player("player-none", 0);
        assert!(!player.forward().unwrap());
        assert_eq!(shown(&player), None);
        done(player);
    }
}
