// SPDX-License-Identifier: GPL-2.0

//! What the tests of the capabilities share.

use acct::caps::report;
use acct::caps::{Capabilities, Extension, Place};

/// What is known of a processor with VMX when `msrs` is all that is.
pub fn caps(msrs: &[(u32, u64)]) -> Capabilities {
    let places: Vec<_> = msrs.iter().map(|&(msr, v)| (Place::Msr(msr), v)).collect();
    caps_of(Extension::Vmx, &places)
}

/// What is known of a processor with `extension` when `values` is all that is.
pub fn caps_of(extension: Extension, values: &[(Place, u64)]) -> Capabilities {
    let mut caps = Capabilities::new(extension);
    for &(place, value) in values {
        assert!(caps.set(place, value), "{extension} has {place}");
    }
    caps
}

/// What is reported of `caps`.
pub fn text(caps: &Capabilities) -> Vec<String> {
    let mut lines = Vec::new();
    report::lines(caps, &mut |line| lines.push(line.to_string()));
    lines
}

/// Sees to it that `line` is reported of `caps`.
pub fn has_line(caps: &Capabilities, line: &str) {
    let lines = text(caps);
    assert!(lines.iter().any(|l| l == line), "{line:?} in {lines:#?}");
}
