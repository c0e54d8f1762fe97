// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits top` as plain text, run as a program on saved snapshots, and the rates behind it.

mod common;

use common::{failure, file, kvm_exits, nested, save, stderr, stdout, values, Builder, TDP, VPID};
use kvm_exits::reading::{Reading, VmKey};
use kvm_exits::recording::{Recorder, Writer};
use kvm_exits::top::page::{Page, View};
use kvm_exits::top::rates::{Interval, Sort};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

fn start() -> Builder {
    Builder::new(3, TDP | VPID)
}

fn before() -> Builder {
    start()
        .host_values(10, values(100, 1_000), &[])
        .host_values(12, values(7, 700), &[])
        .vm(4711, "qemu", 2)
        .vm_row(10, 60, 600)
}

/// 2 s later, in which exits took a quarter of the one CPU's time.
fn after() -> Builder {
    start()
        .host_values(10, values(2_100, 101_000), &[])
        .host_values(12, values(7, 700), &[])
        .host_values(48, values(3, 400_000), &[])
        .vm(4711, "qemu", 2)
        .vm_row(10, 1_060, 50_600)
        .vm(4712, "new", 1)
        .vm_row(10, 1_000, 50_000)
        .vm_row(48, 3, 400_000)
}

fn reading(builder: Builder) -> Reading {
    Reading::decode(&builder.bytes()).unwrap()
}

fn interval<'a>(before: &'a Reading, now: &'a Reading) -> Interval<'a> {
    Interval {
        before: Some(before),
        now,
        elapsed: Duration::from_secs(2),
    }
}

#[test]
fn plain_text_is_as_it_should_be() {
    let (a, b) = (
        before().save("top-a.snapshot"),
        after().save("top-b.snapshot"),
    );
    let top = |more: &[&str]| {
        let args = [
            &["top", "--plain", "--interval", "2", "--from", &a, &b],
            more,
        ]
        .concat();
        stdout(&kvm_exits(&args)).to_string()
    };
    let title = "EPT; generation 3; TSC 1,000 kHz; VMs: 2; 1,002 exits/s; time in exits: 0.25 CPUs";
    let host = "\
all VMs, those that are gone included

reason  name           exits/s  cycles  cycles/exit  total
------- -------------- -------- ------- ------------ ------
        total            1,002  100.0%          250  2,110
    10  CPUID            1,000   20.0%           50  2,100
    48  EPT_VIOLATION      1.5   80.0%      133,333      3
    12  HLT                  0    0.0%            -      7

";
    assert_eq!(top(&[]), format!("{title}\n{host}"));
    let vms = "\
VM by VM

 pid  name                  vCPUs  mostly  exits/s  cycles  cycles/exit  total
----- --------------------- ------ ------- -------- ------- ------------ ------
      all, also those gone                   1,002  100.0%          250  2,110
4712  new                       1  CPUID       502   90.0%          449  1,003
4711  qemu                      2  CPUID       500   10.0%           50  1,060

";
    assert_eq!(top(&["--vms"]), format!("{title}\n{vms}"));
    let vm = top(&["--vm", "4712", "--sort", "cycles"]);
    assert!(vm.contains("VM of pid 4712 (new), vCPUs: 1\n"), "{vm}");
    let at = |what| vm.find(what).unwrap();
    assert!(at("EPT_VIOLATION") < at("CPUID"), "{vm}");
    assert!(top(&["--machine", "emulator"]).contains("CPUs; cycles are instructions\n"));
    assert!(top(&["--vm", "1"]).contains("pid 1 has no such VM now"));
}

#[test]
fn what_led_to_the_vmm_has_a_rate() {
    let before = reading(
        start()
            .host_values(30, values(10, 100), &[])
            .row_time(4, 50, 0),
    );
    let now = start()
        .host_values(30, values(110, 1_100), &[])
        .row_time(64, 99, 0);
    let now = reading(now.vm(5, "vm", 1).vm_row(30, 1, 1).row_time(1, 1, 0));
    for view in [View::Host, View::Vms] {
        let page = Page::new(&interval(&before, &now), view, Sort::Rate);
        let column = page.optional.unwrap();
        assert_eq!(page.headings[column], "to VMM/s");
        assert_eq!(page.total[column], "30");
    }
    // Of an older module nothing is known.
    let (before, now) = (reading(self::before()), reading(after()));
    let page = Page::new(&interval(&before, &now), View::Host, Sort::Rate);
    assert_eq!(page.optional, None);
}

