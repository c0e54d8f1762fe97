// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits guest`: a guest reads its own exits.

mod stat;

use crate::budget;
use crate::cpuid::{Cpuid, Device, Instruction};
use crate::grid;
use crate::history::History;
use crate::html;
use crate::leaves_client::Leaves;
use crate::listing;
use crate::name::Name;
use crate::output::{self, Form, Forms};
use crate::pin::{self, Pin};
use crate::snapshot::{Scope, Snapshot};
use anyhow::Result;
use std::time::SystemTime;

/// Read this VM's exits from inside it, through CPUID leaves.
///
/// All figures are of one moment: the host holds this vCPU's view still while they are read.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    forms: Forms,

    #[command(flatten)]
    place: Where,

    /// Leave the view of that CPU latched, so that other programs read the same figures there.
    #[arg(long)]
    keep_latch: bool,

    /// Release what --keep-latch left latched (on all CPUs, or on --cpu) and read nothing.
    #[arg(long, conflicts_with_all = ["keep_latch", "json", "csv", "markdown", "html", "machine"])]
    release: bool,

    /// Note what the host is; "emulator" if its TSC counts instructions. `compare` reads it.
    #[arg(long, value_name = "NAME")]
    machine: Option<Name>,
}

/// Where to ask.
#[derive(Debug, clap::Args)]
struct Where {
    /// Read on this CPU [default: the one the program starts on].
    #[arg(long, value_name = "N")]
    cpu: Option<usize>,

    /// Let the guest's kernel ask (/dev/cpu/N/cpuid), for a host whose module has cpl0=1.
    #[arg(long)]
    cpl0: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Stat(stat::Args),
}

impl Args {
    /// Whether it runs no command.
    pub fn is_alone(&self) -> bool {
        self.command
            .as_ref()
            .is_none_or(|Command::Stat(args)| args.is_alone())
    }
}

/// Runs `kvm-exits guest`; returns the exit code.
pub fn run(args: &Args) -> Result<u8> {
    match &args.command {
        Some(Command::Stat(args)) => stat::run(args),
        None if args.release => release(&args.place).map(|()| 0),
        None => show(args).map(|()| 0),
    }
}

fn show(args: &Args) -> Result<()> {
    let pin = Pin::new(args.place.cpu)?;
    let mut snapshot = if args.place.cpl0 {
        read(&Device::open(pin.cpu())?, args.keep_latch)?
    } else {
        read(&Instruction, args.keep_latch)?
    };
    if args.keep_latch {
        let cpu = pin.cpu();
        eprintln!(
            "CPU {cpu} stays latched: read there with `taskset -c {cpu} cpuid -1 -i -l …`, \
             release with `kvm-exits guest --release --cpu {cpu}`"
        );
    }
    snapshot.machine.clone_from(&args.machine);
    match args.forms.form() {
        Form::Text => output::print(&text(&snapshot)),
        Form::Json => output::print_json(&snapshot),
        Form::Csv => output::print(&listing::csv(&snapshot)?),
        Form::Markdown => output::print(&markdown(&snapshot)),
        Form::Html(path) => {
            let mut history = History::default();
            history.add(SystemTime::now(), None, &snapshot);
            let page = html::show::page(whose(&snapshot), &snapshot, &history)?;
            output::write(path, &page.text())
        }
    }
}

fn read(cpuid: &impl Cpuid, keep_latch: bool) -> Result<Snapshot> {
    let (snapshot, latch) = Leaves::detect(cpuid)?.latched()?;
    if keep_latch {
        latch.keep();
    }
    Ok(snapshot)
}

fn release(place: &Where) -> Result<()> {
    let cpus = match place.cpu {
        Some(cpu) => vec![cpu],
        None => pin::allowed_cpus()?,
    };
    for cpu in cpus {
        let pin = Pin::new(Some(cpu))?;
        if place.cpl0 {
            Leaves::detect(&Device::open(pin.cpu())?)?.release()?;
        } else {
            Leaves::detect(&Instruction)?.release()?;
        }
    }
    Ok(())
}

/// Whose exits these are.
fn whose(snapshot: &Snapshot) -> &'static str {
    match snapshot.scope {
        Scope::Vm => "this VM's exits",
        Scope::Host => "the exits of all VMs of the host",
    }
}

fn heading(snapshot: &Snapshot) -> String {
    format!("{}; {}\n", whose(snapshot), listing::heading(snapshot))
}

/// What comes below the table.
fn notes(snapshot: &Snapshot) -> String {
    let time = snapshot.time.as_ref();
    let time = time.map(|time| format!("The time of this VM's vCPUs: {}.\n\n", budget::line(time)));
    time.unwrap_or_default() + &listing::notes(snapshot)
}

/// What it prints for the eye.
pub fn text(snapshot: &Snapshot) -> String {
    let table = listing::grid(snapshot).text();
    format!("{}\n{table}\n{}", heading(snapshot), notes(snapshot))
}

/// What it prints with --markdown.
pub fn markdown(snapshot: &Snapshot) -> String {
    let [heading, notes] = [heading(snapshot), notes(snapshot)].map(|s| grid::markdown_lines(&s));
    let table = listing::grid(snapshot).markdown();
    format!("{heading}\n{table}\n{notes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_a_line() {
        let text = |time: &str| {
            let json = r#"{ "schema": 1, "source": "cpuid", "isa": "vmx", "generation": 3,
                "scope": "vm", "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
                "total": { "count": 0, "cycles": 0 }, TIME "reasons": [] }"#;
            super::text(&Snapshot::parse(&json.replace("TIME", time)).unwrap())
        };
        let time = r#""time": { "elapsed": 10, "guest": 5, "exit": 2, "entry": 1, "vmm": 1,
            "halted": 1, "preempted": 1 },"#;
        let line = "\nThe time of this VM's vCPUs: guest 50.0%, exit 20.0%, entry 10.0%, \
            vmm 10.0%, halted 10.0%; of which preempted 10.0%.\n";
        assert!(text(time).contains(line), "{}", text(time));
        assert!(!text("").contains("The time"));
    }
}
