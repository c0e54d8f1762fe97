// SPDX-License-Identifier: GPL-2.0

//! Files that list what a processor's capabilities were read from.

use acct::caps::msrs::MSRS;
use acct::caps::{svm, Capabilities, Extension, Gpr, Place};
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;

/// The module's sentences on values that it could not read, or that differ between CPUs: comments
/// in its file, below the values.
pub fn notes(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .skip_while(|line| line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("# "))
        .map(String::from)
        .collect()
}

/// Takes lines of `MSR VALUE` and `cpuid LEAF EAX EBX ECX EDX` apart.
pub fn parse(text: &[u8]) -> Result<Capabilities> {
    let mut caps: Option<Capabilities> = None;
    let mut lines: BTreeMap<Place, usize> = BTreeMap::new();

    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let values = values(line).with_context(|| format!("line {number}"))?;
        for (place, value) in values {
            let extension = extension(place).with_context(|| format!("line {number}"))?;
            let caps = caps.get_or_insert_with(|| Capabilities::new(extension));
            if !caps.set(place, value) {
                bail!(
                    "line {number}: expected what {} tells, as above, found {place} of {extension}",
                    caps.extension()
                );
            }
            if let Some(earlier) = lines.insert(place, number) {
                bail!(
                    "line {number}: expected each value once, found {place} as on line {earlier}"
                );
            }
        }
    }
    caps.with_context(|| {
        "expected lines of `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found none"
    })
}

/// What a line says.
fn values(line: &str) -> Result<Vec<(Place, u64)>> {
    match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["cpuid", ref numbers @ ..] => leaf_values(line, numbers),
        [msr, value] => {
            let msr = hex(msr)
                .and_then(|msr| u32::try_from(msr).ok())
                .with_context(|| {
                    format!(
                        "expected an MSR in hex, as in `0x481`, found {}",
                        excerpt(msr)
                    )
                })?;
            let value = hex(value).with_context(|| {
                format!(
                    "expected a 64-bit value in hex, as in `0x3f00000016`, found {}",
                    excerpt(value)
                )
            })?;
            Ok(vec![(Place::Msr(msr), value)])
        }
        _ => bail!(
            "expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found {}",
            excerpt(line)
        ),
    }
}

fn leaf_values(line: &str, numbers: &[&str]) -> Result<Vec<(Place, u64)>> {
    let number = |text: &&str| hex(text).filter(|&value| value <= u32::MAX.into());
    let numbers: Option<Vec<_>> = numbers.iter().map(number).collect();

    let Some(&[leaf, eax, ebx, ecx, edx]) = numbers.as_deref() else {
        bail!(
            "expected `cpuid LEAF EAX EBX ECX EDX` in hex, as in \
             `cpuid 0x8000000a 0x1 0x8000 0x0 0x1`, found {}",
            excerpt(line)
        );
    };
    if leaf != u64::from(svm::LEAF) {
        bail!("expected CPUID leaf {:#x}, found {leaf:#x}", svm::LEAF);
    }
    let places = Gpr::ALL.map(Place::Cpuid);
    Ok(places.into_iter().zip([eax, ebx, ecx, edx]).collect())
}

/// Whose `place` is.
fn extension(place: Place) -> Result<Extension> {
    let Place::Msr(msr) = place else {
        return Ok(Extension::Svm);
    };
    let has = |extension: &Extension| extension.places().any(|(p, _)| p == place);
    let (first, last) = (MSRS.first(), MSRS.last());
    Extension::ALL.into_iter().find(has).with_context(|| {
        format!(
            "expected a VMX capability MSR, {:#x} to {:#x}, or VM_CR, {:#x}, found {msr:#x}",
            first.map_or(0, |m| m.0),
            last.map_or(0, |m| m.0),
            svm::MSR_VM_CR,
        )
    })
}

