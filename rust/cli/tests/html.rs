// SPDX-License-Identifier: GPL-2.0

//! `--html`, run through the program: what is on the page is what is in the snapshots.

mod common;

use acct::snapshot::measures;
use common::page::{all, below, number, page, text};
use common::{data, kvm_exits, save, stderr, stdout, times, values, Builder, TDP, VPID};
use scraper::{ElementRef, Html};
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// Each bar within `chart` is as long as the figure that it says it stands for.
fn bars_are_true(chart: ElementRef<'_>) -> usize {
    let of = |value: f64, is_log: bool| if is_log { value.log10() } else { value };
    let mut seen = 0;
    for scaled in below(chart, "[data-scale]") {
        let is_log = match scaled.attr("data-scale").unwrap() {
            "log10" => true,
            "linear" => false,
            other => panic!("{other}"),
        };
        let [from, to] = ["data-from", "data-to"].map(|name| of(number(scaled, name), is_log));
        let is_upright = scaled.attr("class") == Some("columns");
        for bar in below(scaled, "rect[data-value]") {
            let value = of(number(bar, "data-value"), is_log);
            let part = if is_log { value - from } else { value } / (to - from);
            let (drawn, exact) = if is_upright {
                // The whole is 96 pixels.
                (number(bar, "height"), part * 96.0)
            } else {
                (number(bar, "width"), part * 100.0)
            };
            let within = if is_upright { 0.3 } else { 0.03 };
            assert!(
                (drawn - exact).abs() <= within,
                "{drawn} {exact}: {}",
                bar.html()
            );
            seen += 1;
        }
    }
    seen
}

/// What a bar says: reason, series and value.
fn said(chart: ElementRef<'_>) -> BTreeSet<(u64, usize, u64)> {
    let bars = below(chart, "rect[data-reason]");
    let figure = |bar: &ElementRef<'_>, name: &str| number(*bar, name) as u64;
    let bars = bars.iter().map(|bar| {
        let series = figure(bar, "data-series") as usize;
        (
            figure(bar, "data-reason"),
            series,
            figure(bar, "data-value"),
        )
    });
    bars.collect()
}

fn json_of(args: &[&str]) -> Value {
    common::json(&kvm_exits(&[args, &["--json"]].concat()))
}

/// EPT and shadow paging, with all that a module can measure.
fn measured(name: &str) -> [String; 2] {
    let start = |generation, paging| {
        Builder::with_measures(generation, paging, 0, measures::TIME | measures::DETAIL)
    };
    let keys = |mut builder: Builder| {
        for msr in 0..20 {
            builder = builder.key(32, 0x10 + msr, 1 + msr, 100);
        }
        builder
    };
    let ept = keys(start(1, TDP | VPID))
        .host(10, &[900; 7])
        .row_time(1, 5, 0)
        .host_values(32, values(1_000, 9_000), &[0, 0, 0, 999, 0, 1])
        .host_values(48, values(11_000, 44_000_000), &[0; 0])
        .host_time(&times([700, 100, 50, 100, 50]));
    let shadow = keys(start(2, VPID))
        .host_values(0, values(30_000, 240_000_000), &[0; 0])
        .host_values(32, values(1_500, 20_000), &[0, 0, 0, 1_000, 499, 0, 1])
        .row_time(7, 70, 0)
        .host_time(&times([500, 1_300, 200, 0, 0]));
    [
        ept.save(&format!("html-{name}-ept.snapshot")),
        shadow.save(&format!("html-{name}-shadow.snapshot")),
    ]
}

#[test]
fn the_table_has_all_rows() {
    let files = ["ept.json", "shadow.json", "shadow-novpid.json"].map(data);
    let args: Vec<_> = ["compare"]
        .into_iter()
        .chain(files.iter().map(String::as_str))
        .collect();
    let page = page(&args);
    let json = json_of(&args);
    let rows = all(&page, "#exits tbody");
    let expected = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len());
    for (row, expected) in rows.iter().zip(expected) {
        let id = format!("reason-{}", expected["reason"]);
        assert_eq!(row.attr("id"), Some(id.as_str()));
        assert_eq!(text(below(*row, "th")[0]), expected["name"]);
        let cells = below(*row, "td");
        for n in 0..3 {
            assert_eq!(
                number(cells[1 + n], "data-value"),
                expected["count"][n].as_f64().unwrap()
            );
        }
        let ratio = cells[4].attr("data-value");
        assert_eq!(text(cells[4]) == "new", ratio == Some("Infinity"), "{id}");
    }
    let total = text(all(&page, "#exits tfoot")[0]);
    assert!(
        total.starts_with("total 12,170 77,770 78,792 6.39x"),
        "{total}"
    );
    assert_eq!(
        text(all(&page, "h1")[0]),
        "VM exits: EPT · shadow · shadow, vpid=0"
    );
    assert!(text(all(&page, "footer")[0]).contains("counts instructions"));
    assert_eq!(all(&page, ".warnings").len(), 0);
    let run = text(all(&page, ".run")[1]);
    let facts = "paging shadow paging, VPID, no unrestricted guest scope one VM generation 3 \
        machine emulator TSC 50,000 kHz file shadow.json";
    assert!(run.contains(facts), "{run}");
}

