// SPDX-License-Identifier: GPL-2.0

use super::*;

const DATA: u32 = 12;

/// A page of records: kind or bytes of data, time, what follows the first word.
fn page(tsc: u64, records: &[(u32, u32, &[u32])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, delta, rest) in records {
        body.extend((kind | delta << 5).to_le_bytes());
        rest.iter().for_each(|word| body.extend(word.to_le_bytes()));
    }
    let mut page = tsc.to_le_bytes().to_vec();
    page.extend((body.len() as u64).to_le_bytes());
    page.extend(body);
    page.resize(page::SIZE, 0xff);
    page
}

fn stamps(bytes: &[u8]) -> Result<Vec<(u64, usize)>> {
    page::records(bytes)?
        .map(|record| record.map(|(tsc, data)| (tsc, data.len())))
        .collect()
}

#[test]
fn time_goes_on_through_a_page() {
    let top = 1 << 60;
    let bytes = page(
        top + 1000,
        &[
            (2, 5, &[1, 2]),
            // 3 << 27 and 7 more.
            (30, 7, &[3]),
            (0, 1, &[4 + 12, 1, 2, 3]),
            // Taken back: its time is not counted.
            (29, 9, &[4]),
            // 2 << 27 and 4, with the upper bits as they are.
            (31, 4, &[2]),
            (1, 1, &[1]),
            (29, 0, &[]),
        ],
    );
    let third = top + 1000 + 5 + (3 << 27) + 7 + 1;
    let last = top + (2 << 27) + 4 + 1;
    assert_eq!(
        stamps(&bytes).unwrap(),
        [(top + 1005, 8), (third, 12), (last, 4)]
    );
}

#[test]
fn what_was_lost_or_cut_off_is_seen() {
    let whole = page(0, &[(1, 1, &[1])]);
    assert_eq!(stamps(&whole).unwrap().len(), 1);
    let mut lost = whole.clone();
    lost[11] |= 0x80;
    let error = stamps(&lost).unwrap_err().to_string();
    assert!(error.contains("lost"), "{error}");
    let mut long = whole.clone();
    long[8] = 4;
    assert!(stamps(&long).is_err());
    assert!(stamps(&whole[..12]).is_err());
}

#[test]
fn formats_tell_where_fields_are() {
    let (id, layout) = parse_format(
        "name: kvm_entry\nID: 900\nformat:\n\
         \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n\
         \tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n",
    )
    .unwrap();
    assert_eq!((id, layout["vcpu_id"]), (900, (8, 4)));
    let fields = |bytes| Fields {
        layout: &layout,
        bytes,
    };
    let bytes = [0, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0];
    assert_eq!(fields(&bytes[..]).get("vcpu_id").unwrap(), 0x103);
    assert!(fields(&bytes[..11]).get("vcpu_id").is_err());
    assert!(fields(&bytes[..]).get("rip").is_err());
    assert!(parse_format("name: kvm_entry\n").is_err());
}

/// A tracing directory with one CPU's buffer: two vCPU's entries.
fn directory(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("lab-tools-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let cpu = dir.join("per_cpu/cpu0");
    fs::create_dir_all(&cpu).unwrap();
    fs::write(dir.join("trace_clock"), "local global [x86-tsc]\n").unwrap();
    for ((name, _), id) in EVENTS.iter().zip(900..) {
        let event = dir.join("events/kvm").join(name);
        fs::create_dir_all(&event).unwrap();
        let format =
            format!("ID: {id}\n\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n");
        fs::write(event.join("format"), format).unwrap();
    }
    fs::write(cpu.join("stats"), stats(3, 0)).unwrap();
    let pages = page(
        100,
        &[
            (DATA / 4, 1, &[900, 41, 0]),
            (DATA / 4, 1, &[900, 42, 1]),
            // Somebody else's.
            (DATA / 4, 1, &[7, 42, 1]),
        ],
    );
    fs::write(cpu.join("trace_pipe_raw"), pages).unwrap();
    dir
}

fn stats(entries: u64, lost: u64) -> String {
    format!(
        "entries: {entries}\noverrun: {lost}\ncommit overrun: 0\nbytes: 48\n\
         dropped events: 0\nread events: 0\n"
    )
}

#[test]
fn takes_the_events_of_all_cpus() {
    let dir = directory("all");
    let entry = |tsc, thread, vcpu| Event {
        tsc,
        thread,
        what: What::Entry { vcpu },
    };
    assert_eq!(take(&dir).unwrap(), [entry(101, 41, 0), entry(102, 42, 1)]);
}

#[test]
fn refuses_what_is_not_whole() {
    let dir = directory("whole");
    let error = |path: &str, text: &str| {
        fs::write(dir.join(path), text).unwrap();
        format!("{:#}", take(&dir).unwrap_err())
    };
    let stats_path = "per_cpu/cpu0/stats";
    assert!(error(stats_path, &stats(3, 1)).contains("1 events were lost"));
    assert!(error(stats_path, &stats(4, 0)).contains("4 events in the buffer, 3 were read"));
    assert!(error("trace_clock", "[local] x86-tsc").contains("not the TSC's"));
}
