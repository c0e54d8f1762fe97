// SPDX-License-Identifier: GPL-2.0

//! A backend of plotters' that writes SVG which fits any width.
//!
//! Across, all is in per cent; upright, in pixels: a chart takes the room there is, on a telephone
//! and on paper, its bars keep their proportion and its text its size. Colours are classes, so that
//! the style sheet has them, light and dark. plotters' own backend has neither, nor could a bar say
//! what it stands for.

use super::ink::Ink;
use super::plot::Place;
use maud::{html, Escaper};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
};
use std::fmt::{self, Write};

/// What plotters takes for pixels across: hundredths of a per cent.
const WIDTH: u32 = 10_000;

/// How many of plotters' pixels a pixel upright is: it knows no part of one.
pub const PIXEL: u32 = 10;

/// Those on the left, where it is to write the figures upright: they stand in the margin.
pub const LEFT: u32 = 100;

/// Pixels between a figure and what it belongs to.
const GAP: i32 = 6;

type Drawn = Result<(), DrawingErrorKind<fmt::Error>>;

/// What is inside of an `<svg>`, as it is being written.
pub struct Svg<'a> {
    out: &'a mut String,
    height: u32,
}

impl<'a> Svg<'a> {
    /// Adds to `out` what is drawn on `height` pixels.
    pub fn new(out: &'a mut String, height: u32) -> Self {
        Self { out, height }
    }

    /// A bar that says what it stands for.
    pub fn bar(
        &mut self,
        corners: [BackendCoord; 2],
        ink: Ink,
        data: &[(&str, String)],
        title: &str,
    ) -> Drawn {
        let [(left, top), (right, bottom)] = upright(corners);
        let title = html! { title { (title) } }.into_string();
        self.write(format_args!(
            r#"<rect class="{}" x="{}" y="{}" width="{}" height="{}""#,
            ink.class(),
            Percent::at(left),
            Pixel(top),
            Percent(right - left),
            Pixel(bottom - top),
        ))?;
        self.data(data)?;
        self.write(format_args!(">{title}</rect>"))
    }

    /// The figure `text`, beside the point that it belongs to.
    pub fn label(&mut self, (x, y): BackendCoord, place: Place, text: &str) -> Drawn {
        let (dx, dy, anchor) = match place {
            Place::Behind => (GAP, "0.35em", "start"),
            Place::Below => (0, "1.3em", "middle"),
            Place::Right => (GAP, "1em", "start"),
            Place::Left => (-GAP, "1em", "end"),
        };
        self.write(format_args!(
            r#"<text class="{}" x="{}" y="{}" dx="{dx}" dy="{dy}" text-anchor="{anchor}">{}</text>"#,
            Ink::Text.class(),
            Percent::at(x),
            Pixel(y),
            escaped(text),
        ))
    }

    /// An area that says what it stands for. Points cannot be in per cent: it is drawn in a square
    /// that is stretched.
    pub fn area(
        &mut self,
        points: impl Iterator<Item = BackendCoord>,
        ink: Ink,
        data: &[(&str, String)],
        title: &str,
    ) -> Drawn {
        let (height, units) = (self.height, self.height * PIXEL);
        self.write(format_args!(
            r#"<svg viewBox="0 0 {WIDTH} {units}" preserveAspectRatio="none" width="100%" height="{height}"><polygon class="{}" points=""#,
            ink.class(),
        ))?;
        for (x, y) in points {
            self.write(format_args!("{},{y} ", x - LEFT as i32))?;
        }
        self.write(format_args!("\""))?;
        self.data(data)?;
        let title = html! { title { (title) } }.into_string();
        self.write(format_args!(">{title}</polygon></svg>"))
    }

    fn data(&mut self, data: &[(&str, String)]) -> Drawn {
        data.iter().try_for_each(|(name, value)| {
            self.write(format_args!(r#" data-{name}="{}""#, escaped(value)))
        })
    }

    fn write(&mut self, what: fmt::Arguments<'_>) -> Drawn {
        let written = self.out.write_fmt(what);
        written.map_err(DrawingErrorKind::DrawingError)
    }
}

/// The upper left corner, and the lower right one.
fn upright([(x0, y0), (x1, y1)]: [BackendCoord; 2]) -> [BackendCoord; 2] {
    [(x0.min(x1), y0.min(y1)), (x0.max(x1), y0.max(y1))]
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    // Writing to a String cannot fail.
    let _ = Escaper::new(&mut escaped).write_str(text);
    escaped
}

/// Hundredths of a per cent.
struct Percent(i32);

impl Percent {
    /// Where that is for plotters.
    fn at(x: i32) -> Self {
        Self(x - LEFT as i32)
    }
}

/// Tenths of a pixel.
struct Pixel(i32);

impl fmt::Display for Pixel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / f64::from(PIXEL))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", f64::from(self.0) / 100.0)
    }
}

impl DrawingBackend for Svg<'_> {
    type ErrorType = fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        (LEFT + WIDTH, self.height * PIXEL)
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect(point, point, &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        (x0, y0): BackendCoord,
        (x1, y1): BackendCoord,
        style: &S,
    ) -> Drawn {
        let Some(ink) = Ink::of(style.color()) else {
            return Ok(());
        };
        self.write(format_args!(
            r#"<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>"#,
            ink.class(),
            Percent::at(x0),
            Pixel(y0),
            Percent::at(x1),
            Pixel(y1),
        ))
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        upper_left: BackendCoord,
        bottom_right: BackendCoord,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        match Ink::of(style.color()) {
            None => Ok(()),
            Some(ink) => self.bar([upper_left, bottom_right], ink, &[], ""),
        }
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let mut path = path.into_iter();
        let Some(mut from) = path.next() else {
            return Ok(());
        };
        path.try_for_each(|to| {
            let drawn = self.draw_line(from, to, style);
            from = to;
            drawn
        })
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        match Ink::of(style.color()) {
            None => Ok(()),
            Some(ink) => self.area(points.into_iter(), ink, &[], ""),
        }
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        let Some(ink) = Ink::of(style.color()).filter(|_| !text.is_empty()) else {
            return Ok(());
        };
        let (anchor, across) = match style.anchor().h_pos {
            HPos::Left => ("start", 0),
            HPos::Center => ("middle", 0),
            HPos::Right => ("end", -GAP),
        };
        let down = match style.anchor().v_pos {
            VPos::Top => "1.1em",
            VPos::Center => "0.35em",
            VPos::Bottom => "-0.2em",
        };
        self.write(format_args!(
            r#"<text class="{}" x="{}" y="{}" dx="{across}" dy="{down}" text-anchor="{anchor}">{}</text>"#,
            ink.class(),
            Percent::at(x),
            Pixel(y),
            escaped(text),
        ))
    }
}
