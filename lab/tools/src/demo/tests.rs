// SPDX-License-Identifier: GPL-2.0

mod made_up;
mod svm;

use super::*;
use made_up::{Files, Made};

/// The sentences of the checks that failed.
fn failures(files: &Files) -> Vec<String> {
    let read = |name: &str| files.read(name);
    check(&read, &ran(&read))
        .into_iter()
        .filter_map(|check| check.outcome.err())
        .map(|error| format!("{error:#}"))
        .collect()
}

/// That as many checks failed as there are `parts`, each with its part in its sentence.
fn fails(files: &Files, parts: &[&str]) {
    let failures = failures(files);
    assert_eq!(failures.len(), parts.len(), "{failures:#?}");
    for (failure, part) in failures.iter().zip(parts) {
        assert!(failure.contains(part), "{part}: {failures:#?}");
    }
}

/// That the check of `what` holds, and which figures show it.
fn shows(files: &Files, what: &str, figures: &str) {
    let read = |name: &str| files.read(name);
    let mut checks = check(&read, &ran(&read)).into_iter();
    let found = checks.find(|check| check.what == what).expect(what);
    assert_eq!(found.outcome.unwrap(), figures);
}

fn unchanged() -> Files {
    Made::vmx().files()
}

#[test]
fn finds_nothing_wrong() {
    let files = unchanged();
    fails(&files, &[]);
    let has = |what, figures| shows(&files, what, figures);
    has(
        "EPT_VIOLATION happens with EPT only",
        "ept 10,000; shadow 0; shadow-novpid 0",
    );
    has(
        "ept: cpuid's lines say what the JSON says",
        "86 reasons, 7 of them undefined",
    );
    has(
        "ept: the dump has what the guest read",
        "11,509 read; 11,570, 11,570 dumped",
    );
    has(
        "shadow: the dump starts from zero, not from what ept left",
        "EPT_VIOLATION 0, carried over 10,020 at least",
    );
}

#[test]
fn misses_files() {
    for name in [
        "ept.json",
        "shadow.parameters",
        "shadow-novpid.json",
        "serial.log",
        "report.txt",
        "report.html",
    ] {
        fails(&unchanged().without(name), &[name]);
    }
    let empty = unchanged().replace("report.txt", "test data", "");
    fails(&empty, &["report.txt is empty"]);
}

#[test]
fn the_page_has_the_figures_and_says_why() {
    let files = unchanged();
    let what = "report.html explains the vmx runs";
    shows(&files, what, "6 reasons, 6 of which changed");
    let broken = |old, new| unchanged().replace("report.html", old, new);
    let counts = "<td>0</td><td>30,000</td>";
    let other = broken(counts, "<td>0</td><td>30,001</td>");
    fails(&other, &["EXCEPTION_NMI of shadow is not 30,000"]);
    fails(
        &broken("id=\"vmx-reason-48\"", "id=\"svm-reason-48\""),
        &["report.html has no EPT_VIOLATION"],
    );
    let note = "<td>29,000</td></tr><tr class=\"note\">";
    let silent = broken(note, "<td>29,000</td></tr><tr>");
    fails(&silent, &["does not say why EXCEPTION_NMI has changed"]);
}

#[test]
fn holds_json_against_the_schema() {
    let broken = |old, new| unchanged().replace("shadow.json", old, new);
    fails(&broken("\"schema\":1", "\"schema\":2"), &["schema 2"]);
    fails(&broken("\"cpuid\"", "\"device\""), &["source Device"]);
    fails(&broken("\"vm\"", "\"host\""), &["scope Host"]);
    fails(&broken("INVLPG", "INVLPGA"), &["KVM calls it INVLPG"]);
    fails(
        &Made::vmx().with(|made| _ = made.runs[1].read.insert(12, 0)),
        &["has HLT, which never happened"],
    );
}

#[test]
fn sums_all_counters_up() {
    let file = "ept.json";
    let wrong = unchanged().replace(file, "\"count\":11509", "\"count\":11510");
    fails(&wrong, &["count sum up to 11509, the total says 11510"]);
    let lacking = unchanged().replace(file, "\"l2_count\":0,\"l2_cycles\":0,\"name\"", "\"name\"");
    fails(&lacking, &["l2_count sum up to nothing, the total says 0"]);
}

#[test]
fn knows_what_paging_does() {
    let change = |run, reason, count| Made::vmx().with_count(run, reason, count);
    let never = |run, reason| Made::vmx().without_reading(run, reason);
    fails(&never(0, 48), &["EPT_VIOLATION happens with EPT only"]);
    fails(
        &change(1, 48, 1),
        &[
            "EPT_VIOLATION happens with EPT only",
            "generation 3 has 1 EPT_VIOLATION, which this run cannot have caused (1 more",
        ],
    );
    fails(
        &change(0, 28, 901),
        &["CR_ACCESS happens at least 10 times"],
    );
    fails(&change(2, 28, 89), &["shadow-novpid 89 times"]);
    fails(&change(2, 28, 90), &[]);
    fails(&never(1, 14), &["INVLPG happens with shadow paging only"]);
    fails(&never(2, 33), &["INVALID_STATE happens with shadow"]);
    fails(
        &change(0, 33, 7),
        &["INVALID_STATE happens with shadow", "has 7 INVALID_STATE"],
    );
    // None with EPT counts as one.
    fails(&change(1, 0, 99), &["EXCEPTION_NMI happens at least 100"]);
    fails(&change(1, 0, 100), &[]);
    fails(
        &change(0, 0, 300),
        &["ept 300; shadow 30,000; shadow-novpid 29,000"],
    );
}

