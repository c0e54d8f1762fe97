// SPDX-License-Identifier: GPL-2.0

//! The CPUID leaves: which there are, and what a guest gets for each.
//!
//! `docs/leaves.md` is the text to this table.

use super::{
    cell::{Level, Values},
    reasons::Isa,
    table::index_named,
    times::{State, Times},
    view::View,
};

/// What a leaf of a layout answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// eax = all exits.
    TotalCount,
    /// ebx:ecx = the cycles of all exits.
    TotalCycles,
    /// Both of the above.
    Total,
    /// eax = the exits of reason ecx.
    Count,
    /// ebx:ecx = the cycles of reason ecx.
    Cycles,
}

impl Quantity {
    /// Whether the answer is the same for every ecx.
    pub const fn is_total(self) -> bool {
        matches!(self, Self::TotalCount | Self::TotalCycles | Self::Total)
    }
}

/// The layout of the leaves 0x4FFFFFFC to 0x4FFFFFFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `leaves=v1`
    V1 = 1,
    /// `leaves=v2`
    V2 = 2,
    /// `leaves=v3`
    V3 = 3,
}

impl Layout {
    /// All of them, with the names that the module parameter takes.
    pub const ALL: [(&'static str, Self); 3] =
        [("v1", Self::V1), ("v2", Self::V2), ("v3", Self::V3)];

    /// Its leaves, and what each answers.
    pub const fn leaves(self) -> &'static [(u32, Quantity)] {
        use Quantity::{Count, Cycles, Total, TotalCount, TotalCycles};
        match self {
            Self::V1 => &[(0x4fff_ffff, Total), (0x4fff_fffe, Count)],
            Self::V2 => &[
                (0x4fff_ffff, TotalCount),
                (0x4fff_fffe, TotalCycles),
                (0x4fff_fffd, Count),
                (0x4fff_fffc, Cycles),
            ],
            Self::V3 => &[
                (0x4fff_ffff, Cycles),
                (0x4fff_fffe, Count),
                (0x4fff_fffd, TotalCycles),
                (0x4fff_fffc, TotalCount),
            ],
        }
    }

    /// What `leaf` answers in this layout; `None` where it is not ours.
    pub fn quantity(self, leaf: u32) -> Option<Quantity> {
        let found = self.leaves().iter().find(|(number, _)| *number == leaf);
        found.map(|(_, quantity)| *quantity)
    }
}

/// Signature and highest extended leaf.
pub const SIGNATURE: u32 = 0x4fff_ff00;
/// ABI version, layout, scope; paging; generation; TSC frequency.
pub const INFO: u32 = 0x4fff_ff01;
/// 64-bit count and cycles of a reason, all levels.
pub const REASON: u32 = 0x4fff_ff02;
/// 64-bit count and cycles of a reason, only the exits taken while L2 ran.
pub const REASON_L2: u32 = 0x4fff_ff03;
/// Latches the asking vCPU's view (ecx = 1) or releases it (ecx = 0).
pub const LATCH: u32 = 0x4fff_ff04;

/// Cycles of a state, and how often it was entered: of the asking vCPU, or of its VM.
pub const TIME: u32 = 0x4fff_ff05;
/// Of the exits of a reason those that led out to the VMM: count, and the cycles there.
pub const VMM: u32 = 0x4fff_ff06;

/// The highest of these.
pub const LAST_EXTENDED: u32 = VMM;

/// The highest leaf of any layout: all lie between [`SIGNATURE`] and this.
pub const LAST: u32 = 0x4fff_ffff;

/// The sub-leaf of [`REASON`], [`REASON_L2`] and [`VMM`] that asks for the total, and that of
/// [`TIME`] for all states of the vCPU.
pub const TOTAL: u32 = 0xffff_ffff;

/// The sub-leaves of [`TIME`]: a state's number, as in [`State`], or one of these.
pub mod time {
    /// Off the CPU though it could run.
    pub const PREEMPTED: u32 = 5;
    /// All states together.
    pub const ELAPSED: u32 = 0xff;
    /// Set: of all the VM's vCPUs.
    pub const VM: u32 = 1 << 8;
}

/// Whose time [`TIME`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of the vCPU that asks.
    Vcpu,
    /// That of all its VM's vCPUs.
    Vm,
}

/// Version of the extended leaves.
pub const ABI: u32 = 1;

/// ebx, ecx, edx of [`SIGNATURE`].
pub const SIGNATURE_TEXT: [u32; 3] = [
    u32::from_le_bytes(*b"KVME"),
    u32::from_le_bytes(*b"xitS"),
    u32::from_le_bytes(*b"tats"),
];

/// Whose exits the leaves show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The asking VM's own, over all its vCPUs.
    Vm = 0,
    /// All VMs'.
    Host = 1,
}

impl Scope {
    /// Both, with the names that the module parameter takes.
    pub const ALL: [(&'static str, Self); 2] = [("vm", Self::Vm), ("host", Self::Host)];

    /// The name that the module parameter takes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vm => "vm",
            Self::Host => "host",
        }
    }
}

/// Bits of the paging state, as they stand in ebx of [`INFO`] and in `enum kvm_exit_hook_paging`
/// of the patched kernel.
pub mod paging {
    /// EPT or NPT.
    pub const TDP: u32 = 1 << 0;
    /// VPID or ASID.
    pub const VPID: u32 = 1 << 1;
    /// Unrestricted guest.
    pub const UNRESTRICTED: u32 = 1 << 2;
    /// SVM; VMX when clear.
    pub const SVM: u32 = 1 << 8;
}

