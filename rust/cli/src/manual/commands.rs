// SPDX-License-Identifier: GPL-2.0

//! The notes on each command.

use super::{Entry, Notes};

const DEVICE: Entry = (
    "/dev/kvm_exit_stats",
    "the counts; there while kvm_exit_stats.ko is loaded, for root alone",
);
const PARAMETERS: Entry = (
    "/sys/module/kvm_exit_stats/parameters/",
    "what the module measures: time, detail; what guests see: leaves, scope, cpl0",
);
const KVM: Entry = ("/dev/kvm", "runs the VM");
const CPUID: Entry = (
    "/dev/cpu/N/cpuid",
    "asks from the guest's kernel, with --cpl0",
);
const DEBUGFS: Entry = (
    "/sys/kernel/debug/kvm_exit_stats/",
    "the same counts as text, for whoever has no kvm-exits at hand",
);

/// What `explain` takes along of RUN.json.
const FILES_BESIDE: [&str; 3] = [
    "beside RUN.json, of the same generation: the guest when it had booted, by `guest --json`",
    "the same: all of the guest's life, by `show --json`, with what the exits were about",
    "the same: that over time, by `record`",
];

/// Of all commands together.
pub const PROGRAM: Notes = Notes {
    command: "",
    examples: &[
        ("kvm-exits check", "See that the module counts"),
        ("kvm-exits top", "Watch what happens now"),
        ("kvm-exits show", "Show what has happened, reason by reason"),
        ("kvm-exits guest", "Show a VM's exits from inside it"),
    ],
    files: &[DEVICE, PARAMETERS, DEBUGFS],
};

