//! What an order costs. A pure function, and the only place where a price is made: clients and stores are told.

/// A line of 10 or more units is 10 % cheaper.
const MANY: i64 = 10;
const MANY_DIVISOR: i64 = 10;

/// An order of which 50,000 cents or more are left after that is another 5 % cheaper.
const LARGE_CENTS: i64 = 50_000;
const LARGE_DIVISOR: i64 = 20;

/// What an order costs, in cents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// The sum of unit prices times quantities.
    pub subtotal_cents: i64,
    /// What is taken off.
    pub discount_cents: i64,
    /// What is to be paid.
    pub total_cents: i64,
    /// What each line contributes to the total, after all discounts. They add up to it.
    pub revenues: Vec<i64>,
}

/// Prices an order of these `(unit price in cents, quantity)`. Discounts are rounded down to the cent.
///
/// Prices to 100,000,000 cents and quantities to 1,000, twenty times, are far from the end of 64 bits.
pub fn price(lines: &[(i64, i64)]) -> Priced {
    let line = |(unit_price_cents, quantity): &(i64, i64)| {
        let total = unit_price_cents * quantity;
        if *quantity >= MANY { total - total / MANY_DIVISOR } else { total }
    };
    let mut revenues: Vec<i64> = lines.iter().map(line).collect();
    let left: i64 = revenues.iter().sum();
    let large = if left >= LARGE_CENTS { left / LARGE_DIVISOR } else { 0 };
    spread(large, left, &mut revenues);
    let subtotal_cents = lines.iter().map(|(unit_price_cents, quantity)| unit_price_cents * quantity).sum();
    let total_cents = left - large;
    Priced { subtotal_cents, discount_cents: subtotal_cents - total_cents, total_cents, revenues }
}

/// Takes `discount` off the lines, each bearing its share, rounded down; the cents that this leaves over are taken off one
/// by one, from the first line on that costs anything.
fn spread(discount: i64, left: i64, revenues: &mut [i64]) {
    if discount == 0 {
        return;
    }
    let mut over = discount;
    for revenue in revenues.iter_mut() {
        let share = i128::from(discount) * i128::from(*revenue) / i128::from(left);
        let share = i64::try_from(share).unwrap_or_default();
        *revenue -= share;
        over -= share;
    }
    for revenue in revenues.iter_mut().filter(|revenue| **revenue > 0) {
        if over == 0 {
            break;
        }
        *revenue -= 1;
        over -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE_CENTS, MANY, MANY_DIVISOR, price};
    use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

    fn total(lines: &[(i64, i64)]) -> (i64, i64, i64) {
        let priced = price(lines);
        (priced.subtotal_cents, priced.discount_cents, priced.total_cents)
    }

    #[test]
    fn discounts_are_those_of_the_contract() {
        assert_eq!(total(&[(0, 1_000)]), (0, 0, 0));
        assert_eq!(total(&[(999, 9)]), (8_991, 0, 8_991));
        // Ten of them: 10 % off, rounded down.
        assert_eq!(total(&[(999, 10)]), (9_990, 999, 8_991));
        assert_eq!(total(&[(1, 19)]), (19, 1, 18));
        // Just below and at what counts as large; 5 % rounded down.
        assert_eq!(total(&[(49_999, 1)]), (49_999, 0, 49_999));
        assert_eq!(total(&[(50_000, 1)]), (50_000, 2_500, 47_500));
        assert_eq!(total(&[(50_019, 1)]), (50_019, 2_500, 47_519));
        // The line's discount comes first: of 55,000 only 49,500 are left.
        assert_eq!(total(&[(5_500, 10)]), (55_000, 5_500, 49_500));
        assert_eq!(total(&[(6_000, 10), (1_000, 1)]), (61_000, 6_000 + 2_750, 52_250));
    }

    #[test]
    fn the_lines_bear_the_discount_by_what_they_cost() {
        assert_eq!(price(&[(30_000, 1), (0, 5), (20_000, 1)]).revenues, [28_500, 0, 19_000]);
        // 2,500 in three equal parts leaves one cent over.
        assert_eq!(price(&[(16_667, 1), (16_667, 1), (16_667, 1)]).revenues, [15_833, 15_834, 15_834]);
    }

    fn lines() -> impl Strategy<Value = Vec<(i64, i64)>> {
        let cheap_or_dear = proptest::prop_oneof![0..200_i64, 0..=100_000_000_i64];
        proptest::collection::vec((cheap_or_dear, 1..=1_000_i64), 1..=20)
    }

    proptest! {
        #[test]
        fn the_total_is_the_sum_of_the_lines_less_the_discount(lines in lines()) {
            let priced = price(&lines);
            let sum: i64 = lines.iter().map(|(unit, quantity)| unit * quantity).sum();
            prop_assert_eq!(priced.subtotal_cents, sum);
            prop_assert_eq!(priced.total_cents, sum - priced.discount_cents);
            prop_assert_eq!(priced.revenues.iter().sum::<i64>(), priced.total_cents);
        }

        #[test]
        fn nothing_is_ever_negative_or_dearer_than_its_price(lines in lines()) {
            let priced = price(&lines);
            prop_assert!(priced.discount_cents >= 0 && priced.total_cents >= 0);
            // 10 % and then 5 %: at most 14.5 % off.
            prop_assert!(priced.discount_cents * 1_000 <= priced.subtotal_cents * 145);
            for (revenue, (unit, quantity)) in priced.revenues.iter().zip(&lines) {
                prop_assert!(*revenue >= 0 && *revenue <= unit * quantity);
            }
        }

        /// More of a thing never costs less, but where the order becomes a large one: that is what the rule says.
        #[test]
        fn more_costs_more_on_either_side_of_a_large_order(lines in lines(), more in 1..=50_i64) {
            let [(unit, quantity), rest @ ..] = &lines[..] else { return Ok(()) };
            let after = [&[(*unit, (*quantity + more).min(1_000))], rest].concat();
            // What is left after the lines' own discounts decides whether an order is large; a little more may make it cheaper.
            let left = |(unit, quantity): &(i64, i64)| {
                let total = unit * quantity;
                if *quantity >= MANY { total - total / MANY_DIVISOR } else { total }
            };
            let is_large = |lines: &[(i64, i64)]| lines.iter().map(left).sum::<i64>() >= LARGE_CENTS;
            if is_large(&lines) == is_large(&after) {
                prop_assert!(price(&lines).total_cents <= price(&after).total_cents);
            }
        }

        #[test]
        fn the_order_of_the_lines_changes_no_total(lines in lines()) {
            let backwards: Vec<_> = lines.iter().rev().copied().collect();
            prop_assert_eq!(price(&lines).total_cents, price(&backwards).total_cents);
        }
    }
}
