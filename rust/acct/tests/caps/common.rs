// SPDX-License-Identifier: GPL-2.0

//! What the tests of the capabilities share.

use acct::caps::svm::MSR_VM_CR;
use acct::caps::{
    report, Allowed, Capabilities, Extension, Gpr, GroupId, Place, Presence, Reading,
};

pub const EAX: Place = Place::Cpuid(Gpr::Eax);
pub const EBX: Place = Place::Cpuid(Gpr::Ebx);
pub const ECX: Place = Place::Cpuid(Gpr::Ecx);
pub const EDX: Place = Place::Cpuid(Gpr::Edx);
pub const VM_CR: Place = Place::Msr(MSR_VM_CR);

pub const YES: Allowed = Allowed {
    can_set: true,
    can_clear: true,
};
pub const NEVER_1: Allowed = Allowed {
    can_set: false,
    can_clear: true,
};
pub const ALWAYS_1: Allowed = Allowed {
    can_set: true,
    can_clear: false,
};

/// What is known of a processor with VMX when `msrs` is all that is.
pub fn caps(msrs: &[(u32, u64)]) -> Capabilities {
    let places: Vec<_> = msrs.iter().map(|&(msr, v)| (Place::Msr(msr), v)).collect();
    caps_of(Extension::Vmx, &places)
}

/// What is known of a processor with SVM when `values` is all that is.
pub fn svm(values: &[(Place, u64)]) -> Capabilities {
    caps_of(Extension::Svm, values)
}

/// What is known of a processor with `extension` when `values` is all that is.
pub fn caps_of(extension: Extension, values: &[(Place, u64)]) -> Capabilities {
    let mut caps = Capabilities::new(extension);
    for &(place, value) in values {
        assert!(caps.set(place, value), "{extension} has {place}");
    }
    caps
}

/// What `caps` says of a group of controls that there is.
pub fn reading(caps: &Capabilities, id: GroupId) -> Reading {
    match caps.presence(id) {
        Presence::Present(reading) => reading,
        other => panic!("{id:?}: {other:?}"),
    }
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
