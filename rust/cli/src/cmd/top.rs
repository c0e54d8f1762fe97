// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits top`: what happens per second, live.

use crate::name::Name;
use crate::output;
use crate::pace;
use crate::reading::VmKey;
use crate::top::app::App;
use crate::top::page::{Page, View};
use crate::top::rates::Sort;
use crate::top::samples::{Samples, Source};
use crate::top::screen;
use anyhow::{ensure, Result};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

/// Watch the exits per second, by reason and by VM (needs root).
///
/// "cycles" is the share in all cycles that exits took since the last look, "cycles/exit" the mean
/// of the same time, "total" the exits since the generation began.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Look again after so many seconds.
    #[arg(long, short, value_name = "SECONDS", default_value = "1", value_parser = pace::interval)]
    interval: Duration,

    /// Begin with the list of VMs.
    #[arg(long)]
    vms: bool,

    /// Begin with the reasons of the VM of this process.
    #[arg(long, value_name = "PID", conflicts_with = "vms")]
    vm: Option<u32>,

    /// What comes first.
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,

    /// Print text, one interval after the other, instead of a screen.
    #[arg(long)]
    plain: bool,

    /// Print so many intervals, and end. (Implies --plain.)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,

    /// Print one interval, and end. (Implies --plain.)
    #[arg(long, conflicts_with = "frames")]
    once: bool,

    /// Note what the host is; "emulator" if its TSC counts instructions.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,

    /// Show what came between saved snapshots (`show --save`), as if they were taken one interval
    /// after the other, and end.
    #[arg(long, value_name = "FILE", num_args = 2..)]
    from: Vec<PathBuf>,
}

impl Args {
    fn view(&self) -> View {
        match self.vm {
            Some(pid) => View::Vm(VmKey { pid, nth: 0 }),
            None if self.vms => View::Vms,
            None => View::Host,
        }
    }

    fn frames(&self) -> Option<u64> {
        if self.once {
            Some(1)
        } else {
            self.frames
        }
    }
}

/// Runs `kvm-exits top`.
pub fn run(args: &Args) -> Result<()> {
    let source = match args.from.is_empty() {
        true => Source::Device,
        false => Source::Files(args.from.clone().into_iter()),
    };
    let is_plain = args.plain || args.frames().is_some();
    let mut samples = Samples::new(source, args.interval, args.machine.clone());
    // Before there is a screen: where it fails, the reason is not to flash by.
    samples.advance()?;
    if is_plain {
        return plain(samples, args);
    }
    ensure!(
        std::io::stdout().is_terminal(),
        "this is no terminal: --plain prints text, --once a single interval"
    );
    screen::run(samples, App::new(args.view(), args.sort))
}

fn plain(mut samples: Samples, args: &Args) -> Result<()> {
    let mut left = args.frames();
    while left != Some(0) {
        samples.wait();
        if !samples.advance()? {
            break;
        }
        let Some(interval) = samples.last() else {
            break;
        };
        let page = Page::new(&interval, args.view(), args.sort);
        if !output::print_on(&page.text())? {
            break;
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}
