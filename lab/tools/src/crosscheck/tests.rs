// SPDX-License-Identifier: GPL-2.0

use super::*;
use crate::trace::{Exit, What};
use acct::reasons::OTHER;
use serde_json::{json, Value};

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
        recorded: None,
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

/// One vCPU of SVM: KVM_RUN, four exits, of which the second leads to the VMM and the last halts,
/// each 700 cycles after its entry as the module sees it, and 60 later as it is traced.
fn events() -> Vec<Event> {
    let exit = |reason, info1| {
        What::Exit(Exit {
            reason,
            info1,
            ..Exit::default()
        })
    };
    let cpuid = What::Cpuid {
        leaf: 7,
        subleaf: 1,
    };
    let msr = What::Msr {
        write: true,
        msr: 0x10,
    };
    let entry = What::Entry { vcpu: 0 };
    let run = What::Fpu { load: true };
    [
        (1_000, run),
        (2_000, entry),
        (2_760, exit(0x72, 0)),
        (2_800, cpuid),
        (3_000, entry),
        // OUT to port 0x80, a byte.
        (3_760, exit(0x7b, 0x80_0010)),
        (4_000, What::UserspaceExit),
        (5_000, run),
        (5_500, entry),
        (6_260, exit(0x7c, 1)),
        (6_300, msr),
        (6_500, entry),
        (7_260, exit(0x78, 0)),
        (9_000, What::UserspaceExit),
        (9_500, run),
    ]
    .map(|(tsc, what)| Event {
        tsc,
        thread: 41,
        what,
    })
    .to_vec()
}

/// What the module has of the same, as JSON: that of the host and that of the VM.
fn module() -> Value {
    let row = |reason: u32, cycles: u64, vmm: (u64, u64), halted: u64, detail: Value| {
        json!({ "reason": reason, "name": "X", "count": 1, "cycles": cycles,
            "vmm_count": vmm.0, "vmm_cycles": vmm.1, "halted_cycles": halted, "detail": detail })
    };
    let key =
        |key: &str| json!([{ "key": key, "name": format!("key {key}"), "count": 1, "cycles": 1 }]);
    json!({
        "schema": 1, "source": "device", "isa": "svm", "generation": 2, "scope": "host",
        "tsc_khz": 1_000_000,
        "paging": { "tdp": true, "vpid": true, "unrestricted_guest": false },
        "total": { "count": 4, "cycles": 400 },
        "vcpus": [{ "index": 0, "time": { "elapsed": 20_000, "guest": 2_800, "exit": 400,
            "entry": 2_370, "vmm": 1_450, "halted": 12_980, "preempted": 20,
            "entered": { "guest": 4, "exit": 4, "entry": 5, "vmm": 2, "halted": 1,
                "preempted": 1 } } }],
        "time": { "elapsed": 20_000, "guest": 2_800, "exit": 400, "entry": 2_370, "vmm": 1_450,
            "halted": 12_980, "preempted": 20 },
        "reasons": [
            row(0x72, 100, (0, 0), 0, key("0x100000007")),
            row(0x78, 100, (1, 450), 1_500, Value::Null),
            row(0x7b, 100, (1, 1_000), 0, key("0x10080")),
            row(0x7c, 100, (0, 0), 0, key("0x100000010")),
        ]
    })
}

/// Sets the figure that a JSON pointer names.
fn set(json: &mut Value, at: &str, to: impl Into<Value>) {
    *json.pointer_mut(at).unwrap() = to.into();
}

fn recorded(module: &Value, events: Vec<Event>) -> Input {
    let snapshot: Snapshot = serde_json::from_value(module.clone()).unwrap();
    let reasons = [(0x72, 1), (0x78, 1), (0x7b, 1), (0x7c, 1)];
    Input {
        module: snapshot.clone(),
        recorded: Some(Recorded {
            events,
            vm: snapshot,
            halt_ns: 1_490,
            expect_states: Vec::new(),
            room: true,
            stopped: None,
        }),
        ..input(&reasons, &reasons, 4)
    }
}

