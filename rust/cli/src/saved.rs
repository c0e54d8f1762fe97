// SPDX-License-Identifier: GPL-2.0

//! Snapshots that somebody saved: as JSON, as the device gave them, or in a recording.

use crate::files;
use crate::name::escaped;
use crate::reading::Reading;
use crate::recording::{self, Moment, Reader};
use crate::snapshot::{Snapshot, SCHEMA};
use acct::snapshot::MAGIC;
use anyhow::{bail, ensure, Context, Result};
use serde::Deserialize;
use std::io::Read;
use std::path::Path;

/// What is in `path`: of a recording its last snapshot, as `recorded` takes it, with `each` having
/// seen all of them; else what `other` makes of the bytes. It is read once, for it may be a pipe.
fn load<T>(
    path: &Path,
    each: impl FnMut(&Moment),
    recorded: impl FnOnce(Reading) -> T,
    other: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<T> {
    let (begin, rest) = files::open(path, MAGIC.len())?;
    let from = (&begin[..]).chain(rest);
    if recording::is_recording(&begin) {
        return last_of(path, from, each).map(recorded);
    }
    let bytes = files::whole(path, from)?;
    other(&bytes).with_context(|| path.display().to_string())
}

/// The last snapshot of the recording `path`. Where it is cut off, says so on stderr.
fn last_of(path: &Path, from: impl Read, mut each: impl FnMut(&Moment)) -> Result<Reading> {
    let name = path.display().to_string();
    let mut moments = Reader::new(from, &name).with_context(|| name.clone())?;
    let mut last = None;
    for moment in moments.by_ref() {
        let moment = moment?;
        each(&moment);
        last = Some(moment.reading);
    }
    if let Some(cut) = moments.cut() {
        eprintln!("{}: {cut}", escaped(&name));
    }
    last.with_context(|| format!("{name}: no snapshot is in this recording"))
}

impl Reading {
    /// Reads what was saved in `path`; of a recording, the last of it.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_each(path, |_| {})
    }

    /// The same; `each` sees all moments of a recording.
    pub fn load_each(path: &Path, each: impl FnMut(&Moment)) -> Result<Self> {
        load(path, each, |reading| reading, Self::decode)
    }
}

impl Snapshot {
    /// Reads and checks the snapshot in `path`: JSON, or what the device gave (the host's view), the
    /// last of a recording.
    pub fn load(path: &Path) -> Result<Self> {
        load(
            path,
            |_| {},
            |reading| reading.host,
            |bytes| {
                if bytes.starts_with(&MAGIC) {
                    Ok(Reading::decode(bytes)?.host)
                } else {
                    Self::parse(&String::from_utf8_lossy(bytes))
                }
            },
        )
    }

    /// Reads and checks a snapshot.
    pub fn parse(text: &str) -> Result<Self> {
        // The schema first: of another one, nothing else can be relied upon.
        #[derive(Deserialize)]
        struct Head {
            schema: Option<u32>,
        }
        ensure!(
            !text.trim_start().starts_with('['),
            "this is a list, as `vms --json` prints it: take one snapshot out of it"
        );
        let head: Head = serde_json::from_str(text).context("this is not JSON")?;
        match head.schema {
            Some(SCHEMA) => {}
            Some(other) => bail!(
                "the snapshot has schema {other}, this kvm-exits reads schema {SCHEMA}: \
                 use the kvm-exits it was taken with"
            ),
            None => bail!("this is JSON, but no snapshot of kvm-exits: it has no \"schema\""),
        }
        let snapshot: Self = serde_json::from_str(text).context("a damaged snapshot")?;
        snapshot.verify()?;
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests;
