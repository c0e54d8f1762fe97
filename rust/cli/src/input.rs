// SPDX-License-Identifier: GPL-2.0

//! Where `show`, `vms` and `time` take their figures from: the device, or a file.

use crate::device;
use crate::files;
use crate::name::Name;
use crate::reading::Reading;
use crate::recording::Moment;
use anyhow::Result;
use std::path::PathBuf;
use std::time::SystemTime;

/// Where the figures come from.
#[derive(Debug, clap::Args)]
pub struct Input {
    /// Read a snapshot that --save kept, or the last one of a recording, instead of the device.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Keep the snapshot in FILE as well, as the device gave it: all of `show`, `vms` and `time`.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    save: Option<PathBuf>,

    /// Note what the host is; "emulator" if its TSC counts instructions. `compare` reads it.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,
}

impl Input {
    /// Reads, and saves if that was asked for.
    pub fn reading(&self) -> Result<Reading> {
        self.reading_each(|_| {})
    }

    /// The same; `each` sees all moments of a recording, and of the device the only one.
    pub fn reading_each(&self, mut each: impl FnMut(&Moment)) -> Result<Reading> {
        let mut reading = match &self.from {
            Some(path) => Reading::load_each(path, each)?,
            None => {
                let (reading, bytes) = device::read()?;
                if let Some(path) = &self.save {
                    files::write(path, bytes)?;
                }
                let moment = Moment {
                    at: SystemTime::now(),
                    elapsed: None,
                    reading,
                };
                each(&moment);
                moment.reading
            }
        };
        reading.note(self.machine.as_ref());
        Ok(reading)
    }
}
