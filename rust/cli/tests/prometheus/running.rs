// SPDX-License-Identifier: GPL-2.0

//! The programs: `kvm-exits export`, Prometheus, promtool.

use crate::common::{file, Running};
use crate::http;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// As long as anything may take here.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program of Prometheus's package.
fn program(name: &str) -> Command {
    let directory = std::env::var_os("PROMETHEUS").expect("PROMETHEUS, the programs' directory");
    Command::new(PathBuf::from(directory).join(name))
}

/// `kvm-exits export --listen`, which plays a recording, a moment a scrape.
pub struct Exporter {
    _running: Running,
    pub address: SocketAddr,
}

impl Exporter {
    pub fn start(recording: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
        command.args(["export", "--listen", "127.0.0.1:0", "--step", "--from"]);
        command.arg(recording).args(options).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stderr = child.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        let address = line.split('/').nth(2).unwrap_or_else(|| panic!("{line}"));
        Self {
            address: address.parse().unwrap(),
            _running: Running(child),
        }
    }

    /// The next scrape, as text.
    pub fn metrics(&self) -> String {
        String::from_utf8(self.metrics_as("")).unwrap()
    }

    /// The same as `headers` ask for it.
    pub fn metrics_as(&self, headers: &str) -> Vec<u8> {
        let (status, body) = http::get(self.address, "/metrics", headers).unwrap();
        assert_eq!(status, 200);
        body
    }
}

/// What promtool says to this input, or the test ends.
pub fn promtool(args: &[&str], input: &[u8]) -> String {
    let mut command = program("promtool");
    command.args(args).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "promtool {args:?}: {said}");
    said
}

/// Prometheus, which scrapes exporters.
pub struct Prometheus {
    _running: Running,
    address: SocketAddr,
}

/// Labels, and samples: milliseconds, value.
pub type Series = (BTreeMap<String, String>, Vec<(u64, f64)>);

impl Prometheus {
    /// Scrapes each of `jobs` this often, in milliseconds.
    pub fn start(interval: u64, jobs: &[(&str, &Exporter)]) -> Self {
        let directory = file("prometheus-server");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        let scrapes = jobs.iter().map(|(job, exporter)| {
            format!(
                "  - job_name: {job}\n    static_configs:\n      - targets: ['{}']\n",
                exporter.address
            )
        });
        let config = format!(
            "global:\n  scrape_interval: {interval}ms\n  scrape_timeout: {interval}ms\nscrape_configs:\n{}",
            scrapes.collect::<String>()
        );
        let path = directory.join("prometheus.yml");
        fs::write(&path, config).unwrap();
        promtool(&["check", "config", path.to_str().unwrap()], b"");

        // Free a moment ago; nobody else asks for it in the meantime.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let log = fs::File::create(directory.join("log")).unwrap();
        let option = |name: &str, value: &Path| format!("--{name}={}", value.display());
        let mut command = program("prometheus");
        command
            .arg(option("config.file", &path))
            .arg(option("storage.tsdb.path", &directory.join("data")))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=native-histograms")
            .stderr(log);
        let running = Running(command.spawn().unwrap());
        let prometheus = Self {
            _running: running,
            address,
        };
        prometheus.wait("to be ready", || {
            let ready = http::get(address, "/-/ready", "");
            ready.is_ok_and(|(status, _)| status == 200).then_some(())
        });
        prometheus
    }

    fn wait<T>(&self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(met) = condition() {
                return met;
            }
            assert!(began.elapsed() < PATIENCE, "Prometheus never came {what}");
            sleep(Duration::from_millis(50));
        }
    }

    /// What it says to an instant query, as of `time` (milliseconds) or now.
    pub fn query(&self, query: &str, time: Option<u64>) -> Vec<Series> {
        let mut path = format!("/api/v1/query?query={}", http::encoded(query));
        if let Some(time) = time {
            path += &format!("&time={}.{:03}", time / 1_000, time % 1_000);
        }
        let (_, body) = http::get(self.address, &path, "").unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let result = answer["data"]["result"].as_array().unwrap();
        result.iter().map(series).collect()
    }

    /// Waits until there are so many samples of each job, and returns when their last was taken.
    pub fn wait_for_samples(&self, n: usize) -> BTreeMap<String, Vec<u64>> {
        self.wait("so far", || {
            let series = self.query("kvm_exit_stats_generation[5m]", None);
            let all = series.len() == 2 && series.iter().all(|(_, samples)| samples.len() >= n);
            all.then(|| {
                let times =
                    |samples: &[(u64, f64)]| samples[..n].iter().map(|(time, _)| *time).collect();
                let jobs = series.iter();
                jobs.map(|(labels, samples)| (labels["job"].clone(), times(samples)))
                    .collect()
            })
        })
    }
}

fn series(result: &Value) -> Series {
    let labels = result["metric"].as_object().unwrap().iter();
    let labels = labels.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_string()));
    let samples = match (&result["values"], &result["value"]) {
        (Value::Array(values), _) => values.iter().map(sample).collect(),
        (_, Value::Array(_)) => vec![sample(&result["value"])],
        _ => Vec::new(),
    };
    (labels.collect(), samples)
}

fn sample(pair: &Value) -> (u64, f64) {
    let milliseconds = (pair[0].as_f64().unwrap() * 1_000.0).round() as u64;
    (milliseconds, pair[1].as_str().unwrap().parse().unwrap())
}
