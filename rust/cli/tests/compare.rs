// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits compare`, run as a program on the made-up snapshots in `tests/data`.

mod common;

use common::{data, failure, json, kvm_exits, stderr, stdout};
use serde_json::json;
use std::process::Output;

fn compare(args: &[&str]) -> Output {
    kvm_exits(&[&["compare"], args].concat())
}

fn three() -> [String; 3] {
    ["ept.json", "shadow.json", "shadow-novpid.json"].map(data)
}

#[test]
fn text_is_as_it_should_be() {
    let [a, b, c] = three();
    let output = compare(&[&a, &b, &c]);
    let expected = std::fs::read_to_string(data("compare.txt")).unwrap();
    assert_eq!(stdout(&output), expected);
    assert_eq!(stderr(&output), "");
}

#[test]
fn json_has_the_figures() {
    let [a, b, c] = three();
    let output = compare(&[&a, &b, &c, "--json", "--sort", "reason"]);
    let json = json(&output);
    let row = &json["rows"][0];
    assert_eq!(row["name"], "EXCEPTION_NMI");
    assert_eq!(row["count"], json!([0, 40_000, 41_000]));
    assert_eq!(row["ratio"], json!([null, "new", "new"]));
    assert_eq!(row["cycles_per_exit"], json!([null, 5_000.0, 5_000.0]));
    assert_eq!(json["columns"][2]["heading"], "shadow, vpid=0");
    assert_eq!(json["total"]["count"][0], 12_170);
    assert!(json["cycles_note"]
        .as_str()
        .unwrap()
        .contains("counts instructions"));
}

#[test]
fn svm_has_its_manuals_numbers() {
    let output = compare(&[&data("svm.json"), &data("svm-shadow.json")]);
    let text = stdout(&output);
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    assert!(lines[1].starts_with("NPT  shadow  shadow"), "{text}");
    let row = |start: &str| lines.iter().position(|line| line.starts_with(start));
    let rows = [
        "0x4e  PF excp",
        "0x400  npf",
        "0x79  invlpg",
        "0x13  write_cr3",
    ]
    .map(row);
    assert!(
        rows.iter().all(Option::is_some) && rows.is_sorted(),
        "{text}"
    );

    let output = compare(&[&data("svm.json"), &data("svm-shadow.json"), "--csv"]);
    assert!(stdout(&output).contains("\n1024,npf,"), "{output:?}");
}

#[test]
fn csv_has_a_column_per_figure() {
    let [a, b, _] = three();
    let output = compare(&[&a, &b, "--csv", "--sort", "reason"]);
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(
        lines[0],
        "reason,name,count (EPT),count (shadow),cycles (EPT),cycles (shadow),ratio (shadow)"
    );
    assert_eq!(lines[1], "0,EXCEPTION_NMI,0,40000,0,200000000,new");
    assert_eq!(lines[6], "28,CR_ACCESS,20,700,40000,2100000,35");
    assert_eq!(
        lines.last(),
        Some(&"48,EPT_VIOLATION,6000,0,18000000,0,gone")
    );
}

#[test]
fn a_note_of_ones_own_is_printed() {
    let [a, b, _] = three();
    let output = compare(&[&a, &b, "--cycles-note", "Mine alone."]);
    assert!(stdout(&output).ends_with("\nMine alone.\n"));
}

#[test]
fn one_file_is_not_enough() {
    let output = compare(&[&three()[0]]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let ept = &three()[0];
    for (file, message) in [
        ("schema-2.json", "has schema 2"),
        ("svm.json", "nothing in common"),
        ("sum.json", "sum up to"),
        ("nowhere.json", "cannot read"),
    ] {
        let output = compare(&[ept, &data(file)]);
        let error = failure(&output);
        assert!(
            error.contains(message) && error.contains(file),
            "{file}: {error}"
        );
    }
}

#[test]
fn a_doubtful_pair_is_warned_about() {
    let ept = &three()[0];
    let output = compare(&[ept, ept]);
    assert!(
        stderr(&output).contains("includes the earlier"),
        "{output:?}"
    );
    assert!(stdout(&output).contains("1.00x"));
}
