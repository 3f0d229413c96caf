//! Colours source with the sixteen colours that a terminal's own theme defines, so that both light and dark
//! terminals show them readably. No fixed colour would: what is legible on black is not on white.

use anstyle::{AnsiColor, Style};
use std::ops::Range;
use syntect::easy::HighlightLines;
use syntect::highlighting::{Color, FontStyle, Theme};
use syntect::parsing::{SyntaxReference, SyntaxSet};
use two_face::theme::EmbeddedThemeName;

/// A part of a line in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its bytes in the line.
    pub range: Range<usize>,
    /// How it looks; only the first eight ANSI colours and their bright ones occur.
    pub style: Style,
}

/// Knows the syntax of one language. Loading it takes some milliseconds, so make one and keep it.
pub struct Highlighter {
    syntaxes: SyntaxSet,
    syntax: SyntaxReference,
    theme: Theme,
}

impl Default for Highlighter {
    /// For Rust.
    fn default() -> Self {
        Self::of("rs")
    }
}

impl Highlighter {
    /// For the language whose files end like this, such as `json`; without colours if it is not known.
    #[must_use]
    pub fn of(extension: &str) -> Self {
        let syntaxes = two_face::syntax::extra_newlines();
        let syntax = syntaxes.find_syntax_by_extension(extension);
        let syntax = syntax.unwrap_or_else(|| syntaxes.find_syntax_plain_text()).clone();
        Self { syntax, syntaxes, theme: two_face::theme::extra().get(EmbeddedThemeName::Ansi).clone() }
    }

    /// The tokens of each of these lines, which follow each other in one source. A line that the highlighter cannot
    /// take has none and stays plain.
    #[must_use]
    pub fn tokens<'a>(&self, lines: impl IntoIterator<Item = &'a str>) -> Vec<Vec<Token>> {
        let mut highlight = HighlightLines::new(&self.syntax, &self.theme);
        let mut tokens_of = |line: &str| {
            let with_newline = format!("{line}\n");
            let mut end = 0;
            let regions = highlight.highlight_line(&with_newline, &self.syntaxes).unwrap_or_default();
            let tokens = regions.into_iter().map(|(style, part)| {
                let start = end;
                end += part.len();
                Token { range: start..end.min(line.len()), style: terminal_style(style) }
            });
            tokens.filter(|token| !token.range.is_empty()).collect()
        };
        lines.into_iter().map(&mut tokens_of).collect()
    }
}

fn terminal_style(style: syntect::highlighting::Style) -> Style {
    let mut terminal_style = Style::new().fg_color(ansi_color(style.foreground).map(Into::into));
    if style.font_style.contains(FontStyle::BOLD) {
        terminal_style = terminal_style.bold();
    }
    if style.font_style.contains(FontStyle::ITALIC) {
        terminal_style = terminal_style.italic();
    }
    terminal_style
}

/// The theme says ANSI colours as `#rr0000` with transparency 0, where `rr` is the colour's number; anything else is
/// the terminal's own text colour.
fn ansi_color(color: Color) -> Option<AnsiColor> {
    if color.a != 0 {
        return None;
    }
    Some(match color.r {
        0 => AnsiColor::Black,
        1 => AnsiColor::Red,
        2 => AnsiColor::Green,
        3 => AnsiColor::Yellow,
        4 => AnsiColor::Blue,
        5 => AnsiColor::Magenta,
        6 => AnsiColor::Cyan,
        7 => AnsiColor::White,
        8 => AnsiColor::BrightBlack,
        9 => AnsiColor::BrightRed,
        10 => AnsiColor::BrightGreen,
        11 => AnsiColor::BrightYellow,
        12 => AnsiColor::BrightBlue,
        13 => AnsiColor::BrightMagenta,
        14 => AnsiColor::BrightCyan,
        15 => AnsiColor::BrightWhite,
        _ => return None,
    })
}
