// SPDX-License-Identifier: GPL-2.0

//! `live-report`: one JSON of what `make live-check` saw on a distribution's kernel.

use anyhow::{ensure, Context, Result};
use clap::Parser;
use kvm_exits::{files, program};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Put together what was seen, and fail where it contradicts itself.
#[derive(Parser)]
#[command(name = "live-report", version)]
struct Cli {
    /// The cross-check's report of a guest on the KVM that was put in.
    #[arg(long, value_name = "FILE")]
    crosscheck: PathBuf,

    /// `uname -r`.
    #[arg(long)]
    release: String,

    /// The version of the packages that the kernel is from.
    #[arg(long)]
    version: String,

    /// Lines "MODULE SRCVERSION" before anything was done.
    #[arg(long, value_name = "FILE")]
    stock: PathBuf,

    /// The same after all of it.
    #[arg(long, value_name = "FILE")]
    restored: PathBuf,

    /// A file for each refusal, with what was said.
    #[arg(long, value_name = "DIR")]
    refusals: PathBuf,

    /// At how many places it was killed, and restored.
    #[arg(long, value_name = "N")]
    kills: Option<u32>,

    /// Where the report goes.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    kernel: String,
    version: String,
    flavour: String,
    isa: Value,
    /// Of each module its srcversion, or its build ID where it has none, as Debian's.
    srcversion_stock: BTreeMap<String, String>,
    srcversion_restored: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kills: Option<u32>,
    refusals: BTreeMap<String, String>,
    reasons: Value,
}

fn main() -> ExitCode {
    program::exit_code("live-report", run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<()> {
    let text = files::read_text(&cli.crosscheck)?;
    let mut crosscheck: Value =
        serde_json::from_str(&text).with_context(|| cli.crosscheck.display().to_string())?;
    let report = Report {
        kernel: cli.release.clone(),
        version: cli.version.clone(),
        flavour: flavour(&cli.release).to_owned(),
        isa: crosscheck["isa"].take(),
        srcversion_stock: identities(&cli.stock)?,
        srcversion_restored: identities(&cli.restored)?,
        kills: cli.kills,
        refusals: refusals(&cli.refusals)?,
        reasons: crosscheck["reasons"].take(),
    };
    let json = serde_json::to_string_pretty(&report)? + "\n";
    files::write(&cli.output, json)?;
    ensure!(
        report.srcversion_stock == report.srcversion_restored,
        "what was restored is not what was there before"
    );
    let rows = report.reasons.as_array().context("no reasons")?;
    ensure!(!rows.is_empty(), "nothing was counted");
    ensure!(
        rows.iter().all(|row| row["difference"] == 0),
        "the counts differ from the tracepoint's"
    );
    Ok(())
}

/// What follows Debian's mark in a release: cloud-amd64 of 7.3.4+deb13-cloud-amd64.
fn flavour(release: &str) -> &str {
    release.split_once('-').map_or("", |(_, flavour)| flavour)
}

fn identities(path: &Path) -> Result<BTreeMap<String, String>> {
    let text = files::read_text(path)?;
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let found: BTreeMap<_, _> = pairs
        .filter(|(_, id)| !id.is_empty())
        .map(|(module, id)| (module.to_owned(), id.to_owned()))
        .collect();
    ensure!(!found.is_empty(), "{}: no module", path.display());
    Ok(found)
}

fn refusals(dir: &Path) -> Result<BTreeMap<String, String>> {
    let entries = fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    entries
        .map(|entry| {
            let entry = entry?;
            let said = files::read_text(entry.path())?;
            Ok((
                entry.file_name().to_string_lossy().into_owned(),
                said.trim_end().to_owned(),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flavours() {
        assert_eq!(flavour("7.3.4+deb13-cloud-amd64"), "cloud-amd64");
        assert_eq!(flavour("7.3.4+deb13-amd64"), "amd64");
        assert_eq!(flavour("7.3.4"), "");
    }
}
