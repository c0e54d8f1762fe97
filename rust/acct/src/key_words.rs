// SPDX-License-Identifier: GPL-2.0

//! A key in words.

use super::{Kind, INDEXED, PF};
use core::fmt;

/// A key in words.
pub struct Words(pub Kind, pub u64);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(kind, key) = *self;
        let bit = |n: u32| key >> n & 1 != 0;
        match kind {
            Kind::Exception if key & 0xff == PF => page_fault(f, key >> 8),
            Kind::Exception => match EXCEPTIONS.get(key as usize).filter(|n| !n.is_empty()) {
                Some(name) => f.write_str(name),
                None => write!(f, "vector {key}"),
            },
            Kind::PageFault => page_fault(f, key),
            Kind::ControlRegister => match key >> 4 & 3 {
                0 => write!(f, "CR{} write", key & 0xf),
                1 => write!(f, "CR{} read", key & 0xf),
                2 => f.write_str("CLTS"),
                _ => f.write_str("LMSW"),
            },
            Kind::DebugRegister => {
                write!(f, "DR{} {}", key & 7, if bit(4) { "read" } else { "write" })
            }
            Kind::Msr => write!(f, "MSR {key:#x}"),
            Kind::MsrEither => {
                let way = if bit(32) { "write" } else { "read" };
                write!(f, "MSR {:#x} {way}", key & 0xffff_ffff)
            }
            Kind::Port | Kind::IoioPort => port(f, key),
            Kind::Access | Kind::NpfAccess => access(f, key),
            Kind::Mmio => write!(f, "MMIO {key:#x}"),
            Kind::ApicRegister => write!(f, "APIC {key:#x}"),
            Kind::Cpuid if INDEXED.contains(&(key as u32)) => {
                write!(f, "CPUID {:#x}.{:#x}", key as u32, key >> 32)
            }
            Kind::Cpuid => write!(f, "CPUID {key:#x}"),
            Kind::Hypercall => write!(f, "hypercall {key}"),
            Kind::Vector => write!(f, "vector {key:#x}"),
            Kind::Invalidation => write!(f, "type {key}"),
        }
    }
}

/// The exceptions by vector (SDM Vol. 3A, Table 6-1; 28 to 30: APM Vol. 2, Table 8-1).
const EXCEPTIONS: [&str; 31] = [
    "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "", "#TS", "#NP", "#SS", "#GP",
    "#PF", "", "#MF", "#AC", "#MC", "#XM", "#VE", "#CP", "", "", "", "", "", "", "#HV", "#VC",
    "#SX",
];

/// The bits of #PF's error code, as SDM Vol. 3A, 4.7 abbreviates them; APM Vol. 2, 8.4.2.
const ERROR_CODE: [(u32, &str); 7] = [
    (1, "W"),
    (2, "U"),
    (3, "RSVD"),
    (4, "I"),
    (5, "PK"),
    (6, "SS"),
    (15, "SGX"),
];

fn page_fault(f: &mut fmt::Formatter<'_>, code: u64) -> fmt::Result {
    f.write_str(if code & 1 != 0 { "#PF P" } else { "#PF NP" })?;
    let set = ERROR_CODE.iter().filter(|(bit, _)| code >> bit & 1 != 0);
    for (_, name) in set {
        write!(f, " {name}")?;
    }
    let rest = ERROR_CODE
        .iter()
        .fold(code & !1, |rest, (bit, _)| rest & !(1 << bit));
    if rest != 0 {
        write!(f, " {rest:#x}")?;
    }
    Ok(())
}

fn port(f: &mut fmt::Formatter<'_>, key: u64) -> fmt::Result {
    let way = if key >> 20 & 1 != 0 { "in" } else { "out" };
    write!(f, "port {:#x} {way}", key & 0xffff)?;
    match key >> 16 & 7 {
        1 => (),
        bytes => write!(f, " {bytes} bytes")?,
    }
    if key >> 21 & 1 != 0 {
        f.write_str(" string")?;
    }
    Ok(())
}

fn access(f: &mut fmt::Formatter<'_>, key: u64) -> fmt::Result {
    let mut between = "";
    for (bit, name) in [(0, "read"), (1, "write"), (2, "fetch")] {
        if key >> bit & 1 != 0 {
            write!(f, "{between}{name}")?;
            between = "+";
        }
    }
    f.write_str(match (key >> 4 & 1 != 0, key >> 3 & 1 != 0) {
        (true, _) => ", MMIO",
        (_, true) => ", present",
        _ => ", not present",
    })
}
