// SPDX-License-Identifier: GPL-2.0

//! What others' tests of KVM said under each variant of it, held against one another.

mod parse;
mod render;
#[cfg(test)]
mod tests;

pub use parse::read;
pub use render::markdown;

/// The variants of KVM, in the order in which `lab/suites/host.sh` loads them.
pub const VARIANTS: [&str; 3] = ["stock", "patched", "module"];

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Exit code 0.
    Passed,
    /// What it needs is not there: 4 of kselftest (`ksft.h`), 77 of kvm-unit-tests.
    Skipped,
    /// It was ended, its time was over.
    Late,
    /// Any other exit code.
    Failed(i32),
}

/// How many parts of a test ended how, where it says so: TAP lines of kselftest, `PASS:`, `FAIL:`
/// and `SKIP:` of kvm-unit-tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Those that did what they should.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
    /// Those that were not tried.
    pub skipped: usize,
}

/// One test under one variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of the program.
    pub end: End,
    /// Of what it tries.
    pub parts: Parts,
    /// The line that says why it did not pass, or its last.
    pub words: String,
}

/// One test under every variant.
#[derive(Debug)]
pub struct Test {
    /// `selftests` or `unit-tests`.
    pub suite: String,
    /// The program's name, with its arguments.
    pub name: String,
    /// In the order of [`VARIANTS`]; `None` where it was not run.
    pub outcomes: [Option<Outcome>; VARIANTS.len()],
}

/// All tests of one machine.
#[derive(Debug)]
pub struct Run {
    /// The lab's name for it.
    pub machine: String,
    /// In the order in which they ran.
    pub tests: Vec<Test>,
}

impl Outcome {
    /// The same verdict, on the whole and in its parts; words may differ.
    fn is_like(&self, other: &Self) -> bool {
        (self.end, self.parts) == (other.end, other.parts)
    }
}

impl Test {
    /// Was run under each variant, and ended alike.
    pub fn is_alike(&self) -> bool {
        let [Some(first), rest @ ..] = &self.outcomes else {
            return false;
        };
        rest.iter()
            .all(|other| other.as_ref().is_some_and(|other| other.is_like(first)))
    }

    fn passed_everywhere(&self) -> bool {
        self.is_alike() && self.ended(0) == Some(End::Passed)
    }

    fn ended(&self, variant: usize) -> Option<End> {
        self.outcomes[variant].as_ref().map(|outcome| outcome.end)
    }
}

impl Run {
    /// What must not be: tests that do not end alike, and fewer of them that pass in `suite` than
    /// `at_least`, because tests that do not run agree about everything.
    pub fn problems(&self, suite: &str, at_least: usize) -> Vec<String> {
        let mut problems: Vec<_> = self
            .tests
            .iter()
            .filter(|test| !test.is_alike())
            .map(|test| format!("{}/{} does not end alike", test.suite, test.name))
            .collect();
        let passed = self
            .tests
            .iter()
            .filter(|test| test.suite == suite && test.passed_everywhere())
            .count();
        if passed < at_least {
            problems.push(format!(
                "{passed} of {suite} pass: {at_least} are to be expected"
            ));
        }
        problems
    }
}
