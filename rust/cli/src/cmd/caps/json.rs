// SPDX-License-Identifier: GPL-2.0

//! The capabilities as JSON.
//!
//! Values, and where they are read, are strings in hex: JSON readers that take every number for a
//! double would lose bits of them.

use super::source::Source;
use super::values::{control_name, field_bits, field_value, Bit, FieldValue};
use crate::name::Name;
use acct::caps::controls::{Entry, GROUPS};
use acct::caps::registers::CONTROL_REGISTERS;
use acct::caps::remarks;
use acct::caps::report::NotActivated;
use acct::caps::svm::{self, Status};
use acct::caps::{Capabilities, Extension, Place, Presence, Reading};
use serde::Serialize;

/// What `kvm-exits caps --json` prints.
#[derive(Serialize)]
pub struct Report {
    schema: u32,
    source: Name,
    isa: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_text: Option<String>,
    groups: Vec<Group>,
    absent_groups: Vec<AbsentGroup>,
    registers: Vec<Register>,
    control_registers: Vec<ControlRegister>,
    missing: Vec<Missing>,
    disagreements: Vec<Disagreement>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    name: &'static str,
    msr: String,
    msr_name: &'static str,
    raw: String,
    controls: Vec<Control>,
}

#[derive(Serialize)]
struct Control {
    bit: u8,
    name: String,
    #[serde(flatten)]
    allowed: Bit,
    /// The SDM reserves the bit; this processor lets software set it all the same.
    #[serde(skip_serializing_if = "is_false")]
    reserved: bool,
}

#[derive(Serialize)]
struct AbsentGroup {
    name: &'static str,
    reason: String,
}

/// Where a value is read.
#[derive(Serialize)]
#[serde(untagged)]
enum At {
    Msr {
        msr: String,
    },
    Cpuid {
        cpuid: String,
        register: &'static str,
    },
}

#[derive(Serialize)]
struct Register {
    name: &'static str,
    #[serde(flatten)]
    at: At,
    raw: String,
    fields: Vec<RegisterField>,
    reserved_bits_set: Vec<u8>,
}

#[derive(Serialize)]
struct RegisterField {
    bits: String,
    name: &'static str,
    value: FieldValue,
}

#[derive(Serialize)]
struct ControlRegister {
    name: &'static str,
    fixed0: String,
    fixed1: String,
    bits: Vec<Control>,
}

#[derive(Serialize)]
struct Missing {
    #[serde(flatten)]
    at: At,
    name: &'static str,
}

#[derive(Serialize)]
struct Disagreement {
    #[serde(flatten)]
    at: At,
    name: &'static str,
    cpu: u32,
    raw: Option<String>,
    first_cpu: u32,
    first_raw: Option<String>,
}

impl Report {
    /// Reports what `source` says.
    pub fn new(source: &Source) -> Self {
        let caps = &source.caps;
        let mut groups = Vec::new();
        let mut absent_groups = Vec::new();
        for group in GROUPS {
            match caps.presence(group.id) {
                Presence::Present(reading) => groups.push(Group::new(&reading)),
                Presence::Absent => absent_groups.push(AbsentGroup {
                    name: group.name,
                    reason: NotActivated(group.activated_by).to_string(),
                }),
                Presence::Unknown => {}
            }
        }

        let status = Status::of(caps);

        Self {
            schema: 1,
            source: source.name.clone(),
            isa: isa(caps.extension()),
            status: status.map(Status::name),
            status_text: status.map(|status| status.to_string()),
            groups,
            absent_groups,
            registers: registers(caps),
            control_registers: control_registers(caps),
            missing: source.missing.iter().map(Missing::from).collect(),
            disagreements: source
                .disagreements
                .iter()
                .map(Disagreement::from)
                .collect(),
            notes: source.notes.clone(),
        }
    }
}

impl Group {
    fn new(reading: &Reading) -> Self {
        Self {
            name: reading.group.name,
            msr: hex(reading.msr),
            msr_name: Place::Msr(reading.msr).name(),
            raw: hex(reading.raw),
            controls: reading.entries().map(Control::from).collect(),
        }
    }
}

impl From<Place> for At {
    fn from(place: Place) -> Self {
        match place {
            Place::Msr(msr) => Self::Msr { msr: hex(msr) },
            Place::Cpuid(register) => Self::Cpuid {
                cpuid: hex(svm::LEAF),
                register: register.name(),
            },
        }
    }
}

impl From<&Place> for Missing {
    fn from(&place: &Place) -> Self {
        Self {
            at: place.into(),
            name: place.name(),
        }
    }
}

impl From<&remarks::Disagreement> for Disagreement {
    fn from(d: &remarks::Disagreement) -> Self {
        Self {
            at: d.place.into(),
            name: d.place.name(),
            cpu: d.cpu,
            raw: d.value.map(hex),
            first_cpu: d.first_cpu,
            first_raw: d.first_value.map(hex),
        }
    }
}

impl From<Entry> for Control {
    fn from(entry: Entry) -> Self {
        Self {
            bit: entry.bit,
            name: control_name(&entry),
            allowed: entry.allowed.into(),
            reserved: entry.control.is_none(),
        }
    }
}

/// The extension, as snapshots have it.
fn isa(extension: Extension) -> &'static str {
    match extension {
        Extension::Vmx => "vmx",
        Extension::Svm => "svm",
    }
}

fn hex(value: impl Into<u64>) -> String {
    format!("{:#x}", value.into())
}

fn registers(caps: &Capabilities) -> Vec<Register> {
    let known = caps
        .extension()
        .registers()
        .iter()
        .filter_map(|register| caps.get(register.place).map(|raw| (register, raw)));
    known
        .map(|(register, raw)| Register {
            name: register.place.name(),
            at: register.place.into(),
            raw: hex(raw),
            fields: register
                .fields
                .iter()
                .map(|field| RegisterField {
                    bits: field_bits(field),
                    name: field.name,
                    value: field_value(field, raw),
                })
                .collect(),
            reserved_bits_set: register.reserved(raw).collect(),
        })
        .collect()
}

fn control_registers(caps: &Capabilities) -> Vec<ControlRegister> {
    let known = CONTROL_REGISTERS.iter().filter_map(|register| {
        let fixed0 = caps.msr(register.fixed0)?;
        Some((register, fixed0, caps.msr(register.fixed1)?))
    });
    known
        .map(|(register, fixed0, fixed1)| ControlRegister {
            name: register.name,
            fixed0: hex(fixed0),
            fixed1: hex(fixed1),
            bits: register
                .bits
                .iter()
                .map(|&(bit, name)| Control {
                    bit,
                    name: name.to_string(),
                    allowed: register.allowed(fixed0, fixed1, bit).into(),
                    reserved: false,
                })
                .collect(),
        })
        .collect()
}

// serde hands over a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}
