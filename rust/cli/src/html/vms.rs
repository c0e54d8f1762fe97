// SPDX-License-Identifier: GPL-2.0

//! The page of `kvm-exits vms`: each VM of a host.

use super::chart::rows::{Line, Row, Rows};
use super::chart::scale::Scale;
use super::chart::Chart;
use super::show::One;
use super::{counts, rates, runs, show, table, Page, Section};
use crate::grid::{Cell, Column, Grid};
use crate::history::History;
use crate::listing;
use crate::output::grouped;
use crate::reading::Reading;
use crate::snapshot::Snapshot;
use anyhow::Result;
use maud::html;

/// The VMs of `reading`, one after the other; first how they compare, and how the exits of all of
/// them came, as far as `history` tells.
pub fn page(title: &str, reading: &Reading, history: &History) -> Result<Page> {
    let mut page = Page::new(title).lead(&listing::heading(&reading.host));
    if let Some(period) = rates::period(history) {
        page = page.date(&period);
    }
    page = page.sections(rates::of_recording(history)?);
    if !reading.vms.is_empty() {
        page = page.section(overview(&reading.vms)?);
    }
    for (n, vm) in reading.vms.iter().enumerate() {
        page = page.section(section(n, vm)?);
    }
    let counted = reading.vms.iter().find(|vm| !vm.reasons.is_empty());
    Ok(page.notes(&counted.map(listing::notes).unwrap_or_default()))
}

/// What sections and links call the VM `n`.
fn id(n: usize) -> String {
    format!("vm-{n}")
}

fn overview(vms: &[Snapshot]) -> Result<Section> {
    let name = |vm: &Snapshot| {
        let vm = vm.vm.iter();
        vm.map(|vm| format!("{} {}", vm.pid, vm.name))
            .collect::<String>()
    };
    let row = |(n, vm): (usize, &Snapshot)| {
        let count = vm.total.count;
        let title = format!("{}: {} exits", name(vm), grouped(count));
        let mut part = counts::part(None, 0, count, &title);
        part.data.push(("vm", n.to_string()));
        Row {
            name: name(vm),
            link: Some(format!("#{}", id(n))),
            lines: vec![Line {
                parts: vec![part],
                label: grouped(count),
            }],
        }
    };
    let drawing = Rows {
        scale: Scale::log(vms.iter().map(|vm| vm.total.count)),
        rows: vms.iter().enumerate().map(row).collect(),
    };
    let chart = Chart {
        id: "vms-chart".to_string(),
        title: None,
        caption: "Exits of each VM; the scale is logarithmic.".to_string(),
        legend: Vec::new(),
    };
    let body = html! {
        (table::sortable(&grid(vms), table::Rows::NONE))
        (chart.figure(drawing.markup()?))
    };
    Ok(Section::new("vms", "VM by VM", body))
}

fn grid(vms: &[Snapshot]) -> Grid {
    let figures = ["vCPUs", "exits", "cycles", "cycles/exit"].map(Column::figures);
    let first = vec![Column::figures("pid"), Column::words("name")];
    let mut grid = Grid::new([first, figures.to_vec()].concat());
    for snapshot in vms {
        let total = &snapshot.total;
        let Some(vm) = &snapshot.vm else { continue };
        grid.push(vec![
            Cell::figure(vm.pid.to_string(), Some(vm.pid.into())),
            Cell::words(&vm.name),
            Cell::count(vm.vcpus.into()),
            Cell::count(total.count),
            Cell::count(total.cycles),
            Cell::mean(total.cycles_per_exit()),
        ]);
    }
    grid
}

fn section(n: usize, vm: &Snapshot) -> Result<Section> {
    let prefix = format!("{}-", id(n));
    let one = One::new(vm)?;
    let subject = one.subject(&prefix);
    let sections = show::sections(&subject, vm)?;
    let body = html! {
        (runs::markup(&subject))
        @for section in sections {
            section id=(section.id) {
                h3 { (section.title) }
                (section.body)
            }
        }
    };
    Ok(Section::new(&id(n), &listing::title(vm), body))
}