#[test]
fn time_and_detail_agree() {
    let report = compare(&recorded(&module(), events())).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let time = report.time.unwrap();
    assert_eq!((time.all.elapsed, time.all.difference), (20_000, 0));
    assert_eq!((time.guest.difference, time.guest.per_entry), (240, 60.0));
    let gaps = time.outside.reasons.iter();
    let gaps: Vec<_> = gaps.map(|gap| (gap.reason, gap.tracepoint)).collect();
    // The last goes on, from KVM_RUN's last call; it is not over for the module either.
    assert_eq!(
        gaps,
        [(0x72, 240), (0x78, 2_240), (0x7b, 1_740), (0x7c, 240)]
    );
    assert_eq!(
        (time.outside.before_first, time.outside.left),
        (1_000, 1_020)
    );
    let detail = report.detail.unwrap();
    let rows = detail.iter().flat_map(|reason| &reason.rows);
    let rows: Vec<_> = rows.map(|row| (&*row.key, row.difference)).collect();
    assert_eq!(
        rows,
        [
            ("0x100000007", Some(0)),
            ("0x10080", Some(0)),
            ("0x100000010", Some(0))
        ]
    );
}

#[test]
fn sees_time_that_is_elsewhere() {
    let long = 10_000_000;
    for (at, to, problem) in [
        ("/vcpus/0/time/elapsed", 20_001, "its states have 20000: +1"),
        ("/vcpus/0/time/vmm", 1_451, "its states have 20001: -1"),
        ("/vcpus/0/time/exit", 399, "were 399 in exits: +1"),
        ("/vcpus/0/time/preempted", 20_001, "preempted longer"),
        (
            "/vcpus/0/time/entered/guest",
            5,
            "5 VM entries, traced are 4: +1",
        ),
        ("/vcpus/0/time/guest", 3_040, "guests ran 0.0 cycles longer"),
        ("/vcpus/0/time/entry", long, "are nowhere"),
        (
            "/reasons/0/cycles",
            long,
            "114 cpuid: the module has 10000000",
        ),
        ("/reasons/2/vmm_cycles", long, "123 io: the module has"),
        (
            "/reasons/2/vmm_count",
            2,
            "2 exits to the VMM counted, 1 traced: +1",
        ),
        (
            "/reasons/1/halted_cycles",
            1_600,
            "1490 by KVM's statistics: +110",
        ),
    ] {
        let mut module = module();
        set(&mut module, at, to);
        let run = recorded(&module, events());
        let problems = problems_of(&run);
        assert!(problems.contains(problem), "{at}: {problems}");
    }
}

#[test]
fn sees_stamps_that_are_far_apart() {
    let mut late = events();
    for event in &mut late {
        event.tsc *= 10;
    }
    let problems = problems_of(&recorded(&module(), late));
    assert!(
        problems.contains("guests ran 6900.0 cycles longer"),
        "{problems}"
    );
}

#[test]
fn wants_states_that_are_expected() {
    let mut module = module();
    set(&mut module, "/vcpus/0/time/preempted", 0);
    let mut run = recorded(&module, events());
    run.recorded.as_mut().unwrap().expect_states = vec!["vmm".into(), "preempted".into()];
    assert_eq!(problems_of(&run), "vCPU 0 was never preempted");
    run.recorded.as_mut().unwrap().expect_states = vec!["asleep".into()];
    assert!(compare(&run).is_err());
}

#[test]
fn a_vmm_that_is_stopped_is_at_work() {
    let at = |vmm: u64| -> Snapshot {
        let mut module = module();
        set(&mut module, "/vcpus/0/time/vmm", vmm);
        serde_json::from_value(module).unwrap()
    };
    let problem = |grew: u64| {
        let stopped = time::stopped(&at(7), &at(7 + grew), 3).unwrap();
        stopped.problems().unwrap_or_default()
    };
    assert_eq!(problem(3_000_000), "");
    assert!(problem(2_999_999).contains("out there for [2999999]"));
    assert!(problem(6_000_000).contains("stopped for 3000000 cycles"));
}

#[test]
fn sees_keys_that_differ() {
    let detail = |change: &dyn Fn(&mut Value)| {
        let mut module = module();
        change(&mut module);
        problems_of(&recorded(&module, events()))
    };
    assert_eq!(
        detail(&|m| set(m, "/reasons/0/detail/0/key", "0x7")),
        "114 cpuid, key 0x100000007: counted 1, traced 0 times: +1\n\
         114 cpuid, 0x100000007: counted 0, traced 1 times: -1"
    );
    assert_eq!(
        detail(&|m| set(m, "/reasons/2/detail/0/count", 2)),
        "123 io: its keys sum up to +1 of 1 exits\n\
         123 io, key 0x10080: counted 2, traced 1 times: +1"
    );
    assert_eq!(
        detail(&|m| m["reasons"][3]["detail"] = Value::Null),
        "124 msr: its keys sum up to -1 of 1 exits\n\
         124 msr, 0x100000010: counted 0, traced 1 times: -1"
    );
    // It found no room: so it has no key, and there is one exit of it.
    let no_room = |m: &mut Value| {
        m["reasons"][3]["detail"] = json!([{ "name": "other", "count": 1, "cycles": 1 }]);
    };
    assert_eq!(detail(&no_room), "124 msr: 1 exits found no room");
}

