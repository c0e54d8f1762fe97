// SPDX-License-Identifier: GPL-2.0

//! What KVM's tracepoints recorded, as tracefs hands it out: raw, with `trace_clock` x86-tsc.
//!
//! Raw and not as text, because formatting costs more than all that it is about in an emulator.
//! The pages are those of `Documentation/trace/ring-buffer-design.rst`; where an event has its
//! fields is in its `format`.

mod page;

use anyhow::{bail, ensure, Context, Result};
use kvm_exits::files;
use nix::libc::O_NONBLOCK;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::text::number;

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// The TSC when it was recorded.
    pub tsc: u64,
    /// The thread: of a vCPU, each is one's.
    pub thread: u32,
    /// What happened.
    pub what: What,
}

/// What happened: the name of the tracepoint, with those of its fields that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the tracepoint's")]
pub enum What {
    Entry {
        vcpu: u32,
    },
    Exit(Exit),
    /// KVM_RUN has returned.
    UserspaceExit,
    /// KVM_RUN begins (`load` 1), or ends.
    Fpu {
        load: bool,
    },
    Msr {
        write: bool,
        msr: u32,
    },
    Cpuid {
        leaf: u32,
        subleaf: u32,
    },
    Hypercall {
        nr: u64,
    },
    /// kvm_mmio, and kvm_fast_mmio.
    Mmio {
        gpa: u64,
    },
}

/// The fields of `kvm_exit`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the tracepoint's")]
pub struct Exit {
    pub vcpu: u32,
    pub reason: u64,
    pub info1: u64,
    pub info2: u64,
    pub intr_info: u32,
    pub error_code: u32,
}

/// Makes an event of its fields.
type Make = fn(&Fields<'_>) -> Result<What>;

/// The tracepoints that are read, which have all to be there.
const EVENTS: [(&str, Make); 9] = [
    ("kvm_entry", |f| {
        Ok(What::Entry {
            vcpu: f.get("vcpu_id")? as u32,
        })
    }),
    ("kvm_exit", |f| {
        Ok(What::Exit(Exit {
            vcpu: f.get("vcpu_id")? as u32,
            reason: f.get("exit_reason")?,
            info1: f.get("info1")?,
            info2: f.get("info2")?,
            intr_info: f.get("intr_info")? as u32,
            error_code: f.get("error_code")? as u32,
        }))
    }),
    ("kvm_userspace_exit", |_| Ok(What::UserspaceExit)),
    ("kvm_fpu", |f| {
        Ok(What::Fpu {
            load: f.get("load")? != 0,
        })
    }),
    ("kvm_msr", |f| {
        Ok(What::Msr {
            write: f.get("write")? != 0,
            msr: f.get("ecx")? as u32,
        })
    }),
    ("kvm_cpuid", |f| {
        Ok(What::Cpuid {
            leaf: f.get("function")? as u32,
            subleaf: f.get("index")? as u32,
        })
    }),
    ("kvm_hypercall", |f| {
        Ok(What::Hypercall { nr: f.get("nr")? })
    }),
    ("kvm_mmio", |f| Ok(What::Mmio { gpa: f.get("gpa")? })),
    ("kvm_fast_mmio", |f| Ok(What::Mmio { gpa: f.get("gpa")? })),
];

/// Where an event has a field: offset and size.
type Layout = BTreeMap<String, (usize, usize)>;

/// The events by their numbers.
struct Formats(BTreeMap<u16, (Make, Layout)>);

/// One event's fields.
struct Fields<'a> {
    layout: &'a Layout,
    bytes: &'a [u8],
}

impl Fields<'_> {
    fn get(&self, name: &str) -> Result<u64> {
        let (offset, size) = *self
            .layout
            .get(name)
            .with_context(|| format!("the event's format has no {name}"))?;
        let field = self.bytes.get(offset..offset + size);
        let field = field.with_context(|| format!("the event ends before its {name}"))?;
        let mut word = [0; 8];
        let into = word.get_mut(..size).context("a field of over 8 bytes")?;
        into.copy_from_slice(field);
        Ok(u64::from_le_bytes(word))
    }
}

/// Takes out of `tracing`, which is /sys/kernel/tracing or a copy of what is used of it, all that
/// was recorded, in order. It is gone from there then.
pub fn take(tracing: &Path) -> Result<Vec<Event>> {
    let formats = Formats::read(tracing)?;
    let mut events = Vec::new();
    let mut cpus = 0;
    let per_cpu = tracing.join("per_cpu");
    let dir = fs::read_dir(&per_cpu).with_context(|| per_cpu.display().to_string())?;
    for cpu in dir {
        let cpu = cpu?.path();
        // Before the pages are taken: what is in the buffer counts there.
        let stats = Stats::parse(&files::read_text(cpu.join("stats"))?)?;
        let pages = drain(&cpu.join("trace_pipe_raw"))?;
        let all = formats
            .decode(&pages, &mut events)
            .with_context(|| cpu.display().to_string())?;
        stats
            .check(all)
            .with_context(|| cpu.display().to_string())?;
        cpus += 1;
    }
    ensure!(cpus > 0, "{}: no CPU there", per_cpu.display());
    events.sort_by_key(|event| event.tsc);
    Ok(events)
}

