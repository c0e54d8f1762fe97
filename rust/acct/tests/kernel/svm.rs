// SPDX-License-Identifier: GPL-2.0

//! The table of SVM.

use std::collections::BTreeMap;

use acct::caps::svm::{MSR_VM_CR, REGISTERS};
use acct::caps::{Gpr, Place};

use crate::header::{defines, header, single_bit};

/// Fields of the leaf: register, the field's name in the kernel's `struct leaf_0x8000000a_0`, the
/// feature's name where the kernel has one (`X86_FEATURE_…`), the mnemonic in the APM.
const LEAF: &[(Gpr, &str, &str, &str)] = &[
    (Gpr::Eax, "svm_version", "", "SvmRev"),
    (Gpr::Ebx, "svm_nasid", "", "NASID"),
    (Gpr::Ecx, "pml", "", "PML"),
    (Gpr::Edx, "nested_pt", "NPT", "NP"),
    (Gpr::Edx, "lbr_virt", "LBRV", "LbrVirt"),
    (Gpr::Edx, "svm_lock", "SVML", "SVML"),
    (Gpr::Edx, "nrip_save", "NRIPS", "NRIPS"),
    (Gpr::Edx, "tsc_rate_msr", "TSCRATEMSR", "TscRateMsr"),
    (Gpr::Edx, "vmcb_clean", "VMCBCLEAN", "VmcbClean"),
    (Gpr::Edx, "flush_by_asid", "FLUSHBYASID", "FlushByAsid"),
    (Gpr::Edx, "decode_assists", "DECODEASSISTS", "DecodeAssists"),
    (Gpr::Edx, "pause_filter", "PAUSEFILTER", "PauseFilter"),
    (
        Gpr::Edx,
        "pf_threshold",
        "PFTHRESHOLD",
        "PauseFilterThreshold",
    ),
    (Gpr::Edx, "avic", "AVIC", "AVIC"),
    (Gpr::Edx, "v_vmsave_vmload", "V_VMSAVE_VMLOAD", "VMSAVEvirt"),
    (Gpr::Edx, "v_gif", "VGIF", "VGIF"),
    (Gpr::Edx, "gmet", "GMET", "GMET"),
    (Gpr::Edx, "x2avic", "X2AVIC", "x2AVIC"),
    (Gpr::Edx, "sss_check", "", "SSSCheck"),
    (Gpr::Edx, "v_spec_ctrl", "V_SPEC_CTRL", "SpecCtrl"),
    (Gpr::Edx, "ro_gpt", "", "ROGPT"),
    (Gpr::Edx, "h_mce_override", "", "HOST_MCE_OVERRIDE"),
    (Gpr::Edx, "tlbsync_int", "", "TlbiCtl"),
    (Gpr::Edx, "nmi_virt", "VNMI", "VNMI"),
    (Gpr::Edx, "ibs_virt", "", "IbsVirt"),
    (Gpr::Edx, "ext_lvt_off_chg", "", "ExtLvtAvicAccessChg"),
    (
        Gpr::Edx,
        "svme_addr_chk",
        "SVME_ADDR_CHK",
        "NestedVirtVmcbAddrChk",
    ),
    (Gpr::Edx, "", "BUS_LOCK_THRESHOLD", "BusLockThreshold"),
    (Gpr::Edx, "", "IDLE_HLT", "IdleHltIntercept"),
];

/// What the kernel's headers do not name: the APM's mnemonics and bits.
const APM_ONLY: &[(Place, u8, &str)] = &[
    (Place::Cpuid(Gpr::Ecx), 5, "EnhancedTlbi"),
    // The kernel has it in `scattered.c`, as X2AVIC_EXT.
    (Place::Cpuid(Gpr::Ecx), 6, "x2AVIC_EXT"),
    (Place::Cpuid(Gpr::Edx), 8, "PmcVirt"),
    (Place::Msr(MSR_VM_CR), 0, "DPD"),
    (Place::Msr(MSR_VM_CR), 1, "R_INIT"),
    (Place::Msr(MSR_VM_CR), 2, "DIS_A20M"),
];

/// VM_CR: the kernel's mask, the mnemonic in the APM.
const VM_CR: &[(&str, &str)] = &[
    ("SVM_VM_CR_SVM_LOCK_MASK", "LOCK"),
    ("SVM_VM_CR_SVM_DIS_MASK", "SVMDIS"),
];

