// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits top` on a screen: what is drawn, and the program in a pseudo-terminal.

mod common;

use common::{values, Builder, TDP};
use kvm_exits::reading::Reading;
use kvm_exits::snapshot::Isa;
use kvm_exits::top::app::App;
use kvm_exits::top::page::{Key, Page, View};
use kvm_exits::top::rates::{Interval, Sort};
use kvm_exits::top::screen;
use nix::pty::{openpty, OpenptyResult, Winsize};
use nix::sys::signal::{kill, Signal};
use nix::sys::termios::{tcgetattr, LocalFlags};
use nix::unistd::Pid;
use ratatui::backend::TestBackend;
use ratatui::Terminal;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command};
use std::time::Duration;

fn many() -> Builder {
    let start = Builder::new(3, TDP);
    (0..40).fold(start, |builder, reason| {
        builder.host_values(reason, values(1_000 - u64::from(reason), 10), &[])
    })
}

fn drawn(app: &mut App, width: u16, height: u16) -> Vec<String> {
    drawn_of(many(), app, width, height)
}

fn drawn_of(builder: Builder, app: &mut App, width: u16, height: u16) -> Vec<String> {
    let now = Reading::decode(&builder.bytes()).unwrap();
    let interval = Interval {
        before: None,
        now: &now,
        elapsed: Duration::from_secs(1),
    };
    let page = Page::new(&interval, app.view, app.sort);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let draw = |frame: &mut ratatui::Frame<'_>| screen::draw(frame, &page, app, Isa::Vmx);
    terminal.draw(draw).unwrap();
    let cells = terminal.backend().buffer().content();
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|c| c.symbol()).collect();
    cells.chunks(width.into()).map(line).collect()
}

#[test]
fn the_screen_has_a_title_rows_and_the_keys() {
    let lines = drawn(&mut App::new(View::Host, Sort::Rate), 80, 15);
    assert!(lines[0].starts_with("EPT, vpid=0; generation 3; TSC 1,000 kHz; VMs: 0"));
    assert!(lines[3].starts_with("reason  name"), "{}", lines[3]);
    assert!(lines[4].contains("total") && lines[4].trim_end().ends_with("39,220"));
    assert!(lines[5].contains("EXCEPTION_NMI"));
    assert!(lines[14].starts_with("q quit  v VMs"));
}

#[test]
fn it_scrolls_to_the_cursor_and_explains_it() {
    let mut app = App::new(View::Host, Sort::Rate);
    app.cursor = Some(Key::Reason(39));
    let lines = drawn(&mut app, 80, 15);
    assert!(lines[4].contains("total"), "{}", lines[4]);
    assert!(lines[12].contains("MONITOR_INSTRUCTION"), "{lines:?}");
    assert!(lines[13].contains("MONITOR"), "{}", lines[13]);
}

#[test]
fn what_led_to_the_vmm_is_shown_where_there_is_room() {
    let header = |width| {
        let builder = many().row_time(3, 30, 0);
        let lines = drawn_of(builder, &mut App::default(), width, 15);
        assert!(lines[4].trim_end().ends_with("39,220"), "{lines:?}");
        lines[3].trim_end().to_string()
    };
    let without = "reason  name                 exits/s  cycles  cycles/exit   total";
    let with = "reason  name                 exits/s  cycles  cycles/exit  to VMM/s   total";
    assert_eq!(header(80), with);
    assert_eq!(header(with.len() as u16), with);
    assert_eq!(header(with.len() as u16 - 1), without);
}

#[test]
fn no_screen_is_too_small() {
    for (width, height) in [(1, 1), (10, 3), (300, 100)] {
        drawn(&mut App::default(), width, height);
    }
}

/// The program in a terminal of its own.
struct Session {
    terminal: File,
    /// What it has drawn since what was waited for.
    seen: Vec<u8>,
    modes: LocalFlags,
    child: Child,
}

impl Session {
    fn start(name: &str) -> Self {
        let size = Winsize {
            ws_row: 20,
            ws_col: 100,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult {
            master: ours,
            slave: theirs,
        } = openpty(&size, None).expect("a pseudo-terminal");
        let file = |n| many().save(&format!("screen-{name}-{n}.snapshot"));
        let modes = modes(&ours);
        let child = Command::new(env!("CARGO_BIN_EXE_kvm-exits"))
            .args(["top", "--interval", "20", "--from", &file(1), &file(2)])
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs)
            .spawn()
            .unwrap();
        Self {
            modes,
            terminal: File::from(ours),
            seen: Vec::new(),
            child,
        }
    }

    /// Reads until `text` is there: a word, for blanks that are there already are not drawn.
    fn until(&mut self, text: &str) {
        let word = text.as_bytes();
        loop {
            let at = self.seen.windows(word.len()).position(|part| part == word);
            if let Some(at) = at {
                self.seen.drain(..at + word.len());
                return;
            }
            let mut buffer = [0; 4096];
            // Fails when the program has ended, which it does by itself after a while.
            let n = self.terminal.read(&mut buffer).expect(text);
            self.seen.extend(&buffer[..n]);
        }
    }

    /// Waits for its end; the terminal has to be as it was.
    fn end(mut self) {
        self.until(LEAVE);
        assert!(self.child.wait().unwrap().success());
        assert_eq!(modes(&self.terminal), self.modes);
    }
}

/// Whether it echoes, waits for whole lines, and so on.
fn modes(terminal: impl AsFd) -> LocalFlags {
    tcgetattr(terminal).unwrap().local_flags
}

/// Enters and leaves the alternate screen.
const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

#[test]
fn q_gives_the_terminal_back() {
    let mut session = Session::start("q");
    session.until(ENTER);
    session.until("choose");
    session.terminal.write_all(b"v").unwrap();
    session.until("vCPUs");
    session.terminal.write_all(b"q").unwrap();
    session.end();
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let mut session = Session::start("term");
    session.until("choose");
    let child = Pid::from_raw(session.child.id() as i32);
    kill(child, Signal::SIGTERM).unwrap();
    session.end();
}