#[test]
fn bars_are_as_long_as_their_figures() {
    let [a, b] = measured("bars");
    let args = ["compare", &a, &b];
    let page = page(&args);
    let json = json_of(&args);
    let counts = all(&page, "#counts")[0];
    let mut expected = BTreeSet::new();
    for row in json["rows"].as_array().unwrap() {
        for n in 0..2 {
            let count = row["count"][n].as_u64().unwrap();
            // Nothing is drawn of nothing.
            if count > 0 {
                expected.insert((row["reason"].as_u64().unwrap(), n, count));
            }
        }
    }
    assert_eq!(said(counts), expected);
    assert_eq!(bars_are_true(counts), expected.len());

    let shares = all(&page, "#shares")[0];
    assert_eq!(bars_are_true(shares), 5);
    let share = below(shares, "rect[data-reason='48']")[0];
    assert_eq!(number(share, "data-cycles"), 44_000_000.0);
    let whole = json["total"]["cycles"][0].as_f64().unwrap();
    assert_eq!(number(share, "data-value"), 44_000_000.0 / whole);

    let time = all(&page, "#time")[0];
    // What is not there of the VMM and of waiting is not drawn.
    assert_eq!(bars_are_true(time), 5 + 3 + 2);
    let exit = below(time, "rect[data-series='1'][data-state='exit']")[0];
    assert_eq!(
        (number(exit, "data-value"), number(exit, "data-cycles")),
        (0.65, 1_300.0)
    );
    let guest = below(time, "rect[data-series='1'][data-state='guest']")[0];
    assert_eq!(
        number(exit, "x"),
        number(guest, "width"),
        "one behind the other"
    );

    let histogram = all(&page, "#histogram-32")[0];
    assert_eq!(bars_are_true(histogram), 2 + 3);
    let column = below(histogram, "rect[data-bucket='4']")[0];
    assert_eq!(number(column, "data-value"), 499.0);
    assert!(
        text(column).starts_with("16 to 31 cycles: 499 exits"),
        "{}",
        text(column)
    );

    let keys = all(&page, "#keys-32")[0];
    // Twelve, and what has no key.
    assert_eq!(bars_are_true(keys), 2 * 13);
    let key = below(keys, "rect[data-key='0x23'][data-series='0']")[0];
    assert_eq!(number(key, "data-value"), 20.0);
    assert!(
        text(keys).contains("8 more, with at most 8 exits each"),
        "{}",
        text(keys)
    );
    // And the histogram of 10, and the keys of 0, 10 and 48, which are all the same.
    let all = expected.len() + 5 + 10 + 5 + 2 * 13 + 1 + 3;
    assert_eq!(bars_are_true(page.root_element()), all);
}

#[test]
fn what_appeared_and_what_vanished() {
    let [a, b] = measured("changes");
    let page = page(&["compare", &a, &b]);
    let list = |class: &str| {
        let items = all(&page, &format!("#changes .{class} li"));
        items.iter().map(|item| text(*item)).collect::<Vec<_>>()
    };
    assert_eq!(list("new"), ["EXCEPTION_NMI 30,000"]);
    assert_eq!(list("gone"), ["EPT_VIOLATION 11,000", "CPUID 7"]);
}

#[test]
fn what_cannot_be_compared_is_on_the_page() {
    let ept = data("ept.json");
    let output = kvm_exits(&["compare", &ept, &ept, "--html", "-"]);
    let page = Html::parse_document(stdout(&output));
    let warning = text(all(&page, ".warnings")[0]);
    assert!(warning.contains("includes the earlier"), "{warning}");
    assert!(stderr(&output).contains(&warning), "{output:?}");
}

#[test]
fn one_snapshot_has_a_page() {
    let [path, _] = measured("show");
    let page = page(&["show", "--from", &path, "--machine", "emulator"]);
    assert_eq!(text(all(&page, "h1")[0]), "all VMs' exits");
    let names: Vec<_> = all(&page, "#exits tbody th")
        .iter()
        .map(|e| text(*e))
        .collect();
    assert_eq!(names, ["EPT_VIOLATION", "MSR_WRITE", "CPUID"]);
    assert_eq!(said(all(&page, "#counts")[0]).len(), 3);
    assert_eq!(all(&page, "#changes").len(), 0);
    assert!(text(all(&page, "#time table")[0]).contains("exit, not preempted 90 9.0%"));
    assert!(bars_are_true(page.root_element()) > 20);
    assert!(text(all(&page, "footer")[0]).contains("counts instructions"));
}

