// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits compare`, run as a program on the made-up snapshots in `tests/data`.

mod common;

use acct::snapshot::measures;
use common::{data, failure, json, kvm_exits, stderr, stdout, times, values, Builder, TDP, VPID};
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

/// EPT and shadow paging, with all that a module can measure.
fn measured(name: &str) -> [String; 2] {
    let start = |generation, paging| {
        Builder::with_measures(generation, paging, 0, measures::TIME | measures::DETAIL)
    };
    let ept = start(1, TDP | VPID)
        .key(32, 0x6e0, 10, 100)
        .key(32, 0x48, 30, 600)
        .host_values(10, values(4, 40), &[])
        .row_time(1, 5, 0)
        .host_values(32, values(45, 900), &[])
        .host_time(&times([700, 100, 50, 100, 50]));
    let shadow = start(2, VPID)
        .key(32, 0x6e0, 20, 400)
        .key(28, 0x03, 5, 50)
        .host_values(28, values(5, 50), &[])
        .host_values(32, values(20, 400), &[])
        .row_time(7, 70, 0)
        .host_time(&times([500, 1_300, 200, 0, 0]));
    [
        ept.save(&format!("compare-{name}-ept.snapshot")),
        shadow.save(&format!("compare-{name}-shadow.snapshot")),
    ]
}

#[test]
fn time_is_side_by_side_where_all_have_it() {
    let [a, b] = measured("time");
    let text = compare(&[&a, &b]);
    let section = "\
Where the time of the vCPUs went; preempted is a part of the other states:

state      cycles  cycles   share   share
              EPT  shadow     EPT  shadow
---------- ------- ------- ------- -------
guest         700     500   70.0%   25.0%
exit          100   1,300   10.0%   65.0%
entry          50     200    5.0%   10.0%
vmm           100       0   10.0%    0.0%
halted         50       0    5.0%    0.0%
preempted     100     200   10.0%   10.0%
elapsed     1,000   2,000  100.0%  100.0%
";
    assert!(stdout(&text).contains(section), "{}", stdout(&text));
    let json = json(&compare(&[&a, &b, "--json"]));
    assert_eq!(
        json["time"][1],
        json!({ "state": "exit", "cycles": [100, 1_300], "share": [0.1, 0.65] })
    );
    assert_eq!(json["time"][5]["cycles"], json!([100, 200]));
    // Not where one has none of it.
    let ept = data("ept.json");
    let text = compare(&[&ept, &b]);
    assert!(!stdout(&text).contains("preempted"), "{text:?}");
    let json = common::json(&compare(&[&ept, &b, "--json"]));
    assert_eq!(json.get("time"), None);
}

#[test]
fn what_led_to_the_vmm_is_in_json_and_csv() {
    let [a, b] = measured("vmm");
    let json = json(&compare(&[&a, &b, "--json", "--sort", "reason"]));
    assert_eq!(json["rows"][0]["vmm_count"], json!([1, 0]));
    assert_eq!(json["total"]["vmm_count"], json!([1, 7]));
    let csv = compare(&[&a, &b, "--csv", "--sort", "reason"]);
    let lines: Vec<_> = stdout(&csv).lines().collect();
    assert!(
        lines[0].ends_with(",vmm_count (EPT),vmm_count (shadow)"),
        "{lines:?}"
    );
    assert_eq!(lines[1], "10,CPUID,4,0,40,0,gone,1,0");
    // One that cannot know, and two.
    let ept = data("ept.json");
    let csv = compare(&[&ept, &b, "--csv", "--sort", "reason"]);
    assert!(
        stdout(&csv).lines().last().unwrap().ends_with(",,0"),
        "{csv:?}"
    );
    let json = common::json(&compare(&[&ept, &data("shadow.json"), "--json"]));
    assert_eq!(json["rows"][0].get("vmm_count"), None);
}

#[test]
fn keys_are_side_by_side() {
    let [a, b] = measured("by");
    let text = compare(&[&a, &b, "--by", "msr_write"]);
    let expected = "\
32 MSR_WRITE

what                    count   count   ratio  cycles/exit  cycles/exit
                          EPT  shadow  shadow          EPT       shadow
----------------------- ------ ------- ------- ------------ ------------
MSR 0x48 SPEC_CTRL         30       0    gone           20            -
MSR 0x6e0 TSC_DEADLINE     10      20   2.00x           10           20
other                       5       0    gone           40            -
";
    assert_eq!(stdout(&text), expected);
    let csv = compare(&[&a, &b, "--by", "all", "--csv"]);
    let expected = "\
reason,key,name,count (EPT),count (shadow),cycles (EPT),cycles (shadow)
10,,other,4,0,40,0
28,0x3,CR3 write,0,5,0,50
32,0x48,MSR 0x48 SPEC_CTRL,30,0,600,0
32,0x6e0,MSR 0x6e0 TSC_DEADLINE,10,20,100,400
32,,other,5,0,200,0
";
    assert_eq!(stdout(&csv), expected);
    let json = json(&compare(&[&a, &b, "--by", "28", "--json"]));
    assert_eq!(json["columns"], json!(["EPT", "shadow"]));
    assert_eq!(
        json["reasons"],
        json!([{ "reason": 28, "name": "CR_ACCESS", "keys": [
            { "key": "0x3", "name": "CR3 write", "count": [0, 5], "cycles": [0, 50],
              "ratio": [null, "new"] },
        ] }])
    );
    let ept = data("ept.json");
    let output = compare(&[&a, &ept, "--by", "all"]);
    let error = failure(&output);
    assert!(
        error.contains("ept.json") && error.contains("detail=0"),
        "{error}"
    );
}
