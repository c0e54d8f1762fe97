// SPDX-License-Identifier: GPL-2.0

//! The capabilities as lines of text: the same in the kernel log and on a terminal.

use core::fmt;

use super::capabilities::Capabilities;
use super::controls::{Allowed, Reading, GROUPS};
use super::msrs::Presence;
use super::places::Place;
use super::registers::{ControlRegister, Field, Kind, Register, CONTROL_REGISTERS};
use super::svm::Status;

/// Hands every line about `caps` to `line`, without an end of line.
///
/// Says nothing about a value that is not known: why it is not, only its reader can tell.
pub fn lines(caps: &Capabilities, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
    if let Some(status) = Status::of(caps) {
        line(format_args!("SVM: {status}"));
    }
    for group in GROUPS {
        match caps.presence(group.id) {
            Presence::Present(reading) => controls(&reading, line),
            Presence::Absent => line(format_args!(
                "{} Controls: none, {}",
                group.name,
                NotActivated(group.activated_by),
            )),
            Presence::Unknown => {}
        }
    }
    for register in caps.extension().registers() {
        if let Some(raw) = caps.get(register.place) {
            fields(register, raw, line);
        }
    }
    for register in CONTROL_REGISTERS {
        fixed_bits(register, caps, line);
    }
}

fn controls(reading: &Reading, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
    line(format_args!(
        "{} Controls MSR: {:#x} ({:#x} {})",
        reading.group.name,
        reading.raw,
        reading.msr,
        Place::Msr(reading.msr).name(),
    ));
    for entry in reading.entries() {
        match entry.control {
            Some(control) => line(format_args!("  {}: {}", control.name, entry.allowed)),
            None => line(format_args!(
                "  Reserved bit {}: {}",
                entry.bit, entry.allowed
            )),
        }
    }
}

fn fields(register: &Register, raw: u64, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
    value(register.place, raw, line);
    for field in register.fields {
        line(format_args!("  {}: {}", field.name, Value(field, raw)));
    }
    for bit in register.reserved(raw) {
        line(format_args!("  Reserved bit {bit}: Yes"));
    }
}

fn value(place: Place, raw: u64, line: &mut dyn FnMut(fmt::Arguments<'_>)) {
    match place {
        Place::Msr(msr) => line(format_args!("{} MSR: {raw:#x} ({msr:#x})", place.name())),
        Place::Cpuid(_) => line(format_args!("{}: {raw:#x}", place.name())),
    }
}

fn fixed_bits(
    register: &ControlRegister,
    caps: &Capabilities,
    line: &mut dyn FnMut(fmt::Arguments<'_>),
) {
    let known = [register.fixed0, register.fixed1].map(Place::Msr);
    for place in known {
        if let Some(raw) = caps.get(place) {
            value(place, raw, line);
        }
    }

    let [Some(fixed0), Some(fixed1)] = known.map(|place| caps.get(place)) else {
        return;
    };
    for &(bit, name) in register.bits {
        let allowed = register.allowed(fixed0, fixed1, bit);
        line(format_args!("  {}.{}: {}", register.name, name, allowed));
    }
    // Old processors allow all the reserved bits of CR0: one line for them, not twenty.
    let reserved = register.reserved(fixed1);
    if reserved != 0 {
        line(format_args!(
            "  {} reserved bits that can be set: {reserved:#x}",
            register.name
        ));
    }
}

/// Why a group does not exist.
pub struct NotActivated(
    /// The control that activates the group.
    pub Option<(super::GroupId, u8)>,
);

impl fmt::Display for NotActivated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((id, bit)) = self.0 else {
            return f.write_str("nothing activates them");
        };
        let control = id.control(bit).map_or("", |control| control.name);

        write!(
            f,
            "\"{control}\" ({} bit {bit}) cannot be set",
            id.group().name
        )
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Can set={}, Can clear={}",
            yes_no(self.can_set),
            yes_no(self.can_clear)
        )
    }
}

/// What a field says in a register that holds the second value, as text.
pub struct Value<'a>(pub &'a Field, pub u64);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(field, raw) = *self;
        let value = field.value(raw);

        match field.kind {
            Kind::Flag => f.write_str(yes_no(value != 0)),
            Kind::Number => write!(f, "{value}"),
            Kind::Id => write!(f, "{value:#x}"),
            Kind::Bytes => write!(f, "{value} bytes"),
            Kind::MsrCount => write!(f, "{value} MSRs"),
            Kind::TscBit => write!(f, "when TSC bit {value} changes"),
            // SDM A.1: only these two are in use.
            Kind::MemoryType => match value {
                0 => f.write_str("uncacheable (0)"),
                6 => f.write_str("write-back (6)"),
                _ => write!(f, "reserved ({value})"),
            },
        }
    }
}

fn yes_no(so: bool) -> &'static str {
    if so {
        "Yes"
    } else {
        "No"
    }
}
