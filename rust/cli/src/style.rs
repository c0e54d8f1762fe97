// SPDX-License-Identifier: GPL-2.0

//! What is bold or coloured, and whether: on a terminal, unless NO_COLOR, CLICOLOR or TERM say
//! otherwise, and elsewhere where CLICOLOR_FORCE says so.

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// Of an error.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Of a warning.
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Of a table's headings.
const HEADING: Style = Style::new().bold();

/// Whether what goes to `stream` is to be styled.
pub fn is_wanted(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// `text`, with the headings of the tables in it styled: the lines above a line of dashes, as
/// the module for output draws it, which holds them to each other.
pub fn headings(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').collect();
    let mut is_heading = vec![false; lines.len()];
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| is_rule(line)) {
        let above = (0..at).rev().take_while(|&n| !lines[n].is_empty());
        above.for_each(|n| is_heading[n] = true);
    }
    let styled = lines.iter().zip(is_heading).map(|(line, is_heading)| {
        if is_heading {
            format!("{HEADING}{line}{HEADING:#}")
        } else {
            (*line).to_string()
        }
    });
    styled.collect::<Vec<_>>().join("\n")
}

fn is_rule(line: &str) -> bool {
    line.starts_with("--") && line.bytes().all(|byte| matches!(byte, b'-' | b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_table_is_as_it_is() {
        for text in [
            "",
            "\n",
            "generation 3\n",
            "a,b\n-1,-\n",
            "-\n",
            "[\n  1\n]",
        ] {
            assert_eq!(headings(text), text);
        }
    }
}
