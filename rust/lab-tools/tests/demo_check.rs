// SPDX-License-Identifier: GPL-2.0

//! `demo-check`, run as a program where no demo has been.

use std::process::{Command, Output};

fn demo_check(args: &[&str]) -> Output {
    let nowhere = concat!(env!("CARGO_TARGET_TMPDIR"), "/no-demo");
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-check"));
    command.arg(nowhere).args(args).output().unwrap()
}

#[test]
fn fails_with_a_sentence_a_check() {
    for args in [&[][..], &["--quiet"]] {
        let output = demo_check(args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(output.stdout, b"");
        let text = String::from_utf8(output.stderr).unwrap();
        let sentences: Vec<_> = text.lines().collect();
        assert_eq!(sentences.len(), 9, "{text}");
        assert!(sentences[1].starts_with("FAIL  cannot read "), "{text}");
        assert!(sentences[1].contains("ept.json"), "{text}");
        assert_eq!(sentences[8], "demo-check: 8 of 8 checks failed");
    }
}
