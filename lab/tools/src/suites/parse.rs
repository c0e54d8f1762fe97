// SPDX-License-Identifier: GPL-2.0

//! The files that `lab/suites/host.sh` describes.

use super::{End, Outcome, Parts, Run, Test, VARIANTS};
use anyhow::{ensure, Context, Result};
use kvm_exits::files;
use kvm_exits::name::escaped;
use std::path::Path;

/// The exit code of a test that ran out of time, as of `timeout`.
const LATE: i32 = 124;

/// Reads what one machine left.
pub fn read(directory: &Path) -> Result<Run> {
    let machine = files::read_text(directory.join("machine"))?;
    let results = files::read_text(directory.join("results"))?;
    parse(machine.trim(), &results, |variant, suite, name| {
        // Whatever bytes a test has said.
        files::read(directory.join(variant).join(suite).join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    })
    .with_context(|| directory.display().to_string())
}

/// Lines `VARIANT SUITE NAME EXIT-CODE`, and for each what `log` has.
pub fn parse(
    machine: &str,
    results: &str,
    log: impl Fn(&str, &str, &str) -> Result<String>,
) -> Result<Run> {
    let mut tests: Vec<Test> = Vec::new();
    for line in results.lines() {
        let words: Vec<_> = line.split(' ').collect();
        let &[variant, suite, name, code] = words.as_slice() else {
            anyhow::bail!("not four words: \"{line}\"");
        };
        let at = VARIANTS.iter().position(|known| *known == variant);
        let at = at.with_context(|| format!("{variant} is no variant that is known here"))?;
        let code = code.parse().with_context(|| format!("in \"{line}\""))?;
        let outcome = outcome(suite, code, &log(variant, suite, name)?);
        let outcomes = &mut entry(&mut tests, suite, name).outcomes;
        ensure!(outcomes[at].is_none(), "twice: \"{line}\"");
        outcomes[at] = Some(outcome);
    }
    Ok(Run {
        machine: machine.to_string(),
        tests,
    })
}

fn entry<'a>(tests: &'a mut Vec<Test>, suite: &str, name: &str) -> &'a mut Test {
    let at = tests
        .iter()
        .position(|test| test.suite == suite && test.name == name)
        .unwrap_or(tests.len());
    if at == tests.len() {
        tests.push(Test {
            suite: suite.to_string(),
            name: name.to_string(),
            outcomes: [const { None }; VARIANTS.len()],
        });
    }
    &mut tests[at]
}

fn outcome(suite: &str, code: i32, log: &str) -> Outcome {
    let skip = if suite == "unit-tests" { 77 } else { 4 };
    let end = match code {
        0 => End::Passed,
        LATE => End::Late,
        _ if code == skip => End::Skipped,
        _ => End::Failed(code),
    };
    Outcome {
        end,
        parts: parts(log),
        words: words(log),
    }
}

fn parts(log: &str) -> Parts {
    let mut parts = Parts::default();
    for line in log.lines() {
        // kvm-unit-tests indents what is inside of something.
        let line = line.trim_start();
        let tap = line.starts_with("ok ") || line.starts_with("not ok ");
        if line.starts_with("SKIP:") || tap && line.contains("# SKIP") {
            parts.skipped += 1;
        } else if line.starts_with("PASS:") || line.starts_with("ok ") {
            parts.passed += 1;
        } else if line.starts_with("FAIL:") || line.starts_with("not ok ") {
            parts.failed += 1;
        }
    }
    parts
}

/// A line that says what is missing, what was asserted or what failed; else the last.
fn words(log: &str) -> String {
    let mut lines = log.lines().map(str::trim).filter(|line| !line.is_empty());
    let why = |line: &&str| {
        ["SKIP", "FAIL", "not ok ", "Error", "error"]
            .iter()
            .any(|word| line.contains(word))
    };
    let assertion = |line: &&str| line.starts_with("====");
    // kselftest's: "==== Test Assertion Failure ====", where it stands, the process, the stack,
    // and in the last line the words.
    let line = if lines.clone().any(|line| assertion(&line)) {
        lines.next_back()
    } else {
        lines.clone().find(why).or_else(|| lines.next_back())
    };
    escaped(line.unwrap_or("says nothing")).into_owned()
}
