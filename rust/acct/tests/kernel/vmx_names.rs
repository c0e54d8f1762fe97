// SPDX-License-Identifier: GPL-2.0

//! The names of the VMX capability MSRs, and of the bits of CR0 and CR4.

use std::collections::BTreeMap;

use acct::caps::msrs::MSRS;
use acct::caps::registers::CONTROL_REGISTERS;

use crate::header::{defines, header};

#[test]
fn every_msr_that_the_kernel_names() {
    let Some(text) = header("asm/msr-index.h") else {
        return;
    };
    let kernel: BTreeMap<u32, &str> = defines(&text)
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("MSR_")?;
            let index = u32::from_str_radix(value.strip_prefix("0x")?, 16).ok()?;
            name.starts_with("IA32_VMX_").then_some((index, name))
        })
        .collect();
    assert!(kernel.len() > 15, "the header was parsed: {kernel:?}");

    for (index, name) in &kernel {
        let ours = MSRS.iter().find(|m| m.0 == *index);
        assert_eq!(ours.map(|m| m.1), Some(*name), "{index:#x}");
    }
}

#[test]
fn every_control_register_bit_that_the_kernel_names() {
    let Some(text) = header("uapi/asm/processor-flags.h") else {
        return;
    };
    for register in CONTROL_REGISTERS {
        let prefix = format!("X86_{}_", register.name);
        let mut known = 0;

        for (name, bit) in defines(&text) {
            let Some(name) = name
                .strip_prefix(&prefix)
                .and_then(|name| name.strip_suffix("_BIT"))
            else {
                continue;
            };
            let ours = register.bits.iter().find(|b| b.0.to_string() == bit);
            assert_eq!(ours.map(|b| b.1), Some(name), "{prefix} bit {bit}");
            known += 1;
        }
        assert!(known > 10, "the header was parsed for {prefix}");
    }
}
