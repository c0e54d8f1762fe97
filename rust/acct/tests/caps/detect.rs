// SPDX-License-Identifier: GPL-2.0

//! Which of VMX and SVM a processor has, by what its CPUID answers.

use acct::caps::{svm, Extension, Gpr};

/// What a processor answers: leaf 1 ECX, the highest extended leaf, leaf 8000_0001 ECX.
fn processor(leaf_1: u32, highest: u32, extended: u32) -> impl Fn(u32) -> Result<[u32; 4], ()> {
    move |leaf| {
        Ok(match leaf {
            1 => [0, 0, leaf_1, 0],
            0x8000_0000 => [highest, 0, 0, 0],
            0x8000_0001 => [0, 0, extended, 0],
            svm::LEAF => [1, 2, 3, 4],
            _ => panic!("leaf {leaf:#x}"),
        })
    }
}

#[test]
fn which_of_the_two() {
    let detect = |leaf_1, highest, extended| {
        Extension::detect(processor(leaf_1, highest, extended)).expect("an answer")
    };

    assert_eq!(detect(1 << 5, 0x8000_0008, 0), Some(Extension::Vmx));
    assert_eq!(detect(0, 0x8000_001f, 1 << 2), Some(Extension::Svm));
    assert_eq!(detect(!(1 << 5), 0x8000_001f, !(1 << 2)), None);
    // A processor without extended leaves answers with another leaf's registers.
    assert_eq!(detect(0, 0x8000_0000, 1 << 2), None);
    assert_eq!(detect(0, 0xffff_ffff, 1 << 2), None);
    assert_eq!(detect(0, 0x16, 1 << 2), None);
    assert_eq!(Extension::detect(|_| Err::<[u32; 4], _>(5)), Err(5));
}

#[test]
fn a_processor_without_the_leaf() {
    let leaf = |highest| svm::leaf(processor(0, highest, 1 << 2)).expect("an answer");

    assert_eq!(leaf(0x8000_000a), Some([1, 2, 3, 4]));
    assert_eq!(leaf(0x8000_0009), None);
    assert_eq!(
        Gpr::ALL.map(|register| register.of([1, 2, 3, 4])),
        [1, 2, 3, 4]
    );
}
