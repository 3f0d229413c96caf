//! Chance that comes out alike on every store and every day.

/// SplitMix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// 0, 1, ..., but not `below`.
    pub(super) fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let below = u64::try_from(below).unwrap_or(u64::MAX).max(1);
        usize::try_from((z ^ (z >> 31)) % below).unwrap_or_default()
    }

    pub(super) fn number(&mut self, below: u32) -> i64 {
        i64::try_from(self.roll(usize::try_from(below).unwrap_or_default())).unwrap_or_default()
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.roll(from.len())).cloned()
    }

    /// One of these, or none, as often as any of them.
    pub(super) fn perhaps<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.get(self.roll(from.len() + 1)).cloned()
    }
}
