// SPDX-License-Identifier: GPL-2.0

//! A program in a pseudo-terminal.

use anyhow::{bail, Context, Result};
use nix::pty::{openpty, Winsize};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::str::FromStr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long nothing has to come before the screen is done.
const QUIET: Duration = Duration::from_millis(700);
/// How long to wait for anything at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Columns and rows.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

impl FromStr for Size {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (columns, rows) = text.split_once('x').context("COLUMNSxROWS")?;
        Ok(Self {
            columns: columns.parse()?,
            rows: rows.parse()?,
        })
    }
}

/// What is on the screen of `command` once `until` is there, `keys` have been typed, and nothing
/// changes any more.
pub fn screen(command: &[OsString], size: Size, keys: &str, until: &str) -> Result<vt100::Parser> {
    let winsize = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pty = openpty(&winsize, None).context("no pseudo-terminal")?;
    let (program, arguments) = command.split_first().context("no program")?;
    let child = Command::new(program)
        .args(arguments)
        .env("TERM", "xterm-256color")
        .stdin(pty.slave.try_clone()?)
        .stdout(pty.slave.try_clone()?)
        .stderr(pty.slave)
        .spawn()
        .with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
    let _running = Running(child);
    let mut typed = File::from(pty.master.try_clone()?);
    let said = reader(File::from(pty.master));
    let mut screen = vt100::Parser::new(size.rows, size.columns, 0);
    while !screen.screen().contents().contains(until) {
        let Ok(bytes) = said.recv_timeout(PATIENCE) else {
            bail!("\"{until}\" never came: {}", screen.screen().contents());
        };
        screen.process(&bytes);
    }
    for key in keys.bytes() {
        typed.write_all(&[key])?;
        while let Ok(bytes) = said.recv_timeout(QUIET) {
            screen.process(&bytes);
        }
    }
    while let Ok(bytes) = said.recv_timeout(QUIET) {
        screen.process(&bytes);
    }
    Ok(screen)
}

/// What the terminal is told.
fn reader(mut from: File) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n) = from.read(&mut buffer) {
            if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

/// A program that is not to outlive its picture.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
