// SPDX-License-Identifier: GPL-2.0

//! How figures are written: tables, JSON, to a file. (CSV is in `sheet.rs`.)

use crate::files;
use crate::name::escaped_json;
use crate::style;
use anyhow::Result;
use comfy_table::{presets, CellAlignment, Table, TableComponent};
use serde::Serialize;
use std::borrow::Cow;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a command that has data writes it as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Format {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Print CSV.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// What a command whose figures are handed on, too, writes them as.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Forms {
    #[command(flatten)]
    format: Format,

    /// Print Markdown, with tables as GitHub has them.
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    markdown: bool,

    /// Write a page to look at, with charts, to FILE ("-": print it). It loads nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "csv", "markdown"])]
    html: Option<PathBuf>,
}

/// One of [`Forms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<'a> {
    /// For the eye.
    Text,
    /// JSON.
    Json,
    /// CSV.
    Csv,
    /// Markdown.
    Markdown,
    /// A page, in this file.
    Html(&'a Path),
}

impl Forms {
    /// The one that was asked for.
    pub fn form(&self) -> Form<'_> {
        if let Some(path) = &self.html {
            Form::Html(path)
        } else if self.format.json {
            Form::Json
        } else if self.format.csv {
            Form::Csv
        } else if self.markdown {
            Form::Markdown
        } else {
            Form::Text
        }
    }
}

/// Prints `text` with a newline at its end. A reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> Result<()> {
    print_on(text).map(drop)
}

/// As [`print()`], and on a terminal the headings of tables stand out; returns whether there is still
/// a reader, so that there is a point in going on.
pub fn print_on(text: &str) -> Result<bool> {
    let mut out = std::io::stdout().lock();
    let text = if style::is_wanted(&out) {
        style::headings(text).into()
    } else {
        Cow::from(text)
    };
    match out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(if text.ends_with('\n') { b"" } else { b"\n" }))
        .and_then(|()| out.flush())
    {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Puts `text` in the file `path`; prints it where that is `-`.
pub fn write(path: &Path, text: &str) -> Result<()> {
    if path == Path::new("-") {
        return print(text);
    }
    files::replace(path, text)
}

/// Prints `value` as JSON.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&json(value)?)
}

/// `value` as JSON, which steers no terminal.
pub fn json(value: &impl Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value)? + "\n";
    Ok(escaped_json(&json).into_owned())
}

/// A table with `headings`, everything right-aligned but the columns `left`.
pub fn table(headings: &[String], left: &[usize]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_style(TableComponent::HeaderLines, '-')
        .set_style(TableComponent::MiddleHeaderIntersections, ' ')
        .set_header(headings);
    for (i, column) in table.column_iter_mut().enumerate() {
        // A separator of one blank, and this one: as narrow as can still be read.
        column.set_padding((0, 1));
        if !left.contains(&i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The text of `table`, without the blanks at the ends of its lines.
pub fn table_text(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.trim_end().to_string() + "\n")
        .collect()
}

/// `1234567` as `1,234,567`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A mean for the eye: whole, grouped; `-` where there is none.
pub fn mean(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_string(), |v| grouped(v.round() as u64))
}

/// Cycles in proportion to how often; `None` where it never was.
pub fn ratio(cycles: u64, count: u64) -> Option<f64> {
    (count > 0).then(|| cycles as f64 / count as f64)
}

/// A rate; to a tenth where it is below ten.
pub fn per_second(count: u64, elapsed: Duration) -> String {
    let rate = count as f64 / elapsed.as_secs_f64();
    if count == 0 {
        "0".to_string()
    } else if rate < 9.95 {
        format!("{rate:.1}")
    } else {
        grouped(rate.round() as u64)
    }
}

/// `part` of `whole` in per cent; `-` of nothing.
pub fn share(part: u64, whole: u64) -> String {
    match whole {
        0 => "-".to_string(),
        _ => format!("{:.1}%", part as f64 / whole as f64 * 100.0),
    }
}

/// What to say of the figures: that they are cycles, or instructions.
pub fn note_on_cycles(emulated: bool) -> &'static str {
    if emulated {
        "Cycles are those of the emulator's TSC, which counts instructions: the figures can be \
         repeated, but they say how many instructions KVM executed, not what they cost on hardware."
    } else {
        "Cycles are TSC cycles of the host, from the exit until KVM has dealt with it."
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(42_566), "42,566");
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn shares_are_per_cent() {
        assert_eq!(share(1, 8), "12.5%");
        assert_eq!(share(8, 8), "100.0%");
        assert_eq!(share(0, 0), "-");
    }

    #[test]
    fn rates_are_rounded_to_what_can_be_read() {
        let two = Duration::from_secs(2);
        assert_eq!(per_second(0, two), "0");
        assert_eq!(per_second(1, two), "0.5");
        assert_eq!(per_second(20, two), "10");
        assert_eq!(per_second(24_691, two), "12,346");
    }

    #[test]
    fn headings_are_bold_and_nothing_else() {
        let mut table = table(&["name".into(), "count\nEPT".into()], &[0]);
        table.add_row(["CPUID", "-"]);
        let text = format!("EPT; generation 3\n\n{}\nnotes\n", table_text(&table));
        let styled = style::headings(&text);
        let bold: Vec<_> = styled
            .lines()
            .filter(|l| l.starts_with("\x1b[1m"))
            .collect();
        assert_eq!(
            bold,
            ["\x1b[1mname   count\x1b[0m", "\x1b[1m         EPT\x1b[0m"]
        );
        assert_eq!(styled.replace("\x1b[1m", "").replace("\x1b[0m", ""), text);
    }

    #[test]
    fn tables_align_numbers_right() {
        let mut t = table(&["name".into(), "count".into()], &[0]);
        t.add_row(["CPUID", "7"]);
        t.add_row(["EPT_VIOLATION", "6,627"]);
        let text = table_text(&t);
        assert!(text.lines().nth(2).unwrap().ends_with("    7"), "{text}");
        assert!(text.lines().nth(3).unwrap().ends_with("6,627"), "{text}");
    }
}
