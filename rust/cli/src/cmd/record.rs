// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits record`: keeps snapshots over time.

use crate::command::Run;
use crate::device::{self, Device};
use crate::name::{escaped, Name};
use crate::output::grouped;
use crate::pace::{self, Pace};
use crate::program;
use crate::reading::Reading;
use crate::recording::{self, Recorder, Writer};
use anyhow::Result;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Keep snapshots over time, for `top --from` and others (needs root).
///
/// Until COMMAND ends, or without one until Ctrl-C or SIGTERM; the last snapshot is of that moment.
/// What FILE has already, stays: the new ones come after it. A FILE that was cut off (by a kill in
/// the middle, a crash) is whole up to there, and can be gone on with. Where the module is unloaded
/// meanwhile, it is waited for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take a snapshot every so many seconds, 0.1 or more.
    #[arg(long, short, value_name = "SECONDS", default_value = "1", value_parser = pace::interval)]
    interval: Duration,

    /// Where to keep them.
    #[arg(
        long,
        short,
        value_name = "FILE",
        default_value = "kvm-exits.recording"
    )]
    output: PathBuf,

    /// Note what the host is; "emulator" if its TSC counts instructions. Reports read it.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,

    /// Run this, and record while it runs.
    #[arg(trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    /// Whether it runs no command.
    pub fn is_alone(&self) -> bool {
        self.command.is_empty()
    }
}

/// Runs `kvm-exits record`; returns the exit code.
pub fn run(args: &Args) -> Result<u8> {
    let mut bytes = Vec::new();
    // Whatever is wrong with the device is said before there is a file, and a command.
    read(&mut bytes)?;
    let mut log = Log::begin(&args.output, args.machine.clone(), bytes)?;
    let mut run = Run::start(&args.command)?;
    if args.is_alone() {
        tell(&format!("recording to {}; Ctrl-C ends it", log.name()));
    }
    let mut pace = Pace::new(args.interval, Instant::now());
    let mut failed = None;
    let ended = loop {
        let remaining = pace.remaining(Instant::now());
        let timeout = failed.is_none().then_some(remaining);
        if timeout == Some(Duration::ZERO) {
            failed = log.snapshot().err();
            pace.done(Instant::now());
            match failed {
                Some(error) if args.is_alone() => {
                    log.summary();
                    return Err(error);
                }
                // It is not to stop half-way because of us.
                Some(ref error) => tell(&format!(
                    "{}; recording has ended, the command goes on",
                    program::sentence(error)
                )),
                None => {}
            }
        } else if let Some(ended) = run.wait(timeout)? {
            break ended;
        }
    };
    let result = failed.map_or_else(|| log.snapshot(), Err);
    log.summary();
    result.map(|()| ended.exit_code())
}

/// The recording, and what has been kept in it.
struct Log {
    path: PathBuf,
    writer: Writer,
    /// Of the snapshot.
    bytes: Vec<u8>,
    moments: u64,
    began: Instant,
    /// Whether the device was there when it was read last.
    is_there: bool,
}

impl Log {
    fn begin(path: &Path, machine: Option<Name>, bytes: Vec<u8>) -> Result<Self> {
        let recorder = Recorder {
            kernel: device::kernel_release(),
            machine,
        };
        let (writer, cut) = Writer::append(path, &recorder)?;
        let log = Self {
            path: path.to_path_buf(),
            writer,
            bytes,
            moments: 0,
            began: Instant::now(),
            is_there: true,
        };
        if let Some(cut) = cut {
            tell(&format!("{}: {cut}; going on there", log.name()));
        }
        Ok(log)
    }

    fn name(&self) -> String {
        escaped(&self.path.display().to_string()).into_owned()
    }

    /// Keeps what the device gives now. That it is not there any more is no failure: it may come
    /// back.
    fn snapshot(&mut self) -> Result<()> {
        let (realtime, boottime) = recording::now()?;
        match read(&mut self.bytes) {
            Err(error) if self.is_there => {
                self.is_there = false;
                let moments = grouped(self.moments);
                tell(&format!(
                    "{}; {moments} moments are kept, and I try again",
                    program::sentence(&error)
                ));
            }
            Err(_) => {}
            Ok(()) => {
                if !self.is_there {
                    tell("the device is there again");
                }
                self.is_there = true;
                self.writer.add_at(realtime, boottime, &self.bytes)?;
                self.moments += 1;
            }
        }
        Ok(())
    }

    fn summary(&self) {
        let (length, found) = (self.writer.length(), self.writer.found());
        let all = match found {
            0 => String::new(),
            _ => format!(", which has {}", grouped(length)),
        };
        tell(&format!(
            "{} moments in {:.1} s, {} bytes, in {}{all}",
            grouped(self.moments),
            self.began.elapsed().as_secs_f64(),
            grouped(length.saturating_sub(found)),
            self.name(),
        ));
    }
}

/// What can be played, too: another module may have come meanwhile.
fn read(bytes: &mut Vec<u8>) -> Result<()> {
    Device::open()?.bytes(bytes)?;
    Reading::check(bytes)
}

/// Beside the command's own output.
fn tell(text: &str) {
    eprintln!("kvm-exits: {text}");
}
