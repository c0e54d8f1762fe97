// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits top`: what happens per second, live.

use crate::name::Name;
use crate::output;
use crate::pace;
use crate::reading::VmKey;
use crate::top::app::App;
use crate::top::page::{Page, View};
use crate::top::player::{Kept, Player};
use crate::top::rates::Sort;
use crate::top::samples::Samples;
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
#[command(after_long_help = HELP)]
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

    /// Play a recording (`kvm-exits record`), as long as it took; or show what came between saved
    /// snapshots (`show --save`), two or more, as if they were taken one interval after the other.
    /// With --plain, all of it at once.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    from: Vec<PathBuf>,

    /// Play it so many times as fast.
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = speed, requires = "from")]
    speed: f64,
}

const HELP: &str = "\
Keys: q quits, v switches between reasons and VMs, Enter shows one VM, Esc goes back, s sorts, the
arrows up and down choose a row and say what it means; space pauses; of what is played, the arrows
left and right step.

Examples:
  kvm-exits top -i 0.5                                       live
  kvm-exits top --once                                       one interval, as text
  kvm-exits top --from night.recording --speed 60            a minute of it each second
  kvm-exits top --from night.recording --plain --vm 4711     all of it, as text, of one VM";

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
    let mut samples = samples(args)?;
    // Before there is a screen: where it fails, the reason is not to flash by.
    ensure!(samples.advance()?, "{}", nothing(&samples));
    let result = show(&mut samples, args);
    if let Some(cut) = samples.cut() {
        eprintln!("kvm-exits: {cut}");
    }
    result
}

fn samples(args: &Args) -> Result<Samples> {
    let kept = match &args.from[..] {
        [] => return Ok(Samples::live(args.interval, args.machine.clone())),
        [recording] => Kept::Recording(recording.clone()),
        snapshots => Kept::Snapshots(snapshots.to_vec(), args.interval),
    };
    let player = Player::open(kept, args.machine.clone())?;
    Ok(Samples::kept(player, args.speed))
}

/// Why there is nothing to show.
fn nothing(samples: &Samples) -> String {
    let nothing = "there is no snapshot in this recording";
    let cut = samples.cut().map(|cut| format!(": {cut}"));
    nothing.to_string() + &cut.unwrap_or_default()
}

fn show(samples: &mut Samples, args: &Args) -> Result<()> {
    if args.plain || args.frames().is_some() {
        return plain(samples, args);
    }
    ensure!(
        std::io::stdout().is_terminal(),
        "this is no terminal: --plain prints text, --once a single interval"
    );
    screen::run(samples, App::new(args.view(), args.sort))
}

fn plain(samples: &mut Samples, args: &Args) -> Result<()> {
    let mut left = args.frames();
    while left != Some(0) {
        samples.wait();
        if !samples.advance()? {
            break;
        }
        let Some(interval) = samples.last() else {
            break;
        };
        if interval.before.is_none() {
            // A recorder began here: how long it was not there, nobody knows.
            continue;
        }
        let mut page = Page::new(&interval, args.view(), args.sort);
        page.title[1] += &samples.moment();
        if !output::print_on(&page.text())? {
            break;
        }
        left = left.map(|left| left - 1);
    }
    Ok(())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number")?;
    if (0.001..=1e6).contains(&speed) {
        Ok(speed)
    } else {
        Err("between 0.001 and 1000000, please".to_string())
    }
}
