//! A drawing as an SVG element that follows the page's colours.
//!
//! The library draws with fixed colours and knows no dash pattern in SVG but many short lines. So each pen draws with a
//! colour that nothing else has, and in the finished text that becomes the custom property and the pattern it stands for.

use super::pens::{Colour, Dash, Look, Shape};
use plotters::coord::Shift;
use plotters::prelude::{
    Circle, DrawingArea, DrawingAreaErrorKind, IntoDrawingArea, PathElement, Polygon, Rectangle, SVGBackend,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle};

/// A chart could not be drawn.
pub type DrawError = DrawingAreaErrorKind<std::io::Error>;

/// In pixels from the upper left.
pub type Point = (i32, i32);

/// What is drawn on.
pub struct Canvas<'a> {
    pub(super) root: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Where a text is held: at its left end, its middle, its right end.
pub type Hold = HPos;

/// Draws an SVG element that reads as `alternative` to those who do not see it; an empty one is only decoration.
///
/// # Errors
///
/// What drawing fails with; into memory it never should.
pub fn svg(
    (width, height): (u32, u32),
    alternative: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), DrawError>,
) -> Result<String, DrawError> {
    let mut text = String::new();
    let canvas = Canvas { root: SVGBackend::with_string(&mut text, (width, height)).into_drawing_area() };
    draw(&canvas)?;
    canvas.root.present()?;
    drop(canvas);
    let role = match alternative {
        "" => "<svg aria-hidden=\"true\" ".to_owned(),
        _ => format!("<svg role=\"img\" aria-label=\"{}\" ", escaped(alternative)),
    };
    Ok(follow_the_page(&text.replacen("<svg ", &role, 1)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

/// The colour that stands for a pen while drawing: none of the page's colours begins like it.
fn stand_in(colour: Colour, dash: Dash) -> RGBColor {
    RGBColor(254, colour as u8, dash as u8)
}

fn follow_the_page(svg: &str) -> String {
    let mut text = svg.to_owned();
    // What goes without saying in this page: it would be a quarter of the file.
    for idle in
        [" opacity=\"1\"", " stroke=\"none\"", " font-family=\"sans-serif\"", " xmlns=\"http://www.w3.org/2000/svg\""]
    {
        text = text.replace(idle, "");
    }
    for colour in Colour::ALL {
        for dash in Dash::ALL {
            let RGBColor(red, green, blue) = stand_in(colour, dash);
            let drawn = format!("\"#{red:02X}{green:02X}{blue:02X}\"");
            let pattern = dash.svg().map(|dash| format!(" stroke-dasharray=\"{dash}\"")).unwrap_or_default();
            text = text.replace(&drawn, &format!("\"{}\"{pattern}", colour.css()));
        }
    }
    text
}

pub(super) fn text_style(size: f64, colour: Colour, hold: Hold) -> TextStyle<'static> {
    // The library makes the size in SVG this much smaller.
    let font = (FontFamily::SansSerif, size * 1.24, FontStyle::Normal).into_font();
    let color = stand_in(colour, Dash::Solid).to_backend_color();
    TextStyle { font, color, pos: Pos::new(hold, VPos::Center) }
}

pub(super) fn line_style(colour: Colour, dash: Dash, width: u32) -> ShapeStyle {
    ShapeStyle::from(stand_in(colour, dash)).stroke_width(width)
}

fn filled(colour: Colour) -> ShapeStyle {
    ShapeStyle::from(stand_in(colour, Dash::Solid)).filled()
}

impl Canvas<'_> {
    /// A text in one line; its middle is at the height of the point.
    pub(super) fn text(&self, at: Point, text: &str, size: f64, colour: Colour, hold: Hold) -> Result<(), DrawError> {
        self.root.draw_text(text, &text_style(size, colour, hold), at)
    }

    pub(super) fn line(&self, points: &[Point], colour: Colour, dash: Dash, width: u32) -> Result<(), DrawError> {
        self.root.draw(&PathElement::new(points.to_vec(), line_style(colour, dash, width)))
    }

    pub(super) fn rectangle(&self, from: Point, to: Point, colour: Colour) -> Result<(), DrawError> {
        self.root.draw(&Rectangle::new([from, to], filled(colour)))
    }

    /// The same in outline: what a pattern is elsewhere.
    pub(super) fn outline(&self, (left, top): Point, (right, bottom): Point, colour: Colour) -> Result<(), DrawError> {
        let points = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.rectangle((left, top), (right, bottom), Colour::Paper)?;
        self.line(&points, colour, Dash::Solid, 2)
    }

    /// From the lowest to the highest, with a short stroke across at each end.
    pub(super) fn whisker(&self, from: Point, to: Point, colour: Colour) -> Result<(), DrawError> {
        let across = if from.0 == to.0 { (3, 0) } else { (0, 3) };
        self.line(&[from, to], colour, Dash::Solid, 1)?;
        for (x, y) in [from, to] {
            self.line(&[(x - across.0, y - across.1), (x + across.0, y + across.1)], colour, Dash::Solid, 1)?;
        }
        Ok(())
    }

    /// The subject's marker with this point in its middle.
    pub(super) fn marker(&self, (x, y): Point, look: Look) -> Result<(), DrawError> {
        let corners: &[Point] = match look.shape {
            Shape::Circle => return self.circle((x, y), look),
            Shape::Cross | Shape::Plus => return self.strokes((x, y), look),
            Shape::Triangle => &[(0, -5), (5, 4), (-5, 4)],
            Shape::Square => &[(-4, -4), (4, -4), (4, 4), (-4, 4)],
            Shape::Diamond => &[(0, -5), (5, 0), (0, 5), (-5, 0)],
            Shape::Pentagon => &[(0, -5), (5, -1), (3, 4), (-3, 4), (-5, -1)],
        };
        let mut points: Vec<Point> = corners.iter().map(|(right, down)| (x + right, y + down)).collect();
        let inner = if look.is_hollow { Colour::Paper } else { look.colour };
        self.root.draw(&Polygon::new(points.clone(), filled(inner)))?;
        points.extend(points.first().copied());
        self.line(&points, look.colour, Dash::Solid, 1 + u32::from(look.is_hollow))
    }

    fn circle(&self, at: Point, look: Look) -> Result<(), DrawError> {
        if !look.is_hollow {
            return self.root.draw(&Circle::new(at, 4, filled(look.colour)));
        }
        self.root.draw(&Circle::new(at, 4, filled(Colour::Paper)))?;
        self.root.draw(&Circle::new(at, 4, line_style(look.colour, Dash::Solid, 2)))
    }

    fn strokes(&self, (x, y): Point, look: Look) -> Result<(), DrawError> {
        let ends = if look.shape == Shape::Cross { [(-4, -4), (4, -4)] } else { [(-5, 0), (0, -5)] };
        for (right, down) in ends {
            self.line(&[(x + right, y + down), (x - right, y - down)], look.colour, Dash::Solid, 2)?;
        }
        Ok(())
    }
}