/// Of each command, in the order of the help.
pub const COMMANDS: &[Notes] = &[
    Notes {
        command: "show",
        examples: &[
            (
                "kvm-exits show",
                "The exits of all VMs, the most frequent reason first",
            ),
            (
                "kvm-exits show --vm 4711 --json",
                "Those of the VM of process 4711, for a program",
            ),
            ("kvm-exits show --by MSR_WRITE", "Which MSRs were written"),
            (
                "kvm-exits show --by all --csv",
                "All that the exits were about, for a spreadsheet",
            ),
            (
                "kvm-exits show --save host.snap",
                "Keep everything, to read it later and elsewhere",
            ),
            ("kvm-exits show --from host.snap", "Show what was kept"),
        ],
        files: &[DEVICE, PARAMETERS],
    },
    Notes {
        command: "vms",
        examples: &[
            ("kvm-exits vms", "A table for each VM"),
            ("kvm-exits vms --csv", "One sheet of all VMs"),
            (
                "kvm-exits vms --from host.snap",
                "The VMs that `show --save` kept",
            ),
        ],
        files: &[DEVICE],
    },
    Notes {
        command: "time",
        examples: &[
            (
                "kvm-exits time",
                "What share was the guests', KVM's, the VMMs', or spent waiting",
            ),
            (
                "kvm-exits time --vm 4711",
                "The same of the VM of process 4711",
            ),
            (
                "kvm-exits time --vcpus",
                "A line for each vCPU: which of them is preempted?",
            ),
        ],
        files: &[DEVICE, PARAMETERS],
    },
    Notes {
        command: "top",
        examples: &[
            (
                "kvm-exits top",
                "Exits per second, by reason; the keys are on the screen",
            ),
            (
                "kvm-exits top --vms --sort cycles",
                "VM by VM, the one that costs KVM the most first",
            ),
            (
                "kvm-exits top --plain -i 10",
                "Text, every ten seconds, for a log",
            ),
            ("kvm-exits top --once", "The next second, once"),
        ],
        files: &[DEVICE],
    },
    Notes {
        command: "record",
        examples: &[
            (
                "kvm-exits record -o night.recording",
                "A snapshot every second, until Ctrl-C",
            ),
            (
                "kvm-exits record -i 0.1 -- virsh start vm",
                "While a command runs",
            ),
        ],
        files: &[DEVICE],
    },
    Notes {
        command: "stat",
        examples: &[
            (
                "kvm-exits stat -- sleep 10",
                "All VMs' exits in ten seconds",
            ),
            (
                "kvm-exits stat --vm 4711",
                "Those of the VM of process 4711, until Ctrl-C",
            ),
            (
                "kvm-exits stat --by MSR_WRITE -- sleep 10",
                "Which MSRs were written meanwhile",
            ),
            (
                "kvm-exits stat --json -o before.json -- virsh start vm",
                "Keep it, for `kvm-exits compare`",
            ),
        ],
        files: &[DEVICE, PARAMETERS],
    },
    Notes {
        command: "guest",
        examples: &[
            ("kvm-exits guest", "What this VM has cost its host"),
            (
                "kvm-exits guest --json >after.json",
                "Keep it, for `kvm-exits compare`",
            ),
            (
                "kvm-exits guest --keep-latch --cpu 0",
                "Hold CPU 0's view still for other programs",
            ),
            ("kvm-exits guest --release --cpu 0", "Let go of it"),
        ],
        files: &[CPUID],
    },
    Notes {
        command: "guest stat",
        examples: &[
            (
                "kvm-exits guest stat -- make -j4",
                "What a build costs the host in exits",
            ),
            (
                "kvm-exits guest stat --json -o before.json -- make -j4",
                "Keep it, for `kvm-exits compare`",
            ),
        ],
        files: &[CPUID],
    },
    Notes {
        command: "compare",
        examples: &[
            (
                "kvm-exits compare ept.json shadow.json",
                "What shadow paging changes",
            ),
            (
                "kvm-exits compare ept.json shadow.json novpid.json --sort ratio",
                "The largest ratio first",
            ),
            (
                "kvm-exits compare before.json after.json --by CR_ACCESS",
                "Which registers were written",
            ),
            (
                "kvm-exits compare ept.json shadow.json --csv",
                "For a spreadsheet",
            ),
        ],
        files: &[],
    },
    Notes {
        command: "explain",
        examples: &[
            (
                "kvm-exits explain ept.json shadow.json",
                "What shadow paging changed, and why",
            ),
            (
                "kvm-exits explain --html report.html ept.json shadow.json",
                "The same as a page, with charts",
            ),
        ],
        files: &[
            ("RUN-boot.json", FILES_BESIDE[0]),
            ("RUN-host.json", FILES_BESIDE[1]),
            ("RUN.recording", FILES_BESIDE[2]),
        ],
    },
    Notes {
        command: "export",
        examples: &[
            (
                "kvm-exits export --listen 127.0.0.1:10316",
                "For a Prometheus on this machine, or a reverse proxy that has TLS and passwords",
            ),
            (
                "kvm-exits export --listen 127.0.0.1:10316 --vms --native-histograms",
                "Each VM's counters too, and how long the exits took",
            ),
            (
                "kvm-exits export --textfile /var/lib/prometheus/node-exporter/kvm.prom -i 15",
                "By way of a node_exporter that is there already",
            ),
            (
                "kvm-exits export --listen 127.0.0.1:10316 --from night.recording",
                "What `record` has kept, to look at it in Grafana",
            ),
            (
                "kvm-exits export | promtool check metrics",
                "Print the metrics, and have them checked",
            ),
        ],
        files: &[DEVICE],
    },
    Notes {
        command: "caps",
        examples: &[
            ("kvm-exits caps", "What this machine's processor can do"),
            (
                "kvm-exits caps --raw >haswell.txt",
                "Keep it as the processor says it",
            ),
            (
                "kvm-exits caps --from haswell.txt --json",
                "Read such a file, for a program",
            ),
            (
                "kvm-exits caps --diff haswell.txt skylake.txt",
                "What one has and the other lacks",
            ),
        ],
        files: &[
            ("/dev/cpu/N/msr", "the MSRs of CPU N (`modprobe msr`)"),
            (
                "/sys/kernel/debug/vmx_caps/msrs",
                "the same, where vmx_caps.ko is loaded",
            ),
        ],
    },
    Notes {
        command: "check",
        examples: &[
            (
                "kvm-exits check",
                "Run a VM that exits 1,000 times, and count",
            ),
            ("kvm-exits check --count 1000000", "The same with a million"),
        ],
        files: &[DEVICE, KVM],
    },
    Notes {
        command: "reset",
        examples: &[("kvm-exits reset", "Count from 0, for everybody")],
        files: &[DEVICE],
    },
    Notes {
        command: "dump",
        examples: &[("kvm-exits dump", "Have the kernel log say it")],
        files: &[DEVICE],
    },
];
