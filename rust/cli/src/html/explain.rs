// SPDX-License-Identifier: GPL-2.0

//! The page of `kvm-exits explain`: what runs under different paging teach.

use super::chart::ink::Ink;
use super::chart::rows::{Line, Part, Row, Rows as Bars};
use super::chart::scale::Scale;
use super::chart::Chart;
use super::table::{self, Rows};
use super::{changes, closer, compare, counts, rates, runs, Page, Section, Subject};
use crate::by::By;
use crate::comparison::keys::Keys;
use crate::comparison::{Comparison, Named, Sort};
use crate::grid::{Cell, Column, Grid};
use crate::lesson::{Answer, Lesson, Published, PUBLISHED_OF, WHAT_CHANGED};
use crate::output::grouped;
use crate::snapshot::Isa;
use anyhow::Result;
use maud::{html, Markup};

/// A section for each of `lessons`, each of which has the questions and their answers.
pub fn page(lessons: &[Lesson]) -> Result<Page> {
    let lead = "The same guest under different paging: what its exits are, and why.";
    let mut page = Page::new("What shadow paging does to a guest")
        .lead(lead)
        .facts(contents(lessons));
    for lesson in lessons {
        let warnings: Vec<_> = lesson.warnings().cloned().collect();
        page = page.warnings(&warnings);
    }
    for lesson in lessons {
        page = page.section(section(lesson)?);
    }
    let notes = lessons.first().map(|lesson| lesson.comparison.notes());
    Ok(page.notes(&notes.unwrap_or_default()))
}

/// What links to it say.
fn id(lesson: &Lesson) -> &'static str {
    match lesson.comparison.isa {
        Isa::Vmx => "vmx",
        Isa::Svm => "svm",
    }
}

/// What there is, in a line for each vendor.
fn contents(lessons: &[Lesson]) -> Markup {
    html! {
        nav {
            @for lesson in lessons {
                p { a href={ "#" (id(lesson)) } { (lesson.vendor()) } ": " (lesson.summary()) }
            }
        }
    }
}

fn section(lesson: &Lesson) -> Result<Section> {
    let prefix = format!("{}-", id(lesson));
    let subject = Subject {
        snapshots: &lesson.snapshots,
        comparison: &lesson.comparison,
        keys: None,
        prefix: &prefix,
    };
    let life = Life::of(lesson)?;
    let mut sections = Vec::new();
    for answer in lesson.answers() {
        let chart = match answer.id {
            "boot" => Some(boot(lesson, &prefix)?),
            "rate" => Some(rate(lesson, &prefix)?),
            "frequent" => Some(counts::chart(&subject)?),
            _ => None,
        };
        sections.push(answered(&prefix, answer, chart));
    }
    sections.push(changed(lesson, &subject, life.as_ref()));
    sections.extend(published(&prefix, &lesson.published()));
    // The counts have been shown.
    let charts = compare::charts(&subject)?.into_iter();
    sections.extend(charts.filter(|section| section.id != format!("{prefix}counts")));
    if let Some(life) = &life {
        sections.extend(closer::section(&life.subject(&prefix))?.map(|mut section| {
            section.body = html! {
                p { "As the host counted, over all of the guest's life: also what the guest did after \
                    the figures above." }
                (section.body)
            };
            section
        }));
    }
    let body = html! {
        (runs::markup(&subject))
        @for section in &sections {
            section id=(section.id) {
                h3 { (section.title) }
                (section.body)
            }
        }
    };
    Ok(Section::new(id(lesson), &lesson.title(), body))
}

fn answered(prefix: &str, answer: Answer, chart: Option<Markup>) -> Section {
    let body = html! {
        @for text in &answer.paragraphs { p { (text) } }
        @if let Some(chart) = chart { (chart) }
    };
    Section::new(&format!("{prefix}{}", answer.id), answer.question, body)
}

/// The table, with why below each reason.
fn changed(lesson: &Lesson, subject: &Subject<'_>, life: Option<&Life>) -> Section {
    let life = life.map(|life| life.subject(subject.prefix));
    let each = lesson.why.iter();
    // A paragraph each.
    let notes = each
        .map(|(&reason, why)| (reason, vec![why.join(" ")]))
        .collect();
    let rows = Rows {
        prefix: subject.prefix,
        notes: &notes,
        is_closer: &|reason| life.is_some_and(|life| closer::has(&life, reason)),
    };
    let table = table::sortable(&lesson.comparison.grid(), rows);
    let body = html! {
        (table)
        @if let Some(changes) = changes::section(subject) { (changes.body) }
    };
    Section::new(&format!("{}exits", subject.prefix), WHAT_CHANGED, body)
}

