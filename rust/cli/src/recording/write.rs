// SPDX-License-Identifier: GPL-2.0

//! Writing a recording, or going on with one.

use super::format::{self, kind, Recorder};
use super::read::{self, Cut};
use anyhow::{anyhow, Context, Result};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::time::{clock_gettime, ClockId};
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A recording that is being written: nobody else writes it meanwhile.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    file: Flock<File>,
    /// Bytes of it that are whole, and those that were there already.
    length: u64,
    found: u64,
    /// The snapshot that was written last.
    before: Vec<u8>,
}

impl Writer {
    /// Begins the recording `path`, or goes on with it. What was cut off at its end is taken away,
    /// and returned.
    pub fn append(path: &Path, recorder: &Recorder) -> Result<(Self, Option<Cut>)> {
        let name = || path.display();
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path);
        let file = file.with_context(|| format!("cannot write {}", name()))?;
        let mut file =
            Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, why)| match why {
                Errno::EWOULDBLOCK => {
                    anyhow!("{} is being recorded already: choose another file", name())
                }
                why => anyhow!("cannot lock {}: {}", name(), why.desc()),
            })?;
        let (found, cut) = end(&mut file).with_context(|| name().to_string())?;
        let mut writer = Self {
            path: path.to_path_buf(),
            file,
            length: found.max(format::HEADER as u64),
            found,
            before: Vec::new(),
        };
        let recorder = serde_json::to_vec(recorder)?;
        writer.write(&format::chunk(kind::RECORDER, &recorder)?)?;
        Ok((writer, cut))
    }

    /// Bytes of the whole file.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Bytes of it that were there already.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Adds what the device has given now.
    pub fn add(&mut self, snapshot: &[u8]) -> Result<()> {
        let (realtime, boottime) = now()?;
        self.add_at(realtime, boottime, snapshot)
    }

    /// Adds what the device gave so long after 1970 began and after the host booted.
    pub fn add_at(
        &mut self,
        realtime: Duration,
        boottime: Duration,
        snapshot: &[u8],
    ) -> Result<()> {
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (realtime, boottime) = (nanoseconds(realtime), nanoseconds(boottime));
        let moment = format::moment(realtime, boottime, snapshot, &self.before)?;
        self.write(&format::chunk(kind::MOMENT, &moment)?)?;
        self.before = snapshot.to_vec();
        Ok(())
    }

    /// Writes in one piece, as far as the system does. Where it cannot (the disk is full), the file
    /// is as before.
    fn write(&mut self, chunk: &[u8]) -> Result<()> {
        if let Err(error) = self.file.write_all(chunk) {
            // If this fails as well, the next one who writes the file takes away what was cut off.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            let path = self.path.display();
            return Err(error).with_context(|| format!("cannot write {path}"));
        }
        self.length += chunk.len() as u64;
        Ok(())
    }
}

/// Goes to the end of what is whole in `file`, and returns it; where that is nothing, writes the
/// header first.
fn end(file: &mut File) -> Result<(u64, Option<Cut>)> {
    let (end, cut) = read::end(&*file)?;
    if end == 0 {
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&format::header())?;
    } else {
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
    }
    Ok((end, cut))
}

/// The time since 1970 began, and since the host booted.
pub fn now() -> Result<(Duration, Duration)> {
    let read = |clock| clock_gettime(clock).context("cannot read the clock");
    let [realtime, boottime] = [ClockId::CLOCK_REALTIME, ClockId::CLOCK_BOOTTIME].map(read);
    Ok((realtime?.into(), boottime?.into()))
}
