// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits export`: the counters, for Prometheus.

use crate::export::exporter::Exporter;
use crate::export::families::{self, Extent};
use crate::export::family::Family;
use crate::export::format::{Format, Histograms};
use crate::export::server;
use crate::export::source::{Play, Source};
use crate::files;
use crate::name::Name;
use crate::output;
use crate::pace::{interval, Pace};
use crate::program::{note, sentence};
use anyhow::{ensure, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// Give the counters to Prometheus (needs root, or the group that may read the device).
///
/// Counters per reason, where the vCPUs' time went, and, where asked for, histograms and each VM's
/// own. All begin at 0 with each generation, which Prometheus takes for a counter's reset; a reason
/// has its series from its first exit on. Without --listen and --textfile it prints them once.
///
/// Where the device cannot be read, a scrape is answered with 503 and the reason, and FILE says
/// kvm_exit_stats_up 0.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Serve http://ADDR:PORT/metrics. A snapshot a scrape, as text or OpenMetrics, whichever the
    /// scraper asks for.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,

    /// Listen on an address that other machines can reach, though there is neither a password nor
    /// TLS.
    #[arg(long, requires = "listen")]
    allow_remote: bool,

    /// Write FILE, for node_exporter's textfile collector: *.prom. It is replaced whole.
    #[arg(long, value_name = "FILE", conflicts_with = "listen")]
    textfile: Option<PathBuf>,

    /// Write it again after so many seconds, on and on.
    #[arg(long, short, value_name = "SECONDS", requires = "textfile", value_parser = interval)]
    interval: Option<Duration>,

    /// Each VM's exits, cycles and time as well, with the labels pid and name. A VM that goes takes
    /// its series along.
    #[arg(long)]
    vms: bool,

    /// How long the exits took, per reason, in ten buckets: 13 series a reason.
    #[arg(long)]
    histograms: bool,

    /// The same in a bucket for each power of two, as native histograms: a series a reason.
    /// Prometheus has to ask for the protobuf format (--enable-feature=native-histograms).
    #[arg(long, requires = "listen")]
    native_histograms: bool,

    /// Note what the host is; "emulator" if its TSC counts instructions.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,

    /// Take a snapshot that `show --save` kept, or play what `record` did, instead of the device.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Of a recording, take the next moment at each scrape, not what came by then.
    #[arg(long, requires = "from")]
    step: bool,
}

/// Runs `kvm-exits export`.
pub fn run(args: &Args) -> Result<()> {
    if let Some(address) = args.listen {
        server::check(address, args.allow_remote)?;
    }
    if let Some(path) = &args.textfile {
        check(path)?;
    }
    let histograms = Histograms {
        classic: args.histograms,
        native: args.native_histograms,
    };
    let mut exporter = exporter(args)?;
    match (args.listen, &args.textfile) {
        (Some(address), _) => server::run(address, exporter, histograms),
        (_, Some(path)) => write(path, args.interval, exporter, histograms),
        (None, None) => {
            let text = Format::Text.render(&exporter.read()?, histograms);
            output::print(&String::from_utf8_lossy(&text))
        }
    }
}

fn exporter(args: &Args) -> Result<Exporter> {
    let play = if args.step { Play::Step } else { Play::Own };
    let source = match &args.from {
        Some(path) => Source::open(path, play)?,
        None => Source::Device(Vec::new()),
    };
    let extent = Extent {
        vms: args.vms,
        histograms: args.histograms || args.native_histograms,
    };
    Ok(Exporter::new(source, args.machine.clone(), extent))
}

/// Writes `path` once, or again and again. Where nothing can be read, there is to be nothing in it
/// that looks as if it had been.
fn write(
    path: &Path,
    interval: Option<Duration>,
    mut exporter: Exporter,
    histograms: Histograms,
) -> Result<()> {
    let put = |families: &[Family]| files::replace(path, Format::Text.render(families, histograms));
    let Some(interval) = interval else {
        let read = exporter.read();
        put(read.as_ref().unwrap_or(&families::of_nothing()))?;
        return read.map(drop);
    };
    let mut pace = Pace::new(interval, Instant::now());
    loop {
        let families = exporter.scrape();
        // A disk that is full is so no more, some time.
        if let Err(error) = put(&families.unwrap_or_else(|_| families::of_nothing())) {
            note(sentence(&error));
        }
        pace.done(Instant::now());
        thread::sleep(pace.remaining(Instant::now()));
    }
}

/// Checks that `path` is one that node_exporter reads.
fn check(path: &Path) -> Result<()> {
    let is_read = path
        .extension()
        .is_some_and(|extension| extension == "prom");
    ensure!(
        is_read,
        "{}: node_exporter reads files *.prom only: name it so, in the directory of \
         --collector.textfile.directory",
        path.display()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_is_written() {
        check(Path::new("/var/lib/node_exporter/kvm.prom")).unwrap();
        for path in ["kvm", "kvm.prom.txt", ".prom", "/tmp/", "-"] {
            let error = check(Path::new(path)).unwrap_err().to_string();
            assert!(error.contains("*.prom only"), "{error}");
        }
    }
}