/// What the host knows of all runs' guests, side by side.
struct Life {
    snapshots: Vec<Named>,
    comparison: Comparison,
    keys: Option<Keys>,
}

impl Life {
    /// Where it is known of all of them.
    fn of(lesson: &Lesson) -> Result<Option<Self>> {
        let each = lesson
            .runs
            .iter()
            .map(|run| Some((run.path.clone(), run.life.clone()?)));
        let Some(snapshots) = each.collect::<Option<Vec<Named>>>() else {
            return Ok(None);
        };
        let mut comparison = Comparison::new(&snapshots, Sort::Change, None)?;
        // In the order of the table.
        let place = |reason| {
            lesson
                .comparison
                .rows
                .iter()
                .position(|row| row.reason == reason)
        };
        comparison
            .rows
            .sort_by_key(|row| place(row.reason).unwrap_or(usize::MAX));
        Ok(Some(Self {
            comparison,
            // Where nobody has noted them, there are none.
            keys: Keys::new(&snapshots, &By::All).ok(),
            snapshots,
        }))
    }

    fn subject<'a>(&'a self, prefix: &'a str) -> Subject<'a> {
        Subject {
            snapshots: &self.snapshots,
            comparison: &self.comparison,
            keys: self.keys.as_ref(),
            prefix,
        }
    }
}

/// A bar per run: what came before the workload, and with it.
fn boot(lesson: &Lesson, prefix: &str) -> Result<Markup> {
    const PARTS: [(&str, Ink); 2] = [("boot", Ink::Figure(6)), ("workload", Ink::Figure(7))];
    let columns = lesson
        .comparison
        .columns
        .iter()
        .zip(&lesson.runs)
        .enumerate();
    let bars: Vec<_> = columns
        .filter_map(|(series, (column, run))| {
            let (boot, all) = (run.boot.as_ref()?.total.count, run.snapshot.total.count);
            let part = |(what, ink), count: u64| Part {
                value: count as f64,
                ink,
                data: vec![("series", series.to_string()), ("value", count.to_string())],
                title: format!("{}, {what}: {} exits", column.heading, grouped(count)),
            };
            let values = [boot, all.saturating_sub(boot)];
            let parts = PARTS.into_iter().zip(values).map(|(of, n)| part(of, n));
            let row = Row {
                name: column.heading.to_string(),
                link: None,
                lines: vec![Line {
                    parts: parts.collect(),
                    label: grouped(all),
                }],
            };
            Some((all, row))
        })
        .collect();
    let most = bars.iter().map(|(all, _)| *all).max().unwrap_or(0);
    let drawing = Bars {
        scale: Scale::Linear((most as f64).max(1.0)),
        rows: bars.into_iter().map(|(_, row)| row).collect(),
    };
    let chart = Chart {
        id: format!("{prefix}boot-chart"),
        title: None,
        caption: "Exits of the boot, and of the workload behind it.".to_string(),
        legend: PARTS.map(|(what, ink)| (ink, what.to_string())).to_vec(),
    };
    Ok(chart.figure(drawing.markup()?))
}

/// The rates of each run that was recorded.
fn rate(lesson: &Lesson, prefix: &str) -> Result<Markup> {
    let columns = lesson.comparison.columns.iter().zip(&lesson.runs);
    let figures = columns.enumerate().map(|(n, (column, run))| {
        let id = format!("{prefix}rate-{n}");
        rates::figure(&id, Some(column.heading.to_string()), &run.history)
    });
    let figures = figures.collect::<Result<Vec<_>>>()?;
    Ok(html! { @for figure in figures.into_iter().flatten() { div.strip { (figure) } } })
}

/// Others' figures beside ours; nothing where there are none.
fn published(prefix: &str, published: &[Published]) -> Option<Section> {
    let of = |what, of: &str| Column {
        of: Some(of.into()),
        ..Column::figures(what)
    };
    let mut columns = vec![Column::words("name")];
    for whose in ["here", "published"] {
        columns.extend(["EPT", "shadow", "ratio"].map(|what| of(what, whose)));
    }
    let mut grid = Grid::new(columns);
    for row in published {
        let mut cells = vec![Cell::words(&row.name)];
        for (before, after, ratio) in [&row.ours, &row.theirs] {
            cells.extend([
                Cell::count(*before),
                Cell::count(*after),
                Cell::words(ratio),
            ]);
        }
        grid.push(cells);
    }
    let body = html! {
        p { (PUBLISHED_OF) }
        (table::plain(&grid))
    };
    let id = format!("{prefix}published");
    (!published.is_empty()).then(|| Section::new(&id, "Do others find the same?", body))
}
