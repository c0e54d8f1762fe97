// SPDX-License-Identifier: GPL-2.0

//! What the help and the man pages say besides what a command's arguments are: examples, files, the
//! environment, how it ends. The man pages are made in `rust/manual`.

mod commands;

use clap::builder::styling::Styles;
use clap::builder::StyledStr;
use clap::Command;
pub use commands::{COMMANDS, PROGRAM};
use std::fmt::Write;

/// A word, and what to know of it: an exit status, a file, a variable, an example's command line.
pub type Entry = (&'static str, &'static str);

/// What a command has besides its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// Its name, behind that of the command that it is one of; of the program it is empty.
    pub command: &'static str,
    /// Command lines, and what they do.
    pub examples: &'static [Entry],
    /// What it reads and writes, unless it is told by its arguments.
    pub files: &'static [Entry],
}

/// How each command ends.
pub const EXIT_STATUS: [Entry; 3] = [
    ("0", "done, whether or not somebody read all of the output"),
    (
        "1",
        "failed; a line on standard error says why, and what to do",
    ),
    ("2", "called in a way that the help does not know"),
];

/// What it ends with where that says more.
const CHECKED: [Entry; 3] = [
    ("0", "the exits of the VM were counted, each once"),
    (
        "1",
        "they were not, or no VM could be run; standard error says which",
    ),
    EXIT_STATUS[2],
];

/// What it ends with where it runs another program; see `program::passed_on()`.
const PASSED_ON: [Entry; 7] = [
    (
        "0",
        "COMMAND ended with that; or there was none, and all is done",
    ),
    (
        "1",
        "the same, or there was none and kvm-exits failed; standard error says why",
    ),
    EXIT_STATUS[2],
    ("125", "kvm-exits itself failed, whatever became of COMMAND"),
    ("126", "COMMAND cannot be run"),
    ("127", "there is no COMMAND"),
    (
        "128 + n",
        "signal n ended COMMAND; any other is COMMAND's own",
    ),
];

/// What of the environment matters.
pub const ENVIRONMENT: [Entry; 4] = [
    (
        "NO_COLOR",
        "if it is set, and not empty: nothing is coloured or bold",
    ),
    ("CLICOLOR", "if it is 0, the same"),
    (
        "CLICOLOR_FORCE",
        "if it is set, and not 0: as on a terminal, also where there is none",
    ),
    ("TERM", "if it is \"dumb\": nothing is coloured or bold"),
];

impl Notes {
    /// Those of `command`; of one that has none, none.
    pub fn of(command: &str) -> Option<&'static Self> {
        let mut all = COMMANDS.iter().chain([&PROGRAM]);
        all.find(|notes| notes.command == command)
    }

    /// How it ends.
    pub fn exit_status(&self) -> &'static [Entry] {
        match self.command {
            "check" => &CHECKED,
            "record" | "stat" | "guest stat" => &PASSED_ON,
            _ => &EXIT_STATUS,
        }
    }

    /// What --help ends with: `before`, if there is any, the examples and the exit status.
    fn help(&self, before: Option<&StyledStr>) -> StyledStr {
        let styles = Styles::styled();
        let (header, literal) = (styles.get_header(), styles.get_literal());
        let mut help = StyledStr::new();
        // Writing to a string cannot fail.
        let _ = writeln!(help, "{header}Examples:{header:#}");
        for (line, what) in self.examples {
            let _ = writeln!(help, "  {literal}{line}{literal:#}\n          {what}");
        }
        if let Some(before) = before {
            let _ = writeln!(help, "\n{}", before.ansi());
        }
        let _ = write!(help, "\n{header}Exit status:{header:#}");
        for (status, what) in self.exit_status() {
            let _ = write!(help, "\n  {literal}{status}{literal:#}  {what}");
        }
        help
    }
}

/// The same command line, with the notes in what --help says.
pub fn with_help(program: Command) -> Command {
    annotated(program, "")
}

/// `command`, which is called `path`, and the commands below it.
fn annotated(command: Command, path: &str) -> Command {
    let command = command.mut_subcommands(|below| {
        let path = format!("{path} {}", below.get_name());
        annotated(below, path.trim_start())
    });
    let Some(notes) = Notes::of(path) else {
        return command;
    };
    let help = notes.help(command.get_after_long_help());
    command.after_long_help(help)
}
