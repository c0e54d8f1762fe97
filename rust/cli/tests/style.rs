// SPDX-License-Identifier: GPL-2.0

//! Colour by the conventions: on a terminal, unless the environment says otherwise.

mod common;

use common::{data, Builder};
use nix::pty::openpty;
use std::fs::File;
use std::io::Read;
use std::process::{Command, Output};

const BOLD: &str = "\x1b[1m";

/// The program with nothing but `environment` to go by.
fn kvm_exits(args: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command
        .args(args)
        .env_clear()
        .envs(environment.iter().copied());
    command
}

fn piped(args: &[&str], environment: &[(&str, &str)]) -> (String, String) {
    let Output { stdout, stderr, .. } = kvm_exits(args, environment).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr))
}

/// What it says to a terminal.
fn on_terminal(args: &[&str], environment: &[(&str, &str)]) -> String {
    let pty = openpty(None, None).unwrap();
    let (out, err) = (pty.slave.try_clone().unwrap(), pty.slave);
    let mut command = kvm_exits(args, environment);
    let mut child = command.stdout(out).stderr(err).spawn().unwrap();
    // With it goes the last writer but the child.
    drop(command);
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let mut terminal = File::from(pty.master);
    // Its end is an error (EIO).
    while let Ok(n @ 1..) = terminal.read(&mut buffer) {
        text.extend_from_slice(&buffer[..n]);
    }
    child.wait().unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn a_pipe_gets_text() {
    let file = Builder::new(1, 0).host(10, &[1]).save("style-pipe.snap");
    for args in [
        &["show", "--from", &file][..],
        &["--help"],
        &["show", "--from", "/nonexistent"],
        &["shwo"],
    ] {
        let (stdout, stderr) = piped(args, &[("TERM", "xterm")]);
        assert!(
            !stdout.contains('\x1b') && !stderr.contains('\x1b'),
            "{stdout}{stderr}"
        );
        assert!(!(stdout + &stderr).is_empty());
    }
}

#[test]
fn a_pipe_that_is_to_be_coloured_is() {
    let file = Builder::new(1, 0).host(10, &[1]).save("style-force.snap");
    let forced = |args: &[&str]| piped(args, &[("CLICOLOR_FORCE", "1")]);
    let (stdout, _) = forced(&["show", "--from", &file]);
    let headings = format!("\n{BOLD}reason  name ");
    assert!(
        stdout.contains(&headings) && stdout.matches(BOLD).count() == 1,
        "{stdout:?}"
    );

    let (_, stderr) = forced(&["show", "--from", "/nonexistent"]);
    assert!(
        stderr.starts_with("\x1b[1m\x1b[31mkvm-exits:\x1b[0m cannot read"),
        "{stderr:?}"
    );
    let (_, stderr) = forced(&["compare", &data("ept.json"), &data("ept.json")]);
    assert!(
        stderr.starts_with("kvm-exits: \x1b[1m\x1b[33mwarning:\x1b[0m \""),
        "{stderr:?}"
    );

    // Data is data.
    for format in ["--json", "--csv"] {
        let (stdout, _) = forced(&["show", "--from", &file, format]);
        assert!(!stdout.contains('\x1b'), "{stdout:?}");
    }
}

#[test]
fn a_terminal_is_coloured_unless_somebody_objects() {
    let file = Builder::new(1, 0)
        .host(10, &[1])
        .save("style-terminal.snap");
    let shown = |environment: &[(&str, &str)]| {
        let text = on_terminal(&["show", "--from", &file], environment);
        assert!(text.contains("CPUID"), "{text:?}");
        text.contains('\x1b')
    };
    assert!(shown(&[("TERM", "xterm")]));
    for objection in [("NO_COLOR", "1"), ("CLICOLOR", "0")] {
        assert!(!shown(&[("TERM", "xterm"), objection]), "{objection:?}");
    }
    assert!(!shown(&[("TERM", "dumb")]));
    assert!(
        shown(&[("TERM", "xterm"), ("NO_COLOR", "")]),
        "empty is not set"
    );
}
