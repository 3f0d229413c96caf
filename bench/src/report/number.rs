//! Numbers as people read them: no more digits than a measurement has, and a unit at each.

/// Requests a second, or any other count: `48,210`, `512`, `7.4`.
#[must_use]
pub fn count(value: f64) -> String {
    if value.abs() < 10.0 && value.fract() != 0.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}

/// A count of whole things.
#[must_use]
pub fn whole(value: u64) -> String {
    count(value as f64)
}

/// Three significant digits: `0.0413`, `1.25`, `14.2`, `3,120`.
#[must_use]
pub fn three_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".to_owned();
    }
    match decimals(value, 3) {
        0 => count(value.round()),
        decimals => format!("{value:.decimals$}"),
    }
}

/// Milliseconds: `0.214 ms`, `12.8 ms`, `1.21 s`.
#[must_use]
pub fn millis(value: f64) -> String {
    if value < 1000.0 { format!("{} ms", three_digits(value)) } else { seconds(value / 1000.0) }
}

/// Seconds: `0.45 s`, `14.2 s`, `3 min 5 s`.
#[must_use]
pub fn seconds(value: f64) -> String {
    if value < 120.0 {
        return format!("{} s", three_digits(value));
    }
    let (minutes, rest) = ((value / 60.0).floor(), (value % 60.0).floor());
    if value < 7200.0 {
        format!("{minutes:.0} min {rest:.0} s")
    } else {
        format!("{:.0} h {:.0} min", (minutes / 60.0).floor(), minutes % 60.0)
    }
}

/// Bytes, by thousands: `740 kB`, `21.5 MB`, `8.2 GB`.
#[must_use]
pub fn bytes(value: f64) -> String {
    match value {
        _ if value < 1e6 => format!("{:.0} kB", value / 1e3),
        _ if value < 1e9 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.1} GB", value / 1e9),
    }
}

/// A part of one: `0.52`, `0.015`, `0.00036`; a multiple: `1.34`, `31.84`.
#[must_use]
pub fn ratio(value: f64) -> String {
    if value >= 0.1 || value <= 0.0 { format!("{value:.2}") } else { format!("{value:.*}", decimals(value, 2)) }
}

/// How many decimals show so many significant digits of a value that is not 0.
fn decimals(value: f64, digits: i32) -> usize {
    let decimals = digits - 1 - value.abs().log10().floor() as i32;
    usize::try_from(decimals).unwrap_or(0)
}

/// A part of a hundred: `7 %`, `0.4 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value != 0.0 && value.abs() < 1.0 { format!("{value:.1} %") } else { format!("{value:.0} %") }
}

/// For an axis, where there is little room: `0.1`, `20`, `5k`, `1.5M`.
#[must_use]
pub fn short(value: f64) -> String {
    let (value, unit) = match value.abs() {
        size if size >= 1e6 => (value / 1e6, "M"),
        size if size >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    // As few decimals as the value has; a float of an axis is never exact.
    let exact = (0..=3).find(|decimals| {
        let step = 10_f64.powi(*decimals);
        ((value * step).round() / step - value).abs() < 1e-6
    });
    format!("{value:.*}{unit}", usize::try_from(exact.unwrap_or(3)).unwrap_or(3))
}

/// `1 run`, `2 runs`.
#[must_use]
pub fn counted(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", whole(count as u64), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, counted, millis, percent, ratio, seconds, short, three_digits};

    #[test]
    fn numbers_have_their_unit_and_no_needless_digit() {
        let check = |shown: String, expected: &str| assert_eq!(shown, expected);
        check(count(48_210.4), "48,210");
        check(count(1_234_567.0), "1,234,567");
        check(count(512.0), "512");
        check(count(7.42), "7.4");
        check(count(0.0), "0");
        check(three_digits(0.041_28), "0.0413");
        check(three_digits(1.0), "1.00");
        check(three_digits(14.23), "14.2");
        check(three_digits(3_119.6), "3,120");
        check(millis(0.2139), "0.214 ms");
        check(millis(1_210.0), "1.21 s");
        check(seconds(0.45), "0.450 s");
        check(seconds(185.9), "3 min 5 s");
        check(seconds(3.0 * 3600.0 + 61.0), "3 h 1 min");
        check(bytes(740_000.0), "740 kB");
        check(bytes(21_540_000.0), "21.5 MB");
        check(bytes(8_200_000_000.0), "8.2 GB");
        check(ratio(0.523), "0.52");
        check(ratio(0.015), "0.015");
        check(ratio(0.000_36), "0.00036");
        check(ratio(31.84), "31.84");
        check(percent(0.074), "7 %");
        check(percent(0.004), "0.4 %");
        check(percent(0.0), "0 %");
        check(short(0.1), "0.1");
        check(short(20.0), "20");
        check(short(5000.0), "5k");
        check(short(1_500_000.0), "1.5M");
        check(counted(1, "run"), "1 run");
        check(counted(2, "run"), "2 runs");
    }
}
