// SPDX-License-Identifier: GPL-2.0

//! What one processor has and another lacks.

use super::source::Source;
use super::values::{control_name, field_bits, field_value, Bit, FieldValue};
use crate::name::Name;
use crate::output;
use acct::caps::controls::GROUPS;
use acct::caps::registers::{Kind, CONTROL_REGISTERS};
use acct::caps::report::Value;
use acct::caps::{Allowed, Capabilities, Presence, Reading};
use anyhow::{bail, Result};
use serde::Serialize;
use std::fmt::Write;

/// Prints how the processors of `a` and `b` differ.
pub fn run(a: &Source, b: &Source, json: bool) -> Result<()> {
    let diff = Diff::new(a, b)?;
    if json {
        output::print_json(&diff)
    } else {
        output::print(&diff.text())
    }
}

/// What `kvm-exits caps --diff A B --json` prints.
#[derive(Serialize)]
pub struct Diff {
    schema: u32,
    a: Name,
    b: Name,
    groups: Vec<Section<BitDiff>>,
    registers: Vec<Section<FieldDiff>>,
    control_registers: Vec<Section<BitDiff>>,
    /// What one of the two files does not tell.
    not_compared: Vec<NotCompared>,
}

/// A group or register in which the two differ, and where.
#[derive(Serialize)]
struct Section<T> {
    name: &'static str,
    differences: Vec<T>,
}

