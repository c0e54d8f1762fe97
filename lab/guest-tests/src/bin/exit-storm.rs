// SPDX-License-Identifier: GPL-2.0

//! `exit-storm`: causes VM exits of one reason, a given number of times or without end.

use acct::leaves::REASON;
use acct::reasons::{svm, vmx};
use anyhow::{bail, Context, Result};
use clap::{Parser, ValueEnum};
use guest_tests::vendor;
use kvm_exits::cpuid::{Cpuid, Instruction};
use kvm_exits::snapshot::Isa;
use std::{arch::asm, fs, os::unix::fs::FileExt, thread, time::Duration};

/// Causes VM exits of one reason, as often as said.
#[derive(Parser)]
struct Args {
    /// The instruction that exits.
    what: What,
    /// How often; without it, until killed.
    count: Option<u64>,
    /// Then wait until leaf 0x4FFFFF02 counts at least this many exits of the reason, which
    /// another VM has to cause, and fail if it does not in a minute.
    #[arg(long)]
    until: Option<u64>,
    /// Only print KVM's name of the reason, as the host shows it.
    #[arg(long, conflicts_with_all = ["count", "until"])]
    name: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// CPUID, leaf 0.
    Cpuid,
    /// VMCALL, on AMD VMMCALL, at CPL 3, which KVM refuses with -EPERM.
    Vmcall,
    /// OUT to port 0x80, by /dev/port.
    Io,
}

/// A hypercall number that KVM does not know.
const NO_HYPERCALL: u64 = 0x4b56_4d45;

/// The reason's exits on this processor.
struct Storm {
    what: What,
    isa: Isa,
}

impl Storm {
    fn reason(&self) -> u32 {
        match (self.what, self.isa) {
            (What::Cpuid, Isa::Vmx) => vmx::CPUID,
            (What::Cpuid, Isa::Svm) => svm::CPUID,
            (What::Vmcall, Isa::Vmx) => vmx::VMCALL,
            (What::Vmcall, Isa::Svm) => svm::VMMCALL,
            (What::Io, Isa::Vmx) => vmx::IO_INSTRUCTION,
            (What::Io, Isa::Svm) => svm::IOIO,
        }
    }

    fn run(&self, count: Option<u64>) -> Result<()> {
        let port = match self.what {
            What::Io => Some(fs::File::options().write(true).open("/dev/port")),
            What::Cpuid | What::Vmcall => None,
        };
        let port = port.transpose().context("/dev/port: needs root")?;
        let once = || -> Result<()> {
            match (self.what, &port) {
                (What::Cpuid, _) => drop(Instruction.query(0, 0)?),
                (What::Vmcall, _) => hypercall(self.isa),
                (What::Io, Some(port)) => port.write_all_at(&[0], 0x80)?,
                (What::Io, None) => (),
            }
            Ok(())
        };
        match count {
            Some(count) => (0..count).try_for_each(|_| once()),
            None => loop {
                once()?;
            },
        }
    }

    /// What the host counts of the reason, the 64-bit count of leaf 0x4FFFFF02.
    fn counted(&self) -> Result<u64> {
        let answer = Instruction.query(REASON, self.reason())?;
        Ok((u64::from(answer.ebx) << 32) | u64::from(answer.eax))
    }

    /// Waits until `until` exits are counted; fails when more are, or never so many.
    fn wait(&self, until: u64) -> Result<()> {
        for _ in 0..60 {
            if self.counted()? >= until {
                break;
            }
            thread::sleep(Duration::from_secs(1));
        }
        // Whoever caused the others is done, or it would go on now.
        thread::sleep(Duration::from_secs(3));
        let now = self.counted()?;
        println!("until {until} now {now}");
        if now != until {
            bail!("{now} exits counted, not {until}");
        }
        Ok(())
    }
}

/// The other vendor's instruction is an #UD, in whose place KVM writes the right one where it may:
/// not the exit that is to be counted.
fn hypercall(isa: Isa) {
    match isa {
        // SAFETY: KVM answers a hypercall from CPL 3 with -EPERM in RAX and changes nothing else;
        // RBX is an argument that it does not get to.
        Isa::Vmx => unsafe {
            asm!("vmcall", inout("rax") NO_HYPERCALL => _, options(nostack));
        },
        // SAFETY: As above.
        Isa::Svm => unsafe {
            asm!("vmmcall", inout("rax") NO_HYPERCALL => _, options(nostack));
        },
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let storm = Storm {
        what: args.what,
        isa: vendor::isa(&Instruction)?,
    };
    if args.name {
        println!("{}", storm.isa.reason_name(storm.reason()));
        return Ok(());
    }
    let before = storm.counted()?;
    storm.run(args.count)?;
    println!("before {before} after {}", storm.counted()?);
    args.until.map_or(Ok(()), |until| storm.wait(until))
}
