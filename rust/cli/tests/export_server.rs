// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits export --listen`, run as a program, and asked by clients good and bad.

mod common;

use common::{file, recording, times, Builder, Running, TDP};
use flate2::read::GzDecoder;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The program, while a test runs.
struct Server {
    _running: Running,
    address: SocketAddr,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        Self::start_on(&file("no-device"), args)
    }

    /// With this file in place of the device.
    fn start_on(device: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
        command.env(kvm_exits::device::VARIABLE, device);
        command
            .args(["export", "--listen", "127.0.0.1:0"])
            .args(args);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let stderr = child.stderr.take().unwrap();
        BufReader::new(stderr).read_line(&mut line).unwrap();
        let address = line.strip_prefix("kvm-exits: http://");
        let address = address.and_then(|line| line.strip_suffix("/metrics\n"));
        let address = address.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Self {
            _running: Running(child),
            address,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream
    }

    /// The answer to these bytes, until the server closes: its head, and what follows.
    fn ask(&self, request: &[u8]) -> (String, Vec<u8>) {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        let body = answer.split_off(end);
        (String::from_utf8(answer).unwrap(), body)
    }

    fn request(&self, request: &str, headers: &str) -> (String, String) {
        let (head, body) =
            self.ask(format!("{request} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes());
        (head, String::from_utf8(body).unwrap())
    }

    /// A sample of the next scrape.
    fn sample(&self, name: &str) -> Option<u64> {
        let (head, body) = self.request("GET /metrics", "");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let line = body.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().parse().unwrap())
    }
}

fn moment(n: usize) -> Builder {
    // A state that goes back in the second moment.
    let guest = [1_000, 997, 1_500][n - 1];
    let host = Builder::with_measures(7, TDP, 0, 1).host(10, &vec![5; n]);
    let host = host.host_time(&times([guest, 5, 0, 0, 0]));
    // And a VM that is not there in the third.
    if n < 3 {
        host.vm(4711, "qemu", 1).vm_row(10, n as u64, 5)
    } else {
        host
    }
}

fn play(test: &str, args: &[&str]) -> Server {
    let path = recording(&format!("{test}.kvmexits"), (1..=3).map(moment));
    Server::start(&[&["--from", &path], args].concat())
}

#[test]
fn a_scraper_gets_what_it_asks_for() {
    let server = play("formats", &["--native-histograms"]);
    let protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    for (accept, content_type, end) in [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "\n"),
        (
            "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "\n# EOF\n",
        ),
    ] {
        let (head, body) = server.request("GET /metrics", &format!("Accept: {accept}\r\n"));
        assert!(
            head.contains(&format!("content-type: {content_type}\r\n")),
            "{head}"
        );
        assert!(
            body.contains("\nkvm_exits_total{reason=\"CPUID\"} 1\n"),
            "{body}"
        );
        assert!(body.ends_with(end), "{body}");
    }
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: {protobuf};q=0.9, text/plain;q=0.5\r\n\r\n"
    );
    let (head, body) = server.ask(request.as_bytes());
    assert!(
        head.contains("content-type: application/vnd.google.protobuf;"),
        "{head}"
    );
    let name = b"kvm_exit_duration_cycles";
    assert!(body.windows(name.len()).any(|bytes| bytes == name));
}

#[test]
fn who_takes_gzip_gets_it() {
    let server = play("gzip", &[]);
    let request = b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: br, gzip\r\n\r\n";
    let (head, body) = server.ask(request);
    assert!(head.contains("content-encoding: gzip\r\n"), "{head}");
    let mut text = String::new();
    GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    assert!(
        text.contains("kvm_exits_total{reason=\"CPUID\"} 1\n"),
        "{text}"
    );
    for refused in ["", "Accept-Encoding: gzip;q=0, identity\r\n"] {
        let (head, _) = server.request("GET /metrics", refused);
        assert!(!head.contains("gzip"), "{head}");
    }
}

#[test]
fn there_is_nothing_else() {
    let server = play("nothing-else", &[]);
    for (request, status, says) in [
        ("GET /", "200 OK", "<a href=\"/metrics\">"),
        ("GET /metrics?name=x", "200 OK", "kvm_exits_total"),
        ("HEAD /metrics", "200 OK", ""),
        ("GET /metrics/", "404 Not Found", "/metrics"),
        ("GET /../etc/passwd", "404 Not Found", ""),
        ("POST /metrics", "405 Method Not Allowed", "GET or HEAD"),
        ("DELETE /", "405 Method Not Allowed", ""),
    ] {
        let (head, body) = server.request(request, "");
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{request}: {head}"
        );
        assert!(body.contains(says), "{request}: {body}");
        assert!(body.is_empty() || !request.starts_with("HEAD"), "{body}");
    }
}

