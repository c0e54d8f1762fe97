// SPDX-License-Identifier: GPL-2.0

//! What the tests of the capabilities share.

use acct::caps::report;
use acct::caps::Capabilities;

/// What is known when `msrs` is all that is.
pub fn caps(msrs: &[(u32, u64)]) -> Capabilities {
    let mut caps = Capabilities::default();
    for &(msr, value) in msrs {
        assert!(caps.set(msr, value), "{msr:#x} is a capability MSR");
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
