// SPDX-License-Identifier: GPL-2.0

//! `exit-storm`: causes VM exits of one reason, a given number of times or without end.

use anyhow::{bail, Context, Result};
use clap::{Parser, ValueEnum};
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
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// CPUID (10), leaf 0.
    Cpuid,
    /// VMCALL (18) at CPL 3, which KVM refuses with -EPERM.
    Vmcall,
    /// OUT (30) to port 0x80, by /dev/port.
    Io,
}

impl What {
    /// The basic exit reason (SDM Vol. 3D, Appendix C).
    fn reason(self) -> u32 {
        match self {
            Self::Cpuid => 10,
            Self::Vmcall => 18,
            Self::Io => 30,
        }
    }
}

/// A hypercall number that KVM does not know.
const NO_HYPERCALL: u64 = 0x4b56_4d45;

fn vmcall() {
    // SAFETY: KVM answers a VMCALL from CPL 3 with -EPERM in RAX and changes nothing else; RBX is
    // an argument that it does not get to.
    unsafe { asm!("vmcall", inout("rax") NO_HYPERCALL => _, options(nostack)) };
}

fn run(args: &Args) -> Result<()> {
    let port = match args.what {
        What::Io => Some(fs::File::options().write(true).open("/dev/port")),
        What::Cpuid | What::Vmcall => None,
    };
    let port = port.transpose().context("/dev/port: needs root")?;
    let once = || -> Result<()> {
        match (args.what, &port) {
            (What::Cpuid, _) => drop(std::arch::x86_64::__cpuid(0)),
            (What::Vmcall, _) => vmcall(),
            (What::Io, Some(port)) => port.write_all_at(&[0], 0x80)?,
            (What::Io, None) => (),
        }
        Ok(())
    };
    match args.count {
        Some(count) => (0..count).try_for_each(|_| once()),
        None => loop {
            once()?;
        },
    }
}

/// What the host counts of the reason, the 64-bit count of leaf 0x4FFFFF02.
fn counted(what: What) -> u64 {
    let answer = std::arch::x86_64::__cpuid_count(0x4fff_ff02, what.reason());
    u64::from(answer.ebx) << 32 | u64::from(answer.eax)
}

fn main() -> Result<()> {
    let args = Args::parse();
    let before = counted(args.what);
    run(&args)?;
    println!("before {before} after {}", counted(args.what));
    if let Some(until) = args.until {
        for _ in 0..60 {
            if counted(args.what) >= until {
                break;
            }
            thread::sleep(Duration::from_secs(1));
        }
        // Whoever caused the others is done, or it would go on now.
        thread::sleep(Duration::from_secs(3));
        println!("until {until} now {}", counted(args.what));
        if counted(args.what) != until {
            bail!("{} exits counted, not {until}", counted(args.what));
        }
    }
    Ok(())
}
