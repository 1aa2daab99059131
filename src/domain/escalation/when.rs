//! When a rung falls due, and where the house's own target lies, in the words of the configuration.

use super::length::{Length, parse_length};
use super::plan::Span;
use crate::domain::instant::{Duration, Instant};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// When a rung falls due: `start`, `50% left`, `24h left`, `6h before target`, `at target`,
/// `every 1h past target`, `expiry` or `every 1h overdue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// When the clock is first set.
    Start,
    /// When this share of the time from start to limit is left, in percent.
    ShareLeft(u8),
    /// When this much time is left.
    TimeLeft(Duration),
    /// This long before the house's target.
    BeforeTarget(Duration),
    /// At the house's target.
    AtTarget,
    /// Past the target, again and again at this distance, as long as the limit has not come.
    EveryPastTarget(Duration),
    /// At the limit.
    Expiry,
    /// Past the limit, again and again at this distance.
    EveryOverdue(Duration),
}

impl When {
    /// Whether it comes again and again.
    pub fn repeats(self) -> bool {
        matches!(self, Self::EveryPastTarget(_) | Self::EveryOverdue(_))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let every = |rest: &str| parse_length(rest).filter(|every| *every >= Duration::seconds(1));
        Some(match text {
            "start" => Self::Start,
            "at target" => Self::AtTarget,
            "expiry" => Self::Expiry,
            _ => match text.strip_prefix("every ") {
                Some(rest) => match (rest.strip_suffix(" overdue"), rest.strip_suffix(" past target")) {
                    (Some(rest), _) => Self::EveryOverdue(every(rest)?),
                    (None, rest) => Self::EveryPastTarget(every(rest?)?),
                },
                None => match (text.strip_suffix(" before target"), text.strip_suffix(" left")) {
                    (Some(length), _) => Self::BeforeTarget(parse_length(length)?),
                    (None, left) => match left?.strip_suffix('%') {
                        Some(percent) => Self::ShareLeft(percent.parse().ok().filter(|p| (1..=99).contains(p))?),
                        None => Self::TimeLeft(parse_length(left?)?),
                    },
                },
            },
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Start => f.write_str("start"),
            Self::ShareLeft(percent) => write!(f, "{percent}% left"),
            Self::TimeLeft(left) => write!(f, "{} left", Length(left)),
            Self::BeforeTarget(length) => write!(f, "{} before target", Length(length)),
            Self::AtTarget => f.write_str("at target"),
            Self::EveryPastTarget(every) => write!(f, "every {} past target", Length(every)),
            Self::Expiry => f.write_str("expiry"),
            Self::EveryOverdue(every) => write!(f, "every {} overdue", Length(every)),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no time for a rung; use `start`, `50% left`, `24h left`, `6h before target`, `at target`, \
                 `every 1h past target`, `expiry` or `every 1h overdue`"
            ))
        })
    }
}

/// The house's own goal before the limit, written `48h` (after the start) or `24h before` (the limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// This long after the period in law began.
    AfterStart(Duration),
    /// This long before the limit.
    BeforeLimit(Duration),
}

impl Target {
    /// Where it lies in a span; `None` where it would fall before the start, or not before the limit:
    /// a goal of 48 hours is none of a clock of six.
    pub fn of(self, span: Span) -> Option<Instant> {
        let at = match self {
            Self::AfterStart(length) => span.from + length,
            Self::BeforeLimit(length) => span.until? - length,
        };
        (at >= span.from && span.until.is_none_or(|until| at < until)).then_some(at)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AfterStart(length) => write!(f, "{}", Length(*length)),
            Self::BeforeLimit(length) => write!(f, "{} before", Length(*length)),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        let target = match text.strip_suffix(" before") {
            Some(length) => parse_length(length).map(Self::BeforeLimit),
            None => parse_length(&text).map(Self::AfterStart),
        };
        target.ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no target; write `48h` for so long after the start, or `24h before` for so long before the limit"
            ))
        })
    }
}
