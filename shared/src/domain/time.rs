//! Points in time as the contract writes them.

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
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

    /// Whole seconds since 1970-01-01T00:00:00Z: a NumericDate of RFC 7519.
    pub fn as_seconds(self) -> i64 {
        self.0.timestamp()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with exactly three decimals and `Z`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn a_timestamp_is_written_with_three_decimals() {
        let timestamp = Timestamp::from_millis(1_700_000_000_000).unwrap();
        assert_eq!(timestamp.to_string(), "2023-11-14T22:13:20.000Z");
    }

    #[test]
    fn now_survives_a_store_that_keeps_milliseconds() {
        let now = Timestamp::now();
        assert_eq!(Timestamp::from_millis(now.as_millis()), Some(now));
    }
}
