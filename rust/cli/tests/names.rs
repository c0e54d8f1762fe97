// SPDX-License-Identifier: GPL-2.0

//! Names that would steer a terminal or be a formula, run through the program.

mod common;

use common::{kvm_exits, save, stderr, stdout, Builder, TDP};
use serde_json::json;
use std::process::Output;

/// Clears the screen, begins lines, turns the direction, in one byte and in two.
const HOSTILE: &str = "=\x1b[2J,\"x\"\r\n\u{202e}\u{9b}y";
const SHOWN: &str = r#"=\u{1b}[2J,"x"\u{d}\u{a}\u{202e}\u{9b}y"#;
/// What a process can call itself: 15 bytes.
const COMM: &str = "-\x1b[2J\r\n\u{202e}\u{9b}";

/// A snapshot with such names in all places.
fn snapshot(file: &str) -> String {
    let snapshot = json!({
        "schema": 1, "source": "device", "isa": "vmx", "generation": 2, "scope": "host",
        "kernel": HOSTILE, "machine": HOSTILE,
        "vm": { "pid": 1, "name": HOSTILE, "vcpus": 1 },
        "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
        "total": { "count": 5, "cycles": 50 },
        "reasons": [{ "reason": 10, "name": HOSTILE, "count": 5, "cycles": 50 }],
    });
    save(file, snapshot.to_string().as_bytes())
}

/// Nothing that the program says may steer anything.
fn run(args: &[&str]) -> Output {
    let output = kvm_exits(args);
    for bytes in [&output.stdout, &output.stderr] {
        let text = std::str::from_utf8(bytes).unwrap();
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(steers), "{text:?}");
        assert!(!text.contains("\ny"), "it began a line: {text:?}");
    }
    output
}

/// Of one paging state, so that the columns are named after the files; no other test may use them.
fn two(test: &str) -> [String; 2] {
    ["\x1b[2J-a", "\r-b"].map(|name| snapshot(&format!("{test}-{name}.json")))
}

#[test]
fn compared_as_text() {
    let [a, b] = two("text");
    let output = run(&["compare", &a, &b]);
    let text = stdout(&output);
    assert!(text.contains(SHOWN), "{text}");
    assert!(text.contains(r"text-\u{d}-b"), "{text}");
    let warning = stderr(&output);
    assert!(warning.contains(r"text-\u{1b}[2J-a"), "{warning}");
}

#[test]
fn compared_as_csv() {
    let [a, b] = two("csv");
    let output = run(&["compare", &a, &b, "--csv"]);
    let mut csv = csv::Reader::from_reader(&output.stdout[..]);
    assert_eq!(&csv.headers().unwrap()[2], r"count (csv-\u{1b}[2J-a)");
    let line = csv.records().next().unwrap().unwrap();
    assert_eq!(line[1], format!("'{SHOWN}"));
}

#[test]
fn compared_as_json() {
    let [a, b] = two("json");
    let output = run(&["compare", &a, &b, "--json"]);
    let json = common::json(&output);
    assert_eq!(json["rows"][0]["name"], HOSTILE);
    assert_eq!(json["columns"][0]["heading"], "json-\x1b[2J-a");
}

#[test]
fn vms_by_all_ways() {
    let vms = |n: u64| {
        let builder = Builder::new(1, TDP).vm(4711, COMM, 1).vm_row(10, n, n);
        builder.save(&format!("names-{n}.snapshot"))
    };
    let (a, b) = (vms(1), vms(2));
    let text = run(&["vms", "--from", &a]);
    let shown = r"-\u{1b}[2J\u{d}\u{a}\u{202e}\u{9b}";
    let title = format!("pid 4711 ({shown}), 1 vCPU");
    assert!(stdout(&text).contains(&title), "{text:?}");

    let csv = run(&["vms", "--from", &a, "--csv"]);
    let line = format!("4711,'{shown},1,10,CPUID,1,1,0,0,0,,,,,,,");
    assert_eq!(stdout(&csv).lines().nth(1), Some(line.as_str()));

    let json = run(&["vms", "--from", &a, "--json"]);
    assert_eq!(common::json(&json)[0]["vm"]["name"], COMM);

    for view in ["--vms", "--vm=4711"] {
        let top = run(&["top", "--plain", view, "--from", &a, &b]);
        assert!(stdout(&top).contains(shown), "{top:?}");
    }
}

#[test]
fn refused() {
    let text = std::fs::read_to_string(snapshot("names-refused.json")).unwrap();
    let json = text.replace("\"device\"", "\"\\u001b[2J\\u202e\"");
    let path = save("names-\x1b[2J-refused.json", json.as_bytes());
    let output = run(&["compare", &path, &path]);
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(error.contains(r"`\u{1b}[2J\u{202e}`"), "{error}");
}
