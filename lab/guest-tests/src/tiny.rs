// SPDX-License-Identifier: GPL-2.0

//! A guest of a page or two of code, in 32-bit protected mode with paging, that does one thing over
//! and over: what one such event costs, in exits, can be told from how often it happened.

mod code;

pub use code::Event;

use anyhow::{bail, Context, Result};
use kvm_bindings::{kvm_dtable, kvm_segment, kvm_userspace_memory_region};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};
use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};

/// The guest's memory, from guest-physical address 0.
const SIZE: usize = 0x10000;
/// What is where in it.
const CODE: usize = 0x1000;
const GDT: usize = 0x2000;
const IDT: usize = 0x3000;
/// Two page directories that say the same, and the page table of both.
const DIRECTORIES: [usize; 2] = [0x4000, 0x7000];
const TABLE: usize = 0x5000;

/// Page table and directory entries: present, writable.
const PRESENT: u32 = 3;
/// CR0: PE, ET, NE and PG.
const CR0: u64 = 0x8000_0031;
/// Selectors of the flat code and data segments.
const CODE_SELECTOR: u16 = 0x08;
const DATA_SELECTOR: u16 = 0x10;
/// The vector of #PF.
const PAGE_FAULT: usize = 14;

/// Memory that KVM maps for the guest: whole pages, where they stay.
struct Memory(*mut u8);

impl Memory {
    const LAYOUT: Layout = match Layout::from_size_align(SIZE, 4096) {
        Ok(layout) => layout,
        Err(_) => panic!(),
    };

    fn new() -> Self {
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc_zeroed(Self::LAYOUT) };
        if start.is_null() {
            handle_alloc_error(Self::LAYOUT);
        }
        Self(start)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        assert!(at + bytes.len() <= SIZE);
        // SAFETY: it is our memory up to `SIZE`, the guest does not run while we have `&mut self`,
        // and `bytes`, borrowed from elsewhere, do not overlap with it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.0.add(at), bytes.len()) }
    }

    fn put_words(&mut self, at: usize, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(at, &bytes);
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: allocated in `new()` with this layout.
        unsafe { dealloc(self.0, Self::LAYOUT) }
    }
}

/// A VM with one vCPU, at the beginning of an event's loop.
pub struct Guest {
    vcpu: VcpuFd,
    // In this order: the VM goes before its memory.
    _vm: VmFd,
    _memory: Memory,
}

impl Guest {
    /// Makes one in which `event` happens `count` times.
    pub fn new(event: Event, count: u32) -> Result<Self> {
        let kvm = Kvm::new().context("/dev/kvm: is kvm-intel loaded here?")?;
        let vm = kvm.create_vm().context("KVM_CREATE_VM")?;
        let memory = filled();
        let region = kvm_userspace_memory_region {
            slot: 0,
            guest_phys_addr: 0,
            memory_size: SIZE as u64,
            userspace_addr: memory.0 as u64,
            flags: 0,
        };
        // SAFETY: the memory is dropped after the VM and nobody writes to it any more.
        unsafe { vm.set_user_memory_region(region) }.context("KVM_SET_USER_MEMORY_REGION")?;
        let vcpu = vm.create_vcpu(0).context("KVM_CREATE_VCPU")?;
        protected_mode(&vcpu)?;
        let mut regs = vcpu.get_regs()?;
        regs.rip = (CODE + code::entry(event)) as u64;
        regs.rsi = count.into();
        regs.rsp = SIZE as u64;
        regs.rflags = 2;
        vcpu.set_regs(&regs)?;
        Ok(Self {
            vcpu,
            _vm: vm,
            _memory: memory,
        })
    }

    /// Runs it to its next mark, which has to be `port`.
    pub fn run_to(&mut self, port: u16) -> Result<()> {
        match self.vcpu.run().context("KVM_RUN")? {
            VcpuExit::IoOut(at, _) if at == port => Ok(()),
            other => bail!("the guest left unexpectedly, not at mark {port:#x}: {other:?}"),
        }
    }
}

/// Code and tables.
fn filled() -> Memory {
    let mut memory = Memory::new();
    memory.put(CODE, code::bytes());
    // Null, code, data: flat, 4 GiB, 32-bit.
    memory.put_words(GDT, &[0, 0, 0xffff, 0x00cf_9b00, 0xffff, 0x00cf_9300]);
    let handler = (CODE + code::page_fault_handler()) as u32;
    let gate = [
        u32::from(CODE_SELECTOR) << 16 | handler & 0xffff,
        handler & 0xffff_0000 | 0x8e00,
    ];
    memory.put_words(IDT + 8 * PAGE_FAULT, &gate);
    for directory in DIRECTORIES {
        memory.put_words(directory, &[TABLE as u32 | PRESENT]);
    }
    let pages: Vec<u32> = (0..SIZE as u32 / 4096).map(|n| n << 12 | PRESENT).collect();
    memory.put_words(TABLE, &pages);
    memory
}

fn protected_mode(vcpu: &VcpuFd) -> Result<()> {
    let mut sregs = vcpu.get_sregs()?;
    let data = kvm_segment {
        base: 0,
        limit: 0xffff_ffff,
        selector: DATA_SELECTOR,
        type_: 3,
        present: 1,
        dpl: 0,
        db: 1,
        s: 1,
        l: 0,
        g: 1,
        ..kvm_segment::default()
    };
    sregs.cs = kvm_segment {
        selector: CODE_SELECTOR,
        type_: 11,
        ..data
    };
    for segment in [
        &mut sregs.ds,
        &mut sregs.es,
        &mut sregs.fs,
        &mut sregs.gs,
        &mut sregs.ss,
    ] {
        *segment = data;
    }
    let table = |base: usize, entries: usize| kvm_dtable {
        base: base as u64,
        limit: (8 * entries - 1) as u16,
        ..kvm_dtable::default()
    };
    sregs.gdt = table(GDT, 3);
    sregs.idt = table(IDT, PAGE_FAULT + 1);
    sregs.cr0 = CR0;
    sregs.cr3 = DIRECTORIES[0] as u64;
    sregs.cr4 = 0;
    vcpu.set_sregs(&sregs).context("KVM_SET_SREGS")
}