/// Reads all there is: the kernel's file would wait for more.
fn drain(path: &Path) -> Result<Vec<u8>> {
    let open = || {
        let mut options = File::options();
        options.read(true).custom_flags(O_NONBLOCK).open(path)
    };
    let mut file = open().with_context(|| path.display().to_string())?;
    let mut bytes = Vec::new();
    let mut page = vec![0; page::SIZE];
    loop {
        // One page at a time, as a short one would end in the middle.
        match file.read(&mut page) {
            Ok(0) => return Ok(bytes),
            Ok(page::SIZE) => bytes.extend_from_slice(&page),
            Ok(n) => bail!("{}: a page of {n} bytes", path.display()),
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(bytes),
            Err(e) => return Err(e).with_context(|| path.display().to_string()),
        }
    }
}

/// A CPU's `stats`.
struct Stats {
    entries: u64,
    lost: u64,
}

impl Stats {
    fn parse(text: &str) -> Result<Self> {
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            number(line.with_context(|| format!("no \"{name}\""))?.trim())
        };
        Ok(Self {
            entries: of("entries:")?,
            lost: of("overrun:")? + of("commit overrun:")? + of("dropped events:")?,
        })
    }

    fn check(&self, read: u64) -> Result<()> {
        ensure!(
            self.lost == 0,
            "{} events were lost: make the buffer larger",
            self.lost
        );
        ensure!(
            self.entries == read,
            "{} events in the buffer, {read} were read",
            self.entries
        );
        Ok(())
    }
}

impl Formats {
    fn read(tracing: &Path) -> Result<Self> {
        let clock = files::read_text(tracing.join("trace_clock"))?;
        ensure!(
            clock.contains("[x86-tsc]"),
            "the stamps are not the TSC's: echo x86-tsc >trace_clock"
        );
        let mut formats = BTreeMap::new();
        for (name, make) in EVENTS {
            let path = tracing.join("events/kvm").join(name).join("format");
            let (id, layout) = parse_format(&files::read_text(&path)?)
                .with_context(|| path.display().to_string())?;
            formats.insert(id, (make, layout));
        }
        Ok(Self(formats))
    }

    /// Appends the events of the pages, and returns how many there are of whatever kind.
    fn decode(&self, pages: &[u8], events: &mut Vec<Event>) -> Result<u64> {
        let mut all = 0;
        for page in pages.chunks(page::SIZE) {
            for record in page::records(page)? {
                let (tsc, bytes) = record?;
                all += 1;
                events.extend(self.event(tsc, bytes)?);
            }
        }
        Ok(all)
    }

    /// `None` for an event that is not read.
    fn event(&self, tsc: u64, bytes: &[u8]) -> Result<Option<Event>> {
        // struct trace_entry, the same for all.
        let (Some(id), Some(thread)) = (bytes.get(..2), bytes.get(4..8)) else {
            bail!("an event of {} bytes", bytes.len());
        };
        let id = u16::from_le_bytes([id[0], id[1]]);
        let Some((make, layout)) = self.0.get(&id) else {
            return Ok(None);
        };
        Ok(Some(Event {
            tsc,
            thread: u32::from_le_bytes([thread[0], thread[1], thread[2], thread[3]]),
            what: make(&Fields { layout, bytes })?,
        }))
    }
}

/// Number and fields.
fn parse_format(text: &str) -> Result<(u16, Layout)> {
    let mut id = None;
    let mut layout = Layout::new();
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("ID:") {
            id = Some(number.trim().parse()?);
        }
        let Some(field) = line.trim().strip_prefix("field:") else {
            continue;
        };
        let mut parts = field.split(';').map(str::trim);
        let name = parts.next().and_then(|d| d.split_whitespace().last());
        let mut figure = |what| {
            let part = parts.next().and_then(|part| part.strip_prefix(what));
            number(part.with_context(|| format!("no \"{what}\" in: {line}"))?)
        };
        let place = (figure("offset:")? as usize, figure("size:")? as usize);
        layout.insert(name.context("a field without a name")?.to_string(), place);
    }
    Ok((id.context("no ID")?, layout))
}

#[cfg(test)]
pub(crate) mod tests;
