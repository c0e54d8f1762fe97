// SPDX-License-Identifier: GPL-2.0

use super::parse::parse;
use super::*;
use anyhow::Result;

fn run(results: &str) -> Run {
    said(results, |_| String::new()).unwrap()
}

/// What each test said, by its variant.
fn said(results: &str, log: impl Fn(&str) -> String) -> Result<Run> {
    parse("bochs", results, |variant, _, _| Ok(log(variant)))
}

fn under_all(suite: &str, name: &str, codes: [i32; 3]) -> String {
    let lines = VARIANTS.iter().zip(codes);
    lines
        .map(|(variant, code)| format!("{variant} {suite} {name} {code}\n"))
        .collect()
}

fn ends(run: &Run) -> Vec<Option<End>> {
    (0..VARIANTS.len())
        .map(|variant| run.tests[0].ended(variant))
        .collect()
}

#[test]
fn each_suite_has_its_codes() {
    let run = |suite, code| ends(&run(&under_all(suite, "x", [code; 3])))[0];
    assert_eq!(run("selftests", 0), Some(End::Passed));
    assert_eq!(run("selftests", 4), Some(End::Skipped));
    assert_eq!(run("selftests", 77), Some(End::Failed(77)));
    assert_eq!(run("unit-tests", 77), Some(End::Skipped));
    assert_eq!(run("unit-tests", 4), Some(End::Failed(4)));
    assert_eq!(run("selftests", 124), Some(End::Late));
    assert_eq!(run("selftests", 254), Some(End::Failed(254)));
}

#[test]
fn alike_is_no_problem_whatever_the_verdict() {
    let results = under_all("selftests", "a", [0; 3])
        + &under_all("selftests", "b", [4; 3])
        + &under_all("selftests", "c", [254; 3]);
    assert!(run(&results).problems("selftests", 1).is_empty());
}

#[test]
fn another_verdict_under_one_variant_is_one() {
    for codes in [[0, 0, 254], [0, 4, 4], [254, 0, 0], [0, 0, 124]] {
        let run = run(&under_all("selftests", "smm_test", codes));
        assert_eq!(
            run.problems("selftests", 0),
            ["selftests/smm_test does not end alike"],
            "{codes:?}"
        );
        assert!(markdown(&[run]).contains("bochs, not alike:\n\n- selftests smm_test: stock "));
    }
}

#[test]
fn so_is_a_part_that_is_missing() {
    let log = |variant: &str| match variant {
        "module" => "TAP version 13\nok 1 a\n".to_string(),
        _ => "TAP version 13\nok 1 a\nok 2 b\n".to_string(),
    };
    let run = said(&under_all("selftests", "x", [0; 3]), log).unwrap();
    assert_eq!(run.problems("selftests", 0).len(), 1);
    let text = markdown(&[run]);
    assert!(text.contains("stock 1 passed; of their parts 2 passed"));
    assert!(text.contains("module 1 passed; of their parts 1 passed"));
}

#[test]
fn so_is_a_variant_that_is_missing() {
    let run = run("stock selftests x 0\npatched selftests x 0\n");
    assert_eq!(run.problems("selftests", 0).len(), 1);
    assert!(markdown(&[run]).contains("module not run"));
}

#[test]
fn too_few_that_pass_are_one() {
    let results = under_all("selftests", "a", [0; 3])
        + &under_all("selftests", "b", [4; 3])
        + &under_all("unit-tests", "c", [0; 3]);
    assert_eq!(
        run(&results).problems("selftests", 2),
        ["1 of selftests pass: 2 are to be expected"]
    );
}

#[test]
fn parts_are_counted_as_each_suite_names_them() {
    let parts = |log: &str| {
        let run = said(&under_all("x", "y", [0; 3]), |_| log.to_string()).unwrap();
        let parts = run.tests[0].outcomes[0].as_ref().unwrap().parts;
        (parts.passed, parts.failed, parts.skipped)
    };
    let tap = "1..3\nok 1 a\nnot ok 2 b\nok 3 # SKIP c\n# Totals: pass:1 fail:1\n";
    assert_eq!(parts(tap), (1, 1, 1));
    assert_eq!(
        parts("PASS: a\n  FAIL: b\nSKIP: c\nSUMMARY: 3 tests\n"),
        (1, 1, 1)
    );
    assert_eq!(parts("okay\nnothing: PASS\n"), (0, 0, 0));
}

#[test]
fn the_table_has_a_row_a_suite_and_says_what_did_not_pass() {
    let results = under_all("selftests", "amx_test", [4; 3])
        + &under_all("selftests", "smm_test", [0; 3])
        + &under_all("unit-tests", "vmx", [0; 3]);
    let log = |_: &str| "1..0 # SKIP Requirement not met: AMX\n".to_string();
    let text = markdown(&[said(&results, log).unwrap()]);
    assert!(text.contains("| bochs | selftests | 2 | 1 passed, 1 skipped | 1 passed, 1 skipped |"));
    assert!(text.contains("| bochs | unit-tests | 1 | 1 passed | 1 passed | 1 passed |"));
    assert!(text.contains("- selftests amx_test: 1 skipped: 1..0 # SKIP Requirement not met: AMX"));
    assert!(!text.contains("not alike:"));
}

#[test]
fn an_assertion_is_told_by_its_words() {
    let log = "Random seed: 1\n==== Test Assertion Failure ====\n  x86/a.c:5: false\n  pid=9\n\
               \x20    1 0x401: main at a.c:7\n  What was expected\n";
    let run = said(&under_all("selftests", "x", [254; 3]), |_| log.to_string()).unwrap();
    assert!(markdown(&[run]).contains("- selftests x: 1 failed (exit code 254): What was expected"));
}

#[test]
fn lines_that_are_none_are_refused() {
    for results in [
        "stock selftests x\n",
        "stock selftests x zero\n",
        "other selftests x 0\n",
        "stock selftests x 0\nstock selftests x 0\n",
    ] {
        assert!(said(results, |_| String::new()).is_err(), "{results}");
    }
}
