//! Writes a comparison for a terminal: two columns with a mark between them as `diff -y` has it (`|` changed, `<` only
//! left, `>` only right), or one column where two would be too narrow to read.
//!
//! The marks are there with and without colour, and changed words are underlined rather than only coloured, so nothing
//! is said by colour alone.

use crate::compare::extract::Function;
use crate::compare::highlight::{Highlighter, Token};
use crate::compare::lines::{Line, Mark, Row};
use crate::compare::wrap::{Letter, letters, wrap};
use crate::compare::{Comparison, Pair, counted};
use anstyle::{AnsiColor, Style};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// How to write.
pub struct Options<'a> {
    /// Columns of the terminal.
    pub width: usize,
    /// Colours and underlines with it; without it, text with no escape code.
    pub highlighter: Option<&'a Highlighter>,
}

/// From here on there are two columns: at 80, each has room for 34 letters of code.
const SIDE_BY_SIDE: usize = 80;

/// The code's columns never get narrower than this, however narrow the terminal says it is.
const NARROWEST: usize = 16;

/// Where a line goes on in the next row.
const CONTINUATION: &str = "↳";

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// The whole comparison: each function under its heading, then the line of totals.
#[must_use]
pub fn render(comparison: &Comparison, options: &Options<'_>) -> String {
    let mut canvas = Canvas { text: String::new(), styled: options.highlighter.is_some() };
    for pair in &comparison.pairs {
        write_heading(&mut canvas, comparison, pair, options.width);
        let numbers = number_width(pair);
        if options.width >= SIDE_BY_SIDE {
            write_side_by_side(&mut canvas, pair, numbers, options);
        } else {
            write_one_column(&mut canvas, pair, numbers, options);
        }
        canvas.end_line();
    }
    canvas.put(&totals(comparison, options.width), BOLD);
    canvas.end_line();
    canvas.text
}

/// Text with styles, or without if nobody wants them.
struct Canvas {
    text: String,
    styled: bool,
}

impl Canvas {
    fn put(&mut self, text: &str, style: Style) {
        if self.styled && style != Style::new() && !text.is_empty() {
            // Writing into a `String` cannot fail.
            let _ = write!(self.text, "{style}{text}{style:#}");
        } else {
            self.text.push_str(text);
        }
    }

    fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

fn write_heading(canvas: &mut Canvas, comparison: &Comparison, pair: &Pair, width: usize) {
    let heading = pair.heading();
    let place =
        |function: Option<&Function>, name: &str| function.map_or_else(|| format!("not in {name}"), Function::location);
    let left = place(pair.left.as_ref(), &comparison.left);
    let right = place(pair.right.as_ref(), &comparison.right);
    let one_line = format!("   {left} | {right}");
    canvas.put(&heading, BOLD);
    if heading.width() + one_line.width() <= width {
        canvas.put(&one_line, Style::new());
        canvas.end_line();
    } else {
        canvas.end_line();
        for (sign, place) in [("< ", left), ("> ", right)] {
            canvas.put(sign, Style::new());
            canvas.put(&place, Style::new());
            canvas.end_line();
        }
    }
}

/// Digits of the highest line number, at least 3 so that short and long files line up.
fn number_width(pair: &Pair) -> usize {
    let lines = pair.rows.iter().flat_map(|row| [&row.left, &row.right]).flatten();
    lines.map(|line| line.number.to_string().len()).max().unwrap_or(0).max(3)
}

fn write_side_by_side(canvas: &mut Canvas, pair: &Pair, numbers: usize, options: &Options<'_>) {
    // Two numbers with a space after each, and the mark with a space on both sides.
    let code = (options.width.saturating_sub(2 * (numbers + 1) + 3) / 2).max(NARROWEST);
    let [left_tokens, right_tokens] = tokens_of_sides(pair, options.highlighter);
    let (mut left_tokens, mut right_tokens) = (left_tokens.into_iter(), right_tokens.into_iter());
    for row in &pair.rows {
        let left = Cell::new(row.left.as_ref(), &mut left_tokens, code);
        let right = Cell::new(row.right.as_ref(), &mut right_tokens, code);
        for index in 0..left.rows.len().max(right.rows.len()).max(1) {
            left.write(canvas, index, numbers, Some(code), row.mark);
            canvas.put(&format!(" {} ", sign(row.mark)), sign_style(row.mark));
            right.write(canvas, index, numbers, None, row.mark);
            canvas.end_line();
        }
    }
}

/// As `diff` without `-y`: what differs stands below each other, first the left side's lines, then the right side's.
fn write_one_column(canvas: &mut Canvas, pair: &Pair, numbers: usize, options: &Options<'_>) {
    let code = options.width.saturating_sub(numbers + 3).max(NARROWEST);
    let [left_tokens, right_tokens] = tokens_of_sides(pair, options.highlighter);
    let (mut left_tokens, mut right_tokens) = (left_tokens.into_iter(), right_tokens.into_iter());
    let mut write = |cells: Vec<Cell>, mark: Mark| {
        for cell in cells {
            for index in 0..cell.rows.len() {
                canvas.put(&format!("{} ", sign(mark)), sign_style(mark));
                cell.write(canvas, index, numbers, None, mark);
                canvas.end_line();
            }
        }
    };
    for rows in pair.rows.chunk_by(|one, other| (one.mark == Mark::Same) == (other.mark == Mark::Same)) {
        let left: Vec<_> = rows.iter().map(|row| Cell::new(row.left.as_ref(), &mut left_tokens, code)).collect();
        let right: Vec<_> = rows.iter().map(|row| Cell::new(row.right.as_ref(), &mut right_tokens, code)).collect();
        if rows.first().is_some_and(|row| row.mark == Mark::Same) {
            write(left, Mark::Same);
        } else {
            write(left, Mark::LeftOnly);
            write(right, Mark::RightOnly);
        }
    }
}

fn tokens_of_sides(pair: &Pair, highlighter: Option<&Highlighter>) -> [Vec<Vec<Token>>; 2] {
    let tokens_of = |side: fn(&Row) -> Option<&Line>| {
        let lines = pair.rows.iter().filter_map(side).map(|line| line.text.as_str());
        highlighter.map(|highlighter| highlighter.tokens(lines)).unwrap_or_default()
    };
    [tokens_of(|row| row.left.as_ref()), tokens_of(|row| row.right.as_ref())]
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Same => " ",
        Mark::Changed => "|",
        Mark::LeftOnly => "<",
        Mark::RightOnly => ">",
    }
}

