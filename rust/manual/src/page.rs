// SPDX-License-Identifier: GPL-2.0-only

//! A man page: clap_mangen's sections on the arguments, and ours on the rest.

use anyhow::Result;
use clap::{Arg, Command};
use clap_mangen::Man;
use kvm_exits::manual::{Entry, Notes, ENVIRONMENT};
use kvm_exits::program::NAME;
use roff::{bold, italic, roman, Inline, Roff};

/// The section of the manual.
const SECTION: &str = "1";

/// What else shows exits, and what sets the module's parameters.
const ELSEWHERE: [&str; 3] = ["cpuid(1)", "perf-kvm(1)", "modprobe(8)"];

/// `command` and all below it.
pub fn commands(command: &Command) -> Vec<&Command> {
    let below = command.get_subcommands().flat_map(commands);
    [command].into_iter().chain(below).collect()
}

/// What `command` is called, without the program's name.
fn path(command: &Command) -> &str {
    let called = command.get_bin_name().unwrap_or_default();
    called.strip_prefix(NAME).unwrap_or(called).trim_start()
}

/// The name of the page of `command`, which is built.
pub fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The file of that page.
pub fn file(command: &Command) -> String {
    format!("{}.{SECTION}", title(command))
}

/// The page of `command`, which is `cli` or one of its commands.
pub fn text(command: &Command, cli: &Command, date: &str) -> Result<String> {
    let version = format!("{NAME} {}", cli.get_version().unwrap_or_default());
    let man = Man::new(command.clone())
        .title(title(command).to_uppercase())
        .section(SECTION)
        .date(date)
        .source(version)
        .manual("VM exits of KVM");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    synopsis(command).to_writer(&mut page)?;
    man.render_description_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    let mut rest = Roff::new();
    output(&mut rest, command);
    if let Some(notes) = Notes::of(path(command)) {
        entries(&mut rest, "EXAMPLES", notes.examples);
        entries(&mut rest, "EXIT STATUS", notes.exit_status());
        entries(&mut rest, "FILES", notes.files);
    }
    entries(&mut rest, "ENVIRONMENT", &ENVIRONMENT);
    see_also(&mut rest, command, cli);
    rest.to_writer(&mut page)?;
    Ok(literals(&tidy(&String::from_utf8(page)?)))
}

/// With the values of options, which clap_mangen leaves out.
fn synopsis(command: &Command) -> Roff {
    let mut line = vec![bold(command.get_bin_name().unwrap_or(NAME))];
    let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help";
    let (positional, options): (Vec<_>, Vec<_>) = command
        .get_arguments()
        .filter(shown)
        .partition(|arg| arg.is_positional());
    for arg in options.into_iter().chain(positional) {
        let (open, close) = if arg.is_required_set() {
            (" ", "")
        } else {
            (" [", "]")
        };
        line.push(roman(open));
        line.extend(called(arg));
        line.push(roman(close));
    }
    if command.is_subcommand_required_set() {
        line.extend([roman(" "), italic("COMMAND"), roman(" ...")]);
    } else if command.has_subcommands() {
        line.extend([roman(" ["), italic("COMMAND"), roman(" ...]")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]).text(line);
    roff
}

/// An argument as it is written: `--by REASON`, `SNAPSHOT...`.
fn called(arg: &Arg) -> Vec<Inline> {
    let name = match (arg.get_short(), arg.get_long()) {
        (Some(short), _) => Some(format!("-{short}")),
        (None, Some(long)) => Some(format!("--{long}")),
        (None, None) => None,
    };
    let mut written: Vec<_> = name.map(bold).into_iter().collect();
    if !arg.get_action().takes_values() {
        return written;
    }
    for value in arg.get_value_names().unwrap_or_default() {
        if !written.is_empty() {
            written.push(roman(" "));
        }
        written.push(italic(value.as_str()));
    }
    let names = arg.get_value_names().map_or(0, <[_]>::len);
    if arg
        .get_num_args()
        .is_some_and(|range| range.max_values() > names)
    {
        written.push(roman("..."));
    }
    written
}

/// What the command's own definition has to say behind its arguments, as it is.
fn output(roff: &mut Roff, command: &Command) {
    let Some(text) = command.get_after_long_help() else {
        return;
    };
    roff.control("SH", ["OUTPUT"]).control("nf", []);
    for line in text.to_string().lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}

fn entries(roff: &mut Roff, heading: &str, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    roff.control("SH", [heading]);
    for (name, what) in entries {
        roff.control("TP", [])
            .text([bold(*name)])
            .text([roman(*what)]);
    }
}

/// The other pages, by name.
fn see_also(roff: &mut Roff, command: &Command, cli: &Command) {
    let mut others = commands(cli);
    others.retain(|other| title(other) != title(command));
    let ours = others
        .into_iter()
        .map(|other| format!("{}({SECTION})", title(other)));
    let mut line = Vec::new();
    for name in ours.chain(ELSEWHERE.map(String::from)) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        let (page, section) = name.split_once('(').unwrap_or((&name, ""));
        line.extend([bold(page), roman(format!("({section}"))]);
    }
    roff.control("SH", ["SEE ALSO"]).text(line);
}

