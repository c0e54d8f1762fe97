// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits show`: the exits of all VMs, on the host.

use crate::input::Input;
use crate::listing;
use crate::output::{self, Format};
use crate::reading::Reading;
use anyhow::Result;

/// Show the exits of all VMs of this host (needs root).
///
/// Counted since the generation began: since the module, kvm-intel or kvm-amd was loaded, or since
/// the last reset. Exits of VMs that are gone are in it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = SCHEMA_HELP)]
pub struct Args {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    format: Format,
}

/// What `--json` prints; kept in step with `snapshot.rs`.
const SCHEMA_HELP: &str = r#"--json prints:

{ "schema": 1                    moves when the meaning of a field changes, not when one is added
  "source": "device"             or "cpuid", of `kvm-exits guest`
  "kernel": "7.2.13"             of this host; not with --from
  "isa": "vmx" | "svm"
  "generation": 3                moves on a reset and when kvm-intel or kvm-amd is loaded
  "scope": "host"                all VMs; of `kvm-exits vms`: "vm"
  "tsc_khz": 3000000
  "machine": "emulator"          only with --machine
  "vm": { "pid": 4711, "name": "qemu-system-x86", "vcpus": 2 }     only of `kvm-exits vms`
  "paging": { "tdp": true        EPT or NPT
              "vpid": true       VPIDs or ASIDs
              "unrestricted_guest": true }     of VMX; says nothing of SVM
  "total": { "count", "cycles", "l2_count", "l2_cycles", "l2_reflected" }
                                 the sums over the reasons
  "reasons": [                   those with a count, by number
    { "reason": 10, "name": "CPUID",           SVM: exit code and KVM's name of that
      "count", "cycles"          all levels together
      "l2_count", "l2_cycles"    of these, the exits taken while L2 ran
      "l2_reflected"             of these, the ones that were handed to L1
      "histogram": [0, 0, 5] } ] }
                                 element n: exits that took 2^n to 2^(n+1) - 1 cycles (0: also 0);
                                 empty ones at the end are left out; not of `kvm-exits vms`"#;

/// Runs `kvm-exits show`.
pub fn run(args: &Args) -> Result<()> {
    let reading = args.input.reading()?;
    if args.format.json {
        output::print_json(&reading.host)
    } else if args.format.csv {
        output::print(&listing::csv(&reading.host)?)
    } else {
        output::print(&text(&reading))
    }
}

fn text(reading: &Reading) -> String {
    let host = &reading.host;
    let mut text = format!("all VMs' exits; {}\n", listing::heading(host));
    if reading.guests_see_all {
        text += "Guests can see this too: the module runs with scope=host.\n";
    }
    text + "\n" + &listing::table(host) + "\n" + &listing::notes(host)
}
