// SPDX-License-Identifier: GPL-2.0

//! Numbers in what the lab's programs and the kernel print.

use anyhow::{Context, Result};

/// A number, in hexadecimal behind `0x`.
pub(crate) fn number(text: &str) -> Result<u64> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.with_context(|| format!("\"{text}\" is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(number("18446744073709551615").unwrap(), u64::MAX);
        assert_eq!(number("0x4e").unwrap(), 0x4e);
        for text in ["", "x", "-1", "1,000", "0x", "4e"] {
            let error = number(text).unwrap_err().to_string();
            assert_eq!(error, format!("\"{text}\" is no number"));
        }
    }
}
