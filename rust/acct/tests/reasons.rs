// SPDX-License-Identifier: GPL-2.0

//! The lists of exit reasons, by themselves and against the headers of a kernel tree (`KSRC`).

use acct::reasons::{self, svm, vmx, Isa, MAX_REASON, OTHER, OTHER_NAME};

#[test]
fn sdm_gaps_are_undefined() {
    let gaps: Vec<u32> = (0..=MAX_REASON)
        .filter(|&r| !reasons::is_defined(r))
        .collect();
    assert_eq!(gaps, [35, 38, 42, 70, 71, 82, 83]);
}

#[test]
fn nothing_above_the_table_is_defined() {
    for reason in (MAX_REASON + 1..=0x1_0001).chain([0x8000_0021, 0x0800_0030, u32::MAX]) {
        assert!(!reasons::is_defined(reason), "{reason:#x}");
    }
    assert_eq!(reasons::name(0x1_0000), None);
    assert_eq!(reasons::name(u32::MAX), None);
}

#[test]
fn bit_mask_and_table_agree() {
    for reason in 0..=0x1_0000 {
        let in_table = Isa::Vmx.find(reason).is_some();
        assert_eq!(reasons::is_defined(reason), in_table, "{reason}");
    }
}

#[test]
fn names_are_kvms() {
    assert_eq!(
        reasons::name(vmx::EXTERNAL_INTERRUPT),
        Some("EXTERNAL_INTERRUPT")
    );
    assert_eq!(reasons::name(28), Some("CR_ACCESS"));
    assert_eq!(reasons::name(33), Some("INVALID_STATE"));
    assert_eq!(reasons::name(vmx::EPT_VIOLATION), Some("EPT_VIOLATION"));
    assert_eq!(Isa::Svm.name(svm::NPF), Some("npf"));
    assert_eq!(Isa::Svm.name(u32::MAX), Some("invalid_guest_state"));
    assert!(reasons::meaning(10).is_some_and(|m| m.contains("CPUID")));
}

#[test]
fn other_has_a_name_and_is_no_reason() {
    for isa in [Isa::Vmx, Isa::Svm] {
        assert_eq!(isa.name(OTHER), Some(OTHER_NAME));
        assert!(isa.meaning(OTHER).is_some());
        assert!(isa.find(OTHER).is_none());
        assert!(!isa.is_defined(OTHER));
    }
}

#[test]
fn names_do_not_repeat() {
    for isa in [Isa::Vmx, Isa::Svm] {
        let mut names: Vec<_> = isa.all().iter().map(|r| r.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

#[test]
fn svm_ranges_of_the_apm_are_defined() {
    assert!(Isa::Svm.is_defined(0x01f), "write of CR15");
    assert!(Isa::Svm.is_defined(0x05e), "#SX");
    assert!(!Isa::Svm.is_defined(0x0a7));
    assert!(!Isa::Svm.is_defined(0x404));
    assert_eq!(Isa::Svm.max_reason(), 0x403);
}

mod header {
    //! What `arch/x86/include/uapi/asm/*.h` say, read with as little C as they need.

    use std::collections::BTreeMap;

    /// `#define NAME number`, flags and arguments in parentheses left out.
    pub fn defines(text: &str) -> BTreeMap<String, u64> {
        text.lines()
            .filter_map(|line| {
                let mut words = line.strip_prefix("#define")?.split_whitespace();
                let name = words.next()?;
                Some((name.to_string(), number(words.next()?)?))
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
    pub fn rows(text: &str, defines: &BTreeMap<String, u64>) -> Vec<(u64, String)> {
        text.lines()
            .filter_map(|line| {
                let row = line.trim().strip_prefix('{')?;
                let (value, name) = row.split_once(',')?;
                let number = value.split('+').map(|term| defines[term.trim()]).sum();
                Some((number, name.split('"').nth(1)?.to_string()))
            })
            .collect()
    }
}

/// The header `name` of the kernel tree that `KSRC` names, or `None` with a note.
fn kernel_header(name: &str) -> Option<String> {
    let Some(tree) = std::env::var_os("KSRC") else {
        println!("skipped: KSRC names no kernel tree, {name} not compared");
        return None;
    };
    let path = std::path::Path::new(&tree)
        .join("arch/x86/include/uapi/asm")
        .join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

#[test]
fn vmx_list_agrees_with_the_kernel() {
    let Some(text) = kernel_header("vmx.h") else {
        return;
    };
    let defines = header::defines(&text);
    let mut compared = 0;
    for (name, &number) in &defines {
        let Some(name) = name.strip_prefix("EXIT_REASON_") else {
            continue;
        };
        assert_eq!(reasons::name(number as u32), Some(name), "{number}");
        compared += 1;
    }
    for (number, name) in header::rows(&text, &defines) {
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
    let (Some(text), Some(vectors)) = (kernel_header("svm.h"), kernel_header("kvm.h")) else {
        return;
    };
    let mut defines = header::defines(&vectors);
    defines.extend(header::defines(&text));
    let rows = header::rows(&text, &defines);
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
