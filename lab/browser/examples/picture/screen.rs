// SPDX-License-Identifier: GPL-2.0

//! A terminal's screen as a page.

use crate::terminal::Size;
use std::fmt::Write;

/// Pixels of a cell, as the font below has them, and around all of them.
const CELL: f64 = 8.43;
const AROUND: u32 = 20;

/// The sixteen colours, calm on a dark ground.
const COLOURS: [&str; 16] = [
    "#1b2129", "#ef8540", "#2fb78d", "#e0b13c", "#56a8e0", "#d98bbd", "#5fc4c9", "#c9d1d9",
    "#6f7a86", "#f5a36b", "#5bd1ac", "#f0ca6a", "#7db8f5", "#e6a9cf", "#8adde1", "#ffffff",
];
const INK: &str = "#d5dce4";
const PAPER: &str = "#11151a";

/// How wide the page has to be.
pub fn width(size: Size) -> u32 {
    2 * AROUND + (f64::from(size.columns) * CELL).ceil() as u32
}

/// What is on `screen`.
pub fn page(screen: &vt100::Parser) -> String {
    let screen = screen.screen();
    let (rows, columns) = screen.size();
    let mut text = String::new();
    for row in 0..rows {
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            let (mut ink, mut paper) = (colour(cell.fgcolor(), INK), colour(cell.bgcolor(), PAPER));
            if cell.inverse() {
                std::mem::swap(&mut ink, &mut paper);
            }
            let weight = if cell.bold() { 700 } else { 400 };
            let contents = cell.contents();
            let contents = match contents.as_str() {
                "" => " ",
                "<" => "&lt;",
                "&" => "&amp;",
                contents => contents,
            };
            // Writing to a String cannot fail.
            let _ = write!(
                text,
                "<span style=\"color:{ink};background:{paper};font-weight:{weight}\">{contents}</span>"
            );
        }
        text.push('\n');
    }
    format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><style>
html {{ background: {PAPER} }}
body {{ margin: 0; padding: {AROUND}px }}
pre {{ margin: 0; font: 14px/1.35 'DejaVu Sans Mono', monospace; letter-spacing: 0 }}
</style><pre>{text}</pre>"
    )
}

fn colour(colour: vt100::Color, otherwise: &str) -> String {
    match colour {
        vt100::Color::Default => otherwise.to_string(),
        vt100::Color::Idx(n) => COLOURS
            .get(usize::from(n))
            .map_or_else(|| otherwise.to_string(), |colour| (*colour).to_string()),
        vt100::Color::Rgb(r, g, b) => format!("rgb({r},{g},{b})"),
    }
}
