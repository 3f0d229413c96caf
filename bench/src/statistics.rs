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
    /// A quarter of them lies below this, between two values in proportion.
    pub lower_quartile: f64,
    /// A quarter of them lies above this.
    pub upper_quartile: f64,
    /// How many there are.
    pub count: usize,
}

/// The value below which this share of the sorted values lies; between two of them in proportion (Hyndman and Fan's type 7).
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let lower = *sorted.get(place.floor() as usize)?;
    let upper = *sorted.get(place.ceil() as usize)?;
    Some(lower + (upper - lower) * place.fract())
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
        let (lower_quartile, upper_quartile) = (quantile(&values, 0.25)?, quantile(&values, 0.75)?);
        Some(Self {
            median: f64::midpoint(lower, upper),
            min,
            max,
            lower_quartile,
            upper_quartile,
            count: values.len(),
        })
    }

    /// How far the lowest and the highest are from each other, as a share of the median.
    #[must_use]
    pub fn spread(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median }
    }

    /// How wide the middle half is, as a share of the median: what one value far from the others does not widen.
    #[must_use]
    pub fn middle_half(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.upper_quartile - self.lower_quartile) / self.median }
    }

    /// The same in another unit.
    #[must_use]
    pub fn times(&self, factor: f64) -> Self {
        Self {
            median: self.median * factor,
            min: self.min * factor,
            max: self.max * factor,
            lower_quartile: self.lower_quartile * factor,
            upper_quartile: self.upper_quartile * factor,
            count: self.count,
        }
    }

    /// This as a multiple of another: median over median, from lowest over highest to highest over lowest. None over 0.
    #[must_use]
    pub fn over(&self, other: &Self) -> Option<Self> {
        let is_possible = other.min > 0.0;
        is_possible.then(|| Self {
            median: self.median / other.median,
            min: self.min / other.max,
            max: self.max / other.min,
            lower_quartile: self.lower_quartile / other.upper_quartile,
            upper_quartile: self.upper_quartile / other.lower_quartile,
            count: self.count.min(other.count),
        })
    }

    /// Whether what came after differs from this by more than noise: at least [`ROUNDS_TO_TELL`] rounds on both sides, no
    /// value of the one within the range of the other, and medians further apart than either range is wide.
    #[must_use]
    pub fn difference(&self, after: &Self) -> Difference {
        if self.count.min(after.count) < ROUNDS_TO_TELL {
            return Difference::TooFewRounds;
        }
        let overlap = self.min <= after.max && after.min <= self.max;
        let widest = (self.max - self.min).max(after.max - after.min);
        match after.median - self.median {
            change if overlap || change.abs() <= widest => Difference::WithinNoise,
            change if change > 0.0 => Difference::Higher,
            _ => Difference::Lower,
        }
    }
}

/// With fewer rounds a range says too little: two values next to each other may be chance.
pub const ROUNDS_TO_TELL: usize = 3;

/// What can be said about two summaries of the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Nothing: there are not enough rounds.
    TooFewRounds,
    /// Rounds of the same differ as much.
    WithinNoise,
    /// The second is lower.
    Lower,
    /// The second is higher.
    Higher,
}

#[cfg(test)]
mod tests {
    use super::{Difference, Summary};

    #[test]
    fn the_middle_is_the_middle() {
        let summary = Summary::of([3.0, 1.0, 2.0]).unwrap();
        assert_eq!((summary.median, summary.min, summary.max, summary.count), (2.0, 1.0, 3.0, 3));
        assert!((summary.spread() - 1.0).abs() < 1e-9);
        assert_eq!(Summary::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
    }

    #[test]
    fn the_middle_half_leaves_out_a_quarter_on_each_side() {
        let check = |values: &[f64], quartiles: (f64, f64), middle_half: f64| {
            let summary = Summary::of(values.iter().copied()).unwrap();
            assert_eq!((summary.lower_quartile, summary.upper_quartile), quartiles, "{values:?}");
            assert!((summary.middle_half() - middle_half).abs() < 1e-9, "{values:?}");
        };
        check(&[5.0], (5.0, 5.0), 0.0);
        check(&[90.0, 100.0, 130.0], (95.0, 115.0), 0.2);
        check(&[1.0, 2.0, 3.0, 4.0], (1.75, 3.25), 0.6);
        // One that is far away moves nothing.
        check(&[98.0, 100.0, 100.0, 102.0, 500.0], (100.0, 102.0), 0.02);
    }

    #[test]
    fn nothing_has_no_middle() {
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([f64::NAN, 7.0]).unwrap().count, 1);
    }

    #[test]
    fn a_multiple_spans_the_worst_and_the_best_pair() {
        let (one, other) = (Summary::of([8.0, 10.0, 12.0]).unwrap(), Summary::of([4.0, 5.0, 6.0]).unwrap());
        let ratio = one.over(&other).unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max, ratio.count), (2.0, 8.0 / 6.0, 3.0, 3));
        assert_eq!(one.over(&Summary::of([0.0, 1.0]).unwrap()), None);
    }

    #[test]
    fn a_difference_is_more_than_noise_or_it_is_none() {
        let check = |before: &[f64], after: &[f64], expected: Difference| {
            let of = |values: &[f64]| Summary::of(values.iter().copied()).unwrap();
            assert_eq!(of(before).difference(&of(after)), expected, "{before:?} and {after:?}");
        };
        check(&[100.0, 101.0, 102.0], &[120.0, 121.0, 122.0], Difference::Higher);
        check(&[120.0, 121.0, 122.0], &[100.0, 101.0, 102.0], Difference::Lower);
        check(&[100.0, 101.0, 102.0], &[102.0, 103.0, 104.0], Difference::WithinNoise);
        check(&[100.0, 101.0, 102.0], &[100.0, 101.0, 102.0], Difference::WithinNoise);
        // The ranges do not overlap, but the first is wider than the medians are apart.
        check(&[90.0, 100.0, 110.0], &[111.0, 112.0, 113.0], Difference::WithinNoise);
        check(&[100.0, 101.0], &[200.0, 201.0, 202.0], Difference::TooFewRounds);
        check(&[100.0, 101.0, 102.0], &[200.0], Difference::TooFewRounds);
        check(&[100.0; 3], &[100.5; 3], Difference::Higher);
    }
}
