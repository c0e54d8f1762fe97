// SPDX-License-Identifier: GPL-2.0

//! What runs of one guest under different paging teach: `kvm-exits explain`, as text and as a page.
//! The questions are those of who sees exits for the first time, the answers have the figures of
//! these runs. Why a reason changed is `why.rs`'s to say.

mod boot;
mod files;
mod frequent;
mod published;
mod rate;

use crate::comparison::{proportion, Column, Comparison, Named, Row, Sort};
use crate::output::grouped;
use crate::snapshot::Isa;
use crate::why::{Change, Pair, Run};
use anyhow::{ensure, Result};
pub use files::Files;
pub use published::{Published, OF as PUBLISHED_OF};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The question that `why.rs` answers.
pub const WHAT_CHANGED: &str = "What changed, and why?";

/// A question, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the page calls it.
    pub id: &'static str,
    /// The question.
    pub question: &'static str,
    /// A paragraph each.
    pub paragraphs: Vec<String>,
}

/// The runs of one guest on the processors of one vendor.
pub struct Lesson {
    /// What is known of each, in the order of the columns.
    pub runs: Vec<Files>,
    /// The snapshots, side by side.
    pub snapshots: Vec<Named>,
    /// The figures.
    pub comparison: Comparison,
    /// Why they are as they are, by reason.
    pub why: BTreeMap<u32, Vec<String>>,
}

impl Lesson {
    /// A lesson for each of VMX and SVM that `paths` have runs of.
    pub fn load(paths: &[PathBuf]) -> Result<Vec<Self>> {
        let runs: Vec<_> = paths
            .iter()
            .map(|path| Files::load(path))
            .collect::<Result<_>>()?;
        let each = [Isa::Vmx, Isa::Svm].map(|isa| {
            let of_isa = runs.iter().filter(|run| run.snapshot.isa == isa);
            of_isa.cloned().collect::<Vec<_>>()
        });
        let each = each.into_iter().filter(|runs| !runs.is_empty());
        each.map(Self::new).collect()
    }

    fn new(runs: Vec<Files>) -> Result<Self> {
        let isa = runs.first().map(|run| run.snapshot.isa);
        let snapshots: Vec<Named> = runs
            .iter()
            .map(|run| (run.path.clone(), run.snapshot.clone()))
            .collect();
        ensure!(
            snapshots.len() > 1,
            "there is one run of {}: it takes one under EPT or NPT and one under shadow paging",
            match isa {
                Some(Isa::Svm) => "SVM",
                _ => "VMX",
            }
        );
        let comparison = Comparison::new(&snapshots, Sort::Change, None)?;
        let known: Vec<_> = runs.iter().map(Files::run).collect();
        let pair = Pair::of(&known);
        ensure!(
            pair.is_some(),
            "these runs do not differ in EPT (NPT) alone: the first has to be under EPT or NPT, one \
             of the others under shadow paging, both of a VM or both of the host, and without a \
             guest's guest; compare sets any two side by side"
        );
        let why = pair
            .map(|pair: Pair<'_>| pair.sentences())
            .unwrap_or_default();
        Ok(Self {
            runs,
            snapshots,
            comparison,
            why,
        })
    }

    /// What to know before trusting it.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        let of_files = self.runs.iter().flat_map(|run| &run.warnings);
        self.comparison.warnings.iter().chain(of_files)
    }

    /// Whose processors these are.
    pub fn title(&self) -> String {
        let columns = self.comparison.columns.iter();
        let headings: Vec<_> = columns.map(|column| column.heading.to_string()).collect();
        format!("{}: {}", self.vendor(), headings.join(" · "))
    }

    /// Their vendor.
    pub fn vendor(&self) -> &'static str {
        match self.comparison.isa {
            Isa::Vmx => "Intel (VMX)",
            Isa::Svm => "AMD (SVM)",
        }
    }

    /// The run under EPT or NPT, and the first under shadow paging: their columns.
    fn pair(&self) -> (usize, usize) {
        let is_shadow = |column: &Column| !column.paging.tdp;
        let shadow = self.comparison.columns.iter().position(is_shadow);
        (0, shadow.unwrap_or(0))
    }

    /// What a column is called.
    fn heading(&self, column: usize) -> String {
        let column = self.comparison.columns.get(column);
        column.map(|c| c.heading.to_string()).unwrap_or_default()
    }

    /// All of it in a sentence or two.
    pub fn summary(&self) -> String {
        let (nested, shadow) = self.pair();
        let total = &self.comparison.total;
        format!(
            "{} exits under {}, {} under {} ({}).",
            grouped(total.count[nested]),
            self.heading(nested),
            grouped(total.count[shadow]),
            self.heading(shadow),
            proportion(total.count[nested], total.count[shadow]),
        )
    }

    /// Whether paging made more or less of a reason.
    pub fn has_changed(&self, row: &Row) -> bool {
        let (nested, shadow) = self.pair();
        let change = Change::of(row.count[nested], row.count[shadow]);
        change.is_some_and(|change| change != Change::Same)
    }

    /// What a beginner asks, where these runs have an answer.
    pub fn answers(&self) -> Vec<Answer> {
        let answers = [
            boot::answer(self),
            rate::answer(self),
            frequent::answer(self),
        ];
        answers.into_iter().flatten().collect()
    }

    /// The figures that others have published, beside ours.
    pub fn published(&self) -> Vec<Published> {
        published::beside(self)
    }
}

impl Files {
    /// What `why.rs` takes of it.
    fn run(&self) -> Run<'_> {
        let own = Run::from(&self.snapshot);
        Run {
            life: self.life.as_ref().or(own.life),
            ..own
        }
    }
}
