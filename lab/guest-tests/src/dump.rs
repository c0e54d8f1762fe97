// SPDX-License-Identifier: GPL-2.0

//! Every answer, a line each, so that two hosts can be compared with `diff`.

use crate::ask::{Machine, Poison};
use crate::rules;
use acct::leaves::{REASON, REASON_L2, SIGNATURE};

/// The questions: the four leaves of the layouts and the extended ones with all their subleaves,
/// and the leaves after them, which are nobody's.
fn questions() -> impl Iterator<Item = (u32, u32)> {
    (SIGNATURE..=0x4fff_ff10)
        .chain(0x4fff_fffc..=0x4fff_ffff)
        .flat_map(|leaf| {
            let all = matches!(leaf, REASON | REASON_L2 | 0x4fff_fffc..=u32::MAX);
            // 0 only elsewhere: 1 would latch the view in the last of the extended leaves.
            rules::subleaves()
                .filter(move |&subleaf| all || subleaf == 0)
                .map(move |subleaf| (leaf, subleaf))
        })
}

/// The lines `leaf subleaf eax ebx ecx edx`, in hexadecimal.
pub fn lines(machine: &impl Machine) -> impl Iterator<Item = String> + '_ {
    questions().map(|(leaf, subleaf)| {
        let r = machine.ask(leaf, subleaf, Poison::BOTH[0]).registers();
        format!(
            "{leaf:08x} {subleaf:08x} {:08x} {:08x} {:08x} {:08x}",
            r.eax, r.ebx, r.ecx, r.edx
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Processor;

    #[test]
    fn asks_everything_once_and_never_latches() {
        let all: Vec<_> = questions().collect();
        assert_eq!(all.len(), 15 + 6 * 266);
        assert!(all.is_sorted());
        assert!(!all
            .iter()
            .any(|&(leaf, sub)| leaf == 0x4fff_ff04 && sub != 0));
        assert!(all.contains(&(0x4fff_fffd, 0x1_0000)));
        assert!(all.contains(&(0x4fff_ff10, 0)));
    }

    #[test]
    fn lines_have_six_words() {
        let line = lines(&Processor).next().unwrap();
        assert_eq!(line.split(' ').count(), 6, "{line}");
    }
}
