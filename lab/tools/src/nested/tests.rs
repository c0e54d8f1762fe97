// SPDX-License-Identifier: GPL-2.0

//! All figures are made up.

use super::account::{explain, rows, total};
use super::claims::problems;
use super::run::{Mode, Run, L1};
use crate::hist::Counts;
use kvm_exits::snapshot::{Counters, Snapshot};

/// A row: reason, exits of L1, exits of L2, of these reflected.
type Made = (u32, u64, u64, u64);

fn snapshot(tdp: bool, rows: &[Made]) -> Snapshot {
    let counters = |&(_, l1, l2, reflected): &Made| Counters {
        count: l1 + l2,
        cycles: 10 * (l1 + l2),
        l2_count: Some(l2),
        l2_cycles: Some(10 * l2),
        l2_reflected: Some(reflected),
        ..Counters::default()
    };
    let total = Counters::sum(&rows.iter().map(counters).collect::<Vec<_>>());
    let row = |row: &Made| {
        let mut json = serde_json::to_value(counters(row)).unwrap();
        json["reason"] = row.0.into();
        json["name"] = "X".into();
        json
    };
    let json = serde_json::json!({
        "schema": 1, "source": "device", "isa": "vmx", "generation": 2, "scope": "host",
        "paging": { "tdp": tdp, "vpid": tdp, "unrestricted_guest": tdp },
        "total": serde_json::to_value(total).unwrap(),
        "reasons": rows.iter().map(row).collect::<Vec<_>>()
    });
    Snapshot::parse(&json.to_string()).unwrap()
}

fn traced(rows: &[Made]) -> Counts {
    let rows = rows.iter().filter(|row| row.0 != 33);
    rows.map(|row| (row.0, row.1 + row.2)).collect()
}

fn run(mode: Mode, time: u64, l0: &[Made], given: &[(u32, u64)], l1: &[Made]) -> Run {
    let with_tdp = |level| match mode {
        Mode::OneLevel | Mode::NestedEpt => true,
        Mode::ShadowOnEpt => level == 0,
        Mode::ShadowOnShadow => false,
    };
    Run {
        mode,
        l0: snapshot(with_tdp(0), l0),
        traced: traced(l0),
        given: given.iter().copied().collect(),
        l1: Some(L1 {
            counted: snapshot(with_tdp(1), l1),
            traced: traced(l1),
        }),
        times: vec![("fork".to_string(), time)],
        events: Vec::new(),
    }
}

fn nested_ept() -> Run {
    run(
        Mode::NestedEpt,
        100,
        // VMRESUME; an interrupt of the host's; CR3; EPT, of which L0 keeps 20; its own timer.
        &[
            (24, 90, 0, 0),
            (1, 0, 7, 0),
            (28, 0, 2, 2),
            (48, 5, 100, 80),
            (52, 0, 4, 0),
        ],
        &[(1, 6), (28, 2), (48, 70), (49, 10), (52, 3)],
        &[
            (1, 6, 0, 0),
            (28, 2, 0, 0),
            (48, 70, 0, 0),
            (49, 10, 0, 0),
            (52, 3, 0, 0),
        ],
    )
}

fn shadow_on_ept() -> Run {
    run(
        Mode::ShadowOnEpt,
        700,
        &[(0, 0, 500, 500), (24, 600, 0, 0), (28, 0, 40, 40)],
        &[(0, 500), (28, 40)],
        &[(0, 500, 0, 0), (28, 40, 0, 0), (33, 9, 0, 0)],
    )
}

fn problems_of(runs: &[Run]) -> String {
    problems(runs).unwrap().join("\n")
}

#[test]
fn nothing_is_lost_on_the_way() {
    assert_eq!(problems_of(&[nested_ept(), shadow_on_ept()]), "");
    let run = nested_ept();
    let rows = rows(&run, run.l1.as_ref().unwrap());
    let reasons: Vec<_> = rows.iter().map(|row| row.reason).collect();
    assert_eq!(reasons, [1, 28, 48, 49, 52]);
    let all = total(&rows);
    assert_eq!((all.l2, all.kept, all.reflected), (113, 31, 82));
    assert_eq!((all.given, all.counted, all.lost()), (91, 91, 0));
}

#[test]
fn what_l1_made_up_is_told_apart() {
    let run = shadow_on_ept();
    let rows = rows(&run, run.l1.as_ref().unwrap());
    let invalid_state = rows.last().unwrap();
    assert_eq!((invalid_state.counted, invalid_state.made_up), (9, 9));
    assert_eq!(invalid_state.lost(), 0);
}

