//! Medians with their spread. No mean: one disturbed run of three would move it.

/// The middle of several runs of the same, with the lowest and the highest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The middle one; of an even number, the mean of the two in the middle.
    pub median: f64,
    /// The lowest.
    pub min: f64,
    /// The highest.
    pub max: f64,
    /// How many there are.
    pub count: usize,
}

impl Summary {
    /// Of these values; none if there are none. Values that are no numbers are left out.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), min, max, count: values.len() })
    }

    /// How far the lowest and the highest are from each other, as a share of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median }
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn the_middle_is_the_middle() {
        let summary = Summary::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((summary.median, summary.min, summary.max, summary.count), (2.0, 1.0, 3.0, 3));
        assert!((summary.spread() - 1.0).abs() < 1e-9);
        assert_eq!(Summary::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
    }

    #[test]
    fn nothing_has_no_middle() {
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([f64::NAN, 7.0]).unwrap().count, 1);
    }
}
