// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits top` on a screen: what is drawn, and the program in a pseudo-terminal.

mod common;

use common::{file, values, Builder, TDP, VPID};
use kvm_exits::reading::Reading;
use kvm_exits::recording::{Recorder, Writer};
use kvm_exits::snapshot::Isa;
use kvm_exits::top::app::App;
use kvm_exits::top::page::{Key, Page, View};
use kvm_exits::top::rates::{Interval, Sort};
use kvm_exits::top::screen;
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
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
use std::time::{Duration, Instant};

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
    /// What is to be seen.
    screen: vt100::Parser,
    modes: LocalFlags,
    child: Child,
}

/// Enough for any machine.
const PATIENCE: Duration = Duration::from_secs(30);

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 60);

impl Session {
    fn start((columns, rows): (u16, u16), args: &[&str]) -> Self {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult {
            master: ours,
            slave: theirs,
        } = openpty(&size, None).expect("a pseudo-terminal");
        let modes = modes(&ours);
        let child = Command::new(env!("CARGO_BIN_EXE_kvm-exits"))
            .arg("top")
            .args(args)
            .stdin(theirs.try_clone().unwrap())
            .stdout(theirs.try_clone().unwrap())
            .stderr(theirs)
            .spawn()
            .unwrap();
        Self {
            modes,
            terminal: File::from(ours),
            screen: vt100::Parser::new(rows, columns, 0),
            child,
        }
    }

    fn press(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// What somebody does who takes the window by its corner.
    fn resize(&mut self, (columns, rows): (u16, u16)) {
        self.screen.set_size(rows, columns);
        let size = rustix::termios::Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&self.terminal, size).unwrap();
        // It is not its controlling terminal, which would say so itself.
        self.signal(Signal::SIGWINCH);
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    fn lines(&self) -> Vec<String> {
        let screen = self.screen.screen();
        let (_, columns) = screen.size();
        screen.rows(0, columns).collect()
    }

    /// Reads until the screen is as `is` wants it; fails with `what` it should have been.
    fn until(&mut self, what: &str, is: impl Fn(&vt100::Screen, &[String]) -> bool) {
        let began = Instant::now();
        while !is(self.screen.screen(), &self.lines()) {
            let left = PATIENCE.checked_sub(began.elapsed());
            let left = left.unwrap_or_else(|| panic!("no {what} in {:#?}", self.lines()));
            let mut fds = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
            let timeout = PollTimeout::try_from(left).unwrap();
            if poll(&mut fds, timeout) != Ok(1) {
                continue;
            }
            let mut buffer = [0; 4096];
            let n = self.terminal.read(&mut buffer).unwrap_or(0);
            assert!(n > 0, "it ended, without {what}: {:#?}", self.lines());
            self.screen.process(&buffer[..n]);
        }
    }

    /// Until `text` is to be seen.
    fn shows(&mut self, text: &str) {
        self.until(text, |_, lines| {
            lines.iter().any(|line| line.contains(text))
        });
    }

    /// Until the title, the headings, and the keys in the last line are to be seen; and nothing is
    /// cut off or goes on in the next line.
    fn is_whole(&mut self, help: &str) {
        self.until("whole screen", |screen, lines| {
            let has = |n: usize, text: &str| lines.get(n).is_some_and(|line| line.contains(text));
            let (rows, _) = screen.size();
            let wrapped = (0..rows).any(|row| screen.row_wrapped(row));
            has(0, "; generation 3; ") && has(lines.len() - 1, help) && !wrapped
        });
    }

    /// Waits for its end; the terminal has to be as it was.
    fn end(mut self) {
        self.until("end", |screen, _| !screen.alternate_screen());
        assert!(self.child.wait().unwrap().success());
        assert_eq!(modes(&self.terminal), self.modes);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Where the test has failed, it still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it echoes, waits for whole lines, and so on.
fn modes(terminal: impl AsFd) -> LocalFlags {
    tcgetattr(terminal).unwrap().local_flags
}

/// Two saved snapshots.
fn saved(name: &str) -> [String; 2] {
    let file = |n| many().save(&format!("screen-{name}-{n}.snapshot"));
    [file(1), file(2)]
}

/// A recording of so many moments, a second apart; in moment n, CPUID has 10 * n * n exits.
fn recorded(name: &str, moments: u64) -> String {
    let path = file(&format!("screen-{name}.recording"));
    let _ = std::fs::remove_file(&path);
    let (mut writer, _) = Writer::append(&path, &Recorder::default()).unwrap();
    for n in 1..=moments {
        let host = Builder::new(3, TDP | VPID).host_values(10, values(10 * n * n, n), &[]);
        let vm = host.vm(4711, "qemu", 2).vm_row(10, 10 * n * n, n).bytes();
        let at = Duration::from_secs(1_000 + n);
        writer.add_at(at, Duration::from_secs(n), &vm).unwrap();
    }
    path.to_string_lossy().into_owned()
}

#[test]
fn q_gives_the_terminal_back() {
    let [a, b] = saved("q");
    let mut session = Session::start((100, 20), &["--from", &a, &b]);
    session.until("screen", |screen, _| screen.alternate_screen());
    session.shows("choose");
    session.press("v");
    session.shows("vCPUs");
    session.press("q");
    session.end();
}

#[test]
fn sigterm_gives_the_terminal_back() {
    let [a, b] = saved("term");
    let mut session = Session::start((100, 20), &["--from", &a, &b]);
    session.shows("choose");
    session.signal(Signal::SIGTERM);
    session.end();
}

#[test]
fn every_size_has_all_that_matters() {
    let recording = recorded("sizes", 3);
    for (first, second) in [(SMALL, LARGE), (LARGE, SMALL)] {
        let mut session = Session::start(first, &["--from", &recording, "--speed", "1000"]);
        session.shows("; the end");
        session.is_whole("q quit  v VMs  s sort by: rate");
        // A row, its meaning, and the other view.
        session.press("\x1b[B");
        session.shows("CPUID");
        session.resize(second);
        session.is_whole("space pause");
        session.press("v");
        session.shows("4711");
        session.is_whole("v reasons  Enter one VM");
        session.press("\x1b[B\r");
        session.shows("VM of pid 4711 (qemu), vCPUs: 2");
        session.resize((1, 1));
        session.resize((7, 3));
        session.resize(first);
        session.is_whole("Esc back");
        session.press("s");
        session.is_whole("sort by: cycles");
        session.press("q");
        session.end();
    }
}

#[test]
fn a_recording_is_played_stopped_and_stepped_through() {
    let recording = recorded("played", 40);
    let mut session = Session::start(SMALL, &["--from", &recording, "--speed", "20"]);
    // (Of 10 n² exits, the last of 40 seconds had 10 (40² - 39²).)
    session.shows("; 1970-01-01T00:17:20Z; the end");
    session.shows("; 790 exits/s");
    session.press(" ");
    session.shows("; paused");
    let rate = |n: u32| format!("; {} exits/s", 10 * (n * n - (n - 1) * (n - 1)));
    for n in (2..40).rev() {
        session.press("\x1b[D");
        session.shows(&rate(n));
    }
    // Before the first there is none, and of the first no rate.
    session.press("\x1b[D\x1b[D");
    session.shows("T00:16:41Z; paused");
    session.press("\x1b[C\x1b[C");
    session.shows(&rate(3));
    session.press(" ");
    session.shows("; the end");
    session.press("q");
    session.end();
}
