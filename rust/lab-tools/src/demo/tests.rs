// SPDX-License-Identifier: GPL-2.0

mod made_up;

use super::*;
use made_up::{Files, Made};

/// The sentences of the checks that failed.
fn failures(files: &Files) -> Vec<String> {
    check(&|name| files.read(name))
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

/// A demo with one thing changed.
fn made(change: impl FnOnce(&mut Made)) -> Files {
    let mut made = Made::new();
    change(&mut made);
    made.files()
}

fn unchanged() -> Files {
    made(|_| {})
}

#[test]
fn finds_nothing_wrong() {
    fails(&unchanged(), &[]);
    let checks = check(&|name| unchanged().read(name));
    let has = |what: &str, figures: &str| {
        let mut all = checks.iter();
        let found = all.find(|check| check.what == what).unwrap();
        assert_eq!(found.outcome.as_ref().unwrap(), figures);
    };
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
    ] {
        fails(&unchanged().without(name), &[name]);
    }
    let empty = unchanged().replace("report.txt", "test data", "");
    fails(&empty, &["report.txt is empty"]);
}

#[test]
fn holds_json_against_the_schema() {
    let broken = |old, new| unchanged().replace("shadow.json", old, new);
    fails(&broken("\"schema\":1", "\"schema\":2"), &["schema 2"]);
    fails(&broken("\"cpuid\"", "\"device\""), &["source Device"]);
    fails(&broken("\"vm\"", "\"host\""), &["scope Host"]);
    fails(&broken("INVLPG", "INVLPGA"), &["KVM calls it INVLPG"]);
    fails(
        &made(|made| _ = made.0[1].read.insert(12, 0)),
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
    let change = |run: usize, reason, count| {
        made(|made| {
            made.0[run].read.insert(reason, count);
            made.0[run].dumped.insert(reason, count);
        })
    };
    let never = |run: usize, reason| made(|made| _ = made.0[run].read.remove(&reason));
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
    let wrong = made(|made| made.0[2].paging[1] = true);
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
    let wrong = made(|made| made.0[1].generation = 6);
    fails(&wrong, &["the generation went from 6 to 4"]);
    let same = made(|made| made.0[2].generation = 3);
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
        made.0[0].read.insert(48, (1 << 32) + 5);
        made.0[0].dumped.insert(48, (1 << 32) + 6);
    };
    fails(&made(many), &[]);
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
        &made(|made| _ = made.0[0].dumped.insert(28, 8)),
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
        let [_, before, after] = &mut made.0;
        for (reason, count) in &before.dumped {
            *after.dumped.entry(*reason).or_default() += count;
        }
    };
    fails(&made(carry), &["as if the 41,631 exits before this run"]);
    let carry = |made: &mut Made| {
        let [_, before, after] = &mut made.0;
        for (reason, count) in &before.dumped {
            *after.read.entry(*reason).or_default() += count;
            after.dumped.insert(*reason, after.read[reason]);
        }
    };
    fails(&made(carry), &["shadow-novpid: every reason stands as if"]);
}
