//! Values, samples and how many of them are kept.

use std::collections::VecDeque;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment in microseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMicros(pub i64);

impl UnixMicros {
    /// `YYYY-MM-DD HH:MM:SS`, the second it lies in, in a time zone; a moment no calendar reaches is shown as 1970.
    pub(crate) fn second_text(self, zone: &TimeZone) -> String {
        Timestamp::from_second(self.0.div_euclid(1_000_000))
            .unwrap_or_default()
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }
}

/// A value; a statistic keeps the type of its first one.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The usual counter.
    Integer(i64),
    /// A total that may exceed 64 bits, such as the addresses of an IPv6 pool.
    Large(i128),
    /// A floating-point number.
    Float(f64),
    /// A time span in microseconds.
    Duration(i64),
    /// Text.
    Text(String),
}

impl Value {
    /// As in the answers of commands. A [`Large`](Self::Large) total saturates at 2^63-1, the range the manual gives
    /// to integers.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Integer(value) => (*value).into(),
            Self::Large(value) => {
                i64::try_from(*value).unwrap_or(if *value < 0 { i64::MIN } else { i64::MAX }).into()
            }
            Self::Float(value) => (*value).into(),
            Self::Duration(micros) => duration_text(*micros).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    /// The value a reset sets: 0, 0.0, no time, no text.
    pub fn neutral(&self) -> Self {
        match self {
            Self::Integer(_) => Self::Integer(0),
            Self::Large(_) => Self::Large(0),
            Self::Float(_) => Self::Float(0.0),
            Self::Duration(_) => Self::Duration(0),
            Self::Text(_) => Self::Text(String::new()),
        }
    }

    /// Integers of both widths count as one type.
    pub(crate) fn same_type(&self, other: &Self) -> bool {
        use Value::{Duration, Float, Integer, Large, Text};
        matches!(
            (self, other),
            (Integer(_) | Large(_), Integer(_) | Large(_))
                | (Float(_), Float(_))
                | (Duration(_), Duration(_))
                | (Text(_), Text(_))
        )
    }

    pub(crate) fn of_integer(value: i128) -> Self {
        i64::try_from(value).map_or(Self::Large(value), Self::Integer)
    }
}

/// `[-]HH:MM:SS.ffffff`.
fn duration_text(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let seconds = micros / 1_000_000;
    format!(
        "{sign}{:02}:{:02}:{:02}.{:06}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        micros % 1_000_000
    )
}

/// A value and when it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The value.
    pub value: Value,
    /// When it was seen.
    pub at: UnixMicros,
}

/// How much history a statistic keeps; the newest sample is kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many samples, at least 1.
    Count(u32),
    /// Samples not older than so many seconds.
    Age(u32),
}

impl Limit {
    /// The limit of a server that is not told otherwise.
    pub const DEFAULT: Self = Self::Count(20);

    /// From `statistic-default-sample-count` and `statistic-default-sample-age`: a count of 0 means the age.
    pub const fn of_defaults(count: u32, age: u32) -> Self {
        if count == 0 { Self::Age(age) } else { Self::Count(count) }
    }

    pub(crate) fn apply(self, samples: &mut VecDeque<Sample>, now: UnixMicros) {
        match self {
            Self::Count(count) => samples.truncate((count as usize).max(1)),
            Self::Age(seconds) => {
                let oldest = now.0.saturating_sub(i64::from(seconds) * 1_000_000);
                while samples.len() > 1 && samples.back().is_some_and(|last| last.at.0 < oldest) {
                    samples.pop_back();
                }
            }
        }
    }
}

/// Why a statistic could not be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatisticError {
    /// There is no statistic of this name.
    Unknown(String),
    /// The statistic's values are of another type.
    OtherType(String),
    /// At least one sample has to be kept.
    NoSamples,
}

impl fmt::Display for StatisticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => write!(f, "No '{name}' statistic found"),
            Self::OtherType(name) => {
                write!(f, "statistic '{name}' holds values of another type")
            }
            Self::NoSamples => f.write_str("'max-samples' parameter must not be zero"),
        }
    }
}

impl std::error::Error for StatisticError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(ats: &[i64]) -> VecDeque<Sample> {
        ats.iter()
            .map(|&at| Sample { value: Value::Integer(at), at: UnixMicros(at * 1_000_000) })
            .collect()
    }

    fn seconds(samples: &VecDeque<Sample>) -> Vec<i64> {
        samples.iter().map(|sample| sample.at.0 / 1_000_000).collect()
    }

    #[test]
    fn count_and_age_limits() {
        let mut list = samples(&[9, 5, 4, 1]);
        Limit::Count(3).apply(&mut list, UnixMicros(0));
        assert_eq!(seconds(&list), [9, 5, 4]);
        Limit::Age(5).apply(&mut list, UnixMicros(10_000_000));
        assert_eq!(seconds(&list), [9, 5]);
        Limit::Age(0).apply(&mut list, UnixMicros(100_000_000));
        assert_eq!(seconds(&list), [9]);
        Limit::Count(0).apply(&mut list, UnixMicros(0));
        assert_eq!(seconds(&list), [9]);
        assert_eq!(Limit::of_defaults(0, 60), Limit::Age(60));
        assert_eq!(Limit::of_defaults(1, 60), Limit::Count(1));
    }

    #[test]
    fn values_as_json() {
        assert_eq!(Value::Integer(-3).json(), serde_json::json!(-3));
        assert_eq!(Value::Large(1 << 70).json(), serde_json::json!(i64::MAX));
        assert_eq!(Value::Float(1.5).json(), serde_json::json!(1.5));
        assert_eq!(Value::Duration(3_723_000_004).json(), serde_json::json!("01:02:03.000004"));
        assert_eq!(Value::Duration(-1).json(), serde_json::json!("-00:00:00.000001"));
    }
}