#[test]
fn it_ends_after_so_many_intervals() {
    let file = |n: u64| {
        let builder = start().host_values(10, values(100 * n, 100), &[]);
        builder.save(&format!("top-frames-{n}.snapshot"))
    };
    let [a, b, c, d] = [1, 2, 3, 4].map(file);
    let frames = |options: &[&str]| {
        let args = [&["top"], options, &["--from", &a, &b, &c, &d]].concat();
        stdout(&kvm_exits(&args)).matches("100 exits/s").count()
    };
    assert_eq!(frames(&["--plain"]), 3);
    assert_eq!(frames(&["--frames", "2"]), 2);
    assert_eq!(frames(&["--once"]), 1);
}

/// Of two recorders, the first of which has three moments, half a second apart, and one second.
fn recorded(name: &str) -> PathBuf {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    for (first, count) in [(1, 3), (7, 2)] {
        let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
        for n in first..first + count {
            let bytes = start().host_values(10, values(100 * n, 100), &[]).bytes();
            let since_boot = Duration::from_millis(n * (n + 1) * 250);
            let at = Duration::from_secs(1_000 + n);
            writer.add_at(at, since_boot, &bytes).unwrap();
        }
    }
    path
}

#[test]
fn a_recording_is_played_by_its_own_time() {
    let path = recorded("top-played.recording");
    let played = kvm_exits(&["top", "--from", path.to_str().unwrap(), "--plain"]);
    let text = stdout(&played);
    let rates: Vec<_> = text
        .lines()
        .filter(|line| line.ends_with(" CPUs"))
        .filter_map(|line| line.split("; ").nth(4))
        .collect();
    // A second, one and a half, and after the pause four of them. What came in the pause, nobody
    // knows how fast.
    assert_eq!(rates, ["100 exits/s", "67 exits/s", "25 exits/s"], "{text}");
    let when = "all VMs, those that are gone included; 1970-01-01T00:16:42Z\n";
    assert!(text.contains(when), "{text}");
    assert_eq!(stderr(&played), "");
}

#[test]
fn a_recording_that_is_cut_off_is_played_to_there() {
    let path = recorded("top-cut.recording");
    let bytes = std::fs::read(&path).unwrap();
    let top = |path: &str| kvm_exits(&["top", "--plain", "--from", path]);
    let whole = stdout(&top(path.to_str().unwrap())).to_string();
    let mut shown = BTreeSet::new();
    let mut silent = 0;
    for at in 0..=bytes.len() {
        let cut = save("top-cut.cut", &bytes[..at]);
        let output = top(&cut);
        let said = stderr(&output);
        // Without a moment there is nothing to show; with one, no rate yet.
        if output.status.success() {
            let text = stdout(&output);
            assert!(whole.starts_with(text), "cut at {at}: {text}");
            shown.insert(text.matches(" exits/s; ").count());
            // Between two moments, it is as if nothing had been cut off.
            let is_cut = said.contains("is cut off after byte") && said.lines().count() == 1;
            assert!(said.is_empty() || is_cut, "cut at {at}: {said}");
            silent += u32::from(said.is_empty());
        } else {
            let nothing = "there is no snapshot in this recording";
            assert!(failure(&output).contains(nothing), "cut at {at}: {said}");
        }
    }
    // After each of five moments, and after the second recorder has begun.
    assert_eq!(silent, 6);
    assert_eq!(shown, BTreeSet::from([0, 1, 2, 3]));
}

