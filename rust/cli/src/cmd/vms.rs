// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits vms`: the exits of each VM, on the host.

use crate::grid;
use crate::history::History;
use crate::html;
use crate::input::Input;
use crate::listing;
use crate::output::{self, Form, Forms};
use crate::reading::Reading;
use crate::sheet::Sheet;
use crate::snapshot::Snapshot;
use anyhow::Result;

/// Show the exits of each VM of this host (needs root).
///
/// A VM is there as long as it has vCPUs; the exits of those that are gone are only in `show`.
/// --json prints a list, each element as of `kvm-exits show` and with "vm".
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    forms: Forms,
}

/// Runs `kvm-exits vms`.
pub fn run(args: &Args) -> Result<()> {
    let mut history = History::default();
    let reading = args
        .input
        .reading_each(|moment| history.take(moment, None))?;
    match args.forms.form() {
        Form::Text => output::print(&text(&reading)),
        Form::Json => output::print_json(&reading.vms),
        Form::Csv => output::print(&csv(&reading.vms)?),
        Form::Markdown => output::print(&markdown(&reading)),
        Form::Html(path) => {
            let page = html::vms::page(&how_many(&reading), &reading, &history)?;
            output::write(path, &page.text())
        }
    }
}

fn how_many(reading: &Reading) -> String {
    match reading.vms.len() {
        0 => "no VM has a vCPU now".to_string(),
        1 => "1 VM".to_string(),
        n => format!("{n} VMs"),
    }
}

fn heading(reading: &Reading) -> String {
    let heading = listing::heading(&reading.host);
    format!("{}; {heading}\n", how_many(reading))
}

/// What to know of the tables, where there are any.
fn notes(reading: &Reading) -> Option<String> {
    let snapshot = reading.vms.iter().find(|s| !s.reasons.is_empty())?;
    Some(listing::notes(snapshot))
}

/// What it prints for the eye.
pub fn text(reading: &Reading) -> String {
    let mut text = heading(reading);
    for snapshot in &reading.vms {
        text += &format!("\n{}\n", listing::title(snapshot));
        if !snapshot.reasons.is_empty() {
            text += &format!("\n{}", listing::grid(snapshot).text());
        }
    }
    if let Some(notes) = notes(reading) {
        text += &format!("\n{notes}");
    }
    text
}

/// What it prints with --markdown.
pub fn markdown(reading: &Reading) -> String {
    let mut text = grid::markdown_lines(&heading(reading));
    for snapshot in &reading.vms {
        let title = grid::markdown(&listing::title(snapshot));
        text += &format!("\n### {title}\n");
        if !snapshot.reasons.is_empty() {
            text += &format!("\n{}", listing::grid(snapshot).markdown());
        }
    }
    if let Some(notes) = notes(reading) {
        text += &format!("\n{}", grid::markdown_lines(&notes));
    }
    text
}

/// What it prints with --csv.
pub fn csv(vms: &[Snapshot]) -> Result<String> {
    let headings = ["pid", "vm", "vcpus"].into_iter();
    let mut sheet = Sheet::new(headings.chain(listing::CSV_HEADINGS))?;
    for snapshot in vms {
        let vm = snapshot.vm.iter();
        let of = vm.flat_map(|vm| [vm.pid.into(), (&vm.name).into(), vm.vcpus.into()]);
        listing::csv_lines(&mut sheet, snapshot, &of.collect::<Vec<_>>())?;
    }
    sheet.text()
}