fn hex(text: &str) -> Option<u64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    // from_str_radix() would take a sign.
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// The start of what a file has, fit for a terminal.
fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse(text.as_bytes()).expect_err("garbage"))
    }

    #[test]
    fn a_list_of_msrs() {
        let text = "# Sandy Bridge\n0x481 0x3f00000016\n\n  48B\t0X553CFE00000000 # secondary\r\n";
        let caps = parse(text.as_bytes()).expect("a list");

        assert_eq!(
            caps.iter().collect::<Vec<_>>(),
            [
                (Place::Msr(0x481), 0x3f_0000_0016),
                (Place::Msr(0x48b), 0x0055_3cfe_0000_0000)
            ]
        );
    }

    #[test]
    fn a_leaf_and_an_msr() {
        let text = "# Zen\ncpuid 0x8000000a 1 0x8000 0 FF # SVM\n0xc0010114 0x8\n";
        let caps = parse(text.as_bytes()).expect("a list");

        assert_eq!(caps.extension(), Extension::Svm);
        assert_eq!(
            caps.iter().map(|(_, value)| value).collect::<Vec<_>>(),
            [1, 0x8000, 0, 0xff, 8]
        );
    }

    #[test]
    fn garbage_about_a_leaf() {
        for text in [
            "cpuid",
            "cpuid 0x8000000a",
            "cpuid 0x8000000a 1 2 3",
            "cpuid 0x8000000a 1 2 3 4 5",
            "cpuid 0x8000000a 1 2 3 0x100000000",
            "cpuid 0x8000000a 1 2 3 -1",
        ] {
            assert_eq!(
                error(text),
                format!(
                    "line 1: expected `cpuid LEAF EAX EBX ECX EDX` in hex, as in \
                     `cpuid 0x8000000a 0x1 0x8000 0x0 0x1`, found {text:?}"
                )
            );
        }
        assert_eq!(
            error("cpuid 0x1 1 2 3 4"),
            "line 1: expected CPUID leaf 0x8000000a, found 0x1"
        );
        assert_eq!(
            error("cpuid 0x8000000a 1 2 3 4\ncpuid 0x8000000a 1 2 3 4"),
            "line 2: expected each value once, found CPUID Fn8000_000A_EAX as on line 1"
        );
    }

    #[test]
    fn a_processor_has_one_of_the_two() {
        assert_eq!(
            error("0x480 1\ncpuid 0x8000000a 1 2 3 4"),
            "line 2: expected what VMX tells, as above, found CPUID Fn8000_000A_EAX of SVM"
        );
        assert_eq!(
            error("0xc0010114 0\n0x480 1"),
            "line 2: expected what SVM tells, as above, found IA32_VMX_BASIC (0x480) of VMX"
        );
    }

    #[test]
    fn garbage_is_told_by_line() {
        assert_eq!(
            error("0x480 0x1\nhello"),
            "line 2: expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found \"hello\""
        );
        assert_eq!(
            error("0x481 0x1 0x2"),
            "line 1: expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, \
             found \"0x481 0x1 0x2\""
        );
        assert_eq!(
            error("#\n\nxyz 0x1"),
            "line 3: expected an MSR in hex, as in `0x481`, found \"xyz\""
        );
        assert_eq!(
            error("0x481 +5"),
            "line 1: expected a 64-bit value in hex, as in `0x3f00000016`, found \"+5\""
        );
        assert_eq!(
            error("0x481 0x10000000000000000"),
            "line 1: expected a 64-bit value in hex, as in `0x3f00000016`, \
             found \"0x10000000000000000\""
        );
        assert_eq!(
            error("0x10 0x1"),
            "line 1: expected a VMX capability MSR, 0x480 to 0x493, or VM_CR, 0xc0010114, found 0x10"
        );
        assert_eq!(
            error("0x481 1\n0x482 2\n0x481 1"),
            "line 3: expected each value once, found IA32_VMX_PINBASED_CTLS (0x481) as on line 1"
        );
        assert!(error("0x 0x").starts_with("line 1: expected an MSR in hex"));
        assert!(error("").starts_with("expected lines of `MSR VALUE`"));
        assert!(error("# nothing\n").ends_with("found none"));
    }

    #[test]
    fn binary_garbage_is_fit_to_print() {
        let message = format!(
            "{:#}",
            parse(b"\x7fELF\x02\x01\x01\x00\xff\xfe").unwrap_err()
        );
        assert!(message.starts_with("line 1: expected"), "{message}");
        assert!(!message.contains(|c: char| c.is_control()), "{message:?}");

        let long = "x".repeat(100_000);
        assert!(error(&long).len() < 200);
    }

    #[test]
    fn notes_of_the_module() {
        let text = "# CPU 0\n0x480 0x0\n# IA32_VMX_MISC (0x485) cannot be read\n# CPUs disagree\n";

        assert_eq!(
            notes(text.as_bytes()),
            ["IA32_VMX_MISC (0x485) cannot be read", "CPUs disagree"]
        );
        assert!(parse(text.as_bytes()).is_ok());
    }
}
