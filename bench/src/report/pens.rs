//! What each subject looks like in every chart: a colour, a marker and a dash pattern, so that no one has to tell colours apart.
//!
//! The colours are those of Okabe and Ito, chosen so that people who see fewer colours can tell them apart.

use crate::result::{Kind, Results};
use std::collections::HashMap;

/// A colour of the page: a custom property of the style sheet, so that a chart follows light, dark and print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Text, and what is a ceiling.
    Ink,
    /// Text that matters less.
    Soft,
    /// Lines that only help to read.
    Line,
    /// What the chart stands on.
    Paper,
    /// Okabe and Ito's blue.
    Blue,
    /// Vermillion.
    Vermillion,
    /// Bluish green.
    Green,
    /// Reddish purple.
    Purple,
    /// Orange.
    Orange,
    /// Sky blue.
    Sky,
}

impl Colour {
    pub(super) const ALL: [Self; 10] = [
        Self::Ink,
        Self::Soft,
        Self::Line,
        Self::Paper,
        Self::Blue,
        Self::Vermillion,
        Self::Green,
        Self::Purple,
        Self::Orange,
        Self::Sky,
    ];

    /// As a value in SVG.
    pub(super) fn css(self) -> &'static str {
        match self {
            Self::Ink => "var(--ink)",
            Self::Soft => "var(--soft)",
            Self::Line => "var(--line)",
            Self::Paper => "var(--card)",
            Self::Blue => "var(--blue)",
            Self::Vermillion => "var(--vermillion)",
            Self::Green => "var(--green)",
            Self::Purple => "var(--purple)",
            Self::Orange => "var(--orange)",
            Self::Sky => "var(--sky)",
        }
    }
}

/// The dash pattern of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// None.
    Solid,
    /// Long dashes.
    Dashed,
    /// Dots.
    Dotted,
    /// A dash, a dot.
    DashDot,
}

impl Dash {
    pub(super) const ALL: [Self; 4] = [Self::Solid, Self::Dashed, Self::Dotted, Self::DashDot];

    pub(super) fn svg(self) -> Option<&'static str> {
        match self {
            Self::Solid => None,
            Self::Dashed => Some("7 4"),
            Self::Dotted => Some("2 4"),
            Self::DashDot => Some("8 3 2 3"),
        }
    }
}

/// The shape that stands at a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shape {
    Circle,
    Triangle,
    Square,
    Diamond,
    Pentagon,
    Cross,
    Plus,
}

/// What a subject looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Of its framework.
    pub colour: Colour,
    /// Of its framework.
    pub shape: Shape,
    /// Whether its marker is an outline: the second store of a group and the fourth, and peers from the fifth on.
    pub is_hollow: bool,
    /// Of its store, within its group.
    pub dash: Dash,
}

const FRAMEWORKS: [(Colour, Shape); 5] = [
    (Colour::Blue, Shape::Circle),
    (Colour::Vermillion, Shape::Triangle),
    (Colour::Green, Shape::Square),
    (Colour::Sky, Shape::Diamond),
    (Colour::Orange, Shape::Pentagon),
];
const PEERS: [(Colour, Shape); 4] = [
    (Colour::Purple, Shape::Diamond),
    (Colour::Orange, Shape::Pentagon),
    (Colour::Sky, Shape::Triangle),
    (Colour::Green, Shape::Square),
];
const PLAIN: (Colour, Shape) = (Colour::Ink, Shape::Circle);
const CEILINGS: [Shape; 2] = [Shape::Cross, Shape::Plus];

/// The database that a store is for: stores of one are shown in one chart (`diesel-sqlite` and `sea-orm-sqlite`).
#[must_use]
pub fn database(store: &str) -> &str {
    store.rsplit('-').next().unwrap_or(store)
}

/// The looks of all subjects of a result file, by name: a framework has its colour and shape, a store its dash pattern.
#[must_use]
pub fn looks(results: &Results) -> HashMap<&str, Look> {
    let mut frameworks: Vec<Option<&str>> = Vec::new();
    let mut stores: Vec<&str> = Vec::new();
    let (mut peers, mut ceilings): (usize, usize) = (0, 0);
    let mut looks = HashMap::new();
    for subject in &results.subjects {
        let (colour, shape, line) = match subject.kind {
            Kind::Variant => {
                let (colour, shape) = of(&FRAMEWORKS, place(&mut frameworks, subject.framework.as_deref()), PLAIN);
                let store = subject.store.as_deref().unwrap_or_default();
                place(&mut stores, store);
                let siblings = stores.iter().filter(|other| database(other) == database(store));
                (colour, shape, siblings.take_while(|other| **other != store).count())
            }
            Kind::Peer => {
                peers += 1;
                let (colour, shape) = of(&PEERS, peers - 1, PLAIN);
                (colour, shape, 3)
            }
            Kind::Ceiling => {
                ceilings += 1;
                (Colour::Ink, of(&CEILINGS, ceilings - 1, Shape::Cross), if ceilings == 1 { 2 } else { 3 })
            }
        };
        let is_hollow = match subject.kind {
            Kind::Variant => line % 2 == 1,
            // The fifth is the first again, as an outline.
            Kind::Peer => (peers - 1) / PEERS.len() % 2 == 1,
            Kind::Ceiling => false,
        };
        looks.insert(subject.name.as_str(), Look { colour, shape, is_hollow, dash: of(&Dash::ALL, line, Dash::Solid) });
    }
    looks
}

/// More of them than there are begin again.
fn of<T: Copy>(list: &[T], place: usize, otherwise: T) -> T {
    list.iter().copied().cycle().nth(place).unwrap_or(otherwise)
}

fn place<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> usize {
    let place = list.iter().position(|one| *one == wanted).unwrap_or(list.len());
    if place == list.len() {
        list.push(wanted);
    }
    place
}
