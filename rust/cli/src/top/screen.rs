// SPDX-License-Identifier: GPL-2.0

//! The live screen.

use crate::snapshot::Isa;
use crate::top::app::{App, Then};
use crate::top::page::{Key, Page, View};
use crate::top::samples::Samples;
use anyhow::{Context, Result};
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table, Wrap};
use ratatui::{DefaultTerminal, Frame};
use signal_hook::consts::SIGTERM;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

/// Blanks between two columns.
const SPACING: u16 = 2;

/// How long a SIGTERM may go unnoticed.
const PATIENCE: Duration = Duration::from_millis(250);

/// Runs until it is told to quit. The terminal is as before afterwards, also after a panic.
pub fn run(samples: &mut Samples, app: App) -> Result<()> {
    let terminated = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, terminated.clone()).context("cannot handle SIGTERM")?;
    let mut terminal = ratatui::try_init().context("no usable terminal here: try --plain")?;
    let result = follow(&mut terminal, samples, app, &terminated);
    ratatui::restore();
    result
}

fn follow(
    terminal: &mut DefaultTerminal,
    samples: &mut Samples,
    mut app: App,
    terminated: &AtomicBool,
) -> Result<()> {
    app.can_step = samples.can_step();
    while !terminated.load(Ordering::Relaxed) {
        if samples.remaining()? == Some(Duration::ZERO) {
            samples.advance()?;
        }
        let caption = samples.caption()?;
        let Some(interval) = samples.last() else {
            break;
        };
        let mut page = Page::new(&interval, app.view, app.sort);
        page.title[1] += &caption;
        let isa = interval.now.host.isa;
        terminal.draw(|frame| draw(frame, &page, &mut app, isa))?;
        match wait(samples, &mut app, &page, terminated)? {
            Then::Draw => {}
            Then::Pause => samples.pause(),
            Then::Forward => samples.forward()?,
            Then::Back => samples.back()?,
            Then::Quit => break,
        }
    }
    Ok(())
}

/// Waits until something has changed: before, there is nothing to draw.
fn wait(
    samples: &mut Samples,
    app: &mut App,
    page: &Page,
    terminated: &AtomicBool,
) -> Result<Then> {
    while !terminated.load(Ordering::Relaxed) {
        let remaining = samples.remaining()?;
        if remaining == Some(Duration::ZERO) {
            break;
        }
        if !event::poll(remaining.unwrap_or(PATIENCE).min(PATIENCE))? {
            continue;
        }
        match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => return Ok(app.key(key, page)),
            Event::Resize(..) => break,
            _ => {}
        }
    }
    Ok(Then::Draw)
}

/// Draws `page`, with the cursor and the scrolling of `app`.
pub fn draw(frame: &mut Frame<'_>, page: &Page, app: &mut App, isa: Isa) {
    let [title, body, help] = Layout::vertical([
        Constraint::Length(3),
        Constraint::Min(2),
        Constraint::Length(2),
    ])
    .areas(frame.area());
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let [host, what] = &page.title;
    let lines = [Line::raw(host).style(bold), Line::raw(what)];
    let lines = Paragraph::new(Text::from_iter(lines));
    frame.render_widget(lines.wrap(Wrap { trim: true }), title);

    app.table.select(app.row(page));
    let columns = columns(page, body.width);
    let row = |cells: &[String]| {
        let shown = columns
            .iter()
            .filter_map(|&(i, _)| Some((i, cells.get(i)?)));
        let cells = shown.map(|(i, cell)| aligned(page, i, cell));
        Row::new(cells.collect::<Vec<_>>())
    };
    // The total is a part of the header, so that it stays when the rows are scrolled.
    let header = columns.iter().map(|&(i, _)| {
        let heading = page.headings.get(i).unwrap_or(&"");
        let total = page.total.get(i).map_or("", String::as_str);
        aligned(page, i, &format!("{heading}\n{total}"))
    });
    let widths = columns.iter().map(|&(_, width)| Constraint::Length(width));
    let rows = page.rows.iter().map(|(_, cells)| row(cells));
    let table = Table::new(rows, widths.collect::<Vec<_>>())
        .header(Row::new(header.collect::<Vec<_>>()).height(2).style(bold))
        .column_spacing(SPACING)
        .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
    frame.render_stateful_widget(table, body, &mut app.table);
    frame.render_widget(Text::from(help_lines(app, isa)), help);
}

fn aligned<'a>(page: &Page, column: usize, text: &str) -> Cell<'a> {
    let text = Text::raw(text.to_string());
    Cell::from(if page.left.contains(&column) {
        text
    } else {
        text.right_aligned()
    })
}

/// The columns to show where there is so much room, each with its width.
fn columns(page: &Page, room: u16) -> Vec<(usize, u16)> {
    let mut columns: Vec<_> = widths(page).into_iter().enumerate().collect();
    let needed = columns.iter().fold(0, |sum: u32, (_, width)| {
        sum + u32::from(*width) + u32::from(SPACING)
    });
    if needed.saturating_sub(SPACING.into()) > room.into() {
        columns.retain(|&(i, _)| Some(i) != page.optional);
    }
    columns
}

/// Every column as wide as what is in it.
fn widths(page: &Page) -> Vec<u16> {
    let width = |text: &str| Text::raw(text).width() as u16;
    let columns = page.headings.iter().enumerate();
    let widths = columns.map(|(i, heading)| {
        let rows = page.rows.iter().map(|(_, cells)| cells);
        let cells = rows.chain([&page.total]).filter_map(|cells| cells.get(i));
        cells.map(|cell| width(cell)).fold(width(heading), u16::max)
    });
    widths.collect()
}

/// What the row under the cursor means, and the keys.
fn help_lines<'a>(app: &App, isa: Isa) -> Vec<Line<'a>> {
    let meaning = match app.cursor {
        Some(Key::Reason(reason)) => acct::reasons::Isa::from(isa).meaning(reason),
        Some(Key::Vm(_)) => Some("Enter shows this VM's reasons"),
        None => None,
    };
    let other = match app.view {
        View::Host => "v VMs",
        View::Vms => "v reasons  Enter one VM",
        View::Vm(_) => "v all VMs  Esc back",
    };
    let sort = format!("{:?}", app.sort).to_lowercase();
    let step = if app.can_step {
        "  \u{2190}\u{2192} step"
    } else {
        ""
    };
    vec![
        Line::raw(meaning.unwrap_or_default()),
        Line::raw(format!(
            "q quit  {other}  s sort by: {sort}  \u{2191}\u{2193} choose  space pause{step}"
        )),
    ]
}
