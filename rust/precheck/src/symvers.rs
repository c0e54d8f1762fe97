// SPDX-License-Identifier: GPL-2.0-only

//! `Module.symvers`: what a kernel and its modules export, with checksums of the types.

use anyhow::{Context, Result};
use std::collections::HashMap;

/// Exported symbols and their checksums, which are 0 where the kernel has no MODVERSIONS.
#[derive(Debug, Default)]
pub struct Symvers(HashMap<String, u32>);

impl Symvers {
    /// Lines `0xCRC SYMBOL MODULE EXPORT NAMESPACE`, with tabs between.
    pub fn parse(text: &str) -> Result<Self> {
        let line = |line: &str| {
            let mut fields = line.split('\t');
            let crc = fields.next()?.strip_prefix("0x")?;
            Some((
                fields.next()?.to_owned(),
                u32::from_str_radix(crc, 16).ok()?,
            ))
        };
        text.lines()
            .map(|text| line(text).with_context(|| format!("not a line of Module.symvers: {text}")))
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The checksum, if that is exported.
    pub fn crc(&self, symbol: &str) -> Option<u32> {
        self.0.get(symbol).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "0x0000002a\tmutex_lock\tvmlinux\tEXPORT_SYMBOL\t\n0xffffffff\tx\td/m\tEXPORT_SYMBOL_GPL\tNS\n";
        let symvers = Symvers::parse(text).unwrap();
        assert_eq!(symvers.crc("mutex_lock"), Some(42));
        assert_eq!(symvers.crc("x"), Some(u32::MAX));
        assert_eq!(symvers.crc("vmlinux"), None);
    }

    #[test]
    fn another_file() {
        let error = Symvers::parse("mutex_lock\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "not a line of Module.symvers: mutex_lock"
        );
    }
}
