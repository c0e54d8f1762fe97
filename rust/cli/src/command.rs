// SPDX-License-Identifier: GPL-2.0

//! A command that runs while something is measured, and what ends that.

use crate::name::escaped;
use crate::signals::{Awaited, Came};
use anyhow::{Context, Result};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

/// Until a command ends, or, where there is none, until SIGINT (Ctrl-C) or SIGTERM comes.
#[derive(Debug)]
pub struct Run {
    signals: Awaited,
    child: Option<Child>,
}

/// How it has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended(Option<ExitStatus>);

impl Run {
    /// Starts `command`: the program and its arguments, or nothing.
    pub fn start(command: &[OsString]) -> Result<Self> {
        let child = match command {
            [] => None,
            [program, arguments @ ..] => {
                let child = Command::new(program).args(arguments).spawn();
                Some(child.map_err(|why| NotRun {
                    program: program.clone(),
                    why,
                })?)
            }
        };
        // After it, for it would have them put off as well. What its end has sent meanwhile is lost,
        // and asked for before anything is waited for.
        let signals = Awaited::new(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGCHLD])?;
        Ok(Self { signals, child })
    }

    /// Waits for the end; if it does not come within `timeout`, for that.
    ///
    /// A Ctrl-C is the command's: the terminal has sent it one, too. What somebody sends to this
    /// program, the command gets.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<Ended>> {
        if let Some(ended) = self.ended()? {
            return Ok(Some(ended));
        }
        let Some(Came { signal, is_sent }) = self.signals.next(timeout)? else {
            return Ok(None);
        };
        match &self.child {
            None if signal != Signal::SIGCHLD => return Ok(Some(Ended(None))),
            Some(child) if signal != Signal::SIGCHLD && is_sent => {
                // It may have ended just now: then there is nobody to tell.
                let _ = kill(Pid::from_raw(child.id() as i32), signal);
            }
            _ => {}
        }
        self.ended()
    }

    /// Whether the command has ended.
    fn ended(&mut self) -> Result<Option<Ended>> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        let status = child.try_wait().context("cannot wait for the command")?;
        Ok(status.map(|status| Ended(Some(status))))
    }
}

impl Ended {
    /// The exit code to pass on: the command's, as a shell says it; 0 where there was none.
    pub fn exit_code(self) -> u8 {
        let Some(status) = self.0 else { return 0 };
        let code = status.code();
        let code = code.or_else(|| status.signal().map(|signal| 128 + signal));
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
    }
}

/// Why a command could not be run.
#[derive(Debug)]
pub struct NotRun {
    program: OsString,
    why: io::Error,
}

impl NotRun {
    /// As shells, `env` and others have it.
    pub fn exit_code(&self) -> u8 {
        match self.why.kind() {
            ErrorKind::NotFound => 127,
            _ => 126,
        }
    }
}

impl fmt::Display for NotRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.program.to_string_lossy();
        write!(f, "cannot run {}: {}", escaped(&program), self.why)
    }
}

impl std::error::Error for NotRun {}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str) -> Result<u8> {
        let words: Vec<_> = command.splitn(3, ' ').map(OsString::from).collect();
        let mut run = Run::start(&words)?;
        loop {
            // The tests are threads: another one of them may get the signal.
            if let Some(ended) = run.wait(Some(Duration::from_millis(50)))? {
                return Ok(ended.exit_code());
            }
        }
    }

    #[test]
    fn exit_codes_are_the_commands() {
        assert_eq!(run("true").unwrap(), 0);
        assert_eq!(run("sh -c exit 7").unwrap(), 7);
        assert_eq!(run("sh -c kill -TERM $$").unwrap(), 128 + 15);
    }

    #[test]
    fn what_cannot_be_run_has_a_code() {
        let code = |command| {
            let error = run(command).unwrap_err();
            error.downcast_ref::<NotRun>().unwrap().exit_code()
        };
        assert_eq!(code("/nonexistent/program"), 127);
        assert_eq!(code("/dev/null"), 126);
    }

    #[test]
    fn the_command_has_its_signals() {
        // They are put off in here, and not in there: this would wait for ever. (SIGINT may be
        // ignored all the way down, where this runs in the background of a shell.)
        assert_eq!(run("sh -c kill -TERM $$; sleep 60").unwrap(), 128 + 15);
    }

    #[test]
    fn waiting_has_an_end() {
        let mut run = Run::start(&[]).unwrap();
        assert_eq!(run.wait(Some(Duration::from_millis(1))).unwrap(), None);
    }
}
