//! A figure as a fraction of what can be had at most.
//!
//! Absolute figures hold for one machine on one day; the fraction of a ceiling that was timed in the same run holds a
//! little longer.

use super::figures::{Figure, Figures, Key};
use crate::result::{Kind, Subject};
use crate::statistics::Summary;

/// Whose ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Every framework's: the same bytes without a framework and without a database.
    Framework,
    /// The store's: the database without a server.
    Store,
}

/// A figure over its ceiling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fraction<'a> {
    /// The ceiling.
    pub ceiling: &'a Subject,
    /// Median over median; from lowest over highest to highest over lowest.
    pub value: Summary,
}

impl<'a> Figures<'a> {
    /// How much of its ceiling a figure reaches in requests a second; none for ceilings themselves and where no ceiling was
    /// timed under the same load. Of several ceilings the highest counts.
    #[must_use]
    pub fn fraction(&self, figure: &Figure, of: Of) -> Option<Fraction<'a>> {
        let subject = self.subject(&figure.key.subject)?;
        let ceilings =
            self.subjects(Kind::Ceiling).filter(|ceiling| subject.kind != Kind::Ceiling && is_of(ceiling, subject, of));
        let figures = ceilings.filter_map(|ceiling| Some((ceiling, self.alike(&figure.key, &ceiling.name)?)));
        let rate = |figure: &Figure| figure.requests_per_second.median;
        let (ceiling, highest) = figures.max_by(|(_, one), (_, other)| rate(one).total_cmp(&rate(other)))?;
        Some(Fraction { ceiling, value: figure.requests_per_second.over(&highest.requests_per_second)? })
    }

    /// The ceiling's figure for the same load. One that was timed with a single number of users does not depend on it.
    fn alike(&self, key: &Key, ceiling: &str) -> Option<&Figure> {
        let wanted = Key { subject: ceiling.to_owned(), ..key.clone() };
        if let Some(figure) = self.get(&wanted) {
            return Some(figure);
        }
        let mut others =
            self.list.iter().filter(|other| other.key.is(&Key { users: other.key.users, ..wanted.clone() }));
        let only = others.next()?;
        others.next().is_none().then_some(only)
    }
}

fn is_of(ceiling: &Subject, subject: &Subject, of: Of) -> bool {
    let names = |wanted: &str| ceiling.ceiling_of.iter().any(|name| name == wanted);
    match of {
        Of::Framework => names("*"),
        Of::Store => !names("*") && subject.store.as_deref().is_some_and(names),
    }
}
