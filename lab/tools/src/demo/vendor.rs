// SPDX-License-Identifier: GPL-2.0

//! What the demo is on VMX and what on SVM.

use super::reasons::Rule;
use acct::reasons::{svm, vmx, MAX_REASON};
use anyhow::{bail, Context, Result};
use kvm_exits::snapshot::{Isa, Paging};

/// The demo on the processors of one vendor.
pub struct Vendor {
    /// What numbers its exits.
    pub isa: Isa,
    /// What `--vendor` calls it.
    pub name: &'static str,
    /// KVM's module for it.
    pub module: &'static str,
    /// Its serial port's log.
    pub log: &'static str,
    /// Its file that there is as soon as the machine has been started.
    pub machine: &'static str,
    /// Its runs, in order.
    pub runs: &'static [Kind],
    /// What paging does to the counts.
    pub rules: &'static [(u32, Rule)],
}

/// A run of the demo.
pub struct Kind {
    /// The beginning of its files' names.
    pub name: &'static str,
    /// Whether EPT or NPT was asked for.
    pub tdp: bool,
    /// Whether VPIDs were asked for. SVM always has ASIDs.
    pub vpid: bool,
}

impl Kind {
    const fn new(name: &'static str, tdp: bool, vpid: bool) -> Self {
        Self { name, tdp, vpid }
    }
}

/// All vendors, in the order of the report.
pub const ALL: [&Vendor; 2] = [&VMX, &SVM];

pub static VMX: Vendor = Vendor {
    isa: Isa::Vmx,
    name: "vmx",
    module: "kvm-intel",
    log: "serial.log",
    machine: "machine",
    runs: &[
        Kind::new("ept", true, true),
        Kind::new("shadow", false, true),
        Kind::new("shadow-novpid", false, false),
    ],
    rules: &[
        (vmx::EPT_VIOLATION, Rule::WithTdpOnly),
        (vmx::CR_ACCESS, Rule::MoreInShadow(10)),
        // Each INVLPG changes a shadow page table; EPT leaves the guest its own ones.
        (vmx::INVLPG, Rule::InShadowOnly),
        // Without EPT there is no unrestricted guest: KVM emulates the guest's real-mode code.
        (vmx::INVALID_STATE, Rule::InShadowOnly),
        (vmx::EXCEPTION_NMI, Rule::MoreInShadow(100)),
    ],
};

pub static SVM: Vendor = Vendor {
    isa: Isa::Svm,
    name: "svm",
    module: "kvm-amd",
    log: "svm/serial.log",
    machine: "svm/machine",
    runs: &[
        Kind::new("svm-npt", true, true),
        Kind::new("svm-shadow", false, true),
    ],
    rules: &[
        (svm::NPF, Rule::WithTdpOnly),
        // As for VMX; and a CR has a code of its own here, which KVM intercepts for shadow paging
        // only.
        (svm::WRITE_CR3, Rule::InShadowOnly),
        (svm::INVLPG, Rule::InShadowOnly),
        (svm::PF_EXCP, Rule::MoreInShadow(100)),
    ],
};

impl Vendor {
    /// KVM's name for `reason`.
    pub fn reason(&self, reason: u32) -> String {
        self.isa.reason_name(reason)
    }

    /// Whether the manual defines `reason`.
    pub fn is_defined(&self, reason: u32) -> bool {
        acct::reasons::Isa::from(self.isa).is_defined(reason)
    }

    /// The reasons that the guest asks for; `lab/demo/guest.sh` has them once more. Of SVM, the one
    /// after each range is undefined.
    pub fn asked(&self) -> Vec<u32> {
        match self.isa {
            Isa::Vmx => (0..=MAX_REASON).collect(),
            Isa::Svm => (0..=svm::IDLE_HLT + 1)
                .chain(svm::NPF..=svm::VMGEXIT + 1)
                .collect(),
        }
    }

    /// The paging state, from lines `NAME=VALUE` of the module's parameters.
    pub fn paging(&self, text: &str) -> Result<Paging> {
        let value = |name: &str| {
            let value = text
                .lines()
                .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
                .with_context(|| format!("there is no line {name}="))?;
            match value {
                "Y" | "1" => Ok(true),
                "N" | "0" => Ok(false),
                other => bail!("{name} is \"{other}\", neither Y nor N"),
            }
        };
        Ok(match self.isa {
            Isa::Vmx => Paging {
                tdp: value("ept")?,
                vpid: value("vpid")?,
                unrestricted_guest: value("unrestricted_guest")?,
            },
            Isa::Svm => Paging {
                tdp: value("npt")?,
                vpid: true,
                unrestricted_guest: false,
            },
        })
    }
}

/// A paging state, by the names of the parameters of KVM's module.
pub fn in_words(isa: Isa, paging: Paging) -> String {
    let yes = |on| if on { 'Y' } else { 'N' };
    match isa {
        Isa::Vmx => format!(
            "ept={} vpid={} unrestricted_guest={}",
            yes(paging.tdp),
            yes(paging.vpid),
            yes(paging.unrestricted_guest)
        ),
        Isa::Svm => format!("npt={}", yes(paging.tdp)),
    }
}
