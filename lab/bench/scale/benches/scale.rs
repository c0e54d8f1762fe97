// SPDX-License-Identifier: GPL-2.0-only

//! `make bench-scale`: runs the benchmarks and writes `scale.json` and `scale.md` to
//! `$BENCH_OUT`.

use acct::{table::Reading, view::View};
use bench_scale::{
    booking::{self, Ledger, PerCpu, Shared},
    fleet::{put_host, snapshot, total, Bytes, Host, Vm, Vms},
    report::{self, Bench, Figure, Ratio, Report},
};
use criterion::{Bencher, BenchmarkId, Criterion, SamplingMode};
use std::{
    env, fs,
    hint::black_box,
    io::Result,
    path::PathBuf,
    time::{Duration, Instant},
};

const CPUS: usize = 640;
const VMS: usize = 512;
const VCPUS_EACH: usize = 8;
/// The most that KVM gives a VM by default.
const VCPUS_MOST: usize = 1024;

/// As many sets of tables take turns, each somewhere else. With one set only, a run in twenty had a
/// figure at a third of the others', from its first sample to its last: presumably its addresses.
const PLACES: [(); 16] = [(); 16];

const BENCHES: [Bench; 19] = [
    book("book/per-cpu-mixed/1", "per-CPU, 30 reasons, 1 thread", 1),
    book("book/per-cpu-mixed/2", "per-CPU, 30 reasons, 2 threads", 2),
    book("book/shared-mixed/1", "shared, 30 reasons, 1 thread", 1),
    book("book/shared-mixed/2", "shared, 30 reasons, 2 threads", 2),
    book("book/per-cpu-one/1", "per-CPU, one reason, 1 thread", 1),
    book("book/per-cpu-one/2", "per-CPU, one reason, 2 threads", 2),
    book("book/shared-one/1", "shared, one reason, 1 thread", 1),
    book("book/shared-one/2", "shared, one reason, 2 threads", 2),
    read("read-host/warm", "640 CPUs, in the cache", Some(5.0)),
    read("read-host/cold", "640 CPUs, from memory", Some(5.0)),
    read("read-host/encode", "640 CPUs, only the serialization", None),
    read(
        "read-host/cpuid",
        "640 CPUs, one CPUID for the total with scope=host",
        None,
    ),
    read(
        "read-vms/warm",
        "4,096 vCPUs, in the cache as far as it reaches",
        Some(20.0),
    ),
    read("read-vms/cold", "4,096 vCPUs, from memory", Some(20.0)),
    read(
        "read-vms/encode",
        "4,096 vCPUs, only the serialization",
        None,
    ),
    read(
        "read-vm/total-warm",
        "a VM of 1,024 vCPUs, one CPUID for the total, in the cache as far as it reaches",
        Some(1.0),
    ),
    read(
        "read-vm/total-cold",
        "a VM of 1,024 vCPUs, one CPUID for the total, from memory",
        Some(1.0),
    ),
    read(
        "read-vm/latch-warm",
        "a VM of 1,024 vCPUs, one latch, in the cache as far as it reaches",
        Some(1.0),
    ),
    read(
        "read-vm/latch-cold",
        "a VM of 1,024 vCPUs, one latch, from memory",
        Some(1.0),
    ),
];

const RATIOS: [Ratio; 10] = [
    ratio(
        "per-CPU : shared, 30 reasons, 1 thread",
        "book/per-cpu-mixed/1",
        "book/shared-mixed/1",
    ),
    ratio(
        "per-CPU : shared, 30 reasons, 2 threads",
        "book/per-cpu-mixed/2",
        "book/shared-mixed/2",
    ),
    ratio(
        "per-CPU : shared, one reason, 1 thread",
        "book/per-cpu-one/1",
        "book/shared-one/1",
    ),
    ratio(
        "per-CPU : shared, one reason, 2 threads",
        "book/per-cpu-one/2",
        "book/shared-one/2",
    ),
    ratio(
        "2 threads : 1, per-CPU, 30 reasons",
        "book/per-cpu-mixed/2",
        "book/per-cpu-mixed/1",
    ),
    ratio(
        "2 threads : 1, shared, 30 reasons",
        "book/shared-mixed/2",
        "book/shared-mixed/1",
    ),
    ratio(
        "2 threads : 1, per-CPU, one reason",
        "book/per-cpu-one/2",
        "book/per-cpu-one/1",
    ),
    ratio(
        "2 threads : 1, shared, one reason",
        "book/shared-one/2",
        "book/shared-one/1",
    ),
    ratio(
        "from memory : in the cache, 640 CPUs",
        "read-host/cold",
        "read-host/warm",
    ),
    ratio(
        "from memory : in the cache, 4,096 vCPUs",
        "read-vms/cold",
        "read-vms/warm",
    ),
];

const fn book(name: &'static str, what: &'static str, threads: u32) -> Bench {
    Bench {
        name,
        what,
        exits: Some(threads),
        limit_ms: None,
    }
}

const fn read(name: &'static str, what: &'static str, limit_ms: Option<f64>) -> Bench {
    Bench {
        name,
        what,
        exits: None,
        limit_ms,
    }
}

const fn ratio(name: &'static str, of: &'static str, to: &'static str) -> Ratio {
    Ratio { name, of, to }
}

