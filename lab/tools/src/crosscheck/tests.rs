// SPDX-License-Identifier: GPL-2.0

use super::*;
use acct::reasons::OTHER;

fn snapshot(counts: &[(u32, u64)]) -> Snapshot {
    let row = |&(reason, count): &(u32, u64)| serde_json::json!({ "reason": reason, "name": "X", "count": count, "cycles": 0 });
    let json = serde_json::json!({
        "schema": 1, "source": "device", "isa": "vmx", "generation": 2, "scope": "host",
        "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
        "total": { "count": counts.iter().map(|(_, count)| count).sum::<u64>(), "cycles": 0 },
        "reasons": counts.iter().map(row).collect::<Vec<_>>()
    });
    Snapshot::parse(&json.to_string()).unwrap()
}

fn input(module: &[(u32, u64)], traced: &[(u32, u64)], stats: u64) -> Input {
    Input {
        module: snapshot(module),
        before: None,
        traced: traced.iter().copied().collect(),
        stats: Some(stats),
        paging: "ept".to_string(),
        expect_reasons: 0,
        handled: None,
        fastpath: true,
    }
}

fn problems_of(input: &Input) -> String {
    compare(input).unwrap().problems.join("\n")
}

#[test]
fn agrees() {
    let report = compare(&input(&[(10, 5), (48, 2)], &[(10, 5), (48, 2)], 7)).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert_eq!(report.distinct_reasons, 2);
    assert_eq!(report.reasons[1].name, "EPT_VIOLATION");
    let expected = Row {
        module: 7,
        tracepoint: 7,
        synthetic: 0,
        difference: 0,
    };
    assert_eq!(report.total, expected);
    let expected = KvmStats {
        exits: 7,
        difference: 0,
    };
    assert_eq!(report.kvm_stats, Some(expected));
}

#[test]
fn tells_synthetic_exits_from_traced_ones() {
    let report = compare(&input(&[(10, 1), (33, 9)], &[(10, 1), (33, 2)], 10)).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let expected = Row {
        module: 9,
        tracepoint: 2,
        synthetic: 7,
        difference: 0,
    };
    assert_eq!(report.reasons[1].row, expected);
}

#[test]
fn finds_lost_synthetic_exits_by_the_statistics() {
    let problems = problems_of(&input(&[(10, 1), (33, 8)], &[(10, 1)], 10));
    assert!(
        problems.contains("KVM's statistics say 10: -1"),
        "{problems}"
    );
}

#[test]
fn finds_differences_and_holes() {
    let problems = problems_of(&input(&[(10, 6), (12, 3)], &[(10, 5), (48, 2), (33, 1)], 9));
    let expected = [
        "10 CPUID: counted 6, traced 5 times: +1",
        "12 HLT: counted 3 times, never traced",
        "33 INVALID_STATE: traced 1 times, never counted",
        "48 EPT_VIOLATION: traced 2 times, never counted",
    ];
    assert_eq!(problems, expected.join("\n"));
}

#[test]
fn subtracts_what_was_before() {
    let mut run = input(&[(10, 5), (12, 4), (OTHER, 1)], &[(10, 3), (OTHER, 1)], 4);
    run.before = Some(snapshot(&[(10, 2), (12, 4)]));
    let report = compare(&run).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    // What did not occur in the run is no reason of it.
    assert_eq!(report.distinct_reasons, 2);
    assert_eq!(report.reasons[1].name, "OTHER");
}

#[test]
fn refuses_counters_that_went_back() {
    let mut run = input(&[(10, 5)], &[(10, 5)], 5);
    run.before = Some(snapshot(&[(10, 6)]));
    assert!(compare(&run).is_err());
    let mut before = snapshot(&[(10, 1)]);
    before.generation = 1;
    run.before = Some(before);
    let error = compare(&run).unwrap_err().to_string();
    assert!(error.contains("reset during the run"), "{error}");
}

#[test]
fn nothing_is_made_up_on_svm() {
    let mut run = input(&[(0x72, 1), (33, 9)], &[(0x72, 1), (33, 2)], 10);
    run.module.isa = Isa::Svm;
    assert_eq!(
        problems_of(&run),
        "33 read_dr1: counted 9, traced 2 times: +7"
    );
}

#[test]
fn wants_a_fastpath_where_there_is_one_and_none_elsewhere() {
    let mut run = input(&[(10, 5)], &[(10, 5)], 5);
    run.handled = Some(5);
    assert_eq!(problems_of(&run), "no fastpath entered the guest again");
    run.fastpath = false;
    assert_eq!(problems_of(&run), "");
    run.handled = Some(3);
    assert!(problems_of(&run).contains("not called for 2 exits"));
    run.fastpath = true;
    assert_eq!(problems_of(&run), "");
}

#[test]
fn wants_enough_reasons() {
    let mut run = input(&[(10, 5)], &[(10, 5)], 5);
    run.expect_reasons = 2;
    assert!(problems_of(&run).contains("only 1 different reasons"));
    assert!(problems_of(&input(&[], &[], 0)).contains("no exit at all"));
}
