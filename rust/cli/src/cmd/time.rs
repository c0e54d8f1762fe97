// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits time`: where the vCPUs' time goes.

use crate::budget;
use crate::input::Input;
use crate::listing;
use crate::name::Name;
use crate::output::{self, grouped, share, Format};
use crate::reading::Reading;
use crate::sheet::{Field, Sheet};
use crate::snapshot::{Scope, Snapshot, Vm};
use crate::time::{Time, Vcpu};
use acct::times::State;
use anyhow::{ensure, Context, Result};
use serde::Serialize;

/// Show where the time of the vCPUs goes: guest, exits, the VMM, waiting (needs root).
///
/// Of all VMs, those that are gone included, or of one, since the generation began. Each vCPU is in
/// one state at each moment from its first KVM_RUN on, so that the states make up the time elapsed.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,

    /// Only that of this process's VM, as in `kvm-exits vms`.
    #[arg(long, value_name = "PID", conflicts_with = "vcpus")]
    vm: Option<u32>,

    /// A line per vCPU, of all VMs that there are.
    #[arg(long)]
    vcpus: bool,

    #[command(flatten)]
    format: Format,
}

/// Why there is nothing to show.
const NOT_MEASURED: &str = "there is no time in this snapshot: the module runs with time=0 (as \
    root: `echo 1 > /sys/module/kvm_exit_stats/parameters/time`), or is one that cannot measure it";

/// What `--json` prints; of --vcpus a list of these.
#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    generation: u64,
    scope: Scope,
    tsc_khz: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vm: Option<&'a Vm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vcpus: Option<&'a [Vcpu]>,
}

impl<'a> Report<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            schema: snapshot.schema,
            generation: snapshot.generation,
            scope: snapshot.scope,
            tsc_khz: snapshot.tsc_khz,
            machine: snapshot.machine.as_ref(),
            vm: snapshot.vm.as_ref(),
            time: snapshot.time.as_ref(),
            vcpus: snapshot.vcpus.as_deref(),
        }
    }
}

/// Runs `kvm-exits time`.
pub fn run(args: &Args) -> Result<()> {
    let reading = args.input.reading()?;
    if args.vcpus {
        return vcpus(&reading, args.format);
    }
    let snapshot = match args.vm {
        Some(pid) => reading.vm(pid)?,
        None => &reading.host,
    };
    let time = snapshot.time.as_ref().context(NOT_MEASURED)?;
    if args.format.json {
        output::print_json(&Report::new(snapshot))
    } else if args.format.csv {
        output::print(&csv(time)?)
    } else {
        output::print(&text(snapshot, time))
    }
}

/// What it prints without --json and --csv.
pub fn text(snapshot: &Snapshot, time: &Time) -> String {
    let whose = if snapshot.vm.is_some() {
        listing::title(snapshot)
    } else {
        "all VMs' vCPUs, those that are gone included".to_string()
    };
    format!(
        "{whose}; {}\n\n{}\n{}\n{}",
        listing::heading(snapshot),
        budget::grid(time).text(),
        budget::bar(time),
        notes(snapshot),
    )
}

/// A line per state, and one for the part of them all that was preempted.
pub fn csv(time: &Time) -> Result<String> {
    let mut sheet = Sheet::new(["state", "cycles", "entered", "preempted_cycles"])?;
    for (state, name) in State::ALL {
        sheet.line([
            name.into(),
            time.cycles.of(state).into(),
            time.entered.map(|entered| entered.states.of(state)).into(),
            time.preempted_in.map(|states| states.of(state)).into(),
        ])?;
    }
    sheet.line([
        "preempted".into(),
        time.preempted.into(),
        time.entered.map(|entered| entered.preempted).into(),
        None::<u64>.into(),
    ])?;
    sheet.text()
}

fn vcpus(reading: &Reading, format: Format) -> Result<()> {
    // A VM whose vCPUs have not run has none either.
    ensure!(
        reading.host.time.is_some() || reading.vms.iter().any(|vm| vm.vcpus.is_some()),
        NOT_MEASURED
    );
    if format.json {
        let reports: Vec<_> = reading.vms.iter().map(Report::new).collect();
        output::print_json(&reports)
    } else if format.csv {
        output::print(&vcpus_csv(reading)?)
    } else {
        output::print(&vcpus_text(reading))
    }
}

/// Each vCPU, and whose it is.
fn each(reading: &Reading) -> impl Iterator<Item = (&Vm, &Vcpu)> {
    reading.vms.iter().flat_map(|snapshot| {
        let vm = snapshot.vm.iter();
        vm.flat_map(|vm| snapshot.vcpus.iter().flatten().map(move |vcpu| (vm, vcpu)))
    })
}

/// A line per vCPU, for the eye.
pub fn vcpus_text(reading: &Reading) -> String {
    let first = ["pid", "name", "vCPU", "elapsed"].into_iter();
    let states = State::ALL.map(|(_, name)| name);
    let headings = first.chain(states).chain(["preempted"]);
    let headings: Vec<_> = headings.map(String::from).collect();
    let mut table = output::table(&headings, &[1]);
    for (vm, Vcpu { index, time }) in each(reading) {
        let mut cells = vec![
            vm.pid.to_string(),
            vm.name.to_string(),
            index.to_string(),
            grouped(time.elapsed),
        ];
        let parts = time.cycles.each().map(|(_, cycles)| cycles).into_iter();
        cells.extend(
            parts
                .chain([time.preempted])
                .map(|n| share(n, time.elapsed)),
        );
        table.add_row(cells);
    }
    format!(
        "the vCPUs of each VM; {}\n\n{}\n{}",
        listing::heading(&reading.host),
        output::table_text(&table),
        notes(&reading.host)
    )
}

fn notes(snapshot: &Snapshot) -> String {
    let mut notes = budget::NOTES.to_string();
    if snapshot.is_emulated() {
        notes += output::note_on_cycles(true);
        notes += "\n";
    }
    notes
}

/// The same for a spreadsheet.
pub fn vcpus_csv(reading: &Reading) -> Result<String> {
    let first = ["pid", "vm", "vcpu", "elapsed"].into_iter();
    let states = State::ALL.map(|(_, name)| name);
    let mut sheet = Sheet::new(first.chain(states).chain(["preempted"]))?;
    for (vm, Vcpu { index, time }) in each(reading) {
        let mut fields: Vec<Field> = vec![vm.pid.into(), (&vm.name).into(), (*index).into()];
        let parts = time.cycles.each().map(|(_, cycles)| cycles).into_iter();
        let all = [time.elapsed].into_iter().chain(parts);
        fields.extend(all.chain([time.preempted]).map(Field::from));
        sheet.line(fields)?;
    }
    sheet.text()
}
