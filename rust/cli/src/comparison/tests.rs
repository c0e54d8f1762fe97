// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::snapshot::{Isa, ReasonRow, Source, EMULATOR, SCHEMA};

/// A snapshot of `(reason, count)`, 10 cycles an exit; the figures are made up.
fn snapshot(file: &str, generation: u64, paging: (bool, bool), counts: &[(u32, u64)]) -> Named {
    let counters = |count| Counters {
        count,
        cycles: 10 * count,
        ..Counters::default()
    };
    let rows = counts.iter().map(|&(reason, count)| ReasonRow {
        reason,
        name: acct::reasons::name(reason).unwrap_or("UNDEFINED").into(),
        counters: counters(count),
        histogram: None,
        detail: None,
    });
    let snapshot = Snapshot {
        schema: SCHEMA,
        source: Source::Cpuid,
        kernel: None,
        isa: Isa::Vmx,
        generation,
        scope: Scope::Vm,
        tsc_khz: Some(50_000),
        machine: None,
        vm: None,
        paging: Paging {
            tdp: paging.0,
            vpid: paging.1,
            unrestricted_guest: paging.0,
        },
        total: counters(counts.iter().map(|c| c.1).sum()),
        time: None,
        vcpus: None,
        reasons: rows.collect(),
    };
    snapshot.verify().unwrap();
    (file.into(), snapshot)
}

const EPT: (bool, bool) = (true, true);
const SHADOW: (bool, bool) = (false, true);
const NO_VPID: (bool, bool) = (false, false);

fn three() -> [Named; 3] {
    [
        snapshot("a/ept.json", 1, EPT, &[(10, 100), (28, 20), (48, 600)]),
        snapshot(
            "a/shadow.json",
            2,
            SHADOW,
            &[(0, 4_000), (10, 101), (28, 700)],
        ),
        snapshot(
            "b/novpid.json",
            3,
            NO_VPID,
            &[(0, 5_000), (10, 99), (28, 690)],
        ),
    ]
}

fn order(sort: Sort) -> Vec<u32> {
    let comparison = Comparison::new(&three(), sort, None).unwrap();
    comparison.rows.iter().filter_map(|r| r.reason).collect()
}

#[test]
fn every_order_is_what_it_says() {
    assert_eq!(order(Sort::Change), [0, 28, 48, 10]);
    assert_eq!(order(Sort::Ratio), [0, 48, 28, 10]);
    assert_eq!(order(Sort::Count), [0, 28, 48, 10]);
    assert_eq!(order(Sort::Reason), [0, 10, 28, 48]);
}

#[test]
fn ratios_are_to_the_first() {
    let comparison = Comparison::new(&three(), Sort::Reason, None).unwrap();
    let ratios: Vec<_> = comparison.rows.iter().map(|r| r.ratio[1]).collect();
    assert_eq!(
        ratios,
        [Ratio::New, Ratio::Of(1.01), Ratio::Of(35.0), Ratio::Gone]
    );
    assert_eq!(comparison.rows[0].ratio[0], Ratio::None);
    assert_eq!(comparison.total.count, [720, 4_801, 5_789]);
    assert_eq!(
        comparison.rows[0].cycles_per_exit,
        [None, Some(10.0), Some(10.0)]
    );
    assert!(comparison.warnings.is_empty(), "{:?}", comparison.warnings);
}

#[test]
fn columns_are_named_after_paging_or_files() {
    let headings = |snapshots: &[Named]| -> Vec<Name> {
        let comparison = Comparison::new(snapshots, Sort::Change, None).unwrap();
        comparison.columns.into_iter().map(|c| c.heading).collect()
    };
    assert_eq!(headings(&three()), ["EPT", "shadow", "shadow, vpid=0"]);
    let again = |file| snapshot(file, 9, EPT, &[(10, 5), (48, 9_000)]);
    assert_eq!(
        headings(&[three()[0].clone(), again("b/later.json")]),
        ["ept", "later"]
    );
    let same = [three()[0].clone(), again("b/ept.json")];
    assert_eq!(headings(&same), ["a/ept.json", "b/ept.json"]);
}

fn warnings(a: Named, b: Named) -> String {
    let comparison = Comparison::new(&[a, b], Sort::Change, None).unwrap();
    comparison.warnings.join("\n")
}

#[test]
fn one_generation_is_told() {
    let a = snapshot("a", 4, EPT, &[(10, 5)]);
    assert!(warnings(a.clone(), snapshot("b", 4, SHADOW, &[(0, 1)])).contains("differ in paging"));
    assert!(warnings(a.clone(), snapshot("b", 4, EPT, &[(10, 9)])).contains("includes the earlier"));
    assert_eq!(
        warnings(a.clone(), snapshot("b", 4, EPT, &[(10, 1), (48, 1)])),
        ""
    );
    assert_eq!(warnings(a, snapshot("b", 5, EPT, &[(10, 9)])), "");
}