/// What defines an apostrophe once, and a space where clap_mangen breaks the line twice.
fn tidy(page: &str) -> String {
    let preamble = Roff::new().render();
    let (first, rest) = page.split_at(preamble.len().min(page.len()));
    let rest = rest.replace(&preamble, "").replace(".br\n\n.br\n", ".sp\n");
    first.to_string() + &rest
}

/// What is in backticks on a terminal is bold on a page.
fn literals(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    for line in page.lines() {
        let mut parts = line.split('`').peekable();
        let mut is_literal = false;
        while let Some(part) = parts.next() {
            let is_closed = parts.peek().is_some();
            match (is_literal, is_closed) {
                (true, true) => text.extend([r"\fB", part, r"\fR"]),
                // There is no other to it.
                (true, false) => text.extend(["`", part]),
                (false, _) => text.push_str(part),
            }
            is_literal = !is_literal;
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition;
    use kvm_exits::manual::COMMANDS;

    fn pages() -> Vec<(String, String)> {
        let cli = definition();
        let all = commands(&cli).into_iter();
        all.map(|c| (file(c), text(c, &cli, "2026-11-22").unwrap()))
            .collect()
    }

    #[test]
    fn each_command_has_a_page_and_it_the_sections() {
        let pages = pages();
        let files: Vec<_> = pages.iter().map(|(file, _)| file.clone()).collect();
        let commands = COMMANDS
            .iter()
            .map(|notes| format!("{NAME}-{}.1", notes.command.replace(' ', "-")));
        let expected: Vec<_> = [format!("{NAME}.1")].into_iter().chain(commands).collect();
        assert_eq!(files, expected);
        for (file, page) in &pages {
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES"] {
                assert_eq!(
                    page.matches(&format!("\n.SH {section}\n")).count(),
                    1,
                    "{file}"
                );
            }
            for section in [r#""EXIT STATUS""#, "ENVIRONMENT", r#""SEE ALSO""#] {
                assert_eq!(
                    page.matches(&format!("\n.SH {section}\n")).count(),
                    1,
                    "{file}"
                );
            }
        }
    }

    #[test]
    fn pages_name_each_other() {
        let pages = pages();
        for (file, page) in &pages {
            let names = pages.iter().filter(|(other, _)| other != file);
            for (name, _) in names {
                let name = name.trim_end_matches(".1").replace('-', r"\-");
                assert!(
                    page.contains(&format!(r"\fB{name}\fR(1)")),
                    "{name} in {file}"
                );
            }
        }
    }

    #[test]
    fn options_have_their_values() {
        let pages = pages();
        let page = |name| &pages.iter().find(|(file, _)| file == name).unwrap().1;
        let has = |name, text: &str| assert!(page(name).contains(text), "{}", page(name));
        has("kvm-exits-show.1", r"[\fB\-\-by\fR \fIREASON\fR]");
        has("kvm-exits-top.1", r"[\fB\-i\fR \fISECONDS\fR]");
        has("kvm-exits-caps.1", r"[\fB\-\-diff\fR \fIA\fR \fIB\fR]");
        has("kvm-exits-compare.1", r" \fISNAPSHOT\fR...");
        has("kvm-exits-show.1", "\n{ \"schema\": 1 ");
    }

    #[test]
    fn literals_are_bold() {
        assert_eq!(
            literals("as `show` and `vms`\n"),
            "as \\fBshow\\fR and \\fBvms\\fR\n"
        );
        assert_eq!(literals("a ` alone\n`x` `\n"), "a ` alone\n\\fBx\\fR `\n");
    }
}
