// SPDX-License-Identifier: GPL-2.0

//! One drawing: figures on a scale, by plotters.

use super::ink::Ink;
use super::scale::{Axis, Scale};
use super::svg::{Svg, LEFT, PIXEL};
use anyhow::Result;
use plotters::chart::{ChartBuilder, LabelAreaPosition};
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Drawable, PathElement, PointCollection};
use plotters::style::{IntoFont, IntoTextStyle, ShapeStyle, TRANSPARENT};
use plotters_backend::{BackendCoord, DrawingErrorKind};
use std::fmt;
use std::iter;

/// A bar, and what it stands for.
pub struct Bar {
    /// Two corners, in figures.
    pub corners: [(f64, f64); 2],
    /// Its colour.
    pub ink: Ink,
    /// What it says of itself: `data-NAME="VALUE"`.
    pub data: Vec<(&'static str, String)>,
    /// The same in words.
    pub title: String,
}

impl<'a> PointCollection<'a, (f64, f64)> for &'a Bar {
    type Point = &'a (f64, f64);
    type IntoIter = &'a [(f64, f64)];

    fn point_iter(self) -> Self::IntoIter {
        &self.corners
    }
}

impl Drawable<Svg<'_>> for Bar {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut points: I,
        svg: &mut Svg<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<fmt::Error>> {
        match (points.next(), points.next()) {
            (Some(a), Some(b)) => svg.bar([a, b], self.ink, &self.data, &self.title),
            _ => Ok(()),
        }
    }
}

/// A figure, in digits, beside the point that it belongs to.
pub struct Label {
    /// That point.
    pub at: (f64, f64),
    /// On which side of it.
    pub place: Place,
    /// The digits.
    pub text: String,
}

/// Where a [`Label`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// To the right.
    Behind,
    /// Centred below.
    Below,
    /// To the right, below the top of a mark.
    Right,
    /// To the left, the same.
    Left,
}

impl<'a> PointCollection<'a, (f64, f64)> for &'a Label {
    type Point = (f64, f64);
    type IntoIter = iter::Once<(f64, f64)>;

    fn point_iter(self) -> Self::IntoIter {
        iter::once(self.at)
    }
}

impl Drawable<Svg<'_>> for Label {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        mut points: I,
        svg: &mut Svg<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<fmt::Error>> {
        points
            .next()
            .map_or(Ok(()), |at| svg.label(at, self.place, &self.text))
    }
}

/// An area under a line.
pub struct Area {
    /// Its corners, in figures.
    pub corners: Vec<(f64, f64)>,
    /// Its colour.
    pub ink: Ink,
    /// What it says of itself.
    pub data: Vec<(&'static str, String)>,
    /// The same in words.
    pub title: String,
}

impl<'a> PointCollection<'a, (f64, f64)> for &'a Area {
    type Point = &'a (f64, f64);
    type IntoIter = &'a [(f64, f64)];

    fn point_iter(self) -> Self::IntoIter {
        &self.corners
    }
}

impl Drawable<Svg<'_>> for Area {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        points: I,
        svg: &mut Svg<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<fmt::Error>> {
        svg.area(points, self.ink, &self.data, &self.title)
    }
}

/// What is drawn.
#[derive(Default)]
pub struct Plot {
    /// Pixels from top to bottom, without the figures of the scale below.
    pub height: u32,
    /// Across, and how many figures of it there is room for; none: no lines.
    pub x: Option<(Scale, usize)>,
    /// The same upright, upwards; none: pixels, downwards.
    pub y: Option<(Scale, usize)>,
    /// Pixels below for the figures across.
    pub below: u32,
    /// Bars.
    pub bars: Vec<Bar>,
    /// Areas.
    pub areas: Vec<Area>,
    /// Where something happened: lines from top to bottom.
    pub marks: Vec<f64>,
    /// Figures beside them.
    pub labels: Vec<Label>,
}

impl Plot {
    /// All pixels from top to bottom.
    pub fn full_height(&self) -> u32 {
        self.height + self.below
    }

    /// The inside of its `<svg>`.
    pub fn draw(&self) -> Result<String> {
        let mut svg = String::new();
        let root = Svg::new(&mut svg, self.full_height()).into_drawing_area();
        let pixels = Scale::Linear(self.height.into());
        let (x, x_lines) = self.x.unwrap_or((Scale::Linear(1.0), 0));
        let (y, y_lines) = self.y.unwrap_or((pixels, 0));
        let mut builder = ChartBuilder::on(&root);
        builder.set_label_area_size(LabelAreaPosition::Bottom, self.below * PIXEL);
        builder.set_label_area_size(LabelAreaPosition::Left, LEFT);
        // Pixels are counted from above.
        let upright = Axis::new(y, self.y.is_none());
        let mut chart = builder.build_cartesian_2d(Axis::new(x, false), upright)?;
        let line = ShapeStyle::from(Ink::Line.color());
        let text = ("sans-serif", 12).into_font().color(&Ink::Text.color());
        let text = text.into_text_style(&root);
        chart
            .configure_mesh()
            .set_all_tick_mark_size(0)
            .x_labels(x_lines)
            .y_labels(y_lines)
            .label_style(text)
            .bold_line_style(line)
            .light_line_style(TRANSPARENT)
            .axis_style(TRANSPARENT)
            .draw()?;
        let area = chart.plotting_area();
        self.areas.iter().try_for_each(|each| area.draw(each))?;
        let ends = y.range();
        self.marks.iter().try_for_each(|&x| {
            let points = [(x, ends.start), (x, ends.end)];
            area.draw(&PathElement::new(points, Ink::Text.color()))
        })?;
        self.bars.iter().try_for_each(|each| area.draw(each))?;
        self.labels.iter().try_for_each(|each| area.draw(each))?;
        root.present()?;
        drop((chart, root));
        Ok(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_the_figures_it_ends(
            across in 1e-9f64..1e30,
            upright in 1e-9f64..1e30,
            is_log: bool,
            figures in 0usize..8,
        ) {
            let x = if is_log { Scale::Log(across.max(10.0)) } else { Scale::Share(across) };
            let plot = Plot {
                height: 50,
                x: Some((x, figures)),
                y: Some((Scale::Linear(upright), figures)),
                below: 20,
                bars: vec![Bar {
                    corners: [(x.range().start, 0.0), (x.range().end, upright)],
                    ink: Ink::Part,
                    data: Vec::new(),
                    title: String::new(),
                }],
                ..Plot::default()
            };
            let drawn = plot.draw().unwrap();
            let bar = drawn.find(r#"width="100%""#).or(drawn.find(r#"width="99.99%""#));
            prop_assert!(bar.is_some(), "{drawn}");
        }
    }
}
