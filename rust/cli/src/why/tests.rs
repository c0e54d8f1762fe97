// SPDX-License-Identifier: GPL-2.0

use super::says::Need;
use super::*;
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// A reason, its count, and the count of each of its keys.
type Row<'a> = (u32, u64, &'a [(u64, u64)]);

/// A snapshot of `rows`, 7 cycles an exit; the figures are made up.
fn snapshot(isa: &str, tdp: bool, elapsed: u64, rows: &[Row<'_>]) -> Snapshot {
    let row = |&(reason, count, keys): &Row<'_>| {
        let mut row = json!({ "reason": reason, "name": "X", "count": count, "cycles": 7 * count });
        if !keys.is_empty() {
            let key = |(key, count)| json!({ "key": format!("{key:#x}"), "name": "k", "count": count, "cycles": 0 });
            let mut detail: Vec<Value> = keys.iter().copied().map(key).collect();
            let rest = count - keys.iter().map(|k| k.1).sum::<u64>();
            detail.push(json!({ "name": "other", "count": rest, "cycles": 0 }));
            row["detail"] = detail.into();
        }
        row
    };
    let count: u64 = rows.iter().map(|row| row.1).sum();
    let snapshot = json!({
        "schema": 1, "source": "device", "isa": isa, "generation": u64::from(tdp), "scope": "host",
        "machine": "emulator",
        "paging": { "tdp": tdp, "vpid": true, "unrestricted_guest": tdp },
        "total": { "count": count, "cycles": 7 * count },
        "time": { "elapsed": elapsed, "guest": elapsed, "exit": 0, "entry": 0, "vmm": 0,
            "halted": 0, "preempted": 0 },
        "reasons": rows.iter().map(row).collect::<Vec<_>>(),
    });
    Snapshot::parse(&snapshot.to_string()).unwrap()
}

fn said(nested: &Snapshot, shadow: &Snapshot) -> BTreeMap<u32, Vec<String>> {
    let pair = Pair::new(nested.into(), shadow.into()).unwrap();
    pair.sentences()
}

const PF_WRITE_NP: u64 = 14 | 0b10 << 8;
const PF_FETCH_NP: u64 = 14 | 0b1_0000 << 8;
const PF_WRITE_P: u64 = 14 | 0b11 << 8;
const PF_MMIO: u64 = 14 | 0b1011 << 8;

fn ept() -> Snapshot {
    snapshot(
        "vmx",
        true,
        1_000_003,
        &[
            (10, 1_009, &[]),
            (28, 11, &[(0x04, 11)]),
            (30, 313, &[]),
            (32, 2_003, &[(0x6e0, 1_801)]),
            (48, 8_009, &[(2, 8_009)]),
            (49, 977, &[(0xfeb0_0000, 977)]),
            (52, 1_303, &[]),
        ],
    )
}

fn shadow() -> Snapshot {
    let faults = [
        (PF_WRITE_NP, 18_181),
        (PF_FETCH_NP, 5_003),
        (PF_WRITE_P, 4_001),
        (PF_MMIO, 983),
    ];
    snapshot(
        "vmx",
        false,
        2_100_011,
        &[
            (0, 30_011, &faults),
            (10, 1_007, &[]),
            (14, 1_061, &[]),
            (28, 883, &[(0x03, 701), (0x13, 97)]),
            (30, 311, &[]),
            (32, 3_001, &[(0x6e0, 2_801)]),
            (33, 131, &[]),
            (52, 2_011, &[]),
            (58, 17, &[]),
        ],
    )
}

fn npt() -> Snapshot {
    snapshot(
        "svm",
        true,
        1_000_003,
        &[
            (0x65, 3, &[]),
            (0x7c, 139, &[(0x6e0 | 1 << 32, 103)]),
            (0x400, 12_011, &[(0b10, 10_007), (0b1_0010, 1_621)]),
        ],
    )
}