/// What the answers depend on besides the counts.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Layout of the leaves.
    pub layout: Layout,
    /// Whose exits.
    pub scope: Scope,
    /// Paging state, bits of [`paging`].
    pub paging: u32,
    /// Which period of counting this is.
    pub generation: u32,
    /// Frequency of the host's TSC.
    pub tsc_khz: u32,
}

impl Context {
    /// Which list of reasons applies.
    pub const fn isa(&self) -> Isa {
        if self.paging & paging::SVM != 0 {
            Isa::Svm
        } else {
            Isa::Vmx
        }
    }
}

/// The four registers that CPUID writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// EAX
    pub eax: u32,
    /// EBX
    pub ebx: u32,
    /// ECX
    pub ecx: u32,
    /// EDX
    pub edx: u32,
}

/// The answer to CPUID `leaf` with `subleaf` in ecx; `None` where KVM's own answer stands. `times`
/// is asked for [`TIME`] only.
///
/// [`LATCH`] is not answered here: only the module can keep a view.
pub fn answer(
    ctx: &Context,
    view: &impl View,
    times: impl FnOnce(Whose) -> Times,
    leaf: u32,
    subleaf: u32,
) -> Option<Registers> {
    match leaf {
        SIGNATURE => Some(Registers {
            eax: LAST_EXTENDED,
            ebx: SIGNATURE_TEXT[0],
            ecx: SIGNATURE_TEXT[1],
            edx: SIGNATURE_TEXT[2],
        }),
        INFO => Some(Registers {
            eax: ABI | ((ctx.layout as u32) << 8) | ((ctx.scope as u32) << 16),
            ebx: ctx.paging,
            ecx: ctx.generation,
            edx: ctx.tsc_khz,
        }),
        REASON => Some(wide(asked(ctx, view, subleaf).all())),
        REASON_L2 => Some(wide(asked(ctx, view, subleaf).l2)),
        TIME => Some(time(times, subleaf)),
        VMM => Some(wide(asked(ctx, view, subleaf).vmm)),
        _ => ctx
            .layout
            .quantity(leaf)
            .map(|quantity| narrow(ctx, quantity, subleaf, view)),
    }
}

/// Zeros where there is no such state.
fn time(times: impl FnOnce(Whose) -> Times, subleaf: u32) -> Registers {
    // All bits set is all states of the vCPU, although bit 8 is among them.
    let (whose, what) = match subleaf {
        TOTAL => (Whose::Vcpu, time::ELAPSED),
        _ if subleaf & time::VM != 0 => (Whose::Vm, subleaf & !time::VM),
        _ => (Whose::Vcpu, subleaf),
    };
    let times = times(whose);
    wide(match what {
        time::PREEMPTED => Level {
            count: times.preemptions,
            cycles: times.preempted(),
        },
        time::ELAPSED => Level {
            count: 0,
            cycles: times.elapsed,
        },
        _ => match State::ALL.get(what as usize) {
            Some((state, _)) => Level {
                count: times.entered[*state as usize],
                cycles: times.cycles[*state as usize],
            },
            None => Level::default(),
        },
    })
}

/// What [`REASON`], [`REASON_L2`] and [`VMM`] are about.
fn asked(ctx: &Context, view: &impl View, subleaf: u32) -> Values {
    if subleaf == TOTAL {
        return view.total();
    }
    let index = index_named(subleaf, ctx.isa());
    index.map(|index| view.cell(index)).unwrap_or_default()
}

/// edx:ecx = cycles, ebx:eax = count.
const fn wide(level: Level) -> Registers {
    Registers {
        eax: low(level.count),
        ebx: high(level.count),
        ecx: low(level.cycles),
        edx: high(level.cycles),
    }
}

/// The course's leaves: a 32-bit count in eax, or 64-bit cycles in ebx:ecx, and all else zero.
fn narrow(ctx: &Context, quantity: Quantity, reason: u32, view: &impl View) -> Registers {
    if !quantity.is_total() && !is_reason(reason, ctx.isa()) {
        return Registers {
            edx: u32::MAX,
            ..Registers::default()
        };
    }
    // Zeros are the truth for a reason without a handler: nearly none of them is ever counted.
    let values = if quantity.is_total() {
        view.total()
    } else {
        asked(ctx, view, reason)
    };
    let level = values.all();
    let (count, cycles) = match quantity {
        Quantity::Total => (level.count, level.cycles),
        Quantity::TotalCount | Quantity::Count => (level.count, 0),
        Quantity::TotalCycles | Quantity::Cycles => (0, level.cycles),
    };
    Registers {
        eax: low(count),
        ebx: high(cycles),
        ecx: low(cycles),
        edx: 0,
    }
}

/// Whether the leaves know `reason`. SVM's codes above 16 bits they do not, defined or not: their
/// exits are in [`OTHER`](super::reasons::OTHER), so that zeros of their own were no answer.
fn is_reason(reason: u32, isa: Isa) -> bool {
    reason <= 0xffff && isa.is_defined(reason)
}

const fn low(value: u64) -> u32 {
    value as u32
}

const fn high(value: u64) -> u32 {
    (value >> 32) as u32
}
