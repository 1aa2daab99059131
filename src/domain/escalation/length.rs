//! Lengths of time as people write them: `30s`, `15m`, `4h`, `2d`, `1d6h`.

use crate::domain::instant::Duration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A length of time, written `30s`, `15m`, `4h`, `2d` or `1d6h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length(pub Duration);

/// Reads a length of time: whole numbers, each with `s`, `m`, `h` or `d`, the larger unit first: `90m`, `1d6h`.
pub fn parse_length(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut length = Duration::zero();
    let mut units_left = ["d", "h", "m", "s"].as_slice();
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let nth = units_left.iter().position(|unit| after.starts_with(unit))?;
        let number: i64 = number.parse().ok().filter(|n| (1..=100_000).contains(n))?;
        length += match units_left[nth] {
            "d" => Duration::days(number),
            "h" => Duration::hours(number),
            "m" => Duration::minutes(number),
            _ => Duration::seconds(number),
        };
        (rest, units_left) = (&after[1..], &units_left[nth + 1..]);
    }
    (length > Duration::zero()).then_some(length)
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0.num_seconds();
        match s {
            _ if s % 86_400 == 0 => write!(f, "{}d", s / 86_400),
            _ if s % 3600 == 0 => write!(f, "{}h", s / 3600),
            _ if s % 60 == 0 => write!(f, "{}m", s / 60),
            _ => write!(f, "{s}s"),
        }
    }
}

impl Serialize for Length {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        parse_length(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!("`{text}` is no length of time; write `30s`, `15m`, `4h`, `2d` or `1d6h`"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_may_have_several_units_the_larger_first_and_each_once() {
        for (text, minutes) in [("90m", 90), ("1d6h", 30 * 60), ("2h30m", 150), ("1d1m", 1441), ("4h", 240)] {
            assert_eq!(parse_length(text), Some(Duration::minutes(minutes)), "{text}");
        }
        for text in ["", "6h1d", "1h1h", "1d 6h", "1d6", "d", "0h", "1d0h", "-1h", "+1h", "1.5h", "100001s", "1w", "٣h", "1é"] {
            assert_eq!(parse_length(text), None, "{text}");
        }
    }
}
