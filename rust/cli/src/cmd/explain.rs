// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits explain`: why a guest exits for other reasons under shadow paging.

use crate::html;
use crate::lesson::{Answer, Lesson, PUBLISHED_OF, WHAT_CHANGED};
use crate::name::escaped;
use crate::output::{self, grouped};
use crate::program;
use anyhow::Result;
use std::path::PathBuf;

/// Say why a guest exits for other reasons under shadow paging than under EPT or NPT.
///
/// Of each reason whose count changed, with the figures of these very runs; and, where there is more
/// than the snapshots, how many exits a boot takes and at what rate they come. SNAPSHOTs of one guest,
/// such as scripts/ept-vs-shadow leaves; those of VMX and of SVM in one go, if there are both. What is
/// beside RUN.json and of the same generation is taken along: RUN-boot.json, RUN-host.json,
/// RUN.recording.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshots (JSON): the first under EPT or NPT, the others under shadow paging.
    #[arg(required = true, num_args = 2.., value_name = "SNAPSHOT")]
    snapshots: Vec<PathBuf>,

    /// Write a page to look at, with charts and tables, to FILE ("-": print it). It loads nothing.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Runs `kvm-exits explain`.
pub fn run(args: &Args) -> Result<()> {
    let lessons = Lesson::load(&args.snapshots)?;
    let warnings = lessons.iter().flat_map(Lesson::warnings);
    for warning in warnings {
        program::warn("kvm-exits", warning);
    }
    if let Some(path) = &args.html {
        return output::write(path, &html::explain::page(&lessons)?.text());
    }
    let each: Vec<_> = lessons.iter().map(text).collect();
    output::print(&each.join("\n"))
}

fn text(lesson: &Lesson) -> String {
    let mut text = format!("{}\n", escaped(&lesson.title()));
    for Answer {
        question,
        paragraphs,
        ..
    } in lesson.answers()
    {
        text += &format!("\n{question}\n");
        paragraphs.iter().for_each(|p| text += &wrapped(p));
    }
    text += &format!("\n{WHAT_CHANGED}\n");
    for row in &lesson.comparison.rows {
        // What stayed as it was is in the table of compare.
        if !lesson.has_changed(row) {
            continue;
        }
        let Some(why) = row.reason.and_then(|reason| lesson.why.get(&reason)) else {
            continue;
        };
        let counts: Vec<_> = row.count.iter().map(|&n| grouped(n)).collect();
        text += &format!("\n  {}: {}\n", row.name, counts.join(" -> "));
        text += &wrapped(&why.join(" "));
    }
    let published = lesson.published();
    if !published.is_empty() {
        text += "\nDo others find the same?\n";
        text += &wrapped(PUBLISHED_OF);
        for row in published {
            let ((a, b, ratio), (c, d, theirs)) = (row.ours, row.theirs);
            let figures = [a, b, c, d].map(grouped);
            text += &format!(
                "    {}: {} -> {}, {ratio}; published {} -> {}, {theirs}\n",
                row.name, figures[0], figures[1], figures[2], figures[3]
            );
        }
    }
    text
}

/// In lines for a terminal, indented.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 76;
    let text = escaped(text);
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= WIDTH {
            lines += &format!("    {line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + &format!("    {line}\n")
}
