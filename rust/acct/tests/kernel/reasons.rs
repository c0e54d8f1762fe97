// SPDX-License-Identifier: GPL-2.0

//! The lists of exit reasons.

use std::collections::BTreeMap;

use acct::reasons::{self, Isa};

use crate::header::{defines, header};

/// The macros that are numbers.
fn numbers(text: &str) -> BTreeMap<String, u64> {
    defines(text)
        .filter_map(|(name, value)| {
            let word = value.split_whitespace().next()?;
            Some((name.to_string(), number(word)?))
        })
        .collect()
}

fn number(word: &str) -> Option<u64> {
    let word = word.trim_end_matches("ull");
    match (word.strip_prefix("0x"), word.strip_prefix('-')) {
        (Some(hex), _) => u64::from_str_radix(hex, 16).ok(),
        (_, Some(negative)) => Some(negative.parse::<u64>().ok()?.wrapping_neg()),
        _ => word.parse().ok(),
    }
}

/// The rows `{ NAME, "text" }` and `{ NAME + VECTOR, "text" }` of a `__print_symbolic` table.
fn rows(text: &str, defines: &BTreeMap<String, u64>) -> Vec<(u64, String)> {
    text.lines()
        .filter_map(|line| {
            let row = line.trim().strip_prefix('{')?;
            let (value, name) = row.split_once(',')?;
            let number = value.split('+').map(|term| defines[term.trim()]).sum();
            Some((number, name.split('"').nth(1)?.to_string()))
        })
        .collect()
}

#[test]
fn vmx_list_agrees_with_the_kernel() {
    let Some(text) = header("uapi/asm/vmx.h") else {
        return;
    };
    let defines = numbers(&text);
    let mut compared = 0;
    for (name, &number) in &defines {
        let Some(name) = name.strip_prefix("EXIT_REASON_") else {
            continue;
        };
        assert_eq!(reasons::name(number as u32), Some(name), "{number}");
        compared += 1;
    }
    for (number, name) in rows(&text, &defines) {
        if name == "FAILED_VMENTRY" {
            continue;
        }
        assert_eq!(reasons::name(number as u32), Some(&*name), "{number}");
        compared += 1;
    }
    assert!(compared > 120, "only {compared} entries found in vmx.h");
}

#[test]
fn svm_list_agrees_with_the_kernel() {
    let (Some(text), Some(vectors)) = (header("uapi/asm/svm.h"), header("uapi/asm/kvm.h")) else {
        return;
    };
    let mut defines = numbers(&vectors);
    defines.extend(numbers(&text));
    let rows = rows(&text, &defines);
    for (number, name) in &rows {
        assert_eq!(Isa::Svm.name(*number as u32), Some(&**name), "{number:#x}");
    }
    // The codes, whether the tracepoint has a name for them or not. Below 0x8000_0000 the
    // SVM_VMGEXIT_ ones are arguments of an event, not events; `SELF_GPA` is one too.
    for (name, &number) in &defines {
        let code = name.starts_with("SVM_EXIT_")
            || name.starts_with("SVM_VMGEXIT_") && (0x8000_0000..=0xffff_ffff).contains(&number);
        if code {
            assert!(Isa::Svm.is_defined(number as u32), "{name} {number:#x}");
        }
    }
    assert!(rows.len() >= 110, "only {} rows found in svm.h", rows.len());
}
