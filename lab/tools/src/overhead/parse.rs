// SPDX-License-Identifier: GPL-2.0

//! The lines that `lab/bench/host.sh` describes.

use super::{Exit, Results, Row, STOCK};
use crate::text::number;
use acct::reasons::Isa;
use anyhow::{bail, ensure, Context, Result};

/// Reads the lab's file.
pub fn parse(text: &str) -> Result<Results> {
    let mut lines = text.lines();
    let mut parser = Parser::new(isa(lines.next().context("no measurement")?)?);
    for line in lines {
        parser
            .line(line)
            .with_context(|| format!("in \"{line}\""))?;
    }
    let results = parser.results;
    ensure!(!results.rows.is_empty(), "no measurement");
    ensure!(
        results.variants().contains(&STOCK),
        "no variant \"{STOCK}\" to hold the others against"
    );
    Ok(results)
}

fn isa(line: &str) -> Result<Isa> {
    match line {
        "isa vmx" => Ok(Isa::Vmx),
        "isa svm" => Ok(Isa::Svm),
        _ => bail!("the first line is no isa that is known here: \"{line}\""),
    }
}

/// What the lines so far have said.
struct Parser {
    variant: Option<String>,
    paging: Option<String>,
    /// The first row of this guest.
    guest: usize,
    results: Results,
}

impl Parser {
    fn new(isa: Isa) -> Self {
        Self {
            variant: None,
            paging: None,
            guest: 0,
            results: Results {
                isa,
                rows: Vec::new(),
                unavailable: Vec::new(),
            },
        }
    }

    fn line(&mut self, line: &str) -> Result<()> {
        let (word, rest) = line.split_once(' ').context("one word")?;
        match word {
            "variant" => self.variant = Some(rest.to_string()),
            "paging" => {
                self.paging = Some(rest.to_string());
                self.guest = self.results.rows.len();
            }
            "bench" => {
                let row = self.row(rest)?;
                self.results.rows.push(row);
            }
            "trace" => {
                let (bytes, exits) = rest.split_once(' ').context("one number")?;
                let per_exit = number(bytes)? as f64 / number(exits)? as f64;
                for row in &mut self.results.rows[self.guest..] {
                    row.trace_bytes = Some(per_exit);
                }
            }
            "unavailable" => {
                let (name, why) = rest.split_once(' ').context("no reason")?;
                let entry = (name.to_string(), why.to_string());
                self.results.unavailable.push(entry);
            }
            _ => bail!("an unknown word"),
        }
        Ok(())
    }

    /// `CASE n N cycles_per_op N remainder N median N least N`
    fn row(&self, text: &str) -> Result<Row> {
        let (Some(variant), Some(paging)) = (&self.variant, &self.paging) else {
            bail!("before any variant and paging");
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let value = |name: &str| {
            let at = words.iter().position(|word| *word == name);
            let value = at.and_then(|at| words.get(at + 1));
            number(value.with_context(|| format!("no \"{name}\""))?)
        };
        let n = value("n")?;
        ensure!(n > 0, "measured never");
        Ok(Row {
            variant: variant.clone(),
            exit: self.exit(paging, words[0])?,
            n,
            median: value("median")?,
            mean: value("cycles_per_op")? as f64 + value("remainder")? as f64 / n as f64,
            least: value("least")?,
            trace_bytes: None,
        })
    }

    fn exit(&self, paging: &str, case: &str) -> Result<&'static Exit> {
        self.results
            .exits()
            .iter()
            .find(|exit| exit.paging == paging && exit.case == case)
            .with_context(|| format!("{case} under {paging} is no exit that is known here"))
    }
}