#[test]
fn what_is_handed_to_l1_is_any_keys() {
    let mut run = recorded(&module(), events());
    let recorded = run.recorded.as_mut().unwrap();
    recorded
        .events
        .retain(|event| !matches!(event.what, What::Cpuid { .. }));
    let reflected = |run: &mut Input, n| run.module.reasons[0].counters.l2_reflected = Some(n);
    reflected(&mut run, 1);
    assert_eq!(problems_of(&run), "");
    reflected(&mut run, 0);
    assert_eq!(
        problems_of(&run),
        "114 cpuid: nothing tells what 1 exits were about, 0 were handed to L1"
    );
}

#[test]
fn sees_events_that_are_not_there() {
    let without = |what: fn(&Event) -> bool| {
        let mut events = events();
        events.retain(|event| !what(event));
        problems_of(&recorded(&module(), events))
    };
    let problems = without(|e| matches!(e.what, What::Entry { .. }));
    assert!(
        problems.contains("4 VM entries, traced are 0"),
        "{problems}"
    );
    let problems = without(|e| matches!(e.what, What::UserspaceExit));
    assert!(problems.contains("exits to the VMM: +2"), "{problems}");
}

#[test]
fn made_up_exits_are_in_the_totals_only() {
    let mut module = module();
    set(&mut module, "/isa", "vmx");
    let rows = module["reasons"].as_array_mut().unwrap();
    rows.push(
        json!({ "reason": 33, "name": "X", "count": 1, "cycles": 50, "vmm_count": 1,
        "vmm_cycles": 0, "halted_cycles": 0 }),
    );
    set(&mut module, "/reasons/2/vmm_count", 0);
    set(&mut module, "/vcpus/0/time/exit", 450);
    set(&mut module, "/vcpus/0/time/entry", 2_320);
    set(&mut module, "/reasons/0/cycles", 90_000);
    let snapshot: Snapshot = serde_json::from_value(module).unwrap();
    let traced = tally::tally(Isa::Vmx, &events());
    let problems = |synthetic| {
        let input = time::Input {
            vm: &snapshot,
            traced: &traced,
            halt_ns: 0,
            synthetic,
            expect: &[],
        };
        let report = time::compare(&input).unwrap();
        assert_eq!(report.outside.left, 1_020 + 90_000 - 100);
        report.problems(&input).join("\n")
    };
    assert!(problems(0).contains("33 INVALID_STATE: 1 exits to the VMM counted, 0 traced: +1"));
    assert!(problems(0).contains("114 UNDEFINED_114: the module has 90000"));
    assert!(!problems(1).contains("33 INVALID_STATE"));
    assert!(!problems(1).contains("114 UNDEFINED_114"));
}

#[test]
fn keys_of_vmx_are_made_a_second_time() {
    let exit = |reason, info1, intr_info, error_code| Event {
        tsc: 0,
        thread: 1,
        what: What::Exit(Exit {
            reason,
            info1,
            intr_info,
            error_code,
            ..Exit::default()
        }),
    };
    for (event, key) in [
        (exit(0, 0, 0x8000_0b0e, 0x10), 0x100e),
        (exit(0, 0, 0x8000_0306, 9), 6),
        (exit(1, 0, 0x8000_00ef, 0), 0xef),
        // MOV from CR8 to a register.
        (exit(28, 0x118, 0, 0), 0x18),
        (exit(29, 0x117, 0, 0), 0x17),
        // IN of 4 bytes from port 0xcfc; OUTS of one to 0x80.
        (exit(30, 0xcfc_000b, 0, 0), 0x14_0cfc),
        (exit(30, 0x80_0010, 0, 0), 0x21_0080),
        (exit(44, 0x1_00b4, 0, 0), 0xb0),
        // A write to what may be read.
        (exit(48, 0x18a, 0, 0), 0xa),
        (exit(48, 0x184, 0, 0), 4),
    ] {
        let tally = tally::tally(Isa::Vmx, &[event]);
        let reason = tally.reasons.values().next().unwrap();
        assert_eq!(reason.keys.keys().copied().collect::<Vec<_>>(), [key]);
    }
}
