// SPDX-License-Identifier: GPL-2.0

//! The code of the tiny guest. It is copied to where the guest runs it, so jumps are relative, and
//! its other addresses are those of `tiny.rs`.

use std::arch::global_asm;

/// What happens over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Event {
    /// CPUID, leaf 0.
    Cpuid,
    /// CR3 written, with one page directory and the other in turn, as in a switch of processes.
    Cr3Write,
    /// A #PF that is the guest's own affair: nothing is mapped there, its handler skips the access.
    PageFault,
    /// A page mapped, touched, and unmapped with INVLPG.
    MapTouchUnmap,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Cpuid,
        Self::Cr3Write,
        Self::PageFault,
        Self::MapTouchUnmap,
    ];
}

// In each: ESI times, between an OUT to port 0x10 and one to port 0x11. Nothing is mapped at
// 0x300000 but by MapTouchUnmap, whose page table entry is at 0x5c00.
global_asm!(
    r#"
    .pushsection .rodata.tiny, "a"
    // The compiler may put this and what uses it into different object files.
    .globl tiny_code, tiny_cpuid, tiny_cr3, tiny_page_fault, tiny_map, tiny_handler, tiny_end
    .hidden tiny_code, tiny_cpuid, tiny_cr3, tiny_page_fault, tiny_map, tiny_handler, tiny_end
    .code32
tiny_code:
tiny_cpuid:
    out 0x10, al
2:  xor eax, eax
    cpuid
    dec esi
    jnz 2b
    jmp 9f

tiny_cr3:
    mov eax, 0x7000
    mov ebx, 0x4000
    out 0x10, al
2:  mov cr3, eax
    xchg eax, ebx
    dec esi
    jnz 2b
    jmp 9f

tiny_page_fault:
    out 0x10, al
    // mov eax, [0x300000], in the five bytes that the handler skips.
2:  .byte 0xa1
    .long 0x300000
    dec esi
    jnz 2b
    jmp 9f

tiny_map:
    out 0x10, al
    mov edx, 0x300000
    mov ebx, 0x5c00
2:  mov dword ptr [ebx], 0x6003
    mov eax, dword ptr [edx]
    mov dword ptr [ebx], 0
    invlpg byte ptr [edx]
    dec esi
    jnz 2b

9:  out 0x11, al
3:  hlt
    jmp 3b

tiny_handler:
    add esp, 4
    add dword ptr [esp], 5
    iretd
tiny_end:
    .code64
    .popsection
    "#
);

extern "C" {
    static tiny_code: u8;
    static tiny_cpuid: u8;
    static tiny_cr3: u8;
    static tiny_page_fault: u8;
    static tiny_map: u8;
    static tiny_handler: u8;
    static tiny_end: u8;
}

/// Bytes from the beginning of the code to `label`.
fn offset(label: *const u8) -> usize {
    label as usize - &raw const tiny_code as usize
}

/// All of it.
pub(super) fn bytes() -> &'static [u8] {
    let length = offset(&raw const tiny_end);
    // SAFETY: from `tiny_code` to `tiny_end` it is one piece of read-only data, never written.
    unsafe { std::slice::from_raw_parts(&raw const tiny_code, length) }
}

/// Where the loop of `event` begins.
pub(super) fn entry(event: Event) -> usize {
    offset(match event {
        Event::Cpuid => &raw const tiny_cpuid,
        Event::Cr3Write => &raw const tiny_cr3,
        Event::PageFault => &raw const tiny_page_fault,
        Event::MapTouchUnmap => &raw const tiny_map,
    })
}

/// Where the handler of #PF begins.
pub(super) fn page_fault_handler() -> usize {
    offset(&raw const tiny_handler)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_skipped_access_has_five_bytes() {
        let code = bytes();
        let start = entry(Event::PageFault);
        assert_eq!(code[start..start + 7], [0xe6, 0x10, 0xa1, 0, 0, 0x30, 0]);
        assert_eq!(code[start + 7], 0x4e, "dec esi: 32-bit code");
    }

    #[test]
    fn every_loop_begins_and_ends_with_its_mark() {
        for event in Event::ALL {
            let rest = &bytes()[entry(event)..];
            assert!(
                rest.windows(2).any(|code| code == [0xe6, 0x10]),
                "{event:?}"
            );
            assert!(
                rest.windows(2).any(|code| code == [0xe6, 0x11]),
                "{event:?}"
            );
        }
    }
}