#[test]
fn each_scrape_is_the_next_moment_and_no_counter_goes_back() {
    let server = play("steps", &["--step", "--vms"]);
    let (first, body) = server.request("GET /metrics", "");
    assert!(first.starts_with("HTTP/1.1 200"), "{first}");
    assert!(body.contains("kvm_vm_exits_total{pid=\"4711\",name=\"qemu\",reason=\"CPUID\"} 1\n"));
    let guest = "kvm_vcpu_time_cycles_total{state=\"guest\"}";
    assert!(body.contains(&format!("{guest} 1000\n")), "{body}");
    assert_eq!(
        server.sample(guest),
        Some(1_000),
        "997, it says in the recording"
    );
    let (_, third) = server.request("GET /metrics", "");
    assert!(third.contains(&format!("{guest} 1500\n")), "{third}");
    assert!(
        !third.contains("kvm_vm_exits_total"),
        "the VM is gone: {third}"
    );
    // The last one stays.
    assert_eq!(server.sample("kvm_exits_total{reason=\"CPUID\"}"), Some(3));
}

#[test]
fn scrapes_at_once_are_each_whole() {
    let server = play("at-once", &["--step"]);
    let scrape = || server.request("GET /metrics", "Accept: application/openmetrics-text\r\n");
    thread::scope(|scope| {
        let scrapes: Vec<_> = (0..20).map(|_| scope.spawn(scrape)).collect();
        for scrape in scrapes {
            let (head, body) = scrape.join().unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(body.ends_with("# EOF\n"), "{body}");
        }
    });
}

#[test]
fn a_device_that_goes_is_said_so_and_comes_again() {
    let device = file("export-device");
    let _ = fs::remove_file(&device);
    let server = Server::start_on(&device, &[]);
    let gone = || {
        let (head, body) = server.request("GET /metrics", "");
        let status = "HTTP/1.1 503 Service Unavailable\r\n";
        assert!(head.starts_with(status), "{head}");
        assert!(body.starts_with("cannot open ") && body.lines().count() == 1);
        assert!(!body.contains("kvm_exits_total"), "{body}");
    };
    gone();
    for generation in [4, 5] {
        let snapshot = Builder::new(generation, TDP).host(10, &[5]);
        fs::write(&device, snapshot.bytes()).unwrap();
        let sample = server.sample("kvm_exit_stats_generation");
        assert_eq!(sample, Some(generation.into()));
        // Half of one is none.
        fs::write(&device, &Builder::new(4, TDP).host(10, &[5]).bytes()[..60]).unwrap();
        let (head, body) = server.request("GET /metrics", "");
        assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
        assert!(body.contains("ends in the middle"), "{body}");
        fs::remove_file(&device).unwrap();
        gone();
    }
}

#[test]
fn nobody_holds_up_the_others() {
    let server = play("hostile", &[]);
    let is_well = || {
        let began = Instant::now();
        assert_eq!(server.sample("kvm_exit_stats_up"), Some(1));
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
    };
    // Many that never come to an end, and some that say nothing at all.
    let slow: Vec<_> = (0..300)
        .map(|n| {
            let mut stream = server.connect();
            // The server may have closed it already: there are too many.
            let _ = stream.write_all(&b"GET /metrics HTTP/1.1\r\nX: "[..n % 26]);
            if n % 50 == 0 {
                is_well();
            }
            stream
        })
        .collect();
    is_well();
    let began = Instant::now();
    for mut stream in slow {
        // Whichever way it ends; but not by our own patience.
        if let Err(error) = stream.read_to_end(&mut Vec::new()) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
    }
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    is_well();

    let long = [
        &b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: "[..],
        &[b'x'; 20_000],
        b"\r\n\r\n",
    ]
    .concat();
    let many = format!(
        "GET /metrics HTTP/1.1\r\nHost: x\r\n{}\r\n",
        "X: y\r\n".repeat(100)
    );
    for request in [&long[..], many.as_bytes()] {
        let (head, _) = server.ask(request);
        assert!(head.starts_with("HTTP/1.1 431 "), "{head}");
    }
    let (head, _) = server.ask(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    is_well();
}
