// SPDX-License-Identifier: GPL-2.0

//! KVM's binary statistics by way of QEMU's monitor (`query-stats`, QEMU 7.1).

use crate::{
    process,
    stats::{ProcessStats, Scalars, Source, VcpuStats},
};
use anyhow::{bail, ensure, Context, Result};
use serde_json::{json, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Reads the statistics of the VM whose QEMU has its monitor at the pipes `PIPE.in` and
/// `PIPE.out`. Pipes, because the lab's kernel has no sockets; they do not tell whose they are, so
/// there may be one VM only.
pub fn stats(pipe: &Path) -> Result<ProcessStats> {
    let path = |end| pipe.with_extension(end);
    let hint = || {
        format!(
            "{0}.in, {0}.out: make both with mkfifo, and start QEMU with \
             -chardev pipe,id=qmp,path={0} -mon chardev=qmp,mode=control",
            pipe.display()
        )
    };
    let pids = process::with_vcpus()?;
    // Without a QEMU to open the other end, opening ours would not return.
    ensure!(pids.len() == 1, "{} processes run VMs, not one", pids.len());
    let mut to = File::options()
        .write(true)
        .open(path("in"))
        .with_context(hint)?;
    let from = File::open(path("out")).with_context(hint)?;
    let vcpus =
        query(&mut BufReader::new(from), &mut to).with_context(|| pipe.display().to_string())?;
    Ok(ProcessStats {
        pid: pids[0],
        source: Source::Qmp,
        vcpus,
        vms: Vec::new(),
    })
}

fn query(input: &mut impl BufRead, output: &mut impl Write) -> Result<Vec<VcpuStats>> {
    // Refused when it was done already: a pipe has one session, whoever opens it.
    let _ = execute(input, output, &json!({ "execute": "qmp_capabilities" }))?;
    let command = json!({
        "execute": "query-stats",
        "arguments": { "target": "vcpu", "providers": [{ "provider": "kvm" }] }
    });
    let answer = match execute(input, output, &command)? {
        Ok(answer) => answer,
        Err(refusal) => bail!("QEMU refused query-stats, which it has since 7.1: {refusal}"),
    };
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

/// What the command returns, or why QEMU refuses it.
fn execute(
    input: &mut impl BufRead,
    output: &mut impl Write,
    command: &Value,
) -> Result<Result<Value, String>> {
    writeln!(output, "{command}").context("cannot write to QEMU's monitor")?;
    loop {
        let mut answer = read_object(input)?;
        if let Some(error) = answer.get("error") {
            let reason = error["desc"].as_str().unwrap_or("no reason given");
            return Ok(Err(reason.to_string()));
        }
        // What else comes is the greeting or an event.
        if let Some(value) = answer.get_mut("return") {
            return Ok(Ok(value.take()));
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
        query(&mut text.as_bytes(), &mut std::io::sink())
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
    fn may_ask_a_second_time() {
        let vcpus = answers(&[
            r#"{"error": {"class": "CommandNotFound", "desc": "already complete"}}"#,
            r#"{"return": [{"stats": [{"name": "exits", "value": 1}]}]}"#,
        ])
        .unwrap();
        assert_eq!(vcpus[0].scalars["exits"], 1);
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
