// SPDX-License-Identifier: GPL-2.0

//! As much of bpf(2) as it takes to count a tracepoint's events by one of its fields.
//!
//! By hand, because the lab has no compiler and no libbpf; the layouts are those of
//! `include/uapi/linux/{bpf,perf_event}.h`.

use crate::fd;
use anyhow::{Context, Result};
use kvm_exits::files;
use nix::{errno::Errno, libc};
use std::mem::{size_of, size_of_val};
use std::os::fd::{AsRawFd, OwnedFd};

const MAP_CREATE: libc::c_long = 0;
const MAP_LOOKUP_ELEM: libc::c_long = 1;
const PROG_LOAD: libc::c_long = 5;
const MAP_TYPE_PERCPU_ARRAY: u32 = 6;
const PROG_TYPE_TRACEPOINT: u32 = 5;

const TYPE_TRACEPOINT: u32 = 2;

mod event {
    nix::ioctl_write_int!(set_bpf, b'$', 8);
    nix::ioctl_none!(enable, b'$', 0);
}

/// An instruction: opcode, registers (source in the high half), offset, immediate.
#[repr(C)]
struct Insn(u8, u8, i16, i32);

#[repr(C)]
struct MapCreate {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
}

/// `BPF_MAP_LOOKUP_ELEM`.
#[repr(C)]
struct Lookup {
    map_fd: u32,
    _pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}

#[repr(C)]
struct ProgLoad {
    prog_type: u32,
    insn_cnt: u32,
    insns: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buf: u64,
}

/// `struct perf_event_attr` in its first version.
#[repr(C)]
#[derive(Default)]
struct EventAttr {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
}

/// An array of 64-bit counters for each CPU.
pub struct Counters {
    map: OwnedFd,
    cpus: usize,
}

impl Counters {
    /// `len` counters for each of the `cpus` possible CPUs.
    pub fn new(len: u32, cpus: usize) -> Result<Self> {
        let mut attr = MapCreate {
            map_type: MAP_TYPE_PERCPU_ARRAY,
            key_size: 4,
            value_size: 8,
            max_entries: len,
        };
        let map = fd::new(bpf(MAP_CREATE, &mut attr))
            .context("cannot create a map (CONFIG_BPF_SYSCALL)")?;
        Ok(Self { map, cpus })
    }

    /// The counter `index`, summed over the CPUs.
    pub fn read(&self, index: u32) -> Result<u64> {
        let mut values = vec![0u64; self.cpus];
        let mut attr = Lookup {
            map_fd: self.map.as_raw_fd() as u32,
            _pad: 0,
            key: &raw const index as u64,
            value: values.as_mut_ptr() as u64,
            flags: 0,
        };
        Errno::result(bpf(MAP_LOOKUP_ELEM, &mut attr)).context("cannot read the map")?;
        Ok(values.iter().sum())
    }
}

/// A program that counts, loaded.
pub struct Program(OwnedFd);

impl Program {
    /// Counts in `counters`, by the 16 low bits of the field at `offset` of a tracepoint's record.
    pub fn counting(counters: &Counters, offset: i16) -> Result<Self> {
        let map = counters.map.as_raw_fd();
        let insns = [
            Insn(0x61, 0x12, offset, 0), // r2 = *(u32 *)(r1 + offset)
            Insn(0x57, 0x02, 0, 0xffff), // r2 &= 0xffff
            Insn(0x63, 0x2a, -4, 0),     // *(u32 *)(r10 - 4) = r2
            Insn(0x18, 0x11, 0, map),    // r1 = the map (BPF_PSEUDO_MAP_FD)
            Insn(0x00, 0x00, 0, 0),      // (its upper half)
            Insn(0xbf, 0xa2, 0, 0),      // r2 = r10
            Insn(0x07, 0x02, 0, -4),     // r2 += -4
            Insn(0x85, 0x00, 0, 1),      // r0 = bpf_map_lookup_elem(r1, r2)
            Insn(0x15, 0x00, 3, 0),      // if r0 == 0 goto out
            Insn(0x79, 0x01, 0, 0),      // r1 = *(u64 *)r0
            Insn(0x07, 0x01, 0, 1),      // r1 += 1
            Insn(0x7b, 0x10, 0, 0),      // *(u64 *)r0 = r1
            Insn(0xb7, 0x00, 0, 0),      // out: r0 = 0
            Insn(0x95, 0x00, 0, 0),      // return r0
        ];
        let mut log = vec![0u8; 4096];
        let mut attr = ProgLoad {
            prog_type: PROG_TYPE_TRACEPOINT,
            insn_cnt: insns.len() as u32,
            insns: insns.as_ptr() as u64,
            license: c"GPL".as_ptr() as u64,
            log_level: 1,
            log_size: log.len() as u32,
            log_buf: log.as_mut_ptr() as u64,
        };
        let program = fd::new(bpf(PROG_LOAD, &mut attr)).with_context(|| {
            let text = String::from_utf8_lossy(&log);
            format!("the verifier refused: {}", text.trim_end_matches('\0'))
        })?;
        Ok(Self(program))
    }

