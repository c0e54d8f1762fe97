// SPDX-License-Identifier: GPL-2.0

//! Snapshots that somebody saved, as JSON or as the device gave them.

use crate::files;
use crate::reading::Reading;
use crate::snapshot::{Snapshot, SCHEMA};
use acct::snapshot::MAGIC;
use anyhow::{bail, ensure, Context, Result};
use serde::Deserialize;
use std::path::Path;

impl Reading {
    /// Reads what was saved in `path`.
    pub fn load(path: &Path) -> Result<Self> {
        Self::decode(&files::read(path)?).with_context(|| path.display().to_string())
    }
}

impl Snapshot {
    /// Reads and checks the snapshot in `path`: JSON, or what the device gave (the host's view).
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = files::read(path)?;
        let snapshot = if bytes.starts_with(&MAGIC) {
            Reading::decode(&bytes).map(|reading| reading.host)
        } else {
            Self::parse(&String::from_utf8_lossy(&bytes))
        };
        snapshot.with_context(|| path.display().to_string())
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
