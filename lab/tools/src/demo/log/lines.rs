// SPDX-License-Identifier: GPL-2.0

//! Lines of a serial port that the kernel and programs write to at once.

/// The lines of `text`, each whole: the kernel's messages come in one piece, but anywhere in a
/// program's line, which goes on after them.
pub fn whole(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut begun = String::new();
    for line in text.split('\n') {
        let line = line.trim_end_matches('\r');
        match stamp(line) {
            Some(at) => {
                begun += &line[..at];
                lines.push(line[at..].to_string());
            }
            None => lines.push(std::mem::take(&mut begun) + line),
        }
    }
    lines.push(begun);
    lines
}

/// Where a message of the kernel begins: with `[   28.312941] `.
fn stamp(line: &str) -> Option<usize> {
    let stamped = |(at, _): &(usize, &str)| {
        line[*at + 1..]
            .split_once("] ")
            .is_some_and(|(time, _)| is_time(time.trim_start_matches(' ')))
    };
    line.match_indices('[').find(stamped).map(|(at, _)| at)
}

fn is_time(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    text.split_once('.')
        .is_some_and(|(seconds, micros)| digits(seconds) && micros.len() == 6 && digits(micros))
}
