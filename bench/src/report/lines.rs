//! Lines over an axis of few places: throughput over connections, latency over percentiles.

use super::canvas::{Canvas, DrawError, Hold, line_style, svg, text_style};
use super::number::short;
use super::pens::{Colour, Dash, Look};
use crate::statistics::Summary;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::{ChartBuilder, TRANSPARENT};
use std::ops::Range;

const SIZE: (u32, u32) = (360, 256);

/// Lines in one frame.
pub struct LineChart {
    /// For those who do not see it.
    pub alternative: String,
    /// Below the axis.
    pub x_title: &'static str,
    /// Above the axis.
    pub y_title: &'static str,
    /// Where the values stand, from left to right, with the names of the places.
    pub places: Vec<(f64, String)>,
    /// The lowest and the highest value that must fit; panels of the same are easier to compare with the same range.
    pub range: Range<f64>,
    /// What a reader must know who looks at it.
    pub note: Option<String>,
    /// How the values are spread.
    pub scale: Scale,
    /// The lines.
    pub lines: Vec<Line>,
}

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from 0.
    Linear,
    /// By factors of ten; it never has a 0.
    Logarithmic,
}

/// A line through a subject's values.
pub struct Line {
    /// The subject's look.
    pub look: Look,
    /// A place and what was measured there.
    pub points: Vec<(f64, Summary)>,
}

/// An axis with its ticks and their names; the library's own choose ticks by themselves.
struct Axis {
    range: Range<f64>,
    ticks: Vec<(f64, String)>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|(place, _)| *place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        let tick = self.ticks.iter().find(|(other, _)| (other - place).abs() < 1e-9);
        tick.map(|(_, name)| name.clone()).unwrap_or_default()
    }
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.log10(),
        }
    }

    /// An axis that holds the range, with ticks at round values.
    fn axis(self, range: &Range<f64>) -> Axis {
        let ticks: Vec<(f64, String)> =
            self.ticks(range).into_iter().map(|tick| (self.place(tick), short(tick))).collect();
        let lowest = ticks.first().map_or(0.0, |(place, _)| *place);
        let highest = ticks.last().map_or(1.0, |(place, _)| *place);
        Axis { range: lowest..highest, ticks }
    }

    fn ticks(self, range: &Range<f64>) -> Vec<f64> {
        match self {
            Self::Linear => linear_ticks(range.end),
            Self::Logarithmic => logarithmic_ticks(range),
        }
    }
}

/// About five steps of 1, 2 or 5 times a power of ten, from 0 up to the first that is not below the highest value.
#[must_use]
pub fn linear_ticks(highest: f64) -> Vec<f64> {
    let highest = if highest > 0.0 && highest.is_finite() { highest } else { 1.0 };
    let rough = highest / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(rough);
    let count = (highest / step - 1e-9).ceil() as u32;
    (0..=count).map(|number| f64::from(number) * step).collect()
}

/// Powers of ten around the range, with 2 and 5 between them where there are few.
fn logarithmic_ticks(range: &Range<f64>) -> Vec<f64> {
    let (low, high) = (range.start.max(1e-6), range.end.max(range.start.max(1e-6) * 1.01));
    let powers = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let factors: &[f64] = if powers.clone().count() > 4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let all: Vec<f64> =
        powers.flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power))).collect();
    let first = all.iter().rposition(|tick| *tick <= low * 1.001).unwrap_or(0);
    let last = all.iter().position(|tick| *tick >= high * 0.999).unwrap_or(all.len());
    all.into_iter().take(last + 1).skip(first).collect()
}

impl LineChart {
    /// Draws it.
    ///
    /// # Errors
    ///
    /// [`DrawError`].
    pub fn draw(&self) -> Result<String, DrawError> {
        svg(SIZE, &self.alternative, |canvas| self.on(canvas))
    }

    fn on(&self, canvas: &Canvas<'_>) -> Result<(), DrawError> {
        let end = |place: Option<&(f64, String)>| place.map_or(0.0, |(place, _)| *place);
        let (left, right) = (end(self.places.first()), end(self.places.last()));
        let room = ((right - left) * 0.04).max(0.2);
        let across = Axis { range: left - room..right + room, ticks: self.places.clone() };
        let mut chart = ChartBuilder::on(&canvas.root)
            .margin_top(24)
            .margin_right(10)
            .margin_bottom(18)
            .margin_left(4)
            .x_label_area_size(20)
            .y_label_area_size(38)
            .build_cartesian_2d(across, self.scale.axis(&self.range))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(line_style(Colour::Line, Dash::Solid, 1))
            .light_line_style(TRANSPARENT)
            .axis_style(line_style(Colour::Soft, Dash::Solid, 1))
            .x_label_style(text_style(11.0, Colour::Soft, Hold::Center))
            .y_label_style(text_style(11.0, Colour::Soft, Hold::Right))
            .draw()?;
        canvas.text((4, 10), self.y_title, 11.0, Colour::Soft, Hold::Left)?;
        canvas.text((350, 246), self.x_title, 11.0, Colour::Soft, Hold::Right)?;
        let plot = chart.plotting_area();
        let point = |x: f64, value: f64| plot.map_coordinate(&(x, self.scale.place(value)));
        for line in &self.lines {
            let middles: Vec<_> = line.points.iter().map(|(x, value)| point(*x, value.median)).collect();
            canvas.line(&middles, line.look.colour, line.look.dash, 2)?;
            for (x, value) in line.points.iter().filter(|(_, value)| value.count > 1) {
                canvas.whisker(point(*x, value.min), point(*x, value.max), line.look.colour)?;
            }
        }
        for line in &self.lines {
            for (x, value) in &line.points {
                canvas.marker(point(*x, value.median), line.look)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{linear_ticks, logarithmic_ticks};

    #[test]
    fn ticks_are_round_and_hold_the_range() {
        assert_eq!(linear_ticks(48_210.0), [0.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0, 50_000.0]);
        assert_eq!(linear_ticks(1.0), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(linear_ticks(0.0).len(), 6);
        assert_eq!(linear_ticks(f64::NAN).len(), 6);
        assert_eq!(logarithmic_ticks(&(0.3..4.0)), [0.2, 0.5, 1.0, 2.0, 5.0]);
        assert_eq!(logarithmic_ticks(&(0.03..4000.0)), [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert!(logarithmic_ticks(&(0.0..0.0)).len() > 1);
    }
}
