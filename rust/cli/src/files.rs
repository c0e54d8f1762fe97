// SPDX-License-Identifier: GPL-2.0

//! Files, read and written whole; errors have their names.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;

/// What is in the file `path`.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The text that is in the file `path`.
pub fn read_text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Writes the file `path` anew.
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_file() {
        let path = "/nonexistent/file";
        let errors = [
            (read(path).map(drop), "cannot read"),
            (read_text(path).map(drop), "cannot read"),
            (write(path, "text"), "cannot write"),
        ];
        for (result, what) in errors {
            let error = format!("{:#}", result.unwrap_err());
            assert!(error.starts_with(&format!("{what} {path}: ")), "{error}");
        }
    }
}