/// The bits that the table gives to the field with this mnemonic.
fn bits(place: Place, mnemonic: &str) -> Option<(u8, u8)> {
    let register = REGISTERS.iter().find(|r| r.place == place)?;
    let end = format!(" ({mnemonic})");
    let field = register.fields.iter().find(|f| f.name.ends_with(&end))?;
    Some((field.high, field.low))
}

/// The named fields of a `struct leaf_…`, with the register and the bits of each.
fn struct_fields(text: &str) -> BTreeMap<&str, (Gpr, u8, u8)> {
    let body = text
        .split_once("struct leaf_0x8000000a_0 {")
        .and_then(|(_, rest)| rest.split_once('}'))
        .expect("the kernel has the leaf")
        .0;
    let mut fields = BTreeMap::new();
    let mut register = Gpr::Eax;
    let mut low = 0;
    for line in body.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("// e") {
            assert!(low == 0 || low == 32, "{register:?} has {low} bits");
            low = 0;
            register = Gpr::ALL
                .into_iter()
                .find(|r| r.name().strip_prefix('e') == Some(name))
                .expect("a register");
            continue;
        }
        // `nrip_save :  1, // …`; without a name where it is reserved.
        let Some((name, rest)) = line.split_once(':') else {
            continue;
        };
        let width: u8 = rest
            .trim()
            .split([',', ';'])
            .next()
            .and_then(|width| width.parse().ok())
            .unwrap_or_else(|| panic!("{line}"));
        let name = name.trim().trim_start_matches("u32").trim();
        if !name.is_empty() {
            fields.insert(name, (register, low + width - 1, low));
        }
        low += width;
    }
    fields
}

#[test]
fn every_field_that_the_kernel_names() {
    let Some(text) = header("asm/cpuid/leaf_types.h") else {
        return;
    };
    let kernel = struct_fields(&text);
    assert!(kernel.len() > 25, "the header was parsed: {kernel:?}");

    for (name, &(register, high, low)) in &kernel {
        let (_, _, _, mnemonic) = LEAF
            .iter()
            .find(|(r, n, _, _)| *r == register && n == name)
            .unwrap_or_else(|| panic!("this test does not know {register:?} {name}"));
        assert_eq!(
            bits(Place::Cpuid(register), mnemonic),
            Some((high, low)),
            "{mnemonic} is {name}"
        );
    }
    for (_, name, _, _) in LEAF.iter().filter(|f| !f.1.is_empty()) {
        assert!(kernel.contains_key(name), "the kernel has no {name}");
    }
}

#[test]
fn every_feature_that_the_kernel_names() {
    let Some(text) = header("asm/cpufeatures.h") else {
        return;
    };
    let mut known = 0;
    for (name, value) in defines(&text) {
        // `(15*32+ 3)`
        let (Some(name), Some(bit)) = (
            name.strip_prefix("X86_FEATURE_"),
            value.strip_prefix("(15*32+"),
        ) else {
            continue;
        };
        let bit = bit.trim_end_matches(')').trim().parse().expect("a bit");
        let (_, _, _, mnemonic) = LEAF
            .iter()
            .find(|(_, _, n, _)| *n == name)
            .unwrap_or_else(|| panic!("this test does not know {name}"));
        assert_eq!(
            bits(Place::Cpuid(Gpr::Edx), mnemonic),
            Some((bit, bit)),
            "{mnemonic} is {name}"
        );
        known += 1;
    }
    assert_eq!(known, LEAF.iter().filter(|f| !f.2.is_empty()).count());
}

#[test]
fn vm_cr() {
    let Some(text) = header("asm/msr-index.h") else {
        return;
    };
    let kernel: BTreeMap<_, _> = defines(&text).collect();
    assert_eq!(
        kernel["MSR_VM_CR"].trim_start_matches("0x"),
        format!("{MSR_VM_CR:x}")
    );
    for (name, mnemonic) in VM_CR {
        let mask = kernel[name].trim_end_matches("ULL");
        let bit = single_bit(mask).and_then(|bit| u8::try_from(bit).ok());
        assert_eq!(
            bits(Place::Msr(MSR_VM_CR), mnemonic),
            bit.zip(bit),
            "{mnemonic} is {name}"
        );
    }
}

#[test]
fn everything_else() {
    for (place, bit, mnemonic) in APM_ONLY {
        assert_eq!(bits(*place, mnemonic), Some((*bit, *bit)), "{mnemonic}");
    }
    assert_eq!(
        REGISTERS.iter().map(|r| r.fields.len()).sum::<usize>(),
        LEAF.len() + VM_CR.len() + APM_ONLY.len(),
        "every field stands in one of the lists here"
    );
}
