// SPDX-License-Identifier: GPL-2.0

//! What is checked on SVM, where that is not the same as on VMX.

use super::{fails, made_up::Made, shows};

#[test]
fn finds_nothing_wrong() {
    let files = Made::svm().files();
    fails(&files, &[]);
    let has = |what, figures| shows(&files, what, figures);
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
fn knows_what_paging_does() {
    let change = |run, reason, count| Made::svm().with_count(run, reason, count);
    let never = |run, reason| Made::svm().without_reading(run, reason);
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
fn compares_what_it_says() {
    let broken = |file: &str, old, new| Made::svm().files().replace(file, old, new);
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
