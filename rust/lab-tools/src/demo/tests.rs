// SPDX-License-Identifier: GPL-2.0

mod made_up;

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

/// A demo on VMX with one thing changed.
fn made(change: impl FnOnce(&mut Made)) -> Files {
    let mut made = Made::vmx();
    change(&mut made);
    made.files()
}

/// A demo on SVM with one thing changed.
fn made_svm(change: impl FnOnce(&mut Made)) -> Files {
    let mut made = Made::svm();
    change(&mut made);
    made.files()
}

fn unchanged() -> Files {
    made(|_| {})
}

#[test]
fn finds_nothing_wrong() {
    fails(&unchanged(), &[]);
    let read = |name: &str| unchanged().read(name);
    let checks = check(&read, &ran(&read));
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
        &made(|made| _ = made.runs[1].read.insert(12, 0)),
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
            made.runs[run].read.insert(reason, count);
            made.runs[run].dumped.insert(reason, count);
        })
    };
    let never = |run: usize, reason| made(|made| _ = made.runs[run].read.remove(&reason));
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
    let wrong = made(|made| made.runs[2].paging.vpid = true);
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
    let wrong = made(|made| made.runs[1].generation = 6);
    fails(&wrong, &["the generation went from 6 to 4"]);
    let same = made(|made| made.runs[2].generation = 3);
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
        &made(|made| _ = made.runs[0].dumped.insert(28, 8)),
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
    fails(&made(carry), &["as if the 41,631 exits before this run"]);
    let carry = |made: &mut Made| {
        let [.., before, after] = made.runs.as_mut_slice() else {
            unreachable!()
        };
        for (reason, count) in &before.dumped {
            *after.read.entry(*reason).or_default() += count;
            after.dumped.insert(*reason, after.read[reason]);
        }
    };
    fails(&made(carry), &["shadow-novpid: every reason stands as if"]);
}

#[test]
fn finds_nothing_wrong_on_svm() {
    fails(&made_svm(|_| {}), &[]);
    let read = |name: &str| made_svm(|_| {}).read(name);
    let checks = check(&read, &ran(&read));
    let has = |what: &str, figures: &str| {
        let mut all = checks.iter();
        let found = all.find(|check| check.what == what).unwrap();
        assert_eq!(found.outcome.as_ref().unwrap(), figures);
    };
    has("npf happens with NPT only", "svm-npt 10,000; svm-shadow 0");
    has(
        "svm-npt: cpuid's lines say what the JSON says",
        "173 reasons, 2 of them undefined",
    );
    has(
        "svm-npt: the dump is of this run",
        "2 of generation 2, npt=Y",
    );
    has("svm-shadow: the dump has no other paging's exits", "no npf");
}

#[test]
fn checks_the_vendors_that_ran() {
    let both = || unchanged().and(made_svm(|_| {}));
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

#[test]
fn knows_what_paging_does_on_svm() {
    let change = |run: usize, reason, count| {
        made_svm(|made| {
            made.runs[run].read.insert(reason, count);
            made.runs[run].dumped.insert(reason, count);
        })
    };
    let never = |run: usize, reason| made_svm(|made| _ = made.runs[run].read.remove(&reason));
    fails(&never(0, 0x400), &["npf happens with NPT only"]);
    fails(
        &change(1, 0x400, 1),
        &["npf happens with NPT only", "generation 3 has 1 npf"],
    );
    fails(
        &never(1, 0x13),
        &["write_cr3 happens with shadow paging only"],
    );
    fails(
        &change(0, 0x13, 1),
        &["write_cr3 happens with shadow", "has 1 write_cr3, which"],
    );
    fails(&never(1, 0x79), &["invlpg happens with shadow paging only"]);
    fails(&change(1, 0x4e, 99), &["PF excp happens at least 100"]);
    fails(&change(1, 0x4e, 100), &[]);
    fails(&change(0, 0x4e, 300), &[]);
    fails(&change(0, 0x4e, 301), &["svm-npt 301; svm-shadow 30,000"]);
}

#[test]
fn compares_what_svm_says() {
    let broken = |file: &str, old, new| made_svm(|_| {}).replace(file, old, new);
    let log = "svm/serial.log";
    fails(
        &broken("svm-npt.json", "\"svm\"", "\"vmx\""),
        &["not what a guest of kvm-amd reads"],
    );
    fails(
        &broken("svm-npt.parameters", "npt=Y", "npt=N"),
        &["svm-npt is no such run: kvm-amd had npt=N"],
    );
    fails(
        &broken("svm-shadow.parameters", "npt=", "ept="),
        &["svm-shadow.parameters: there is no line npt="],
    );
    fails(
        &broken(
            log,
            "NPT on, ASID on, generation 2",
            "NPT off, ASID on, generation 2",
        ),
        &["generation 2 says npt=N"],
    );
    // SVM has no word for it.
    fails(
        &broken(log, "ASID on, gen", "ASID on, unrestricted guest off, gen"),
        &["\"unrestricted guest off\" should be generation"],
    );
    fails(
        &broken(
            log,
            "NPT off, ASID on, generation 3",
            "EPT off, VPID on, unrestricted guest off, generation 3",
        ),
        &["generation 3 says ept=N vpid=Y unrestricted_guest=N, scope Vm; svm-shadow.json says npt=N"],
    );
    fails(
        &broken(log, "PF excp count", "PF count"),
        &["calls reason 78 PF, KVM"],
    );
    fails(
        &broken(
            log,
            "0x4ffffffd 0x400: eax=0x00002710",
            "0x4ffffffd 0x400: eax=0x00002711",
        ),
        &["of 1024 npf cpuid printed 0x2711 0x0 0x0 0x0, by svm-npt.json it is 0x2710"],
    );
    fails(
        &broken(
            log,
            "0xa7: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0xffffffff",
            "0xa7: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0x00000000",
        ),
        &["svm-npt: of 167", "svm-shadow: of 167"],
    );
    fails(
        &broken(log, "0x4ffffffd 0x404:", "cut off"),
        &["1 reasons: 0x404", "1 reasons: 0x404"],
    );
}