#[test]
fn each_vm_has_a_section() {
    let path = Builder::new(3, TDP | VPID)
        .vm(4711, "first", 2)
        .vm_row(10, 60, 90_000)
        .vm(4712, "second", 1)
        .vm_row(10, 6, 900)
        .vm_row(12, 5, 5_000)
        .vm(4713, "idle", 1)
        .save("html-vms.snapshot");
    let page = page(&["vms", "--from", &path]);
    assert_eq!(text(all(&page, "h1")[0]), "3 VMs");
    let rows: Vec<_> = all(&page, "#vms tbody").iter().map(|e| text(*e)).collect();
    assert_eq!(rows[1], "4712 second 1 11 5,900 536");
    assert_eq!(bars_are_true(all(&page, "#vms-chart")[0]), 2);
    assert_eq!(
        said(all(&page, "#vm-1-counts")[0]),
        BTreeSet::from([(10, 0, 6), (12, 0, 5)])
    );
    assert!(text(all(&page, "#vm-2")[0]).contains("None has been counted."));
    let none = Builder::new(3, TDP).save("html-no-vms.snapshot");
    let page = self::page(&["vms", "--from", &none]);
    assert_eq!(text(all(&page, "h1")[0]), "no VM has a vCPU now");
}

#[test]
fn one_vm_of_several() {
    let path = Builder::new(3, TDP)
        .vm(4711, "first", 2)
        .vm_row(10, 60, 90_000)
        .save("html-vm.snapshot");
    let page = page(&["show", "--vm", "4711", "--from", &path]);
    assert!(text(all(&page, ".run")[0]).contains("VM pid 4711 (first) vCPUs 2"));
}

/// What would run, end an attribute or an element, or turn the direction.
const HOSTILE: &str = "</title></style></script>\"'><img src=x onerror=alert(1)>\u{202e}&lt;`\x1b";

#[test]
fn names_script_nothing() {
    let snapshot = |file: &str, generation: u64| {
        let snapshot = json!({
            "schema": 1, "source": "device", "isa": "vmx", "generation": generation,
            "scope": "host", "kernel": HOSTILE, "machine": HOSTILE,
            "vm": { "pid": 1, "name": HOSTILE, "vcpus": 1 },
            "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
            "total": { "count": 5, "cycles": 50 },
            "reasons": [{ "reason": 32, "name": HOSTILE, "count": 5, "cycles": 50,
                "histogram": vec![u64::MAX; 100],
                "detail": [{ "key": HOSTILE, "name": HOSTILE, "count": 5, "cycles": 50 }] }],
        });
        save(file, snapshot.to_string().as_bytes())
    };
    // Of one paging state, so that the columns are named after the files.
    let a = snapshot("html-<img src=x onerror=alert(2)>a\u{202e}.json", 1);
    let b = snapshot("html-<script>b.json", 2);
    let page = page(&["compare", &a, &b]);
    let shown = "</title></style></script>\"'><img src=x onerror=alert(1)>\\u{202e}&lt;`\\u{1b}";
    assert_eq!(text(all(&page, "#exits tbody th")[0]), shown);
    assert!(text(all(&page, ".run")[0]).contains(shown));
    let heading = "html-<img src=x onerror=alert(2)>a\\u{202e}";
    assert_eq!(text(all(&page, ".run h2")[0]), heading);
    let key = all(&page, "#keys-32 rect")[0];
    assert!(text(key).contains(shown), "{}", text(key));
    assert_eq!(key.attr("data-key"), Some(shown));
    assert_eq!(all(&page, "#histogram-32 rect").len(), 2 * 64);
    let whole = page.html();
    assert!(!whole.contains(['\u{202e}', '\x1b']));

    let comm = "<b>\"'\x1b</b>";
    let path = Builder::new(1, TDP)
        .vm(1, comm, 1)
        .vm_row(10, 1, 1)
        .save("html-names.snapshot");
    let page = self::page(&["vms", "--from", &path]);
    assert_eq!(text(all(&page, "#vms tbody th")[0]), "<b>\"'\\u{1b}</b>");
}

#[test]
fn a_file_is_written_whole() {
    let [a, b] = measured("file");
    let path = save("html-file.html", b"old");
    let output = kvm_exits(&["compare", &a, &b, "--html", &path]);
    assert_eq!(stdout(&output), "");
    let written = std::fs::read_to_string(&path).unwrap();
    let printed = kvm_exits(&["compare", &a, &b, "--html", "-"]);
    assert_eq!(written, stdout(&printed));
    let output = kvm_exits(&["compare", &a, &b, "--html", "/nowhere/page.html"]);
    let error = common::failure(&output);
    assert!(
        error.contains("cannot write /nowhere/page.html: "),
        "{error}"
    );
    for other in [
        &["--json"][..],
        &["--csv"],
        &["--markdown"],
        &["--by", "32"],
    ] {
        let output = kvm_exits(&[&["compare", &a, &b, "--html", "-"], other].concat());
        assert_eq!(output.status.code(), Some(2), "{other:?}");
    }
}
