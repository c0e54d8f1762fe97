// SPDX-License-Identifier: GPL-2.0

//! What the keys do.

use crate::top::page::{Key, Page, View};
use crate::top::rates::Sort;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::widgets::TableState;

/// What is looked at, and how.
#[derive(Debug, Default)]
pub struct App {
    /// What is looked at.
    pub view: View,
    /// What comes first.
    pub sort: Sort,
    /// Which row the cursor is on: it stays on what it is on, wherever that moves.
    pub cursor: Option<Key>,
    /// How far the rows are scrolled.
    pub table: TableState,
    /// Whether it can be stepped from one moment to another.
    pub can_step: bool,
}

/// What is to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Draw again.
    Draw,
    /// Pause, or go on.
    Pause,
    /// Of what was recorded, show the next moment.
    Forward,
    /// The one before.
    Back,
    /// End.
    Quit,
}

impl App {
    /// Begins with `view`.
    pub fn new(view: View, sort: Sort) -> Self {
        Self {
            view,
            sort,
            ..Self::default()
        }
    }

    /// Does what `key` asks for, `page` being what is on the screen.
    pub fn key(&mut self, key: KeyEvent, page: &Page) -> Then {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Then::Quit,
            KeyCode::Char('q') => return Then::Quit,
            KeyCode::Char(' ') => return Then::Pause,
            KeyCode::Right | KeyCode::Char('l') => return Then::Forward,
            KeyCode::Left | KeyCode::Char('h') => return Then::Back,
            KeyCode::Char('v') => self.look_at(match self.view {
                View::Host => View::Vms,
                View::Vms | View::Vm(_) => View::Host,
            }),
            KeyCode::Char('s') => {
                self.sort = match self.sort {
                    Sort::Rate => Sort::Cycles,
                    Sort::Cycles => Sort::Total,
                    Sort::Total => Sort::Rate,
                }
            }
            KeyCode::Enter => {
                if let Some(Key::Vm(vm)) = self.cursor {
                    self.look_at(View::Vm(vm));
                }
            }
            KeyCode::Esc | KeyCode::Backspace => self.back(),
            KeyCode::Down | KeyCode::Char('j') => self.move_cursor(page, Move::Down),
            KeyCode::Up | KeyCode::Char('k') => self.move_cursor(page, Move::Up),
            KeyCode::Home => self.move_cursor(page, Move::First),
            KeyCode::End => self.move_cursor(page, Move::Last),
            _ => {}
        }
        Then::Draw
    }

    /// The row that the cursor is on.
    pub fn row(&self, page: &Page) -> Option<usize> {
        let cursor = self.cursor?;
        page.rows.iter().position(|(key, _)| *key == cursor)
    }

    fn look_at(&mut self, view: View) {
        self.view = view;
        self.cursor = None;
        self.table = TableState::default();
    }

    /// Out of a VM to the list, with the cursor on it; else takes the cursor away.
    fn back(&mut self) {
        match self.view {
            View::Vm(vm) => {
                self.look_at(View::Vms);
                self.cursor = Some(Key::Vm(vm));
            }
            View::Host | View::Vms => self.cursor = None,
        }
    }

    /// Without a cursor, it comes up at the end that it would move away from.
    fn move_cursor(&mut self, page: &Page, to: Move) {
        let Some(last) = page.rows.len().checked_sub(1) else {
            return;
        };
        let row = match (to, self.row(page)) {
            (Move::First, _) | (Move::Down, None) => 0,
            (Move::Last, _) | (Move::Up, None) => last,
            (Move::Down, Some(row)) => last.min(row + 1),
            (Move::Up, Some(row)) => row.saturating_sub(1),
        };
        self.cursor = page.rows.get(row).map(|(key, _)| *key);
    }
}

/// Where to the cursor.
#[derive(Clone, Copy, Debug)]
enum Move {
    Up,
    Down,
    First,
    Last,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::VmKey;

    fn vm(pid: u32) -> Key {
        Key::Vm(VmKey { pid, nth: 0 })
    }

    fn page(keys: &[Key]) -> Page {
        Page {
            rows: keys.iter().map(|&key| (key, Vec::new())).collect(),
            ..Page::default()
        }
    }

    fn press(app: &mut App, code: KeyCode, page: &Page) -> Then {
        app.key(KeyEvent::new(code, KeyModifiers::NONE), page)
    }

    #[test]
    fn q_and_control_c_quit() {
        let (mut app, page) = (App::default(), page(&[]));
        assert_eq!(press(&mut app, KeyCode::Char('q'), &page), Then::Quit);
        let control_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(app.key(control_c, &page), Then::Quit);
        assert_eq!(press(&mut app, KeyCode::Char('c'), &page), Then::Draw);
    }

    #[test]
    fn into_a_vm_and_back() {
        let mut app = App::default();
        press(&mut app, KeyCode::Char('v'), &page(&[]));
        assert_eq!(app.view, View::Vms);
        let vms = page(&[vm(1), vm(2)]);
        press(&mut app, KeyCode::Enter, &vms);
        assert_eq!(app.view, View::Vms, "the cursor is on no VM");
        press(&mut app, KeyCode::End, &vms);
        press(&mut app, KeyCode::Enter, &vms);
        assert_eq!(app.view, View::Vm(VmKey { pid: 2, nth: 0 }));
        press(&mut app, KeyCode::Esc, &page(&[]));
        assert_eq!((app.view, app.cursor), (View::Vms, Some(vm(2))));
        press(&mut app, KeyCode::Char('v'), &vms);
        assert_eq!((app.view, app.cursor), (View::Host, None));
    }

    #[test]
    fn the_cursor_stays_on_its_row() {
        let mut app = App::default();
        let [a, b, c] = [1, 2, 3].map(Key::Reason);
        press(&mut app, KeyCode::Down, &page(&[]));
        assert_eq!(app.cursor, None);
        press(&mut app, KeyCode::Down, &page(&[a, b, c]));
        press(&mut app, KeyCode::Down, &page(&[a, b, c]));
        assert_eq!(app.cursor, Some(b));
        assert_eq!(app.row(&page(&[c, a, b])), Some(2));
        press(&mut app, KeyCode::Down, &page(&[c, a, b]));
        assert_eq!(app.cursor, Some(b), "the last row");
        press(&mut app, KeyCode::Up, &page(&[c, a, b]));
        assert_eq!(app.cursor, Some(a));
        assert_eq!(app.row(&page(&[c])), None);
    }
}
