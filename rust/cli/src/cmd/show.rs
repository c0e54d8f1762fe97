// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits show`: the exits of all VMs, on the host.

use crate::by::{self, By};
use crate::grid;
use crate::history::History;
use crate::html::{self, Page};
use crate::input::Input;
use crate::listing;
use crate::output::{self, Form, Forms};
use crate::reading::Reading;
use crate::snapshot::Snapshot;
use anyhow::Result;

/// Show the exits of all VMs of this host, or of one (needs root).
///
/// Counted since the generation began: since the module, kvm-intel or kvm-amd was loaded, or since
/// the last reset. Exits of VMs that are gone are in it; of one VM, by --vm, only while it is there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = SCHEMA_HELP)]
pub struct Args {
    #[command(flatten)]
    input: Input,

    /// Only those of this process's VM, as in `kvm-exits vms`.
    #[arg(long, value_name = "PID")]
    vm: Option<u32>,

    /// Show what the exits of REASON were about (MSRs, ports, …), by name or number; or of "all"
    /// reasons that have more to say. With --json a list of these reasons' rows. Needs detail=1.
    #[arg(long, value_name = "REASON", conflicts_with_all = ["vm", "html"])]
    by: Option<By>,

    #[command(flatten)]
    forms: Forms,
}

/// What `--json` prints; kept in step with `snapshot.rs`.
const SCHEMA_HELP: &str = r#"--json prints:

{ "schema": 1                    moves when the meaning of a field changes, not when one is added
  "source": "device"             or "cpuid", of `kvm-exits guest`
  "kernel": "7.2.13"             of this host; not with --from
  "isa": "vmx" | "svm"
  "generation": 3                moves on a reset and when kvm-intel or kvm-amd is loaded
  "scope": "host"                all VMs; of `kvm-exits vms` and --vm: "vm"
  "tsc_khz": 3000000
  "machine": "emulator"          only with --machine
  "vm": { "pid": 4711, "name": "qemu-system-x86", "vcpus": 2 }     only with "scope": "vm"
  "paging": { "tdp": true        EPT or NPT
              "vpid": true       VPIDs or ASIDs
              "unrestricted_guest": true }     of VMX; says nothing of SVM
  "total": { "count", "cycles", "l2_count", "l2_cycles", "l2_reflected",
             "vmm_count", "vmm_cycles", "halted_cycles" }
                                 the sums over the reasons
  "time": { "elapsed"            where the vCPUs' time went, in cycles: guest + exit + entry + vmm
            "guest", "exit", "entry", "vmm", "halted"            + halted = elapsed;
            "preempted"          of this, off the CPU though it could run
            "preempted_in": { "guest", "exit", "entry", "vmm", "halted" }     by state
            "entered": { "guest", "exit", "entry", "vmm", "halted", "preempted" } }
                                 how often; not where the module runs with time=0
  "vcpus": [ { "index": 0, "time": {} } ]      the same of each; only with "scope": "vm"
  "reasons": [                   those with a count, by number
    { "reason": 10, "name": "CPUID",           SVM: exit code and KVM's name of that
      "count", "cycles"          all levels together
      "l2_count", "l2_cycles"    of these, the exits taken while L2 ran
      "l2_reflected"             of these, the ones that were handed to L1
      "vmm_count", "vmm_cycles"  of these, the ones that led out to the VMM, and the cycles there;
      "halted_cycles"            and cycles of waiting afterwards: with "time" only
      "histogram": [0, 0, 5]     element n: exits that took 2^n to 2^(n+1) - 1 cycles (0: also 0);
                                 empty ones at the end are left out; not with "scope": "vm"
      "detail": [                what they were about, by count; not with "scope": "vm", nor where
                                 the module has always run with detail=0
        { "key": "0x6e0", "name": "MSR 0x6e0 TSC_DEADLINE", "count", "cycles" }
        { "name": "other", "count", "cycles" } ] } ] }
                                 last, what found no room or came before detail=1
With --vm it is that VM's, as an element of the list of `kvm-exits vms`."#;

/// Runs `kvm-exits show`.
pub fn run(args: &Args) -> Result<()> {
    let mut history = History::default();
    let reading = args
        .input
        .reading_each(|moment| history.take(moment, args.vm))?;
    let form = args.forms.form();
    if let Some(by) = &args.by {
        return run_by(by, &reading, form);
    }
    let snapshot = match args.vm {
        Some(pid) => reading.vm(pid)?,
        None => &reading.host,
    };
    match form {
        Form::Text => output::print(&text(&reading, snapshot)),
        Form::Json => output::print_json(snapshot),
        Form::Csv => output::print(&listing::csv(snapshot)?),
        Form::Markdown => output::print(&markdown(&reading, snapshot)),
        Form::Html(path) => output::write(path, &page(&reading, snapshot, &history)?.text()),
    }
}

fn run_by(by: &By, reading: &Reading, form: Form<'_>) -> Result<()> {
    let rows = by.rows(&reading.host)?;
    let isa = reading.host.isa;
    let heading = heading(reading, &reading.host);
    match form {
        // A page has the keys in any case.
        Form::Text | Form::Html(_) => output::print(&(heading + "\n" + &by::text(isa, &rows))),
        Form::Json => output::print_json(&rows),
        Form::Csv => output::print(&by::csv(&rows)?),
        Form::Markdown => {
            let heading = grid::markdown_lines(&heading);
            output::print(&(heading + "\n" + &by::markdown(isa, &rows)))
        }
    }
}

/// What it prints for the eye.
pub fn text(reading: &Reading, snapshot: &Snapshot) -> String {
    heading(reading, snapshot) + "\n" + &listing::text(snapshot)
}

/// What it prints with --markdown.
pub fn markdown(reading: &Reading, snapshot: &Snapshot) -> String {
    grid::markdown_lines(&heading(reading, snapshot)) + "\n" + &listing::markdown(snapshot)
}

fn page(reading: &Reading, snapshot: &Snapshot, history: &History) -> Result<Page> {
    let page = html::show::page(&whose(snapshot), snapshot, history)?;
    Ok(match reading.guests_see_all {
        true => page.lead(GUESTS_SEE_ALL),
        false => page,
    })
}

/// What a host's administrator should know.
const GUESTS_SEE_ALL: &str = "Guests can see this too: the module runs with scope=host.";

fn whose(snapshot: &Snapshot) -> String {
    if snapshot.vm.is_some() {
        listing::title(snapshot)
    } else {
        "all VMs' exits".to_string()
    }
}

fn heading(reading: &Reading, snapshot: &Snapshot) -> String {
    let mut text = format!("{}; {}\n", whose(snapshot), listing::heading(snapshot));
    if reading.guests_see_all {
        text += GUESTS_SEE_ALL;
        text += "\n";
    }
    text
}
