// SPDX-License-Identifier: GPL-2.0

//! Reading a recording, from its beginning.

use super::format::{self, kind, Recorder, Stamp, CHUNK_HEADER, HEADER, LONGEST, MAGIC, VERSION};
use super::Moment;
use crate::reading::Reading;
use anyhow::{bail, ensure, Context, Result};
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

/// Opens the recording `path`.
pub fn open(path: &Path) -> Result<Reader<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = path.display().to_string();
    Reader::new(BufReader::new(file), &name).context(name)
}

/// The moments of a recording, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    /// What errors call it.
    name: String,
    chunks: Chunks<R>,
    recorder: Recorder,
    /// The snapshot before, and when it was taken.
    before: Vec<u8>,
    then: Option<Stamp>,
    is_over: bool,
}

/// Where a recording ends that does not end as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Bytes of it that are whole.
    pub at: u64,
    /// What comes after them.
    why: &'static str,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the recording {} byte {}: what comes before is whole",
            self.why, self.at
        )
    }
}

const CUT_OFF: &str = "is cut off after";
const DAMAGED: &str = "is damaged after";

impl<R: Read> Reader<R> {
    /// Reads the header of what errors are to call `name`.
    pub fn new(from: R, name: &str) -> Result<Self> {
        let mut chunks = Chunks::new(from);
        chunks.header()?;
        Ok(Self {
            name: name.to_string(),
            chunks,
            recorder: Recorder::default(),
            before: Vec::new(),
            then: None,
            is_over: false,
        })
    }

    /// Once there is no moment left: why not, if that is not the recording's end.
    pub fn cut(&self) -> Option<&Cut> {
        self.chunks.cut.as_ref()
    }

    fn advance(&mut self) -> Result<Option<Moment>> {
        while let Some((kind, payload)) = self.chunks.next()? {
            match kind {
                kind::RECORDER => {
                    let Ok(recorder) = serde_json::from_slice(&payload) else {
                        return Ok(self.damaged(&payload));
                    };
                    self.recorder = recorder;
                    self.before.clear();
                    self.then = None;
                }
                kind::MOMENT => {
                    let Ok((stamp, snapshot)) = format::parse_moment(&payload, &self.before) else {
                        return Ok(self.damaged(&payload));
                    };
                    return self.moment(stamp, snapshot).map(Some);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// What has the right CRC, and yet is not what it says.
    fn damaged(&mut self, payload: &[u8]) -> Option<Moment> {
        self.chunks.give_back(payload.len());
        None
    }

    fn moment(&mut self, stamp: Stamp, snapshot: Vec<u8>) -> Result<Moment> {
        let mut reading = Reading::decode(&snapshot)?;
        for snapshot in reading.snapshots_mut() {
            snapshot.kernel.clone_from(&self.recorder.kernel);
            snapshot.machine.clone_from(&self.recorder.machine);
        }
        self.before = snapshot;
        let then = self.then.replace(stamp);
        let since = |then: Stamp| stamp.boottime.checked_sub(then.boottime);
        Ok(Moment {
            at: UNIX_EPOCH + Duration::from_nanos(stamp.realtime),
            elapsed: then.and_then(since).map(Duration::from_nanos),
            reading,
        })
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Moment>;

    fn next(&mut self) -> Option<Result<Moment>> {
        if self.is_over {
            return None;
        }
        let moment = self
            .advance()
            .with_context(|| self.name.clone())
            .transpose();
        self.is_over = !matches!(moment, Some(Ok(_)));
        moment
    }
}

/// Bytes of `from` that are whole: 0 where there is not even a header.
pub fn end(from: impl Read) -> Result<(u64, Option<Cut>)> {
    let mut chunks = Chunks::new(BufReader::new(from));
    chunks.header()?;
    while chunks.next()?.is_some() {}
    Ok((chunks.at, chunks.cut.filter(|cut| cut.at > 0)))
}

/// The chunks of a recording, whatever is in them.
#[derive(Debug)]
struct Chunks<R> {
    from: R,
    /// Bytes that were whole.
    at: u64,
    cut: Option<Cut>,
}

impl<R: Read> Chunks<R> {
    fn new(from: R) -> Self {
        Self {
            from,
            at: 0,
            cut: None,
        }
    }

    /// Of a file that was cut off in its header nothing is said: there is nothing to lose.
    fn header(&mut self) -> Result<()> {
        let header = self.bytes(HEADER)?;
        let magic = &header[..header.len().min(MAGIC.len())];
        ensure!(
            MAGIC.starts_with(magic),
            "this is no recording of kvm-exits, as `record` keeps it"
        );
        let Ok(header) = <[u8; HEADER]>::try_from(header) else {
            self.cut_off(CUT_OFF);
            return Ok(());
        };
        let version = format::word(&header, 2);
        if version != VERSION {
            bail!(
                "the recording has version {version} of the format, this kvm-exits knows version \
                 {VERSION}: use the kvm-exits that it was made with"
            );
        }
        self.at = HEADER as u64;
        Ok(())
    }

    /// The next one's kind and payload.
    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>> {
        if self.cut.is_some() {
            return Ok(None);
        }
        let header = self.bytes(CHUNK_HEADER)?;
        if header.is_empty() {
            return Ok(None);
        }
        let Ok(header) = <[u8; CHUNK_HEADER]>::try_from(header) else {
            self.cut_off(CUT_OFF);
            return Ok(None);
        };
        let [kind, length, crc] = [0, 1, 2].map(|n| format::word(&header, n));
        if length > LONGEST {
            self.cut_off(DAMAGED);
            return Ok(None);
        }
        let payload = self.bytes(length as usize)?;
        let whole = payload.len() == length as usize;
        if !whole || format::crc(kind, &payload) != crc {
            self.cut_off(if whole { DAMAGED } else { CUT_OFF });
            return Ok(None);
        }
        self.at += (CHUNK_HEADER + payload.len()) as u64;
        Ok(Some((kind, payload)))
    }

    /// The chunk before, of which `payload` bytes, was not whole after all.
    fn give_back(&mut self, payload: usize) {
        self.at -= (CHUNK_HEADER + payload) as u64;
        self.cut_off(DAMAGED);
    }

    fn cut_off(&mut self, why: &'static str) {
        self.cut = Some(Cut { at: self.at, why });
    }

    /// So many bytes, or those that there are: memory is taken as they come, whatever a length says.
    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let from = &mut self.from;
        from.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