    /// Runs at each event `id` on `cpu`, for as long as the result lives.
    pub fn attach(&self, id: u64, cpu: usize) -> Result<OwnedFd> {
        let attr = EventAttr {
            kind: TYPE_TRACEPOINT,
            size: size_of::<EventAttr>() as u32,
            config: id,
            sample_period: 1,
            ..EventAttr::default()
        };
        // SAFETY: `attr` is as large as it says; the rest are numbers: of all processes, on this
        // CPU, in no group, closed on exec.
        let event =
            unsafe { libc::syscall(libc::SYS_perf_event_open, &raw const attr, -1, cpu, -1, 8) };
        let event = fd::new(event).context("perf_event_open")?;
        // SAFETY: both take a number.
        unsafe {
            event::set_bpf(event.as_raw_fd(), self.0.as_raw_fd() as u64)
                .and_then(|_| event::enable(event.as_raw_fd()))
        }
        .context("PERF_EVENT_IOC")?;
        Ok(event)
    }
}

/// A tracepoint, by its directory in tracefs.
pub struct Tracepoint(pub String);

impl Tracepoint {
    /// Its number.
    pub fn id(&self) -> Result<u64> {
        let text = self.read("id")?;
        text.trim().parse().context("its id is no number")
    }

    /// Where the field `name` is in its record.
    pub fn offset(&self, name: &str) -> Result<i16> {
        offset_in(&self.read("format")?, name)
            .with_context(|| format!("no field \"{name}\" in {}/format", self.0))
    }

    fn read(&self, file: &str) -> Result<String> {
        files::read_text(format!("{}/{file}", self.0))
    }
}

fn offset_in(format: &str, name: &str) -> Option<i16> {
    let wanted = format!(" {name};");
    let line = format.lines().find(|line| line.contains(&wanted))?;
    let (_, rest) = line.split_once("offset:")?;
    rest.split(';').next()?.parse().ok()
}

/// How many CPUs there can be: so many values has a counter of a map.
pub fn possible_cpus() -> Result<usize> {
    let path = "/sys/devices/system/cpu/possible";
    let text = files::read_text(path)?;
    let last = text.trim().rsplit(['-', ',']).next().unwrap_or_default();
    Ok(last.parse::<usize>().context(path)? + 1)
}

fn bpf<T>(command: libc::c_long, attr: &mut T) -> libc::c_long {
    // SAFETY: `attr` is the struct of `command` and as large as it says; what it points to lives
    // until the call returns, and is as large as the kernel takes it to be.
    unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_mut(attr),
            size_of_val(attr),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_field() {
        let format = "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\
                      \tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;\n";
        assert_eq!(offset_in(format, "exit_reason"), Some(8));
        assert_eq!(offset_in(format, "reason"), None);
    }

    #[test]
    fn lays_out_as_the_kernel_does() {
        assert_eq!(size_of::<Insn>(), 8);
        assert_eq!(size_of::<EventAttr>(), 64); // PERF_ATTR_SIZE_VER0
        assert_eq!(size_of::<Lookup>(), 32);
        assert_eq!(std::mem::offset_of!(ProgLoad, log_buf), 32);
    }
}
