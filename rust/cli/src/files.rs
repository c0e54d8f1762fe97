// SPDX-License-Identifier: GPL-2.0

//! Files, read and written whole; errors have their names.

use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// What is in the file `path`.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The first bytes of the file `path`, as many if it has them, and the file behind them.
pub fn open(path: impl AsRef<Path>, begin: usize) -> Result<(Vec<u8>, BufReader<File>)> {
    let path = path.as_ref();
    let open = || {
        let mut file = BufReader::new(File::open(path)?);
        let mut bytes = Vec::new();
        file.by_ref().take(begin as u64).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>((bytes, file))
    };
    open().with_context(|| format!("cannot read {}", path.display()))
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
            (open(path, 1).map(drop), "cannot read"),
            (read_text(path).map(drop), "cannot read"),
            (write(path, "text"), "cannot write"),
        ];
        for (result, what) in errors {
            let error = format!("{:#}", result.unwrap_err());
            assert!(error.starts_with(&format!("{what} {path}: ")), "{error}");
        }
    }
}
