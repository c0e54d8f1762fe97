// SPDX-License-Identifier: GPL-2.0

//! A run: its snapshot, and what is beside it.

use crate::history::History;
use crate::name::escaped;
use crate::recording;
use crate::snapshot::Snapshot;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// What there is of one run.
#[derive(Clone, Debug)]
pub struct Files {
    /// `RUN.json`.
    pub path: PathBuf,
    /// What is in it.
    pub snapshot: Snapshot,
    /// `RUN-boot.json`: the same guest when it had booted.
    pub boot: Option<Snapshot>,
    /// `RUN-host.json`: what the host knows of all of the guest's life.
    pub life: Option<Snapshot>,
    /// `RUN.recording`: the exits over time, from the first to the last.
    pub history: History,
    /// What of it cannot be taken, and why.
    pub warnings: Vec<String>,
}

impl Files {
    /// Reads `path` and what is beside it.
    pub fn load(path: &Path) -> Result<Self> {
        let snapshot = Snapshot::load(path)?;
        let mut files = Self {
            path: path.to_path_buf(),
            snapshot,
            boot: None,
            life: None,
            history: History::default(),
            warnings: Vec::new(),
        };
        files.boot = files.beside("-boot.json")?;
        files.life = files.beside("-host.json")?;
        files.recorded()?;
        Ok(files)
    }

    /// The file of the same run whose name ends so, if there is one.
    fn path_of(&self, end: &str) -> Option<PathBuf> {
        let mut name = self.path.file_stem()?.to_os_string();
        name.push(end);
        Some(self.path.with_file_name(name)).filter(|path| path.exists())
    }

    fn beside(&mut self, end: &str) -> Result<Option<Snapshot>> {
        let Some(path) = self.path_of(end) else {
            return Ok(None);
        };
        let found = Snapshot::load(&path)?;
        if self.is_same(&found) {
            return Ok(Some(found));
        }
        self.warn(&path);
        Ok(None)
    }

    fn recorded(&mut self) -> Result<()> {
        let Some(path) = self.path_of(".recording") else {
            return Ok(());
        };
        let mut reader = recording::open(&path)?;
        let mut is_other = true;
        for moment in reader.by_ref() {
            let moment = moment?;
            if self.is_same(&moment.reading.host) {
                self.history.take(&moment, None);
                is_other = false;
            }
        }
        if let Some(cut) = reader.cut() {
            let name = path.display().to_string();
            self.warnings.push(format!("{}: {cut}", escaped(&name)));
        }
        if is_other {
            self.warn(&path);
        }
        self.history.trim();
        Ok(())
    }

    /// Whether `other` is of the same run: a generation has one paging.
    fn is_same(&self, other: &Snapshot) -> bool {
        let own = &self.snapshot;
        (own.isa, own.generation, own.paging) == (other.isa, other.generation, other.paging)
    }

    fn warn(&mut self, path: &Path) {
        let name = path.display().to_string();
        self.warnings.push(format!(
            "{} is of another run than {} (generation, paging): it is passed over",
            escaped(&name),
            escaped(&self.path.display().to_string())
        ));
    }
}