#[test]
fn what_cannot_be_played_is_named() {
    let one = before().save("top-one.snapshot");
    let output = kvm_exits(&["top", "--plain", "--from", &one]);
    assert!(failure(&output).contains("--from takes one recording, or two saved"));
    for speed in ["0", "-1", "x", "NaN"] {
        let output = kvm_exits(&["top", "--from", &one, "--speed", speed]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let (a, b) = (
        before().save("top-tty-a.snapshot"),
        after().save("top-tty-b.snapshot"),
    );
    let output = kvm_exits(&["top", "--from", &a, &b]);
    assert!(failure(&output).contains("--plain"), "{output:?}");
}

#[test]
fn a_new_generation_has_no_rates() {
    let before = reading(before());
    let now = reading(Builder::new(4, TDP | VPID).host_values(10, values(1_000, 5_000), &[]));
    let interval = interval(&before, &now);
    assert_eq!(interval.host().total.change, None);
    let page = Page::new(&interval, View::Host, Sort::Rate);
    assert!(
        page.title[0].ends_with("a new generation"),
        "{:?}",
        page.title
    );
    assert_eq!(page.rows[0].1, ["10", "CPUID", "-", "-", "-", "1,000"]);
}

#[test]
fn vms_are_not_taken_for_one_another() {
    let change = |before: &Reading, now: &Reading, pid, nth| {
        let vms = interval(before, now).vms();
        let (.., rates) = vms
            .into_iter()
            .find(|(key, ..)| *key == VmKey { pid, nth })
            .unwrap();
        rates.total.change.map(|c| c.count)
    };
    let vm = |builder: Builder, name, count| builder.vm(5, name, 1).vm_row(10, count, count);
    // Two of one process.
    let two = reading(vm(vm(start(), "vmm", 10), "vmm", 20));
    let later = reading(vm(vm(start(), "vmm", 13), "vmm", 24));
    assert_eq!(change(&two, &later, 5, 0), Some(3));
    assert_eq!(change(&two, &later, 5, 1), Some(4));
    // One that was not there has had all of its exits since.
    let one = reading(vm(start(), "vmm", 10));
    assert_eq!(change(&one, &later, 5, 1), Some(24));
    // Another one with the pid of one that is gone: by its name, or because it has fewer.
    assert_eq!(
        change(&one, &reading(vm(start(), "other", 12)), 5, 0),
        Some(12)
    );
    assert_eq!(change(&one, &reading(vm(start(), "vmm", 9)), 5, 0), None);
    // A reason that it had is gone.
    let bare = reading(start().vm(5, "vmm", 1));
    assert_eq!(change(&one, &bare, 5, 0), None);
}

#[test]
fn nested_exits_have_a_rate() {
    let before = reading(start());
    let now = reading(start().host_values(48, nested(), &[]));
    let page = Page::new(&interval(&before, &now), View::Host, Sort::Rate);
    assert_eq!(page.headings[5], "L2 exits/s");
    assert_eq!(page.rows[0].1[5], "1.5");
}

proptest! {
    #[test]
    fn changes_are_differences(
        before in prop::collection::btree_map(0u32..70, (1u64..1 << 40, 0u64..1 << 40), 0..20),
        added in prop::collection::btree_map(0u32..70, (0u64..1 << 40, 0u64..1 << 40), 0..20),
    ) {
        let mut now = before.clone();
        for (&reason, &(count, cycles)) in &added {
            let cell = now.entry(reason).or_default();
            *cell = (cell.0 + count, cell.1 + cycles);
        }
        let build = |cells: &BTreeMap<u32, (u64, u64)>| {
            reading(cells.iter().fold(start(), |builder, (&reason, &(count, cycles))| {
                builder.host_values(reason, values(count, cycles), &[])
            }))
        };
        let (before, now) = (build(&before), build(&now));
        let rates = interval(&before, &now).host();
        let mut sum = 0;
        for (row, line) in &rates.reasons {
            let change = line.change.unwrap();
            let expected = added.get(&row.reason).copied().unwrap_or_default();
            prop_assert_eq!((change.count, change.cycles), expected);
            sum += change.count;
        }
        prop_assert_eq!(rates.total.change.unwrap().count, sum);
    }
}
