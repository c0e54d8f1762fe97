// SPDX-License-Identifier: GPL-2.0

//! Controls and fields as JSON has them: what `--json` says of one processor and `--diff` of two.

use acct::caps::controls::Entry;
use acct::caps::registers::{Field, Kind};
use acct::caps::Allowed;
use serde::Serialize;

/// What software may do with a bit.
#[derive(Clone, Copy, Serialize)]
pub struct Bit {
    can_set: bool,
    can_clear: bool,
}

impl From<Allowed> for Bit {
    fn from(allowed: Allowed) -> Self {
        Self {
            can_set: allowed.can_set,
            can_clear: allowed.can_clear,
        }
    }
}

/// A flag is true or false, anything else a number.
#[derive(Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// One bit.
    Flag(bool),
    /// A field of more than one bit.
    Number(u64),
}

/// The name of a control, or the number of a bit that has no name.
pub fn control_name(entry: &Entry) -> String {
    match entry.control {
        Some(control) => control.name.to_string(),
        None => format!("Reserved bit {}", entry.bit),
    }
}

/// What `field` says in a register that holds `raw`.
pub fn field_value(field: &Field, raw: u64) -> FieldValue {
    let value = field.value(raw);
    match field.kind {
        Kind::Flag => FieldValue::Flag(value != 0),
        _ => FieldValue::Number(value),
    }
}

/// A field's bits, as the manuals write them.
pub fn field_bits(field: &Field) -> String {
    if field.high == field.low {
        field.low.to_string()
    } else {
        format!("{}:{}", field.high, field.low)
    }
}
