// SPDX-License-Identifier: GPL-2.0

//! KVM's binary statistics by way of QEMU's monitor (`query-stats`, QEMU 7.1).

use crate::stats::{ProcessStats, Scalars, Source, VcpuStats};
use anyhow::{bail, Context, Result};
use serde_json::{json, Value};
use std::io::{self, BufRead, BufReader, Write};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Reads the statistics of the VM whose QEMU listens at `socket`.
pub fn stats(socket: &Path) -> Result<ProcessStats> {
    let stream = UnixStream::connect(socket).with_context(|| {
        format!(
            "cannot connect to {0}: start QEMU with -qmp unix:{0},server=on,wait=off",
            socket.display()
        )
    })?;
    let pid = peer_pid(&stream).context("cannot tell who listens there")?;
    let vcpus = query(&mut BufReader::new(&stream), &mut &stream)
        .with_context(|| socket.display().to_string())?;
    Ok(ProcessStats {
        pid,
        source: Source::Qmp,
        vcpus,
        vms: Vec::new(),
    })
}

/// The process at the other end.
fn peer_pid(stream: &UnixStream) -> io::Result<u32> {
    // SAFETY: three integers, for which all zeros is a value.
    let mut credentials: libc::ucred = unsafe { mem::zeroed() };
    let mut length = mem::size_of_val(&credentials) as libc::socklen_t;
    // SAFETY: the option is written to `credentials`, whose length is passed along.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &mut length,
        )
    };
    match result {
        0 => Ok(credentials.pid as u32),
        _ => Err(io::Error::last_os_error()),
    }
}

fn query(input: &mut impl BufRead, output: &mut impl Write) -> Result<Vec<VcpuStats>> {
    // The greeting.
    read_object(input)?;
    execute(input, output, &json!({ "execute": "qmp_capabilities" }))?;
    let answer = execute(
        input,
        output,
        &json!({
            "execute": "query-stats",
            "arguments": { "target": "vcpu", "providers": [{ "provider": "kvm" }] }
        }),
    )?;
    let vcpus = answer.as_array().context("query-stats gave no list")?;
    if vcpus.is_empty() {
        bail!("QEMU has no statistics of KVM: does the VM run with -accel kvm?");
    }
    Ok(vcpus
        .iter()
        .zip(0..)
        .map(|(vcpu, number)| VcpuStats {
            vcpu: number,
            scalars: scalars(&vcpu["stats"]),
        })
        .collect())
}

/// Those that are one number each, out of `[{"name": …, "value": …}, …]`.
fn scalars(stats: &Value) -> Scalars {
    let named = |stat: &Value| {
        Some((
            stat["name"].as_str()?.replace('-', "_"),
            stat["value"].as_u64()?,
        ))
    };
    stats
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(named)
        .collect()
}

fn execute(input: &mut impl BufRead, output: &mut impl Write, command: &Value) -> Result<Value> {
    writeln!(output, "{command}").context("cannot write to QEMU's monitor")?;
    loop {
        let mut answer = read_object(input)?;
        if let Some(error) = answer.get("error") {
            bail!("QEMU refused {}: {}", command["execute"], error["desc"]);
        }
        // What else comes is an event.
        if let Some(value) = answer.get_mut("return") {
            return Ok(value.take());
        }
    }
}

fn read_object(input: &mut impl BufRead) -> Result<Value> {
    let mut line = String::new();
    let length = input
        .read_line(&mut line)
        .context("cannot read from QEMU's monitor")?;
    if length == 0 {
        bail!("QEMU's monitor closed: it serves one client at a time");
    }
    serde_json::from_str(&line).context("QEMU's monitor does not speak QMP")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(lines: &[&str]) -> Result<Vec<VcpuStats>> {
        let text = lines.join("\n") + "\n";
        query(&mut text.as_bytes(), &mut io::sink())
    }

    #[test]
    fn reads_scalars_and_passes_over_events() {
        let vcpus = answers(&[
            r#"{"QMP": {"version": {}, "capabilities": []}}"#,
            r#"{"return": {}}"#,
            r#"{"event": "RESUME", "timestamp": {}}"#,
            r#"{"return": [{"provider": "kvm", "qom-path": "/machine/unattached/device[0]",
                "stats": [{"name": "exits", "value": 12}, {"name": "guest_mode", "value": false},
                {"name": "halt-wait-ns", "value": 3}, {"name": "halt_hist", "value": [1, 2]}]}]}"#
                .replace('\n', " ")
                .as_str(),
        ])
        .unwrap();
        assert_eq!(vcpus.len(), 1);
        assert_eq!(vcpus[0].vcpu, 0);
        let expected = [("exits", 12), ("halt_wait_ns", 3)].map(|(n, v)| (n.to_string(), v));
        assert_eq!(vcpus[0].scalars, Scalars::from(expected));
    }

    #[test]
    fn passes_on_what_qemu_refuses() {
        let error = answers(&[
            r#"{"QMP": {}}"#,
            r#"{"return": {}}"#,
            r#"{"error": {"class": "CommandNotFound", "desc": "no such command"}}"#,
        ]);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no such command"), "{error}");
    }

    #[test]
    fn says_when_the_monitor_closes() {
        let error = answers(&[r#"{"QMP": {}}"#]).unwrap_err().to_string();
        assert!(error.contains("closed"), "{error}");
    }
}
