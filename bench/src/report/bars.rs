//! Bars from left to right, one row for each subject: its name and its value above, the bars below. So nothing is cut on a
//! narrow screen, however long the names are.

use super::canvas::{Canvas, DrawError, Hold, svg};
use super::lines::linear_ticks;
use super::number::short;
use super::pens::{Colour, Dash, Look};
use crate::statistics::Summary;

const WIDTH: u32 = 360;
const LEFT: i32 = 8;
const RIGHT: i32 = 348;
const ROW: i32 = 18;
const BAR: i32 = 10;

/// Rows of bars over one axis.
pub struct BarChart {
    /// For those who do not see it.
    pub alternative: String,
    /// Below the axis.
    pub title: &'static str,
    /// The rows, from above.
    pub rows: Vec<Row>,
    /// Values with a line across all rows.
    pub references: Vec<f64>,
    /// How far the axis goes at least.
    pub at_least: f64,
    /// What is longer than this is cut off, so that the rest can be told apart; its value stands above it.
    pub limit: Option<f64>,
}

/// What is drawn for one subject.
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its marker.
    pub look: Look,
    /// The value in words.
    pub value: String,
    /// The bars, below each other.
    pub bars: Vec<Bar>,
}

/// Parts that follow each other from 0 on.
pub struct Bar {
    /// How long each part is.
    pub parts: Vec<(f64, Fill)>,
    /// The lowest and highest of several rounds.
    pub range: Option<(f64, f64)>,
}

/// How a part looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Full.
    Solid(Colour),
    /// An outline.
    Hollow(Colour),
    /// No bar but the row's marker at its end: for what has no meaning at 0.
    Marker,
}

impl Bar {
    /// Of one part with its range.
    #[must_use]
    pub fn of(value: &Summary, fill: Fill) -> Self {
        Self { parts: vec![(value.median, fill)], range: range(value) }
    }
}

impl Bar {
    /// Where it and its stroke end.
    #[must_use]
    pub fn end(&self) -> f64 {
        let whole: f64 = self.parts.iter().map(|(length, _)| length).sum();
        self.range.map_or(whole, |(_, highest)| highest.max(whole))
    }
}

/// From the lowest to the highest, where there were several rounds.
#[must_use]
pub fn range(value: &Summary) -> Option<(f64, f64)> {
    (value.count > 1).then_some((value.min, value.max))
}

impl BarChart {
    /// Draws it.
    ///
    /// # Errors
    ///
    /// [`DrawError`].
    pub fn draw(&self) -> Result<String, DrawError> {
        let height: i32 = self.rows.iter().map(Row::height).sum::<i32>() + 44;
        svg((WIDTH, height.unsigned_abs()), &self.alternative, |canvas| self.on(canvas, height))
    }

    fn on(&self, canvas: &Canvas<'_>, height: i32) -> Result<(), DrawError> {
        let ticks = linear_ticks(self.highest());
        let end = ticks.last().copied().unwrap_or(1.0);
        let x = |value: f64| LEFT + (value.min(end) / end * f64::from(RIGHT - LEFT)).round() as i32;
        let bottom = height - 38;
        for tick in &ticks {
            canvas.line(&[(x(*tick), 4), (x(*tick), bottom)], Colour::Line, Dash::Solid, 1)?;
            canvas.text((x(*tick), bottom + 10), &short(*tick), 11.0, Colour::Soft, Hold::Center)?;
        }
        canvas.text((RIGHT, bottom + 28), self.title, 11.0, Colour::Soft, Hold::Right)?;
        for reference in &self.references {
            canvas.line(&[(x(*reference), 4), (x(*reference), bottom)], Colour::Ink, Dash::Dashed, 1)?;
        }
        let mut top = 4;
        for row in &self.rows {
            row.on(canvas, top, end, &x)?;
            top += row.height();
        }
        Ok(())
    }

    fn highest(&self) -> f64 {
        let ends = self.rows.iter().flat_map(|row| &row.bars).map(Bar::end);
        let highest = ends.fold(self.at_least, f64::max);
        self.limit.map_or(highest, |limit| highest.min(limit.max(self.at_least)))
    }
}

impl Row {
    fn height(&self) -> i32 {
        ROW + i32::try_from(self.bars.len()).unwrap_or(1) * (BAR + 2) + 8
    }

    fn on(&self, canvas: &Canvas<'_>, top: i32, end: f64, x: &dyn Fn(f64) -> i32) -> Result<(), DrawError> {
        let middle = top + ROW / 2;
        canvas.marker((LEFT + 5, middle), self.look)?;
        canvas.text((LEFT + 16, middle), &self.name, 12.0, Colour::Ink, Hold::Left)?;
        canvas.text((RIGHT, middle), &self.value, 12.0, Colour::Ink, Hold::Right)?;
        for (number, bar) in self.bars.iter().enumerate() {
            let top = top + ROW + i32::try_from(number).unwrap_or(0) * (BAR + 2);
            self.bar(canvas, bar, top, x)?;
            if bar.end() > end * 1.001 {
                tear(canvas, top)?;
            }
        }
        Ok(())
    }

    fn bar(&self, canvas: &Canvas<'_>, bar: &Bar, top: i32, x: &dyn Fn(f64) -> i32) -> Result<(), DrawError> {
        let mut start = 0.0;
        let middle = top + BAR / 2;
        let is_marker = |fill: &Fill| matches!(fill, Fill::Marker);
        for (length, fill) in &bar.parts {
            // Even the smallest value can be seen.
            let (from, to) = (x(start), x(start + length).max(x(start) + 1));
            let is_beyond = from >= RIGHT;
            match fill {
                _ if is_beyond => {}
                Fill::Solid(colour) => canvas.rectangle((from, top), (to, top + BAR), *colour)?,
                Fill::Hollow(colour) => {
                    canvas.outline((from + 1, top + 1), (to.max(from + 3), top + BAR - 1), *colour)?
                }
                Fill::Marker => {}
            }
            start += length;
        }
        // Of a bar that is cut off only the upper half would be seen.
        if let Some((lowest, highest)) = bar.range.filter(|(_, highest)| x(*highest) < RIGHT) {
            canvas.whisker((x(lowest), middle), (x(highest), middle), Colour::Ink)?;
        }
        if bar.parts.iter().any(|(_, fill)| is_marker(fill)) {
            canvas.marker((x(start), middle), self.look)?;
        }
        Ok(())
    }
}

/// Two strokes across a bar's end: it goes on.
fn tear(canvas: &Canvas<'_>, top: i32) -> Result<(), DrawError> {
    for x in [RIGHT - 14, RIGHT - 8] {
        canvas.line(&[(x, top + BAR + 2), (x + 5, top - 2)], Colour::Paper, Dash::Solid, 3)?;
    }
    Ok(())
}