#[derive(Serialize)]
struct BitDiff {
    bit: u8,
    name: String,
    a: Bit,
    b: Bit,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct FieldDiff {
    bits: String,
    name: String,
    a: FieldValue,
    b: FieldValue,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct NotCompared {
    name: String,
    not_in: &'static str,
}

impl Diff {
    /// How the processors of `a` and `b` differ, which are of one vendor.
    pub fn new(a: &Source, b: &Source) -> Result<Self> {
        let (in_a, in_b) = (a.caps.extension(), b.caps.extension());
        if in_a != in_b {
            bail!(
                "{} is of a processor with {in_a}, {} of one with {in_b}: they have nothing to \
                 compare",
                a.name,
                b.name
            );
        }
        let mut not_compared = Vec::new();
        Ok(Self {
            schema: 1,
            a: a.name.clone(),
            b: b.name.clone(),
            groups: groups(&a.caps, &b.caps, &mut not_compared),
            registers: registers(&a.caps, &b.caps, &mut not_compared),
            control_registers: control_registers(&a.caps, &b.caps, &mut not_compared),
            not_compared,
        })
    }

    /// For the eye.
    pub fn text(&self) -> String {
        let mut text = format!("A: {}\nB: {}\n", self.a, self.b);
        let sections = [
            sections(&self.groups, " Controls", |d| &d.text),
            sections(&self.registers, "", |d| &d.text),
            sections(&self.control_registers, "", |d| &d.text),
        ];
        if sections.iter().all(String::is_empty) {
            text += "No difference\n";
        }
        text.extend(sections);
        for NotCompared { name, not_in } in &self.not_compared {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "Not compared: {name}, of which {not_in} does not tell"
            );
        }
        text
    }
}

fn sections<T>(sections: &[Section<T>], title: &str, line: impl Fn(&T) -> &String) -> String {
    let mut text = String::new();
    for section in sections {
        let _ = writeln!(text, "{}{title}", section.name);
        for difference in &section.differences {
            let _ = writeln!(text, "  {}", line(difference));
        }
    }
    text
}

/// Bits of a group that does not exist: none can be set.
const ABSENT: Allowed = Allowed {
    can_set: false,
    can_clear: true,
};

fn groups(
    a: &Capabilities,
    b: &Capabilities,
    not_compared: &mut Vec<NotCompared>,
) -> Vec<Section<BitDiff>> {
    let mut sections = Vec::new();
    for group in GROUPS {
        let known = |caps: &Capabilities| match caps.presence(group.id) {
            Presence::Present(reading) => Some(Some(reading)),
            Presence::Absent => Some(None),
            Presence::Unknown => None,
        };
        let Some((a, b)) = both(group.name, known(a), known(b), not_compared) else {
            continue;
        };
        let allowed =
            |reading: &Option<Reading>, bit| reading.as_ref().map_or(ABSENT, |r| r.allowed(bit));
        let entries_of_either = (0..group.width()).filter_map(|bit| {
            let of = |reading: &Option<Reading>| reading.as_ref()?.entries().find(|e| e.bit == bit);
            of(&a).or_else(|| of(&b))
        });
        let differences = entries_of_either.filter_map(|entry| {
            let bit = entry.bit;
            BitDiff::new(
                bit,
                control_name(&entry),
                allowed(&a, bit),
                allowed(&b, bit),
            )
        });
        push(&mut sections, group.name, differences.collect());
    }
    sections
}

fn registers(
    a: &Capabilities,
    b: &Capabilities,
    not_compared: &mut Vec<NotCompared>,
) -> Vec<Section<FieldDiff>> {
    let mut sections = Vec::new();
    for register in a.extension().registers() {
        let place = register.place;
        // A processor that lacks the register lacks what it tells.
        let known = |caps: &Capabilities| match (caps.get(place), caps.exists(place)) {
            (None, Some(false)) => Some(0),
            (raw, _) => raw,
        };
        let Some((a, b)) = both(place.name(), known(a), known(b), not_compared) else {
            continue;
        };
        let fields = register.fields.iter().filter(|f| f.value(a) != f.value(b));
        let fields = fields.map(|field| FieldDiff {
            bits: field_bits(field),
            name: field.name.to_string(),
            a: field_value(field, a),
            b: field_value(field, b),
            text: match field.kind {
                Kind::Flag => format!("{}: only {}", field.name, which(field.value(a) != 0)),
                _ => format!(
                    "{}: A {}, B {}",
                    field.name,
                    Value(field, a),
                    Value(field, b)
                ),
            },
        });
        let reserved = register.reserved(a ^ b).map(|bit| {
            let in_a = (a >> bit) & 1 != 0;
            FieldDiff {
                bits: bit.to_string(),
                name: format!("Reserved bit {bit}"),
                a: FieldValue::Flag(in_a),
                b: FieldValue::Flag(!in_a),
                text: format!("Reserved bit {bit}: only {}", which(in_a)),
            }
        });
        push(
            &mut sections,
            place.name(),
            fields.chain(reserved).collect(),
        );
    }
    sections
}

fn control_registers(
    a: &Capabilities,
    b: &Capabilities,
    not_compared: &mut Vec<NotCompared>,
) -> Vec<Section<BitDiff>> {
    let mut sections = Vec::new();
    for register in CONTROL_REGISTERS {
        let fixed = |caps: &Capabilities| caps.msr(register.fixed0).zip(caps.msr(register.fixed1));
        let Some((a, b)) = both(register.name, fixed(a), fixed(b), not_compared) else {
            continue;
        };
        let differences = (0..64).filter_map(|bit| {
            let named = register.bits.iter().find(|named| named.0 == bit);
            let name = named.map_or_else(|| format!("bit {bit}"), |named| named.1.to_string());
            BitDiff::new(
                bit,
                name,
                register.allowed(a.0, a.1, bit),
                register.allowed(b.0, b.1, bit),
            )
        });
        push(&mut sections, register.name, differences.collect());
    }
    sections
}

impl BitDiff {
    fn new(bit: u8, name: String, a: Allowed, b: Allowed) -> Option<Self> {
        let only =
            |a: bool, b: bool, what| (a != b).then(|| format!("only {} can {what} it", which(a)));
        let set = only(a.can_set, b.can_set, "set");
        let clear = only(a.can_clear, b.can_clear, "clear");
        let what: Vec<_> = set.into_iter().chain(clear).collect();

        (!what.is_empty()).then(|| Self {
            bit,
            text: format!("{name}: {}", what.join(", ")),
            name,
            a: a.into(),
            b: b.into(),
        })
    }
}

impl NotCompared {
    fn new(name: &str, not_in: &'static str) -> Self {
        Self {
            name: name.to_string(),
            not_in,
        }
    }
}

/// Both values; where only one is known, a note of that.
fn both<T>(
    name: &str,
    a: Option<T>,
    b: Option<T>,
    not_compared: &mut Vec<NotCompared>,
) -> Option<(T, T)> {
    match (&a, &b) {
        (Some(_), None) => not_compared.push(NotCompared::new(name, "B")),
        (None, Some(_)) => not_compared.push(NotCompared::new(name, "A")),
        _ => {}
    }
    a.zip(b)
}

fn which(a: bool) -> &'static str {
    if a {
        "A"
    } else {
        "B"
    }
}

fn push<T>(sections: &mut Vec<Section<T>>, name: &'static str, differences: Vec<T>) {
    if !differences.is_empty() {
        sections.push(Section { name, differences });
    }
}
