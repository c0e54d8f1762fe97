// SPDX-License-Identifier: GPL-2.0

//! How a program ends.

use crate::command::NotRun;
use crate::name::escaped;
use crate::style::{ERROR, WARNING};
use anyhow::{Error, Result};
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What the tool is called, and what its errors begin with.
pub const NAME: &str = "kvm-exits";

/// The exit code of `program`: 0, or 1 where it has failed, with the reason on stderr.
pub fn exit_code(program: &str, result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(program, &error);
            ExitCode::FAILURE
        }
    }
}

/// The exit code of `program`, which judges: 0 where all is well, 1 where it is not, 2 where it cannot
/// be told, with the reason on stderr.
pub fn verdict(program: &str, well: Result<bool>) -> ExitCode {
    match well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tell(program, &error);
            ExitCode::from(2)
        }
    }
}

/// The exit code of `program`, which may run another one: that one's; 125 where `program` fails
/// itself, 126 where the other cannot be run, 127 where there is no such, with the reason on stderr.
/// Without another one (`alone`), as [`exit_code()`].
pub fn passed_on(program: &str, alone: bool, result: Result<u8>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tell(program, &error);
            if alone {
                return ExitCode::FAILURE;
            }
            let not_run = error.downcast_ref::<NotRun>();
            ExitCode::from(not_run.map_or(125, NotRun::exit_code))
        }
    }
}

/// Says on stderr why `program` has failed. Where nobody can read that, so be it.
fn tell(program: &str, error: &Error) {
    let sentence = sentence(error);
    let _ = writeln!(anstream::stderr(), "{ERROR}{program}:{ERROR:#} {sentence}");
}

/// Says on stderr what the reader of `program`'s output should know before trusting it.
pub fn warn(program: &str, what: impl Display) {
    let warning = format!("{WARNING}warning:{WARNING:#}");
    let _ = writeln!(anstream::stderr(), "{program}: {warning} {what}");
}

/// Says `text` on stderr, for a program that goes on whether anybody is there to read it or not.
pub fn note(text: impl Display) {
    let _ = writeln!(anstream::stderr(), "{NAME}: {text}");
}

/// An error with its causes. There may be anything in it that was in a file, or in its name, and
/// any amount of that: what it means is at its beginning and at its end.
pub fn sentence(error: &Error) -> String {
    let sentence = escaped(&format!("{error:#}")).into_owned();
    let length = sentence.chars().count();
    if length <= 2 * MOST {
        return sentence;
    }
    let (begin, end) = (
        sentence.chars().take(MOST),
        sentence.chars().skip(length - MOST),
    );
    begin.chain([' ', '…', ' ']).chain(end).collect()
}

/// So many characters of each are enough.
const MOST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn errors_steer_nothing() {
        let error = anyhow!("\x1b[2J is no number").context("line\n3");
        assert_eq!(sentence(&error), r"line\u{a}3: \u{1b}[2J is no number");
    }

    #[test]
    fn errors_have_an_end() {
        let long = "x".repeat(100_000);
        let error = anyhow!("found `{long}`, expected a number").context("a damaged file");
        let sentence = sentence(&error);
        assert_eq!(sentence.chars().count(), 2 * MOST + 3);
        assert!(
            sentence.starts_with("a damaged file: found `xxx"),
            "{sentence}"
        );
        assert!(sentence.ends_with("xxx`, expected a number"), "{sentence}");
    }
}