fn svm_shadow() -> Snapshot {
    snapshot(
        "svm",
        false,
        2_100_011,
        &[
            (0x0, 5, &[]),
            (0x3, 131, &[]),
            (0x10, 4, &[]),
            (0x13, 521, &[]),
            (
                0x4e,
                31_013,
                &[(0b10, 19_009), (0b11, 7_001), (0b1010, 1_619)],
            ),
            (0x79, 1_151, &[]),
            (0x7c, 191, &[(0x6e0 | 1 << 32, 149)]),
        ],
    )
}

#[test]
fn sentences_have_the_runs_figures() {
    let said = said(&ept(), &shadow());
    let of = |reason: u32| said[&reason].join(" ");
    assert!(of(0).contains("0 exits under EPT, 30,011 without"));
    assert!(
        of(0).contains("23,184 of 30,011 were for a page"),
        "{}",
        of(0)
    );
    assert!(of(0).contains("18,181 of these were writes"));
    assert!(of(0).contains("4,001 were writes to a page that is there"));
    assert!(of(49).contains("977 accesses exited as EPT_MISCONFIG, and 983 as #PF"));
    assert!(of(28).contains("11 exits became 883"));
    assert!(of(28).contains("701 of 883 were writes of CR3"));
    assert!(of(32).contains("took 2.10 times as long"), "{}", of(32));
    assert!(of(32).contains("1,801 writes under EPT and 2,801 without"));
    assert!(of(33).contains("at 7 cycles each"));
    assert!(
        of(10).contains("INVALID_STATE (131) does not exit"),
        "{}",
        of(10)
    );
    assert!(of(48).contains("8,009 became 0"));
}

#[test]
fn svm_has_sentences_of_its_own() {
    let said = said(&npt(), &svm_shadow());
    let of = |reason: u32| said[&reason].join(" ");
    assert!(of(0x4e).contains("0 exits under NPT, 31,013 without"));
    assert!(of(0x400).contains("1,621 were accesses to the memory"));
    assert!(of(0x400).contains("1,619 page faults met it"));
    assert!(of(0x65).contains("write_cr0, 4 of them: 3 became 0"));
    assert!(of(0x0).contains("QEMU's emulator"));
}

/// The runs, and each once more without what only some snapshots have.
fn pairs() -> Vec<[Snapshot; 2]> {
    let without = |snapshot: &Snapshot| {
        let mut snapshot = snapshot.clone();
        snapshot.time = None;
        snapshot.machine = None;
        snapshot
            .reasons
            .iter_mut()
            .for_each(|row| row.detail = None);
        snapshot
    };
    let whole = [[ept(), shadow()], [npt(), svm_shadow()]];
    let bare = whole.each_ref().map(|pair| pair.each_ref().map(without));
    whole.into_iter().chain(bare).collect()
}

#[test]
fn a_reason_that_changed_is_explained() {
    for [nested, shadow] in pairs() {
        let said = said(&nested, &shadow);
        let isa = nested.isa;
        let reasons = nested.reasons.iter().chain(&shadow.reasons);
        for reason in reasons.map(|row| row.reason) {
            // Without the time there is no saying why what goes by the clock is more.
            let by_the_clock = [32, 0x7c].contains(&reason) && nested.time.is_none();
            assert_eq!(
                said.contains_key(&reason),
                !by_the_clock,
                "{isa:?} {reason:#x}"
            );
        }
    }
}

/// The numbers in `text`, but for those of a name, such as CR3.
fn numbers(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ',' || c == '.';
    text.split(|c: char| !is_part(c))
        .map(|word| word.trim_matches(['.', ',']))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(String::from)
        .collect()
}