#[test]
fn other_scopes_and_clocks_are_told() {
    let a = snapshot("a", 4, EPT, &[(10, 5)]);
    let mut b = snapshot("b", 5, EPT, &[(10, 9)]);
    b.1.scope = Scope::Host;
    assert!(warnings(a.clone(), b.clone()).contains("differ in scope"));
    b.1.scope = Scope::Vm;
    b.1.tsc_khz = None;
    assert!(warnings(a, b).contains("compare counts, not cycles"));
}

#[test]
fn vmx_and_svm_are_not_compared() {
    let [a, mut b, _] = three();
    b.1.isa = Isa::Svm;
    let error = Comparison::new(&[a, b], Sort::Change, None).unwrap_err();
    assert!(error.to_string().contains("nothing in common"), "{error}");
}

#[test]
fn the_note_fits_the_machine() {
    let note = |snapshots: &[Named], given| {
        Comparison::new(snapshots, Sort::Change, given)
            .unwrap()
            .cycles_note
    };
    let mut snapshots = three();
    assert!(note(&snapshots, None).contains("TSC cycles of the host"));
    for (_, s) in &mut snapshots {
        s.machine = Some(EMULATOR.into());
    }
    assert!(note(&snapshots, None).contains("counts instructions"));
    assert_eq!(note(&snapshots, Some("Mine.")), "Mine.");
}

/// As `snapshot()`, of EPT; of each count `l2` per cent are L2's, and all of those reflected.
fn nested(file: &str, generation: u64, l2: u64, counts: &[(u32, u64)]) -> Named {
    let (file, mut snapshot) = snapshot(file, generation, EPT, counts);
    for row in &mut snapshot.reasons {
        let of_l2 = row.counters.count * l2 / 100;
        row.counters.l2_count = Some(of_l2);
        row.counters.l2_cycles = Some(10 * of_l2);
        row.counters.l2_reflected = Some(of_l2);
    }
    snapshot.total = Counters::sum(snapshot.reasons.iter().map(|row| &row.counters));
    (file, snapshot)
}

#[test]
fn levels_are_told_apart_where_there_are_levels() {
    let snapshots = [
        nested("a/one.json", 1, 0, &[(10, 100)]),
        nested("a/two.json", 2, 75, &[(10, 200), (48, 40)]),
        // Of a source that cannot know.
        snapshot("a/guest.json", 3, EPT, &[(10, 7)]),
    ];
    let comparison = Comparison::new(&snapshots, Sort::Reason, None).unwrap();
    assert!(comparison.is_nested());
    let [cpuid, ept] = &comparison.rows[..] else {
        panic!("{:?}", comparison.rows);
    };
    assert_eq!(cpuid.l1_count, [Some(100), Some(50), None]);
    assert_eq!(cpuid.l2_count, [Some(0), Some(150), None]);
    assert_eq!(ept.l2_count, [Some(0), Some(30), None]);
    assert_eq!(comparison.total.l2_reflected, [Some(0), Some(180), None]);

    let text = comparison.text();
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    for what in ["L1", "L2", "reflected"] {
        assert_eq!(lines[0].matches(what).count(), 3, "{text}");
    }
    let ept = lines.iter().find(|line| line.contains("EPT_VIOLATION"));
    let cells: Vec<_> = ept.unwrap().split_whitespace().collect();
    assert_eq!(
        cells[7..],
        ["0", "10", "-", "0", "30", "-", "0", "30", "-", "-", "10", "-"]
    );
    assert!(text.contains("handed to L1"), "{text}");
    let csv = comparison.csv().unwrap();
    assert!(csv.contains(",L2 (two),"), "{csv}");
    assert!(
        csv.contains("\n48,EPT_VIOLATION,0,40,0,0,400,0,new,,0,10,,0,30,,0,30,\n"),
        "{csv}"
    );
}

#[test]
fn without_a_second_level_there_is_nothing_of_it() {
    let snapshots = [
        nested("a/one.json", 1, 0, &[(10, 100)]),
        nested("a/two.json", 2, 0, &[(10, 200)]),
    ];
    let comparison = Comparison::new(&snapshots, Sort::Reason, None).unwrap();
    assert!(!comparison.is_nested());
    assert!(!comparison.text().contains("reflected"));
    assert!(!comparison.csv().unwrap().contains("reflected"));
}
