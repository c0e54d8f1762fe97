// SPDX-License-Identifier: GPL-2.0-only

//! From Criterion's samples to `scale.json` and a table.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt::Write, fs, io, path::Path};

/// One of the benchmarks.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// Its name: Criterion's group and function.
    pub name: &'static str,
    /// What it measures.
    pub what: &'static str,
    /// How many exits are booked in one iteration, if it books any.
    pub exits: Option<u32>,
    /// The most milliseconds that one iteration may take.
    pub limit_ms: Option<f64>,
}

/// `of` in units of `to`: exits per second, or else time.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    /// What it says.
    pub name: &'static str,
    /// Name of a benchmark.
    pub of: &'static str,
    /// Name of a benchmark of the same kind.
    pub to: &'static str,
}

/// What one benchmark came to.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    name: &'static str,
    what: &'static str,
    /// Median over the samples, of one iteration.
    ns: f64,
    /// The fastest sample.
    ns_min: f64,
    samples: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_second_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_limit: Option<bool>,
}

impl Figure {
    /// `samples` are nanoseconds per iteration; `None` where there are none.
    pub fn new(bench: &Bench, mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let ns_min = *samples.first()?;
        let ns = (samples[(samples.len() - 1) / 2] + samples[samples.len() / 2]) / 2.0;
        Some(Self {
            name: bench.name,
            what: bench.what,
            ns,
            ns_min,
            samples: samples.len(),
            per_second: bench.exits.map(|exits| f64::from(exits) * 1e9 / ns),
            per_second_max: bench.exits.map(|exits| f64::from(exits) * 1e9 / ns_min),
            limit_ms: bench.limit_ms,
            within_limit: bench.limit_ms.map(|limit| ns < limit * 1e6),
        })
    }

    /// What a ratio is of.
    fn value(&self) -> f64 {
        self.per_second.unwrap_or(self.ns)
    }
}

/// All figures, as `scale.json` has them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    machine: String,
    figures: Vec<Figure>,
    ratios: BTreeMap<&'static str, f64>,
}

impl Report {
    /// With the ratios whose figures are there.
    pub fn new(machine: String, figures: Vec<Figure>, ratios: &[Ratio]) -> Self {
        let find = |name| figures.iter().find(|figure| figure.name == name);
        let ratios = ratios.iter().filter_map(|ratio| {
            let (of, to) = (find(ratio.of)?, find(ratio.to)?);
            Some((ratio.name, of.value() / to.value()))
        });
        Self {
            machine,
            ratios: ratios.collect(),
            figures,
        }
    }

    /// As Markdown.
    pub fn table(&self) -> String {
        let mut text = format!("{}\n\n| | median | fastest | target |\n", self.machine);
        text.push_str("| --- | --- | --- | --- |\n");
        for figure in &self.figures {
            let target = match (figure.limit_ms, figure.within_limit) {
                (Some(limit), Some(true)) => format!("< {limit} ms"),
                (Some(limit), _) => format!("< {limit} ms: missed"),
                _ => String::new(),
            };
            let (median, fastest) = match (figure.per_second, figure.per_second_max) {
                (Some(median), Some(fastest)) => (millions(median), millions(fastest)),
                _ => (millis(figure.ns), millis(figure.ns_min)),
            };
            let what = figure.what;
            let _ = writeln!(text, "| {what} | {median} | {fastest} | {target} |");
        }
        text.push_str("\n| ratio | |\n| --- | --- |\n");
        for (name, ratio) in &self.ratios {
            let _ = writeln!(text, "| {name} | {ratio:.2} |");
        }
        text
    }
}

fn millions(rate: f64) -> String {
    format!("{:.1} M/s", rate / 1e6)
}

fn millis(ns: f64) -> String {
    format!("{:.3} ms", ns / 1e6)
}

/// Criterion's record of one benchmark's samples.
#[derive(Deserialize)]
struct Samples {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Nanoseconds per iteration of each sample of the benchmark `name`; none where it was left out.
pub fn samples(criterion: &Path, name: &str) -> io::Result<Vec<f64>> {
    match fs::read_to_string(criterion.join(name).join("new/sample.json")) {
        Ok(json) => parse(&json),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(why) => Err(why),
    }
}

fn parse(json: &str) -> io::Result<Vec<f64>> {
    let Samples { iters, times } = serde_json::from_str(json)?;
    Ok(times.iter().zip(&iters).map(|(t, n)| t / n).collect())
}

/// The model of the CPU, and how many there are.
pub fn machine(cpus: usize) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    format!("{}, {cpus} CPUs", model(&info))
}

fn model(cpuinfo: &str) -> &str {
    let value = |line: &'_ str| line.starts_with("model name").then(|| line.find(':'));
    cpuinfo
        .lines()
        .find_map(|line| value(line)?.map(|colon| line[colon + 1..].trim()))
        .unwrap_or("unknown CPU")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOK: Bench = Bench {
        name: "book/two",
        what: "two",
        exits: Some(2),
        limit_ms: None,
    };
    const READ: Bench = Bench {
        name: "read/all",
        what: "all",
        exits: None,
        limit_ms: Some(5.0),
    };

    #[test]
    fn samples_are_per_iteration() {
        let json = r#"{"sampling_mode":"Linear","iters":[1.0,2.0],"times":[10.0,30.0]}"#;
        assert_eq!(parse(json).unwrap(), [10.0, 15.0]);
        assert!(parse("{}").is_err());
    }

    #[test]
    fn what_was_left_out_has_no_figure() {
        let nowhere = samples(Path::new("/nonexistent"), "x").unwrap();
        assert!(Figure::new(&READ, nowhere).is_none());
    }

    #[test]
    fn a_figure_is_the_median() {
        let figure = |samples: &[f64]| Figure::new(&BOOK, samples.to_vec()).unwrap();
        assert_eq!(figure(&[9.0, 1.0, 4.0]).ns, 4.0);
        assert_eq!(figure(&[9.0, 1.0, 4.0]).ns_min, 1.0);
        assert_eq!(figure(&[3.0, 1.0]).ns, 2.0);
        assert_eq!(figure(&[2.0]).per_second, Some(1e9));
    }

    #[test]
    fn a_limit_is_held_or_missed() {
        let within = |ns| Figure::new(&READ, vec![ns]).unwrap().within_limit;
        assert_eq!(within(4.9e6), Some(true));
        assert_eq!(within(5.1e6), Some(false));
    }

    #[test]
    fn ratios_need_both_figures() {
        let fast = Figure::new(&BOOK, vec![1.0, 2.0, 9.0]).unwrap();
        let slow = Figure::new(
            &Bench {
                name: "slow",
                ..BOOK
            },
            vec![8.0],
        )
        .unwrap();
        let ratio = |of| Ratio {
            name: of,
            of,
            to: "slow",
        };
        let ratios = [ratio("book/two"), ratio("missing")];
        let report = Report::new("a CPU".into(), vec![fast, slow], &ratios);
        assert_eq!(report.ratios, BTreeMap::from([("book/two", 4.0)]));
        assert!(report.table().contains("| two | 1000.0 M/s | 2000.0 M/s |"));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["figures"][1]["name"], "slow");
        assert_eq!(json["ratios"]["book/two"], 4.0);
    }

    #[test]
    fn the_machine_is_named() {
        let info = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz\nflags\t: fpu\n";
        assert_eq!(model(info), "A CPU @ 2 GHz");
        assert_eq!(model(""), "unknown CPU");
    }
}
