// SPDX-License-Identifier: GPL-2.0

//! Capabilities as text that can be read back.

use acct::caps::Capabilities;

use crate::common::{caps, svm, EAX, EBX, ECX, EDX, VM_CR};

#[test]
fn a_dump() {
    let dump = |caps: &Capabilities| {
        let mut lines = Vec::new();
        let result = caps.dump(&mut |line| {
            lines.push(line.to_string());
            Ok(())
        });
        assert!(result.is_ok());
        lines
    };
    let all = [(EAX, 1), (EBX, 0x8000), (ECX, 0), (EDX, 0xff), (VM_CR, 8)];

    assert_eq!(
        dump(&svm(&all)),
        ["cpuid 0x8000000a 0x1 0x8000 0x0 0xff", "0xc0010114 0x8"]
    );
    assert_eq!(dump(&svm(&all[4..])), ["0xc0010114 0x8"]);
    assert_eq!(dump(&caps(&[(0x481, 0x16)])), ["0x481 0x16"]);
}
