// SPDX-License-Identifier: GPL-2.0

//! What is to be seen, as strings: for the screen, and for plain text.

use crate::listing;
use crate::output::{self, grouped, mean, per_second, share};
use crate::reading::VmKey;
use crate::snapshot::{Counters, Vm};
use crate::top::rates::{Interval, Line, Rates, Sort};
use std::time::Duration;

/// What is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// The reasons, all VMs together.
    #[default]
    Host,
    /// The VMs.
    Vms,
    /// One VM's reasons.
    Vm(VmKey),
}

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A reason.
    Reason(u32),
    /// A VM.
    Vm(VmKey),
}

/// One view of one interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Two lines: the host, and what is shown of it.
    pub title: [String; 2],
    /// The columns.
    pub headings: Vec<&'static str>,
    /// Those of them that hold text.
    pub left: &'static [usize],
    /// That which goes where there is no room for all of them.
    pub optional: Option<usize>,
    /// The first row.
    pub total: Vec<String>,
    /// The other rows.
    pub rows: Vec<(Key, Vec<String>)>,
}

impl Page {
    /// `view` of `interval`.
    pub fn new(interval: &Interval<'_>, view: View, sort: Sort) -> Self {
        let host = interval.host();
        let mut vms = interval.vms();
        let title = title(interval, &host.total, vms.len());
        match view {
            View::Host => {
                let title = [title, "all VMs, those that are gone included".to_string()];
                Self::of_reasons(interval, title, &host, sort)
            }
            View::Vms => {
                vms.sort_by_key(|(key, _, rates)| (rates.total.key(sort), *key));
                let title = [title, "VM by VM".to_string()];
                let figures = Figures::new(&host.total, interval.elapsed);
                Self::of_vms(title, &vms, &host.total, &figures)
            }
            View::Vm(wanted) => match vms.iter().find(|(key, ..)| *key == wanted) {
                Some((_, vm, rates)) => {
                    let Vm { pid, name, vcpus } = vm;
                    let what = format!("VM of pid {pid} ({name}), vCPUs: {vcpus}");
                    Self::of_reasons(interval, [title, what], rates, sort)
                }
                None => Self {
                    title: [title, format!("pid {} has no such VM now", wanted.pid)],
                    ..Self::default()
                },
            },
        }
    }

    fn of_reasons(
        interval: &Interval<'_>,
        title: [String; 2],
        rates: &Rates<'_>,
        sort: Sort,
    ) -> Self {
        let isa = interval.now.host.isa;
        let figures = Figures::new(&rates.total, interval.elapsed);
        let cells = |number: String, name: String, line: &Line| {
            let mut cells = vec![number, name];
            cells.extend(figures.cells(line));
            cells
        };
        let mut reasons: Vec<_> = rates.reasons.iter().collect();
        reasons.sort_by_key(|(row, line)| (line.key(sort), row.reason));
        let rows = reasons.into_iter().map(|(row, line)| {
            let cells = cells(isa.reason_number(row.reason), row.name.to_string(), line);
            (Key::Reason(row.reason), cells)
        });
        let headings = [vec!["reason", "name"], figures.headings()].concat();
        Self {
            title,
            optional: optional(&headings),
            headings,
            left: &[1],
            total: cells(String::new(), "total".to_string(), &rates.total),
            rows: rows.collect(),
        }
    }