fn main() -> Result<()> {
    let out = env::var_os("BENCH_OUT").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let samples = out.join("criterion");
    // Old samples would pass for new ones where a pattern leaves benchmarks out.
    if samples.exists() {
        fs::remove_dir_all(&samples)?;
    }
    let mut criterion = Criterion::default()
        .without_plots()
        .output_directory(&samples)
        // Samples of a millisecond: most fit between two turns of whatever else runs here.
        .sample_size(200)
        .nresamples(2_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(200))
        .configure_from_args();
    let cpus = booking::cpus()?;
    bench_booking(&mut criterion, &cpus);
    bench_reading(&mut criterion);

    let mut figures = Vec::new();
    for bench in &BENCHES {
        figures.extend(Figure::new(bench, report::samples(&samples, bench.name)?));
    }
    if !figures.is_empty() {
        let report = Report::new(report::machine(cpus.len()), figures, &RATIOS);
        fs::write(
            out.join("scale.json"),
            serde_json::to_string_pretty(&report)?,
        )?;
        fs::write(out.join("scale.md"), report.table())?;
    }
    Ok(())
}

fn bench_booking(criterion: &mut Criterion, cpus: &[usize]) {
    let mut group = criterion.benchmark_group("book");
    group.sampling_mode(SamplingMode::Flat);
    for (mix, one_reason) in [("mixed", false), ("one", true)] {
        for threads in [1, 2].into_iter().filter(|&n| n <= cpus.len()) {
            let cpus = &cpus[..threads];
            let id = |layout| BenchmarkId::new(format!("{layout}-{mix}"), threads);
            let per_cpu = PLACES.map(|_| PerCpu::new(threads));
            group.bench_function(id("per-cpu"), |b| book_on(b, &per_cpu, cpus, one_reason));
            let shared = PLACES.map(|_| Shared::default());
            group.bench_function(id("shared"), |b| book_on(b, &shared, cpus, one_reason));
        }
    }
    group.finish();
}

/// Takes the next of `ledgers` for each sample.
fn book_on<L: Ledger>(bencher: &mut Bencher<'_>, ledgers: &[L], cpus: &[usize], one_reason: bool) {
    let mut ledgers = ledgers.iter().cycle();
    bencher.iter_custom(|each| {
        let ledger = ledgers.next().expect("there is at least one");
        booking::run(ledger, cpus, each, one_reason).expect("threads can be kept on their CPUs")
    });
}

fn bench_reading(criterion: &mut Criterion) {
    {
        let host = Host::busy(CPUS);
        let mut group = criterion.benchmark_group("read-host");
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function("warm", |b| b.iter(|| snapshot(|bytes| host.write(bytes))));
        group.bench_function("cold", |b| {
            cold(b, || host.flush(), |bytes| host.write(bytes))
        });
        group.bench_function("cpuid", |b| b.iter(|| total(&host.view())));
        let reading = host.reading();
        let buckets: Vec<_> = (0..acct::table::CELLS).map(|i| host.buckets(i)).collect();
        group.bench_function("encode", |b| {
            b.iter(|| snapshot(|bytes| put_host(&reading, |index| buckets[index], bytes)));
        });
        group.finish();
    }
    bench_vm(criterion);
    let vms = Vms::busy(VMS, VCPUS_EACH);
    let mut group = criterion.benchmark_group("read-vms");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("warm", |b| b.iter(|| snapshot(|bytes| vms.write(bytes))));
    group.bench_function("cold", |b| {
        cold(b, || vms.flush(), |bytes| vms.write(bytes))
    });
    let reading = Host::busy(1).reading();
    group.bench_function("encode", |b| {
        b.iter(|| snapshot(|bytes| vms.encode(&reading, bytes)));
    });
    group.finish();
}

/// What a guest can have done at any rate.
fn bench_vm(criterion: &mut Criterion) {
    let vm = Vm::busy(0, VCPUS_MOST);
    let mut latched = Box::new(Reading::ZERO);
    let mut group = criterion.benchmark_group("read-vm");
    group.sampling_mode(SamplingMode::Flat);
    group.bench_function("total-warm", |b| b.iter(|| total(&vm.view())));
    group.bench_function("total-cold", |b| {
        after(b, || vm.flush(), || total(&vm.view()))
    });
    group.bench_function("latch-warm", |b| {
        b.iter(|| vm.view().read_into(&mut latched))
    });
    group.bench_function("latch-cold", |b| {
        after(b, || vm.flush(), || vm.view().read_into(&mut latched));
    });
    group.finish();
}

/// Measures `write`, each time after `flush`.
fn cold(bencher: &mut Bencher<'_>, flush: impl Fn(), write: impl Fn(&mut Bytes)) {
    after(bencher, flush, || snapshot(&write));
}

/// Measures `run`, each time after `flush`.
fn after<R>(bencher: &mut Bencher<'_>, flush: impl Fn(), mut run: impl FnMut() -> R) {
    bencher.iter_custom(|iterations| {
        (0..iterations)
            .map(|_| {
                flush();
                let start = Instant::now();
                let result = black_box(run());
                let elapsed = start.elapsed();
                drop(result);
                elapsed
            })
            .sum()
    });
}
