// SPDX-License-Identifier: GPL-2.0

//! What the keys of the exits are made and named by.

use std::collections::BTreeMap;

use acct::{keys::INDEXED, msr_names};

use crate::header::{defines, file, header};

fn number(word: &str) -> Option<u32> {
    match word.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => word.parse().ok(),
    }
}

/// The macros that are numbers, and what they are.
fn numbers(text: &str) -> BTreeMap<&str, u32> {
    defines(text)
        .filter_map(|(name, value)| Some((name, number(value.split_whitespace().next()?)?)))
        .collect()
}

/// Each name of `list`, behind one of `prefixes`, is that number's in `text`.
fn compare(text: &str, list: &[(u32, &str)], prefixes: &[&str]) {
    let numbers = numbers(text);
    for (number, name) in list {
        let mut names = prefixes.iter().map(|prefix| format!("{prefix}{name}"));
        assert!(
            names.any(|name| numbers.get(&*name) == Some(number)),
            "{name} {number:#x}"
        );
    }
    let mut sorted: Vec<_> = list.iter().map(|(number, _)| number).collect();
    sorted.dedup();
    assert!(sorted.is_sorted() && sorted.len() == list.len());
}

#[test]
fn msrs_have_the_kernels_names() {
    let (Some(msrs), Some(kvm)) = (header("asm/msr-index.h"), header("uapi/asm/kvm_para.h")) else {
        return;
    };
    let prefixes = ["MSR_IA32_", "MSR_"];
    compare(&(msrs + &kvm), msr_names::KERNEL, &prefixes);
    assert_eq!(msr_names::name(0x6e0), Some("TSC_DEADLINE"));
}

#[test]
fn msrs_of_hyperv_have_the_kernels_names() {
    let Some(text) = file("include/hyperv/hvgdk_mini.h") else {
        return;
    };
    let list: Vec<_> = msr_names::HYPERV
        .iter()
        .map(|(number, name)| (*number, name.strip_prefix("HV_X64_").unwrap()))
        .collect();
    compare(&text, &list, &["HV_X64_MSR_"]);
}

#[test]
fn registers_of_the_apic_have_the_kernels_names() {
    let Some(text) = header("asm/apicdef.h") else {
        return;
    };
    compare(&text, msr_names::APIC, &[""]);
    assert_eq!(msr_names::name(0x80b), Some("APIC_EOI"));
    assert_eq!(msr_names::name(0x817), Some("APIC_ISR"));
    assert_eq!(msr_names::name(0x818), Some("APIC_TMR"));
    assert_eq!(msr_names::name(0x8ff), None);
}

#[test]
fn leaves_with_subleaves_are_the_kernels() {
    let Some(text) = header("asm/cpuid/api.h") else {
        return;
    };
    let (_, body) = text
        .split_once("bool cpuid_function_is_indexed(")
        .expect("cpuid_function_is_indexed()");
    let (cases, _) = body.split_once("return").expect("its cases");
    let leaves: Vec<_> = cases
        .lines()
        .filter_map(|line| line.trim().strip_prefix("case ")?.strip_suffix(':'))
        .filter_map(number)
        .collect();
    // 7.2 does not know 0x23 yet, and so has no such leaf to show to a guest.
    let known = |leaf: &&u32| leaves.contains(leaf) || **leaf != 0x23;
    let expected: Vec<_> = INDEXED.iter().filter(known).copied().collect();
    assert_eq!(leaves, expected);
}
