// SPDX-License-Identifier: GPL-2.0

//! `--markdown`, run through the program: the rows of the text, as tables of GitHub's.

mod common;

use acct::snapshot::measures;
use common::{data, kvm_exits, save, stdout, values, Builder, TDP, VPID};

/// The lines that are a table's rows, each cell without the blanks around it.
fn rows(markdown: &str) -> Vec<Vec<String>> {
    let lines = markdown.lines().filter(|line| line.starts_with("| "));
    let cells = |line: &str| {
        let line = line.trim_matches('|').replace(r"\|", "\u{1}");
        let cells = line.split('|').map(|cell| cell.replace('\u{1}', r"\|"));
        cells.map(|cell| cell.trim().to_string()).collect()
    };
    lines.map(cells).collect()
}

/// The words of each line of the text, which are those of the cells.
fn words(text: &str) -> Vec<String> {
    let normal = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(normal).collect()
}

#[test]
fn compared_as_the_text_is() {
    let files = ["ept.json", "shadow.json", "shadow-novpid.json"].map(data);
    let run = |form: &[&str]| {
        let files = files.iter().map(String::as_str);
        let args: Vec<_> = ["compare"].into_iter().chain(files).collect();
        kvm_exits(&[&args, form].concat())
    };
    let markdown = run(&["--markdown"]);
    let markdown = stdout(&markdown);
    let rows = rows(markdown);
    assert_eq!(
        rows[0][2..5],
        ["count (EPT)", "count (shadow)", "count (shadow, vpid=0)"]
    );
    assert_eq!(rows[1][..3], ["---:", "---", "---:"]);
    let text = run(&[]);
    let lines = words(stdout(&text));
    for row in &rows[2..] {
        let row = row.join(" ");
        assert!(lines.contains(&row.trim().to_string()), "{row}");
    }
    // A heading of two lines and a rule; then all of them.
    let all = lines.iter().skip(3).take_while(|line| !line.is_empty());
    assert_eq!(all.count(), rows.len() - 2, "{markdown}");
    assert!(
        markdown.contains("\n\nSorted by the change in count"),
        "{markdown}"
    );
}

#[test]
fn shown_as_the_text_is() {
    let path = Builder::new(3, TDP | VPID)
        .host(10, &[1_000; 90])
        .host(12, &[700; 5])
        .vm(4711, "a|<b>*", 1)
        .vm_row(10, 6, 60)
        .save("markdown-show.snapshot");
    for args in [vec!["show"], vec!["show", "--vm", "4711"], vec!["vms"]] {
        let args = [&args[..], &["--from", &path]].concat();
        let markdown = kvm_exits(&[&args[..], &["--markdown"]].concat());
        let markdown = stdout(&markdown);
        let text = kvm_exits(&args);
        let lines = words(stdout(&text));
        let rows = rows(markdown);
        assert!(rows.len() > 2, "{markdown}");
        for row in &rows[2..] {
            let row = row.join(" ").replace(r"\<", "<");
            assert!(lines.contains(&row.trim().to_string()), "{row}");
        }
        let named = markdown.contains(r"pid 4711 (a\|\<b\>\*), 1 vCPU: 6 exits");
        assert_eq!(named, args[..] != ["show", "--from", &path], "{markdown}");
    }
}

#[test]
fn keys_as_the_text_is() {
    let builder = |generation| Builder::with_measures(generation, TDP, 0, measures::DETAIL);
    let path = builder(1)
        .key(32, 0x6e0, 10, 100)
        .host_values(32, values(45, 900), &[])
        .save("markdown-by.snapshot");
    let show = kvm_exits(&["show", "--by", "all", "--markdown", "--from", &path]);
    assert!(
        stdout(&show).contains("\n### 32 MSR_WRITE: 45\n\n| what | count |"),
        "{show:?}"
    );
    assert!(stdout(&show).contains("\n| MSR 0x6e0 TSC_DEADLINE | 10 | 22.2% | 100 | 10 |\n"));
    let both = kvm_exits(&["compare", "--by", "32", "--markdown", &path, &path]);
    assert!(
        stdout(&both).starts_with("### 32 MSR_WRITE\n\n| what | count ("),
        "{both:?}"
    );
    assert!(
        stdout(&both).contains("\n| other | 35 | 35 | 1.00x | 23 | 23 |\n"),
        "{both:?}"
    );
}

#[test]
fn one_form_at_a_time() {
    let path = save("markdown-form.snapshot", &Builder::new(1, TDP).bytes());
    let both = kvm_exits(&["show", "--from", &path, "--markdown", "--json"]);
    assert_eq!(both.status.code(), Some(2), "{both:?}");
}
