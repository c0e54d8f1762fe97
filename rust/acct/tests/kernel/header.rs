// SPDX-License-Identifier: GPL-2.0

//! Reading of the kernel's headers, with as little C as they need.

use std::path::PathBuf;

/// A header of `arch/x86/include`.
pub fn header(name: &str) -> Option<String> {
    file(&format!("arch/x86/include/{name}"))
}

/// A file of the kernel's source.
pub fn file(name: &str) -> Option<String> {
    let Some(tree) = std::env::var_os("KSRC") else {
        eprintln!("skipped: KSRC names no kernel source");
        return None;
    };
    let path = PathBuf::from(tree).join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The object-like macros of a header: name and value, without comments.
pub fn defines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (name, value) = line
            .strip_prefix("#define")?
            .trim()
            .split_once([' ', '\t'])?;
        let value = value.split("/*").next()?.trim();
        (!name.contains('(')).then_some((name, value))
    })
}

/// The bit that a value names: `0x00000004`, `BIT_ULL(2)`, `(1ull << 2)` or `(1ull)`.
pub fn single_bit(value: &str) -> Option<u32> {
    let value = value.trim_matches(['(', ')']);
    if let Some(hex) = value.strip_prefix("0x") {
        let value = u64::from_str_radix(hex, 16).ok()?;
        return value.is_power_of_two().then(|| value.trailing_zeros());
    }
    if let Some(bit) = value.strip_prefix("BIT_ULL(") {
        return bit.parse().ok();
    }
    match value.split_once("<<") {
        Some((one, bit)) if one.trim() == "1ull" => bit.trim().parse().ok(),
        None if value == "1ull" => Some(0),
        _ => None,
    }
}
