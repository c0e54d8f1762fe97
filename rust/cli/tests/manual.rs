// SPDX-License-Identifier: GPL-2.0

//! What --help promises: commands with examples that are right, and exit codes.

mod common;

use clap::CommandFactory;
use common::{data, kvm_exits, stdout, Builder};
use kvm_exits::cli::Cli;
use kvm_exits::manual::{Notes, COMMANDS, EXIT_STATUS, PROGRAM};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Output};

/// The words of an example's command line, without what the shell does.
fn words(line: &str) -> Vec<&str> {
    let is_shells = |word: &&str| word.starts_with(['>', '|']);
    let words = line.split_whitespace();
    words.take_while(|word| !is_shells(word)).collect()
}

/// All commands, by their names behind those of the commands that they are ones of.
fn commands() -> Vec<String> {
    fn below(command: &clap::Command, path: &str, all: &mut Vec<String>) {
        for command in command.get_subcommands() {
            let path = format!("{path} {}", command.get_name());
            all.push(path.trim_start().to_string());
            below(command, path.trim_start(), all);
        }
    }
    let mut all = Vec::new();
    below(&Cli::command(), "", &mut all);
    all
}

#[test]
fn every_command_has_examples_and_every_example_a_command() {
    let noted: Vec<_> = COMMANDS.iter().map(|notes| notes.command).collect();
    assert_eq!(noted, commands(), "rust/cli/src/manual/commands.rs");
    for notes in COMMANDS.iter().chain([&PROGRAM]) {
        assert!(!notes.examples.is_empty(), "{}", notes.command);
    }
}

#[test]
fn every_example_is_a_command_line() {
    for notes in COMMANDS.iter().chain([&PROGRAM]) {
        for (line, _) in notes.examples {
            let parsed = Cli::command().try_get_matches_from(words(line));
            parsed.unwrap_or_else(|error| panic!("{line}: {error}"));
            let called = format!("kvm-exits {}", notes.command);
            assert!(line.starts_with(called.trim_end()), "{line} is no {called}");
        }
    }
}

#[test]
fn help_ends_in_examples_and_exit_status() {
    let of = |command: &str| {
        let args: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        stdout(&kvm_exits(&args)).to_string()
    };
    for notes in COMMANDS.iter().chain([&PROGRAM]) {
        let help = of(notes.command);
        let at = |text: &str| {
            let at = help.find(text);
            at.unwrap_or_else(|| panic!("no {text} in: {help}"))
        };
        let examples = at("\nExamples:\n");
        for (line, what) in notes.examples {
            assert!(examples < at(&format!("\n  {line}\n          {what}\n")));
        }
        for (status, what) in notes.exit_status() {
            assert!(at("\nExit status:\n") < at(&format!("\n  {status}  {what}")));
        }
    }
    // What a command had to say there already is still said.
    assert!(of("show").contains("--json prints:"));
    assert!(of("guest stat").contains("own_cpuid_exits"));
}

fn code(output: &Output) -> i32 {
    let code = output.status.code().expect("an exit code");
    let is_known = EXIT_STATUS
        .iter()
        .any(|(status, _)| *status == code.to_string());
    assert!(is_known, "{code} is not documented");
    code
}

#[test]
fn exit_codes_are_as_documented() {
    assert_eq!(
        code(&kvm_exits(&["caps", "--from", &data("caps/haswell.txt")])),
        0
    );
    assert_eq!(code(&kvm_exits(&["--help"])), 0);
    assert_eq!(code(&kvm_exits(&["--version"])), 0);

    let failed = kvm_exits(&["show", "--from", "/nonexistent"]);
    assert_eq!(code(&failed), 1);
    assert!(failed.stdout.is_empty() && !failed.stderr.is_empty());

    for usage in [
        &[][..],
        &["shwo"],
        &["show", "--vm"],
        &["show", "--from", "a", "--save", "b"],
    ] {
        let output = kvm_exits(usage);
        assert_eq!(code(&output), 2, "{usage:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{usage:?}"
        );
    }
}

#[test]
fn a_reader_that_goes_is_no_failure() {
    let file = Builder::new(1, 0).host(10, &[1]).save("reader-goes.snap");
    let (reader, writer) = UnixStream::pair().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    let status = command
        .args(["show", "--from", &file])
        .stdout(OwnedFd::from(writer))
        .status();
    assert_eq!(status.unwrap().code(), Some(0));
}

#[test]
fn check_says_what_its_codes_mean() {
    let check = Notes::of("check").unwrap().exit_status();
    assert_ne!(check[0], EXIT_STATUS[0]);
    assert_eq!(check[2], EXIT_STATUS[2]);
}