    fn of_vms(
        title: [String; 2],
        vms: &[(VmKey, &Vm, Rates<'_>)],
        all: &Line,
        figures: &Figures,
    ) -> Self {
        let cells = |[pid, name, vcpus, mostly]: [String; 4], line: &Line| {
            let mut cells = vec![pid, name, vcpus, mostly];
            cells.extend(figures.cells(line));
            cells
        };
        let rows = vms.iter().map(|(key, vm, rates)| {
            let mostly = rates.most_frequent().map(|row| row.name.to_string());
            let first = [
                vm.pid.to_string(),
                vm.name.to_string(),
                vm.vcpus.to_string(),
                mostly.unwrap_or_else(|| "-".to_string()),
            ];
            (Key::Vm(*key), cells(first, &rates.total))
        });
        let first = ["", "all, also those gone", "", ""].map(String::from);
        let headings = [vec!["pid", "name", "vCPUs", "mostly"], figures.headings()].concat();
        Self {
            title,
            optional: optional(&headings),
            headings,
            left: &[1, 3],
            total: cells(first, all),
            rows: rows.collect(),
        }
    }

    /// Without a screen.
    pub fn text(&self) -> String {
        let [host, what] = &self.title;
        let headings: Vec<_> = self.headings.iter().map(|&h| h.to_string()).collect();
        let mut table = output::table(&headings, self.left);
        table.add_row(&self.total);
        table.add_rows(self.rows.iter().map(|(_, cells)| cells));
        format!("{host}\n{what}\n\n{}\n", output::table_text(&table))
    }
}

/// The column of the exits that led out to the VMM.
const TO_VMM: &str = "to VMM/s";

fn optional(headings: &[&'static str]) -> Option<usize> {
    headings.iter().position(|&heading| heading == TO_VMM)
}

/// "EPT; generation 3; VMs: 2; 12,345 exits/s; …"
fn title(interval: &Interval<'_>, total: &Line, vms: usize) -> String {
    let host = &interval.now.host;
    let mut title = format!("{}; VMs: {vms}", listing::heading(host));
    if let Some(change) = &total.change {
        title += &format!("; {} exits/s", per_second(change.count, interval.elapsed));
        let hz = host.tsc_khz.unwrap_or(0) as f64 * 1e3;
        let cpus = change.cycles as f64 / (hz * interval.elapsed.as_secs_f64());
        if cpus.is_finite() {
            title += &format!("; time in exits: {cpus:.2} CPUs");
        }
    } else if interval.before.is_some() {
        title += "; a new generation";
    }
    if host.is_emulated() {
        title += "; cycles are instructions";
    }
    title
}

/// How a line's counters are shown beside the others'.
struct Figures {
    /// All cycles of the interval, of which each line has a share.
    cycles: Option<u64>,
    /// Whether anything is nested.
    nested: bool,
    /// Whether it is known what led out to the VMM.
    led_out: bool,
    elapsed: Duration,
}

impl Figures {
    fn new(whole: &Line, elapsed: Duration) -> Self {
        Self {
            cycles: whole.change.map(|change| change.cycles),
            nested: whole.total.l2_count.unwrap_or(0) > 0,
            led_out: whole.total.vmm_count.is_some(),
            elapsed,
        }
    }

    fn headings(&self) -> Vec<&'static str> {
        let mut headings = vec!["exits/s", "cycles", "cycles/exit"];
        if self.nested {
            headings.push("L2 exits/s");
        }
        if self.led_out {
            headings.push(TO_VMM);
        }
        headings.push("total");
        headings
    }

    fn cells(&self, line: &Line) -> Vec<String> {
        let of_change = |figure: &dyn Fn(&Counters) -> String| {
            line.change.as_ref().map_or_else(|| "-".to_string(), figure)
        };
        let mut cells = vec![
            of_change(&|c| per_second(c.count, self.elapsed)),
            of_change(&|c| share(c.cycles, self.cycles.unwrap_or(0))),
            of_change(&|c| mean(c.cycles_per_exit())),
        ];
        if self.nested {
            let rate = |c: &Counters| per_second(c.l2_count.unwrap_or(0), self.elapsed);
            cells.push(of_change(&rate));
        }
        if self.led_out {
            let rate = |c: &Counters| per_second(c.vmm_count.unwrap_or(0), self.elapsed);
            cells.push(of_change(&rate));
        }
        cells.push(grouped(line.total.count));
        cells
    }
}
