// SPDX-License-Identifier: GPL-2.0

//! Where the time of the vCPUs went.

use super::chart::ink::Ink;
use super::chart::rows::{Line, Part, Row, Rows};
use super::chart::scale::{short, Scale};
use super::chart::Chart;
use super::Subject;
use crate::comparison::time::State;
use crate::output::{grouped, share};
use anyhow::Result;
use maud::{html, Markup};

/// The ink of each state: what is the guest's own stands apart from what KVM and the VMM take.
const INKS: [(&str, Ink); 5] = [
    ("guest", Ink::Figure(2)),
    ("exit", Ink::Figure(1)),
    ("entry", Ink::Figure(4)),
    ("vmm", Ink::Figure(3)),
    ("halted", Ink::Figure(7)),
];

/// A bar per snapshot, of its states, and one of what was preempted of them.
pub fn chart(subject: &Subject<'_>, states: &[State]) -> Result<Markup> {
    let state = |name: &str| states.iter().find(|state| state.state == name);
    let at = |name: &str, n: usize| {
        state(name)
            .and_then(|s| s.cycles.get(n).copied())
            .unwrap_or(0)
    };
    let part = |name: &'static str, n: usize, ink: Ink| {
        let (cycles, elapsed) = (at(name, n), at("elapsed", n));
        let exact = state(name)
            .and_then(|s| s.share.get(n).copied().flatten())
            .unwrap_or(0.0);
        Part {
            value: exact,
            ink,
            data: vec![
                ("series", n.to_string()),
                ("state", name.to_string()),
                ("value", exact.to_string()),
                ("cycles", cycles.to_string()),
            ],
            title: format!(
                "{name}: {}, {} cycles",
                share(cycles, elapsed),
                grouped(cycles)
            ),
        }
    };
    let rows = subject.names().into_iter().enumerate().map(|(n, name)| {
        let elapsed = at("elapsed", n);
        Row {
            name: format!("{name}: {} cycles", short(rounded(elapsed))),
            link: None,
            lines: vec![
                Line {
                    parts: INKS.iter().map(|&(name, ink)| part(name, n, ink)).collect(),
                    label: String::new(),
                },
                Line {
                    parts: vec![part("preempted", n, Ink::Part)],
                    label: format!("{} preempted", share(at("preempted", n), elapsed)),
                },
            ],
        }
    });
    let drawing = Rows {
        scale: Scale::Share(1.0),
        rows: rows.collect(),
    };
    let chart = Chart {
        id: format!("{}time-chart", subject.prefix),
        title: None,
        caption: "Of all the time that elapsed for the vCPUs. The thin part below is what the \
            host's scheduler took of all of it (preempted)."
            .to_string(),
        legend: INKS
            .iter()
            .map(|&(name, ink)| (ink, name.to_string()))
            .collect(),
    };
    Ok(html! {
        (chart.figure(html! { div.whole { (drawing.markup()?) } }))
    })
}

/// To three digits.
fn rounded(n: u64) -> f64 {
    let n = n as f64;
    if n < 1_000.0 {
        return n;
    }
    let unit = 10f64.powi(n.log10().floor() as i32 - 2);
    (n / unit).round() * unit
}
