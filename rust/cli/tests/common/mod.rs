// SPDX-License-Identifier: GPL-2.0

//! What the tests share: snapshots as the device gives them, with made-up figures, and running
//! the program on them.

// Each test program uses a part of it.
#![allow(dead_code)]

pub mod page;

use acct::cell::{Level, Values};
use acct::detail::Booked;
use acct::histogram::{bucket_of, BUCKETS};
use acct::snapshot::{self, Header, Key, Row, Sink, Vm, Words, COMM, HANDLED};
use acct::times::{Times, STATES};
use kvm_exits::recording::{Recorder, Writer};
use serde_json::Value;
use std::convert::Infallible;
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::time::Duration;

/// A snapshot being written.
pub struct Builder(Vec<u8>);

impl Sink for Builder {
    type Error = Infallible;

    fn put(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

pub const TDP: u32 = 1;
pub const VPID: u32 = 2;
pub const SVM: u32 = 1 << 8;

impl Builder {
    pub fn new(generation: u32, paging: u32) -> Self {
        Self::with_scope(generation, paging, 0)
    }

    pub fn with_scope(generation: u32, paging: u32, scope: u32) -> Self {
        Self::with_measures(generation, paging, scope, 0)
    }

    /// Of a module that measures more than counts and cycles.
    pub fn with_measures(generation: u32, paging: u32, scope: u32, measures: u32) -> Self {
        let mut builder = Self(Vec::new());
        let header = Header {
            generation,
            paging,
            scope,
            tsc_khz: 1_000,
            measures,
        };
        let Ok(()) = snapshot::put_header(&mut builder, &header);
        builder
    }

    /// A row of the host's view: exits of L1 that took `cycles`, with their histogram.
    pub fn host(mut self, reason: u32, cycles: &[u64]) -> Self {
        let values = values(cycles.len() as u64, cycles.iter().sum());
        let mut buckets = [0; BUCKETS];
        for &c in cycles {
            buckets[bucket_of(c)] += 1;
        }
        let used = buckets.iter().rposition(|&n| n > 0).map_or(0, |n| n + 1);
        let Ok(()) = snapshot::put_host_row(&mut self, &row(reason, values, &buckets[..used]));
        self
    }

    /// A row of the host's view.
    pub fn host_values(mut self, reason: u32, values: Values, buckets: &[u64]) -> Self {
        let Ok(()) = snapshot::put_host_row(&mut self, &row(reason, values, buckets));
        self
    }

    pub fn vm(mut self, pid: u32, name: &str, vcpus: u32) -> Self {
        let mut comm = [0; COMM];
        comm[..name.len()].copy_from_slice(name.as_bytes());
        let Ok(()) = snapshot::put_vm(&mut self, &Vm { pid, vcpus, comm });
        self
    }

    /// A row of the VM before it.
    pub fn vm_row(mut self, reason: u32, count: u64, cycles: u64) -> Self {
        let Ok(()) = snapshot::put_vm_row(&mut self, &row(reason, values(count, cycles), &[]));
        self
    }

    /// The same, as it is.
    pub fn vm_values(mut self, reason: u32, values: Values) -> Self {
        let Ok(()) = snapshot::put_vm_row(&mut self, &row(reason, values, &[]));
        self
    }

    /// What the row before it has of the VMM's time: count and cycles; and of waiting.
    pub fn row_time(mut self, count: u64, cycles: u64, halted: u64) -> Self {
        let values = Values {
            vmm: Level { count, cycles },
            halted,
            ..Values::ZERO
        };
        let Ok(()) = snapshot::put_row_time(&mut self, &values);
        self
    }

    pub fn host_time(mut self, times: &Times) -> Self {
        let Ok(()) = snapshot::put_host_time(&mut self, times);
        self
    }

    /// A vCPU of the VM before it.
    pub fn vcpu(mut self, index: u32, times: &Times) -> Self {
        let Ok(()) = snapshot::put_vcpu(&mut self, index, times);
        self
    }

    /// What one CPU counted of a key.
    pub fn key(mut self, reason: u32, key: u64, count: u64, cycles: u64) -> Self {
        let booked = Booked { count, cycles };
        let key = Key {
            reason,
            key,
            booked,
        };
        let Ok(()) = snapshot::put_key(&mut self, &key);
        self
    }

    pub fn bytes(mut self) -> Vec<u8> {
        let Ok(()) = snapshot::put_end(&mut self);
        self.0
    }

    /// Saves it under a name that no other test may use.
    pub fn save(self, name: &str) -> String {
        save(name, &self.bytes())
    }
}

/// Of each state these cycles, a tenth of them preempted, and entered as often as it is numbered.
pub fn times(cycles: [u64; STATES]) -> Times {
    Times {
        cycles,
        preempted: cycles.map(|n| n / 10),
        entered: [10, 11, 12, 13, 14],
        preemptions: 7,
        elapsed: cycles.iter().sum(),
    }
}

pub fn values(count: u64, cycles: u64) -> Values {
    Values {
        l1: Level { count, cycles },
        ..Values::ZERO
    }
}

/// Of three exits of L2 one was reflected.
pub fn nested() -> Values {
    Values {
        l1: Level {
            count: 1,
            cycles: 1_000,
        },
        l2: Level {
            count: 3,
            cycles: 9_000,
        },
        reflected: 1,
        ..Values::ZERO
    }
}

fn row(reason: u32, values: Values, buckets: &[u64]) -> Row<'_> {
    Row {
        reason,
        flags: HANDLED,
        values,
        buckets: Words::Native(buckets),
    }
}

/// The path of a file of the tests' own.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

pub fn save(name: &str, bytes: &[u8]) -> String {
    let path = file(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

/// The path of a recording of these, a second apart, under a name that no other test may use.
pub fn recording(name: &str, moments: impl IntoIterator<Item = Builder>) -> String {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
    for (n, moment) in (1..).zip(moments) {
        let time = Duration::from_secs(n);
        writer.add_at(time, time, &moment.bytes()).unwrap();
    }
    path.to_string_lossy().into_owned()
}

/// The path of a file that is in the repository.
pub fn data(name: &str) -> String {
    format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub fn kvm_exits(args: &[&str]) -> Output {
    kvm_exits_in(".", args)
}

pub fn kvm_exits_in(directory: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command.current_dir(directory).args(args).output().unwrap()
}

/// With the file `device` in place of the device.
pub fn kvm_exits_on(device: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command.env(kvm_exits::device::VARIABLE, device);
    command.args(args).output().unwrap()
}

/// A program that ends with the test that runs it, however that ends.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

pub fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// What it prints with --json.
pub fn json(output: &Output) -> Value {
    serde_json::from_str(stdout(output)).unwrap()
}

/// What it says when it fails.
pub fn failure(output: &Output) -> &str {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"");
    stderr(output)
}
