// SPDX-License-Identifier: GPL-2.0

//! Markdown for people: suites and variants, and every test that has not passed.

use super::{End, Outcome, Parts, Run, Test, VARIANTS};
use std::fmt::Write;

/// A table for each machine, and below it what is not in its numbers.
pub fn markdown(runs: &[Run]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "| machine | suite | tests | {} |",
        VARIANTS.join(" | ")
    );
    let _ = writeln!(
        text,
        "| --- | --- | ---: |{}",
        " --- |".repeat(VARIANTS.len())
    );
    for run in runs {
        for suite in suites(run) {
            row(&mut text, run, suite);
        }
    }
    for run in runs {
        let different: Vec<_> = run.tests.iter().filter(|test| !test.is_alike()).collect();
        list(&mut text, run, "not alike", &different, different_line);
        let others = run
            .tests
            .iter()
            .filter(|test| test.is_alike() && !test.passed_everywhere());
        list(
            &mut text,
            run,
            "not passed, alike in all",
            &others.collect::<Vec<_>>(),
            alike_line,
        );
    }
    text
}

fn suites(run: &Run) -> Vec<&str> {
    let mut suites: Vec<&str> = Vec::new();
    for test in &run.tests {
        if !suites.contains(&test.suite.as_str()) {
            suites.push(&test.suite);
        }
    }
    suites
}

fn row(text: &mut String, run: &Run, suite: &str) {
    let tests = || run.tests.iter().filter(|test| test.suite == suite);
    let _ = write!(text, "| {} | {suite} | {} |", run.machine, tests().count());
    for variant in 0..VARIANTS.len() {
        let outcomes: Vec<_> = tests()
            .filter_map(|test| test.outcomes[variant].as_ref())
            .collect();
        let _ = write!(text, " {} |", summary(&outcomes));
    }
    text.push('\n');
}

/// `52 passed, 3 skipped; parts: 310 passed`.
fn summary(outcomes: &[&Outcome]) -> String {
    let count = |is: fn(End) -> bool| outcomes.iter().filter(|outcome| is(outcome.end)).count();
    let ends = named(&[
        (count(|end| end == End::Passed), "passed"),
        (count(|end| end == End::Skipped), "skipped"),
        (count(|end| end == End::Late), "not in time"),
        (count(|end| matches!(end, End::Failed(_))), "failed"),
    ]);
    let sum = |of: fn(&Parts) -> usize| outcomes.iter().map(|outcome| of(&outcome.parts)).sum();
    let parts = named(&[
        (sum(|parts| parts.passed), "passed"),
        (sum(|parts| parts.skipped), "skipped"),
        (sum(|parts| parts.failed), "failed"),
    ]);
    match (ends.as_str(), parts.as_str()) {
        ("", _) => "-".to_string(),
        (_, "") => ends,
        _ => format!("{ends}; of their parts {parts}"),
    }
}

/// Those that there are, by name.
fn named(counts: &[(usize, &str)]) -> String {
    let words = counts.iter().filter(|(count, _)| *count > 0);
    let words: Vec<_> = words
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    words.join(", ")
}

fn list(text: &mut String, run: &Run, title: &str, tests: &[&Test], line: fn(&Test) -> String) {
    if tests.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}, {title}:\n", run.machine);
    for test in tests {
        let _ = writeln!(text, "- {} {}: {}", test.suite, test.name, line(test));
    }
}

fn alike_line(test: &Test) -> String {
    test.outcomes[0]
        .as_ref()
        .map_or_else(String::new, verdict_and_words)
}

fn different_line(test: &Test) -> String {
    let each = VARIANTS.iter().zip(&test.outcomes);
    let each: Vec<_> = each
        .map(|(variant, outcome)| {
            let outcome = outcome
                .as_ref()
                .map_or_else(|| "not run".to_string(), verdict_and_words);
            format!("{variant} {outcome}")
        })
        .collect();
    each.join("; ")
}

fn verdict_and_words(outcome: &Outcome) -> String {
    let parts = summary(&[outcome]);
    match outcome.end {
        End::Passed => parts,
        End::Failed(code) => format!("{parts} (exit code {code}): {}", outcome.words),
        End::Skipped | End::Late => format!("{parts}: {}", outcome.words),
    }
}