#[test]
fn no_figure_is_of_another_run() {
    for [nested, shadow] in pairs() {
        let mut known = BTreeSet::from(["0", "7", "2.10"].map(String::from));
        let runs = [nested.clone(), shadow.clone()];
        for row in runs.iter().flat_map(|run| &run.reasons) {
            known.insert(crate::output::grouped(row.counters.count));
            let keys = row.detail.iter().flatten();
            known.extend(keys.map(|key| crate::output::grouped(key.count)));
        }
        // Those of the keys without P.
        known.insert(crate::output::grouped(18_181 + 5_003));
        for (reason, sentences) in said(&nested, &shadow) {
            for figure in sentences.iter().flat_map(|text| numbers(text)) {
                assert!(
                    known.contains(&figure),
                    "{reason:#x} says {figure}: {sentences:?}"
                );
            }
        }
    }
}

#[test]
fn the_list_itself_has_no_figures() {
    for isa in [Isa::Vmx, Isa::Svm] {
        let mut reasons = BTreeSet::new();
        for why in list(isa) {
            assert!(reasons.insert(why.reason), "{:#x} twice", why.reason);
            assert!(acct::reasons::Isa::from(isa).is_defined(why.reason));
            for says in why.says {
                assert!(numbers(says.text).is_empty(), "{}", says.text);
                let keys = says.needs.iter().filter_map(|need| match need {
                    Need::Keys(keys) => Some(keys.name),
                    _ => None,
                });
                for name in keys {
                    assert!(says.text.contains(&format!("{{{name}}}")), "{}", says.text);
                }
            }
        }
    }
}

#[test]
fn every_sentence_can_be_said() {
    // Whatever the runs are, a name in braces that nobody knows would silence it for ever.
    let (nested, shadow) = (ept(), shadow());
    let pair = Pair::new((&nested).into(), (&shadow).into()).unwrap();
    let known = [
        "tdp",
        "before",
        "after",
        "ratio",
        "share",
        "mean",
        "mean_of_all",
        "life",
    ];
    for why in [Isa::Vmx, Isa::Svm].into_iter().flat_map(list) {
        for says in why.says {
            let added: Vec<_> = says
                .needs
                .iter()
                .filter_map(|need| match need {
                    Need::Keys(keys) => Some(keys.name),
                    Need::Longer => Some("longer"),
                    Need::Other(_) => Some("other"),
                    _ => None,
                })
                .collect();
            for part in says.text.split('{').skip(1) {
                let (name, _) = part.split_once('}').unwrap();
                assert!(
                    known.contains(&name) || added.contains(&name),
                    "{}",
                    says.text
                );
            }
        }
    }
    let figures = Figures::new(&pair, 0);
    for name in known {
        let text = format!("{{{name}}}").leak();
        let says = says::Says::on(change::ANY, text);
        assert!(figures.say(&says).is_some(), "{name}");
    }
}

#[test]
fn what_is_not_new_is_not_said_to_be() {
    // The other way round nothing is said, and of the same paging twice neither.
    assert!(Pair::new((&shadow()).into(), (&ept()).into()).is_none());
    assert!(Pair::new((&ept()).into(), (&ept()).into()).is_none());
    assert!(Pair::new((&ept()).into(), (&svm_shadow()).into()).is_none());
    // Fewer page faults than before are not what shadow paging does.
    let mut before = ept();
    let mut faults = shadow().row(0).unwrap().clone();
    faults.counters.count *= 2;
    before.reasons.insert(0, faults);
    let said = said(&before, &shadow());
    assert!(!said.contains_key(&0), "{said:?}");
    assert!(said.contains_key(&14));
}

#[test]
fn nested_guests_are_another_matter() {
    let mut nested = ept();
    nested.total.l2_count = Some(1);
    assert!(Pair::new((&nested).into(), (&shadow()).into()).is_none());
}

#[test]
fn the_first_shadow_run_is_taken() {
    let mut novpid = shadow();
    novpid.paging.vpid = false;
    let named = [("a", ept()), ("b", shadow()), ("c", novpid)].map(|(n, s)| (n.into(), s));
    let pair = Pair::of_snapshots(&named).unwrap();
    assert!(pair.shadow.snapshot.paging.vpid);
    assert!(Pair::of_snapshots(&named[1..]).is_none());
}
