// SPDX-License-Identifier: GPL-2.0

//! Files, read and written whole; errors have their names.

use anyhow::{ensure, Context, Result};
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::Path;

/// No file that is read whole is longer: the snapshot of 1,024 VMs has 4 MiB.
const LONGEST: u64 = 256 << 20;

/// What is in the file `path`, which may be one that has no end.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    whole(path, file)
}

/// The same where `from` has it.
pub fn whole(path: &Path, from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = from.take(LONGEST + 1).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {}", path.display()))?;
    ensure!(
        bytes.len() as u64 <= LONGEST,
        "cannot read {}: it has more than {} MiB, which nothing has that kvm-exits writes",
        path.display(),
        LONGEST >> 20
    );
    Ok(bytes)
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

/// Writes the file `path` anew, so that whoever reads it meanwhile has the old one or the new one,
/// and no half of either.
pub fn replace(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    let cannot = || format!("cannot write {}", path.display());
    // What is no file cannot be replaced: /dev/stdout, a pipe.
    if fs::metadata(path).is_ok_and(|is| !is.is_file()) {
        return write(path, bytes);
    }
    // Of a link, what it leads to; beside it, to be on the same file system.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let name = path.file_name().with_context(cannot)?;
    let beside = path.with_file_name(format!(
        ".{}.{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // Whether there is anything to remove or not.
        let _ = fs::remove_file(&beside);
    }
    written.with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        let error = format!("{:#}", read("/dev/zero").unwrap_err());
        assert!(
            error.starts_with("cannot read /dev/zero: it has more than 256 MiB"),
            "{error}"
        );
    }

    #[test]
    fn errors_name_the_file() {
        let path = "/nonexistent/file";
        let errors = [
            (read(path).map(drop), "cannot read"),
            (open(path, 1).map(drop), "cannot read"),
            (read_text(path).map(drop), "cannot read"),
            (write(path, "text"), "cannot write"),
            (replace(path, "text"), "cannot write"),
        ];
        for (result, what) in errors {
            let error = format!("{:#}", result.unwrap_err());
            assert!(error.starts_with(&format!("{what} {path}: ")), "{error}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let directory =
            std::env::temp_dir().join(format!("kvm-exits-files-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let (file, link) = (directory.join("page"), directory.join("link"));
        replace(&file, "old").unwrap();
        let mut reader = fs::File::open(&file).unwrap();
        std::os::unix::fs::symlink("page", &link).unwrap();
        replace(&link, "new").unwrap();
        assert_eq!(std::io::read_to_string(&mut reader).unwrap(), "old");
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        // Nothing else is left.
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
        fs::remove_dir_all(&directory).unwrap();
    }
}
