// SPDX-License-Identifier: GPL-2.0

//! What a `hist:keys=exit_reason` trigger on `kvm:kvm_exit` counted, as tracefs prints it, or one
//! with `keys=exit_code` on `kvm:kvm_nested_vmexit_inject`.
//!
//! A line per value of the keys, `{ exit_reason:         12 } hitcount:          3`, and the sums at
//! the end. `isa` may be a second key. See `Documentation/trace/histogram.rst`.

use crate::text::number;
use acct::reasons::{Isa, OTHER};
use acct::table::index_named;
use anyhow::{bail, ensure, Context, Result};
use std::collections::BTreeMap;

/// Where VMX has the basic exit reason; what is above it are flags.
const BASIC_REASON: u64 = 0xFFFF;

/// Counts by basic exit reason (VMX) or exit code (SVM).
pub type Counts = BTreeMap<u32, u64>;

/// Reads the text of the event's `hist` file.
pub fn parse(text: &str, isa: Isa) -> Result<Counts> {
    let mut counts = Counts::new();
    for line in text.lines().filter(|line| line.starts_with('{')) {
        let (reason, count) =
            parse_row(line, isa).with_context(|| format!("in the histogram: {line}"))?;
        *counts.entry(reason).or_default() += count;
    }
    check_totals(text, counts.values().sum())?;
    Ok(counts)
}

fn parse_row(line: &str, isa: Isa) -> Result<(u32, u64)> {
    let (keys, values) = line[1..].split_once('}').context("no end of the keys")?;
    let mut reason = None;
    for key in keys.split(',') {
        let (name, value) = key.split_once(':').context("a key without a value")?;
        // Printed plain, or with the modifier `.hex`.
        let value = || number(value.trim()).context("use the keys without .log2 or .sym");
        match name.trim() {
            "exit_reason" | "exit_code" => reason = Some(value()?),
            "isa" => check_isa(value()?, isa)?,
            other => bail!("a key \"{other}\": use hist:keys=exit_reason or exit_reason,isa"),
        }
    }
    let reason = reason.context("no exit_reason: use hist:keys=exit_reason")?;
    let count = values
        .trim()
        .strip_prefix("hitcount:")
        .and_then(|rest| rest.split_whitespace().next())
        .context("no hitcount")?;
    Ok((counted_as(reason, isa), number(count)?))
}

/// Refuses exits of the other extension, whose reasons mean something else.
fn check_isa(value: u64, isa: Isa) -> Result<()> {
    let expected = match isa {
        Isa::Vmx => 1,
        Isa::Svm => 2,
    };
    ensure!(
        value == expected,
        "isa is {value}, the module's exits are of {expected}"
    );
    Ok(())
}

/// The number that the module counts it under. SVM's codes have no flags: what does not fit into
/// the table as a whole, such as VMEXIT_INVALID (-1, however wide), has no cell of its own.
fn counted_as(reason: u64, isa: Isa) -> u32 {
    let number = match isa {
        Isa::Vmx => reason & BASIC_REASON,
        Isa::Svm => reason,
    };
    match u32::try_from(number) {
        Ok(number) if index_named(number, isa).is_some() => number,
        _ => OTHER,
    }
}

/// A histogram that was too small dropped some.
fn check_totals(text: &str, sum: u64) -> Result<()> {
    let total = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name))
            .with_context(|| format!("the histogram does not say \"{name}\": was it cut off?"))
            .and_then(|value| number(value.trim()))
    };
    let (hits, dropped) = (total("Hits:")?, total("Dropped:")?);
    ensure!(
        dropped == 0,
        "the histogram dropped {dropped} exits: give it a larger size="
    );
    ensure!(
        hits == sum,
        "the histogram's rows are {sum} exits, its total is {hits}"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = include_str!("../tests/data/exit_reason.hist");

    fn error(text: &str) -> String {
        format!("{:#}", parse(text, Isa::Vmx).unwrap_err())
    }

    #[test]
    fn reads_plain_keys() {
        let counts = parse(PLAIN, Isa::Vmx).unwrap();
        assert_eq!(
            counts,
            Counts::from([(10, 207), (33, 3), (48, 1), (OTHER, 2)])
        );
    }

    #[test]
    fn reads_hex_and_isa() {
        let text = PLAIN.replace(
            "exit_reason:         10 ",
            "exit_reason: 0xa, isa:          1 ",
        );
        assert_eq!(parse(&text, Isa::Vmx).unwrap()[&10], 207);
        assert!(error(&text.replace("isa:          1", "isa: 2")).contains("isa is 2"));
    }

    #[test]
    fn reads_what_was_given_to_l1() {
        let text = PLAIN.replace("exit_reason:", "exit_code:");
        assert_eq!(parse(&text, Isa::Vmx).unwrap()[&10], 207);
    }

    #[test]
    fn takes_no_flags_off_svms_codes() {
        // The row of 3 exits; with 5 where the row of 2, which is OTHER, is the same.
        let counted = |reason: &str| {
            let counts = parse(&PLAIN.replace("2147483681", reason), Isa::Svm).unwrap();
            let row = counts.into_iter().find(|(_, count)| [3, 5].contains(count));
            row.unwrap().0
        };
        assert_eq!(counted("124"), 0x7c);
        assert_eq!(counted("1024"), 0x400);
        // 0x8000_0001, an SEV-ES guest's own; it is not code 1.
        assert_eq!(counted("2147483649"), OTHER);
        assert_eq!(counted("4026531840"), OTHER); // 0xf000_0000
        assert_eq!(counted("1028"), OTHER);
        // -1, as wide as the field is.
        assert_eq!(counted("4294967295"), OTHER);
        assert_eq!(counted("18446744073709551615"), OTHER);
    }

    #[test]
    fn refuses_what_it_cannot_count() {
        assert!(error(&PLAIN.replace("        48", "~ 2^6")).contains(".log2"));
        assert!(error(&PLAIN.replace("exit_reason:", "vcpu_id:")).contains("vcpu_id"));
        assert!(error(&PLAIN.replace("Dropped: 0", "Dropped: 4")).contains("dropped 4"));
        assert!(error(&PLAIN.replace("Hits: 213", "Hits: 214")).contains("total is 214"));
        assert!(error("").contains("cut off"));
    }
}