fn sign_style(mark: Mark) -> Style {
    let color = match mark {
        Mark::Same => return Style::new(),
        Mark::Changed => AnsiColor::Magenta,
        Mark::LeftOnly => AnsiColor::Red,
        Mark::RightOnly => AnsiColor::Green,
    };
    BOLD.fg_color(Some(color.into()))
}

/// A line of code, cut into the rows that it needs in its column.
struct Cell {
    number: Option<usize>,
    rows: Vec<Vec<Letter>>,
}

impl Cell {
    /// Takes the next of `tokens` if there is a line.
    fn new(line: Option<&Line>, tokens: &mut impl Iterator<Item = Vec<Token>>, width: usize) -> Self {
        let Some(line) = line else {
            return Self { number: None, rows: Vec::new() };
        };
        let letters = letters(line, &tokens.next().unwrap_or_default());
        Self { number: Some(line.number), rows: wrap(&letters, width) }
    }

    /// Writes number and code of one row, filled up to `width` columns of code if one is given.
    fn write(&self, canvas: &mut Canvas, index: usize, numbers: usize, width: Option<usize>, mark: Mark) {
        let label = match (self.number, index) {
            (Some(number), 0) => number.to_string(),
            (Some(_), _) if index < self.rows.len() => CONTINUATION.to_owned(),
            _ => String::new(),
        };
        canvas.put(&format!("{label:>numbers$} "), if mark == Mark::Same { FAINT } else { Style::new() });
        let letters = self.rows.get(index).map_or(&[][..], Vec::as_slice);
        for run in letters.chunk_by(|one, other| one.style == other.style) {
            let text: String = run.iter().map(|letter| letter.character).collect();
            canvas.put(&text, run.first().map(|letter| letter.style).unwrap_or_default());
        }
        if let Some(width) = width {
            let used: usize = letters.iter().map(|letter| letter.width).sum();
            canvas.put(&" ".repeat(width.saturating_sub(used)), Style::new());
        }
    }
}

/// The end: `12 functions, 1 only in axum; axum 240 lines, rocket 251 lines; 61 changed, …`, in several lines if it is
/// too wide for one.
fn totals(comparison: &Comparison, width: usize) -> String {
    let totals = comparison.totals();
    let (left, right) = (&comparison.left, &comparison.right);
    let mut functions = counted(totals.functions, "function");
    for (count, name) in [(totals.functions_only_left, left), (totals.functions_only_right, right)] {
        if count > 0 {
            let _ = write!(functions, ", {count} only in {name}");
        }
    }
    let lines = [(left, totals.left_lines), (right, totals.right_lines)];
    let lines = lines.map(|(name, count)| format!("{name} {}", counted(count, "line"))).join(", ");
    let differences = format!(
        "{} changed, {} only in {left}, {} only in {right}",
        totals.changed, totals.only_left, totals.only_right
    );
    let one_line = [functions, lines, differences].join("; ");
    if one_line.width() <= width { one_line } else { one_line.replace("; ", "\n") }
}
