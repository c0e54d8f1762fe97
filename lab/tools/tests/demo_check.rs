// SPDX-License-Identifier: GPL-2.0

//! `demo-check`, run as a program where no demo has been.

use std::process::Command;

fn demo_check(args: &[&str]) -> (Option<i32>, String) {
    let nowhere = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-demo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-check"));
    let output = command.arg(nowhere).args(args).output().unwrap();
    assert_eq!(output.stdout, b"");
    let text = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[test]
fn fails_with_a_sentence_a_check() {
    for args in [&["--vendor", "vmx"][..], &["--vendor", "vmx", "--quiet"]] {
        let (code, text) = demo_check(args);
        assert_eq!(code, Some(1), "{text}");
        let sentences: Vec<_> = text.lines().collect();
        assert_eq!(sentences.len(), 9, "{text}");
        assert!(sentences[1].starts_with("FAIL  cannot read "), "{text}");
        assert!(sentences[1].contains("ept.json"), "{text}");
        assert_eq!(sentences[8], "demo-check: 8 of 8 checks failed");
    }
    let (_, text) = demo_check(&["--vendor", "vmx", "--vendor", "svm"]);
    assert!(
        text.ends_with("demo-check: 13 of 13 checks failed\n"),
        "{text}"
    );
}

#[test]
fn where_no_demo_was_there_is_nothing_to_check() {
    let (code, text) = demo_check(&[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("there has been no demo in"), "{text}");
    let (code, text) = demo_check(&["--vendor", "arm"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("known are: vmx, svm"), "{text}");
}
