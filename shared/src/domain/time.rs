//! Points in time as the contract writes them.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, SecondsFormat, SubsecRound, Timelike, Utc};
use serde::{Serialize, Serializer};
use std::fmt;

/// A point in time in UTC, whole milliseconds: a BSON date holds no more, so the service truncates for every store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The system clock's time, truncated to the millisecond.
    pub fn now() -> Self {
        Self(Utc::now().trunc_subsecs(3))
    }

    /// The time `millis` milliseconds after 1970-01-01T00:00:00Z; none if a calendar cannot hold it.
    pub fn from_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis).map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The day in UTC on which this is.
    pub fn day(self) -> Day {
        Day(self.0.date_naive())
    }

    /// Whole seconds since 1970-01-01T00:00:00Z: a NumericDate of RFC 7519.
    pub fn as_seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with exactly three decimals and `Z`.
    ///
    /// Two of them stand in each resource of a page: chrono's own way, number by number, would be half of the time that
    /// its JSON takes.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        let Ok(year @ 0..=9999) = u32::try_from(time.year()) else {
            return formatter.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true));
        };
        let (month, day, millis) = (time.month(), time.day(), time.timestamp_subsec_millis());
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let of = |number: u32, unit: u32| u8::try_from(number / unit % 10).map_or(b'?', |digit| b'0' + digit);
        #[rustfmt::skip]
        let text = [
            of(year, 1_000), of(year, 100), of(year, 10), of(year, 1), b'-', of(month, 10), of(month, 1), b'-',
            of(day, 10), of(day, 1), b'T', of(hour, 10), of(hour, 1), b':', of(minute, 10), of(minute, 1), b':',
            of(second, 10), of(second, 1), b'.', of(millis, 100), of(millis, 10), of(millis, 1), b'Z',
        ];
        formatter.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A day in UTC, written as RFC 3339's `full-date`: `2025-01-31`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// Reads `YYYY-MM-DD`, if there is such a day.
    pub fn parse(text: &str) -> Option<Self> {
        // chrono takes signs, spaces and fewer digits, too.
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Self)?;
        (text.len() == 10 && day.to_string() == text).then_some(day)
    }

    /// When it begins, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn start_millis(self) -> i64 {
        self.0.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
    }

    /// When it is over, which is when the next day begins.
    pub fn end_millis(self) -> i64 {
        self.0.checked_add_days(Days::new(1)).map_or(i64::MAX, |next| Self(next).start_millis())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.format("%Y-%m-%d"))
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Timestamp};
    use chrono::SecondsFormat;

    #[test]
    fn a_day_is_read_in_one_spelling_only() {
        let day = Day::parse("2024-02-29").unwrap();
        assert_eq!((day.start_millis(), day.end_millis()), (1_709_164_800_000, 1_709_251_200_000));
        assert_eq!(Timestamp::from_millis(day.end_millis() - 1).unwrap().day().to_string(), "2024-02-29");
        for text in [
            "",
            "2025-02-29",
            "2025-1-1",
            "+2025-01-01",
            "-2025-01-01",
            " 2025-01-01",
            "2025-01-01T00:00:00Z",
            "20250101",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_timestamp_is_written_with_three_decimals() {
        let timestamp = Timestamp::from_millis(1_700_000_000_000).unwrap();
        assert_eq!(timestamp.to_string(), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn a_timestamp_is_written_as_chrono_writes_it() {
        // From the year -1 to the year 10001, in steps that come to all months, hours and milliseconds.
        for millis in (-62_199_000_000_000..253_450_000_000_000).step_by(12_345_678_901) {
            let timestamp = Timestamp::from_millis(millis).unwrap();
            assert_eq!(timestamp.to_string(), timestamp.0.to_rfc3339_opts(SecondsFormat::Millis, true), "{millis}");
        }
    }

    #[test]
    fn now_survives_a_store_that_keeps_milliseconds() {
        let now = Timestamp::now();
        assert_eq!(Timestamp::from_millis(now.as_millis()), Some(now));
    }
}
