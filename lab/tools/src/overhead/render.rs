// SPDX-License-Identifier: GPL-2.0

//! JSON for programs, Markdown for people.

use super::{Exit, Results, Row, Unit, STOCK};
use serde::Serialize;
use serde_json::{Number, Value};
use std::fmt::Write;

/// One exit under one variant, as JSON.
#[derive(Serialize)]
struct Entry<'a> {
    exit: &'a str,
    variant: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<u64>,
    over_stock: Option<i64>,
    median: u64,
    mean: Value,
    mean_over_stock: Option<Value>,
    n: u64,
    paging: &'a str,
    case: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_bytes_per_exit: Option<Value>,
}

/// A variant without measurements, as JSON.
#[derive(Serialize)]
struct Unavailable<'a> {
    variant: &'a str,
    unavailable: &'a str,
}

impl<'a> Entry<'a> {
    fn new(row: &'a Row, stock: Option<&Row>, unit: Unit) -> Self {
        Self {
            exit: row.exit.name,
            variant: &row.variant,
            instructions: (unit == Unit::Instructions).then_some(row.least),
            cycles: (unit == Unit::Cycles).then_some(row.least),
            over_stock: stock.map(|stock| over(row, stock)),
            median: row.median,
            mean: decimal(row.mean),
            mean_over_stock: stock.map(|stock| decimal(row.mean - stock.mean)),
            n: row.n,
            paging: row.exit.paging,
            case: row.exit.case,
            trace_bytes_per_exit: row.trace_bytes.map(decimal),
        }
    }
}

/// An array with an object for each exit and variant, a line each.
pub fn json(results: &Results, unit: Unit) -> serde_json::Result<String> {
    let mut lines = Vec::new();
    for exit in results.exits() {
        let stock = results.row(STOCK, exit);
        for row in results.rows.iter().filter(|row| row.exit == exit) {
            lines.push(serde_json::to_string(&Entry::new(row, stock, unit))?);
        }
    }
    for (variant, unavailable) in &results.unavailable {
        lines.push(serde_json::to_string(&Unavailable {
            variant,
            unavailable,
        })?);
    }
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn over(row: &Row, stock: &Row) -> i64 {
    row.least as i64 - stock.least as i64
}

/// With one decimal, or none where that is zero.
fn decimal(value: f64) -> Value {
    let tenths = (value * 10.0).round();
    if tenths % 10.0 == 0.0 {
        return ((tenths / 10.0) as i64).into();
    }
    Number::from_f64(tenths / 10.0).map_or(Value::Null, Value::Number)
}

/// A row an exit and a column a variant, and what there is to say besides.
pub fn markdown(results: &Results, unit: Unit) -> String {
    let mut text = String::new();
    let variants = results.variants();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "| {} | {} |", unit.name(), variants.join(" | "));
    let _ = writeln!(text, "| --- |{}", " ---: |".repeat(variants.len()));
    for exit in results.exits() {
        row(
            &mut text,
            results,
            exit,
            exit.name,
            |row, stock| match stock {
                Some(stock) => format!("{:+}", over(row, stock)),
                None => row.least.to_string(),
            },
        );
    }
    // Of this one only: it takes many samples.
    let first = &results.exits()[0];
    let name = format!("{}, mean", first.name);
    row(&mut text, results, first, &name, |row, stock| match stock {
        Some(stock) => format!("{:+.1}", row.mean - stock.mean),
        None => format!("{:.1}", row.mean),
    });
    text.push('\n');
    for row in results.rows.iter().filter(|row| row.exit == first) {
        if let Some(bytes) = row.trace_bytes {
            let _ = writeln!(text, "- {} wrote {bytes:.1} bytes for an exit", row.variant);
        }
    }
    for (variant, why) in &results.unavailable {
        let _ = writeln!(text, "- {variant}: not measured ({why})");
    }
    text
}

/// One row; `value` gets a measurement and, where it is not stock's own, stock's.
fn row(
    text: &mut String,
    results: &Results,
    exit: &Exit,
    name: &str,
    value: impl Fn(&Row, Option<&Row>) -> String,
) {
    let stock = results.row(STOCK, exit);
    let _ = write!(text, "| {name} |");
    for variant in results.variants() {
        let measured = results.row(variant, exit);
        let cell = measured.map(|row| value(row, stock.filter(|_| variant != STOCK)));
        let _ = write!(text, " {} |", cell.unwrap_or_default());
    }
    text.push('\n');
}
