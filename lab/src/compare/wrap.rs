//! Cuts lines of styled letters so that they fit into a column.

use crate::compare::highlight::Token;
use crate::compare::lines::Line;
use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// A character with its columns and its style.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    pub(super) character: char,
    pub(super) width: usize,
    pub(super) style: Style,
}

/// The letters of a line in the styles of its tokens, those of changed words underlined.
pub(super) fn letters(line: &Line, tokens: &[Token]) -> Vec<Letter> {
    let style_at = |index: usize| {
        let token = tokens.iter().find(|token| token.range.contains(&index));
        let style = token.map(|token| token.style).unwrap_or_default();
        let changed = line.changed.iter().any(|range| range.contains(&index));
        if changed { style.bold().underline() } else { style }
    };
    let letter = |(index, character): (usize, char)| Letter {
        character,
        width: character.width().unwrap_or(0),
        style: style_at(index),
    };
    line.text.char_indices().map(letter).collect()
}

/// Cuts a line into rows of at most `width` columns, where a person would if there is such a place in the second half;
/// rows after the first are indented a little further than the line.
pub(super) fn wrap(letters: &[Letter], width: usize) -> Vec<Vec<Letter>> {
    let indentation = letters.iter().take_while(|letter| letter.character == ' ').count();
    let hanging = vec![Letter { character: ' ', width: 1, style: Style::new() }; (indentation + 2).min(width / 3)];
    let mut rows = Vec::new();
    let mut rest = letters;
    loop {
        let prefix = if rows.is_empty() { &[][..] } else { &hanging };
        let room = width - prefix.len();
        let mut used = 0;
        let fitting = rest.iter().take_while(|letter| {
            used += letter.width;
            used <= room
        });
        let fitting = fitting.count();
        let end = if fitting == rest.len() { fitting } else { good_break(rest, fitting).max(1) };
        let (row, after) = rest.split_at(end);
        rows.push([prefix, row].concat());
        let spaces = after.iter().take_while(|letter| letter.character == ' ').count();
        rest = after.split_at(spaces).1;
        if rest.is_empty() {
            return rows;
        }
    }
}

/// The last place among the first `fitting` letters to cut at: at a space, or where a person would break code.
fn good_break(letters: &[Letter], fitting: usize) -> usize {
    let places = || (fitting / 2 + 1..=fitting).rev();
    let around = |place: usize| {
        let character = |index: usize| letters.get(index).map_or(' ', |letter| letter.character);
        (character(place - 1), character(place))
    };
    let at_space = places().find(|place| around(*place).0 == ' ' || around(*place).1 == ' ');
    let at_sign = || places().find(|place| matches!(around(*place), ('(' | '[' | '{' | '<' | ',' | ';', _) | (_, '.')));
    at_space.or_else(at_sign).unwrap_or(fitting)
}
