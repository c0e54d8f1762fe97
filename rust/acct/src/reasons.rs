// SPDX-License-Identifier: GPL-2.0

//! The exit reasons: number, name and meaning, each standing once.
//!
//! VMX: the basic exit reasons of the SDM, Vol. 3D, Appendix C, Table C-1. SVM (the list is in
//! `reasons_svm.rs`): the exit codes of the APM, Vol. 2, Appendix C. Names are KVM's own, as the
//! `kvm_exit` tracepoint prints them (`arch/x86/include/uapi/asm/{vmx,svm}.h`, Linux 7.2); where
//! KVM has none, the manual's mnemonic in the same style. The meanings are in our own words.
//!
//! Where the VMX numbers come from, so that nobody takes them for more than they are:
//!
//! - 0 to 69 and 72 to 79: Table C-1 in the form it has had since the MSR-list instructions came
//!   in (order number 325384, revisions of 2023 and later), read from published transcriptions of
//!   the table, not from the PDF.
//! - 80, 81, 84, 85: later additions to the table, the instructions that take an MSR's number as
//!   an operand, from lists that name Table C-1 as their source; 84 and 85 are in KVM's header too.
//! - 35, 38, 42, 70, 71, 82 and 83: *undefined*, the table has no row for them. 70 and 71 are in
//!   use elsewhere (Intel's TDX module and Bochs call 70 ENCLV), but the SDM does not define them.
//!
//! A test in `tests/kernel` compares all this with the headers of the kernel tree `KSRC`.

/// One exit reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The basic exit reason (VMX), the exit code (SVM).
    pub number: u32,
    /// KVM's name for it.
    pub name: &'static str,
    /// When it happens, in one line.
    pub meaning: &'static str,
}

/// Yields, from one list in ascending order, a constant per reason and the table `ALL`.
macro_rules! define_reasons {
    ($( $number:literal $ident:ident $name:expr, $meaning:literal; )*) => {
        $(
            #[doc = $meaning]
            pub const $ident: u32 = $number;
        )*

        /// All of them, by number.
        pub static ALL: &[super::Reason] = super::ascending(&[
            $( super::Reason { number: $number, name: $name, meaning: $meaning }, )*
        ]);
    };
    // KVM's name and the identifier are the same, which is so for all of VMX.
    ($( $number:literal $ident:ident $meaning:literal; )*) => {
        define_reasons! { $( $number $ident stringify!($ident), $meaning; )* }

        /// A bit per defined number; also what proves at compile time that all are below 128.
        pub(super) const DEFINED: u128 = 0 $( | 1 << $number )*;
    };
}

/// Proves at compile time that `find()` may search by halves: a row out of place were a row lost.
const fn ascending(reasons: &'static [Reason]) -> &'static [Reason] {
    let mut i = 1;
    while i < reasons.len() {
        assert!(
            reasons[i - 1].number < reasons[i].number,
            "exit reasons must ascend, without repeats"
        );
        i += 1;
    }
    reasons
}

#[path = "reasons_svm.rs"]
pub mod svm;
#[path = "reasons_vmx.rs"]
pub mod vmx;

/// The highest basic exit reason of VMX: a table indexed by it has `MAX_REASON + 1` cells.
pub const MAX_REASON: u32 = vmx::MSR_WRITE_IMM;

/// Stands for every reason above the table: those exits share one cell.
///
/// No reason has this number. VMX's are 16 bits wide and far below, SVM's skip it.
pub const OTHER: u32 = 0xFFFF;

/// The name of the row of [`OTHER`].
pub const OTHER_NAME: &str = "OTHER";

/// The extension that virtualizes the processor, and with it the list that numbers its exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Intel's VMX: basic exit reasons.
    Vmx,
    /// AMD's SVM: exit codes.
    Svm,
}

impl Isa {
    /// All reasons that the manual defines, by number.
    pub const fn all(self) -> &'static [Reason] {
        match self {
            Self::Vmx => vmx::ALL,
            Self::Svm => svm::ALL,
        }
    }

    /// The highest number the processor itself reports, `VMEXIT_INVALID` (-1) of SVM aside.
    pub const fn max_reason(self) -> u32 {
        match self {
            Self::Vmx => MAX_REASON,
            Self::Svm => svm::VMGEXIT,
        }
    }

    /// The row of `reason`, without its flag bits: `None` where the list has no such number.
    pub fn find(self, reason: u32) -> Option<&'static Reason> {
        let all = self.all();
        let index = all.binary_search_by_key(&reason, |r| r.number).ok()?;
        all.get(index)
    }

    /// KVM's name for `reason`, and [`OTHER_NAME`] for [`OTHER`].
    pub fn name(self, reason: u32) -> Option<&'static str> {
        match reason {
            OTHER => Some(OTHER_NAME),
            _ => self.find(reason).map(|r| r.name),
        }
    }

    /// One line on when `reason` happens.
    pub fn meaning(self, reason: u32) -> Option<&'static str> {
        match reason {
            OTHER => Some("all exits whose reason is above the table"),
            _ => self.find(reason).map(|r| r.meaning),
        }
    }

    /// Whether the manual (SDM, APM) defines `reason`.
    pub fn is_defined(self, reason: u32) -> bool {
        match self {
            Self::Vmx => is_defined(reason),
            // The APM gives whole ranges to the control registers, the debug registers and the
            // exceptions; KVM names only some of them.
            Self::Svm => reason <= svm::LAST_EXCP || self.find(reason).is_some(),
        }
    }
}

/// [`Isa::name`] of VMX.
pub fn name(reason: u32) -> Option<&'static str> {
    Isa::Vmx.name(reason)
}

/// [`Isa::meaning`] of VMX.
pub fn meaning(reason: u32) -> Option<&'static str> {
    Isa::Vmx.meaning(reason)
}

/// Whether the SDM defines `reason`: a shift and a mask, fit for the path of an exit.
pub const fn is_defined(reason: u32) -> bool {
    reason <= MAX_REASON && (vmx::DEFINED >> reason) & 1 != 0
}
