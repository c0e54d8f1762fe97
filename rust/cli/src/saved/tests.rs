// SPDX-License-Identifier: GPL-2.0

use super::*;

/// Figures made up for the tests.
const MINIMAL: &str = r#"{ "schema": 1, "source": "cpuid", "isa": "vmx", "generation": 3,
    "scope": "vm", "tsc_khz": 50000,
    "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
    "total": { "count": 5, "cycles": 70, "l2_count": 1, "l2_cycles": 9 },
    "reasons": [
        { "reason": 10, "name": "CPUID", "count": 3, "cycles": 50, "l2_count": 1, "l2_cycles": 9 },
        { "reason": 12, "name": "HLT", "count": 2, "cycles": 20, "l2_count": 0, "l2_cycles": 0 }
    ] }"#;

#[test]
fn comes_back_as_it_was_written() {
    let snapshot = Snapshot::parse(MINIMAL).unwrap();
    assert_eq!(snapshot.reasons[0].counters.l2_cycles, Some(9));
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(Snapshot::parse(&text).unwrap(), snapshot);
}

#[test]
fn what_the_source_cannot_know_is_left_out() {
    let snapshot = Snapshot::parse(MINIMAL).unwrap();
    let text = serde_json::to_string(&snapshot).unwrap();
    for absent in ["kernel", "l2_reflected", "histogram", "machine", "null"] {
        assert!(!text.contains(absent), "{absent} in {text}");
    }
    let order = [
        "schema",
        "source",
        "isa",
        "generation",
        "scope",
        "tsc_khz",
        "paging",
        "total",
    ];
    let found: Vec<_> = order
        .iter()
        .map(|f| text.find(&format!("\"{f}\"")))
        .collect();
    assert!(found.is_sorted(), "{text}");
}

#[test]
fn additions_are_passed_over() {
    let text = MINIMAL.replacen("\"schema\": 1,", "\"schema\": 1, \"added\": [1, {}],", 1);
    assert_eq!(
        Snapshot::parse(&text).unwrap(),
        Snapshot::parse(MINIMAL).unwrap()
    );
}

#[test]
fn counters_are_64_bit() {
    let max = u64::MAX.to_string();
    let text = MINIMAL
        .replace("\"cycles\": 70", &format!("\"cycles\": {max}"))
        .replace("\"cycles\": 50", &format!("\"cycles\": {}", u64::MAX - 20));
    assert_eq!(Snapshot::parse(&text).unwrap().total.cycles, u64::MAX);
}

#[test]
fn another_schema_is_refused() {
    let text = MINIMAL.replace("\"schema\": 1", "\"schema\": 2");
    let error = Snapshot::parse(&text).unwrap_err().to_string();
    assert!(
        error.contains("has schema 2") && error.contains("reads schema 1"),
        "{error}"
    );
}

#[test]
fn other_json_and_no_json_are_told_apart() {
    let error = |text| Snapshot::parse(text).unwrap_err().to_string();
    assert!(error("{}").contains("no snapshot"), "{}", error("{}"));
    assert!(error("EPT 5").contains("not JSON"), "{}", error("EPT 5"));
    assert!(error(r#"{"schema": 1}"#).contains("damaged"));
}

#[test]
fn a_total_that_is_not_the_sum_is_refused() {
    for (field, changed) in [
        ("\"count\": 5", "\"count\": 6"),
        ("\"l2_cycles\": 9 },", "\"l2_cycles\": 8 },"),
    ] {
        let text = MINIMAL.replacen(field, changed, 1);
        let error = Snapshot::parse(&text).unwrap_err().to_string();
        assert!(error.contains("sum up to"), "{error}");
    }
}

#[test]
fn a_counter_that_a_row_lacks_is_not_summed() {
    let text = MINIMAL.replace(", \"l2_count\": 0, \"l2_cycles\": 0", "");
    assert!(Snapshot::parse(&text).is_ok());
}