#[test]
fn compares_the_paging_state() {
    let wrong = unchanged().replace("ept.parameters", "guest=Y", "guest=N");
    fails(&wrong, &["kvm-intel had ept=Y vpid=Y unrestricted_guest=N"]);
    let wrong = unchanged().replace("ept.parameters", "vpid=", "vpids=");
    fails(&wrong, &["ept.parameters: there is no line vpid="]);
    let wrong = Made::vmx().with(|made| made.runs[2].paging.vpid = true);
    fails(&wrong, &["shadow-novpid is no such run"]);
    let wrong = unchanged().replace(
        "serial.log",
        "EPT off, VPID off, unrestricted guest off",
        "EPT off, VPID off, unrestricted guest on",
    );
    fails(
        &wrong,
        &["generation 4 says ept=N vpid=N unrestricted_guest=Y"],
    );
}

#[test]
fn wants_generations_to_grow() {
    let wrong = Made::vmx().with(|made| made.runs[1].generation = 6);
    fails(&wrong, &["the generation went from 6 to 4"]);
    let same = Made::vmx().with(|made| made.runs[2].generation = 3);
    assert!(failures(&same)[0].contains("the generation went from 3 to 3"));
}

#[test]
fn compares_the_leaves() {
    let broken = |old, new| unchanged().replace("serial.log", old, new);
    // 10,000 EPT violations.
    fails(
        &broken("eax=0x00002710", "eax=0x00002711"),
        &["of 48 EPT_VIOLATION cpuid printed 0x2711 0x0 0x0 0x0, by ept.json it is 0x2710"],
    );
    fails(
        &broken(
            "0x23: eax=0x00000000 ebx=0x00000000",
            "0x23: eax=0x00000000 ebx=0x00000001",
        ),
        &["ept: of 35", "shadow: of 35", "shadow-novpid: of 35"],
    );
    fails(
        &broken("0x4ffffffd 0x1c: eax=0x00000009", "cut off"),
        &["ept: serial.log has no line of cpuid's for 1 reasons: 0x1c"],
    );
    fails(
        &broken("eax=0x00002710", "eax=?"),
        &["should be eax=0x and a number"],
    );
    // Of more than 32 bits, the leaf shows the low ones.
    let many = |made: &mut Made| {
        made.runs[0].read.insert(48, (1 << 32) + 5);
        made.runs[0].dumped.insert(48, (1 << 32) + 6);
    };
    fails(&Made::vmx().with(many), &[]);
}

#[test]
fn compares_the_dumps() {
    let broken = |old, new| unchanged().replace("serial.log", old, new);
    fails(
        &broken("CR_ACCESS count 29 ", "CR_ACCESS count 28 "),
        &["generation 2: the reasons' count sum up to 11,569, its first line says 11,570"],
    );
    fails(
        &broken("CR_ACCESS", "CR_ACCES"),
        &["calls reason 28 CR_ACCES"],
    );
    fails(
        &broken("scope vm", "scope host"),
        &[
            "scope Host; ept",
            "scope Host; shadow",
            "scope Host; shadow",
        ],
    );
    fails(
        &Made::vmx().with(|made| _ = made.runs[0].dumped.insert(28, 8)),
        &["has 8 exits of CR_ACCESS, the guest had read 9 (3 more like it)"],
    );
    // Its lines of cpuid's stand before a dump of a run.
    fails(
        &broken("generation 3,", "generation 7,"),
        &[
            "shadow: serial.log has no line of cpuid's for 86 reasons",
            "shadow: serial.log has no dump of generation 3",
        ],
    );
}

#[test]
fn sees_counts_that_were_carried_over() {
    let carry = |made: &mut Made| {
        let [.., before, after] = made.runs.as_mut_slice() else {
            unreachable!()
        };
        for (reason, count) in &before.dumped {
            *after.dumped.entry(*reason).or_default() += count;
        }
    };
    fails(
        &Made::vmx().with(carry),
        &["as if the 41,631 exits before this run"],
    );
    let carry = |made: &mut Made| {
        let [.., before, after] = made.runs.as_mut_slice() else {
            unreachable!()
        };
        for (reason, count) in &before.dumped {
            *after.read.entry(*reason).or_default() += count;
            after.dumped.insert(*reason, after.read[reason]);
        }
    };
    fails(
        &Made::vmx().with(carry),
        &["shadow-novpid: every reason stands as if"],
    );
}

#[test]
fn checks_the_vendors_that_ran() {
    let both = || unchanged().and(Made::svm().files());
    fails(&both(), &[]);
    for name in [
        "svm-npt.json",
        "svm/serial.log",
        "svm-shadow.parameters",
        "ept.json",
    ] {
        fails(&both().without(name), &[name]);
    }
    // Of a machine that was not started there is nothing; unless it had to be.
    let vmx = unchanged();
    let missing = check(&|name| vmx.read(name), &ALL);
    let missing = missing.iter().filter(|check| check.outcome.is_err());
    // Two files a run, and the log.
    assert_eq!(missing.count(), 2 * 2 + 1);
    let nothing = vmx.without("machine");
    assert!(ran(&|name| nothing.read(name)).is_empty());
}