#[test]
fn differences_are_explained_or_told() {
    let run = nested_ept();
    let all = rows(&run, run.l1.as_ref().unwrap());
    let why = |reason| {
        let row = all.iter().find(|row| row.reason == reason).unwrap();
        explain(&run, &all, row).unwrap()
    };
    assert!(why(1).starts_with("6: an interrupt"));
    assert!(why(48).starts_with("-10: ") && why(49).starts_with("+10: "));
    assert!(why(52).starts_with("3: L1's own preemption timer"));

    // Ten that are EPT_MISCONFIG for L1 and nothing for L0.
    let mut odd = nested_ept();
    odd.given.insert(48, 80);
    odd.l1 = Some(L1 {
        counted: snapshot(true, &[(48, 80, 0, 0), (49, 10, 0, 0)]),
        traced: Counts::from([(48, 80), (49, 10)]),
    });
    odd.given.retain(|reason, _| [48, 49].contains(reason));
    assert!(problems_of(&[odd]).contains("49 EPT_MISCONFIG: L0 reflected 0, but gave L1 10"));

    // A #PF that L0 does not reflect is its own to explain only where it shadows itself.
    let shadows = |mode| problems_of(&[run_of_faults(mode)]);
    assert_eq!(shadows(Mode::ShadowOnShadow), "");
    assert!(shadows(Mode::ShadowOnEpt).contains("why is not known"));
}

fn run_of_faults(mode: Mode) -> Run {
    run(mode, 1, &[(0, 0, 50, 0)], &[(0, 30)], &[(0, 30, 0, 0)])
}

#[test]
fn what_is_lost_is_told() {
    let mut run = nested_ept();
    run.given.insert(28, 3);
    let text = problems_of(&[run]);
    assert!(
        text.contains("28 CR_ACCESS: L0 gave L1 3, L1 counted 2 (0 made up there): -1"),
        "{text}"
    );
    let mut run = nested_ept();
    run.traced.insert(28, 1);
    assert!(problems_of(&[run]).contains("at L0: 28 CR_ACCESS: counted 2, traced 1 times"));
    let mut run = nested_ept();
    run.l1.as_mut().unwrap().traced.insert(28, 1);
    assert!(problems_of(&[run]).contains("at L1: 28 CR_ACCESS: counted 2, traced 1 times"));
}

#[test]
fn a_mode_is_what_it_says() {
    let mut run = nested_ept();
    run.mode = Mode::ShadowOnShadow;
    let text = problems_of(&[run]);
    assert!(text.contains("L0 ran with EPT: true") && text.contains("L1 ran with EPT: true"));
    let mut run = nested_ept();
    run.times.clear();
    assert!(problems_of(&[run]).contains("has not said its time"));
    let mut run = nested_ept();
    run.mode = Mode::OneLevel;
    run.l1 = None;
    assert!(problems_of(&[run]).contains("113 exits of an L2"));
}

#[test]
fn shadow_paging_has_to_cost() {
    let mut quick = shadow_on_ept();
    quick.times[0].1 = 100;
    assert!(problems_of(&[nested_ept(), quick]).contains("took 100 cycles with nested EPT"));
    let few = run(
        Mode::ShadowOnEpt,
        700,
        &[(0, 0, 500, 500), (28, 0, 19, 19)],
        &[(0, 500), (28, 19)],
        &[(0, 500, 0, 0), (28, 19, 0, 0)],
    );
    assert!(problems_of(&[nested_ept(), few]).contains("reason 28: 2 with nested EPT, 19"));
}

#[test]
fn events_are_read_and_divided() {
    let line = r#"event: {"event":"cpuid","count":100,"cycles":2000,"own":{"CPUID":100},
        "below_l2":{"CPUID":100,"HLT":3},"below_l1":{"VMREAD":250,"VMRESUME":100}}"#;
    let events = super::events::parse(&line.replace('\n', " ")).unwrap();
    let [event] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(event.own_each(), 1.0);
    assert_eq!(event.l0_each(), 4.53);
    assert_eq!(event.cycles_each(), 20.0);
    assert_eq!(
        event.l0_parts(),
        "L2: 1.0 CPUID; L1: 2.5 VMREAD, 1.0 VMRESUME"
    );
    assert!(super::events::parse("event: {}").is_err());
    assert!(super::events::parse("nothing of it\n").unwrap().is_empty());
}
