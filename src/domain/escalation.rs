//! The house's escalation policy: which rung of a ladder is due, and why.
//!
//! Rungs are absolute instants, planned once from a clock's start and limit; a ladder never adds a
//! delay to "now". Nothing here knows law or incidents.

use super::instant::{Duration, Instant};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;

/// Steps by which a clock gets louder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ladder {
    /// The name.
    pub name: String,
    /// The duties it is for: ids or beginnings of ids such as `house.`; empty for all others.
    #[serde(default, rename = "for")]
    pub duties: Vec<String>,
    /// The steps, in any order.
    #[serde(rename = "rung")]
    pub rungs: Vec<Rung>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rung {
    /// When it falls due.
    pub when: When,
    /// The teams it reaches.
    pub to: Vec<String>,
}

/// When a rung falls due, written `start`, `50% left`, `24h left`, `expiry` or `every 1h overdue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When the clock is first set.
    Start,
    /// When this share of the time from start to limit is left, in percent.
    ShareLeft(u8),
    /// When this much time is left.
    TimeLeft(Duration),
    /// At the limit.
    Expiry,
    /// Past the limit, again and again at this distance.
    EveryOverdue(Duration),
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::ShareLeft(percent) => write!(f, "{percent}% left"),
            Self::TimeLeft(left) => write!(f, "{} left", short(*left)),
            Self::Expiry => f.write_str("expiry"),
            Self::EveryOverdue(every) => write!(f, "every {} overdue", short(*every)),
        }
    }
}

fn short(length: Duration) -> String {
    let s = length.num_seconds();
    match s {
        _ if s % 86_400 == 0 => format!("{}d", s / 86_400),
        _ if s % 3600 == 0 => format!("{}h", s / 3600),
        _ if s % 60 == 0 => format!("{}m", s / 60),
        _ => format!("{s}s"),
    }
}

/// Reads a length of time: a whole number and `s`, `m`, `h` or `d`.
pub fn parse_length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|n| (1..=100_000).contains(n))?;
    Some(match unit {
        "s" => Duration::seconds(number),
        "m" => Duration::minutes(number),
        "h" => Duration::hours(number),
        "d" => Duration::days(number),
        _ => return None,
    })
}

impl When {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "start" => Self::Start,
            "expiry" => Self::Expiry,
            _ => {
                if let Some(every) = text.strip_prefix("every ").and_then(|rest| rest.strip_suffix(" overdue")) {
                    let every = parse_length(every).filter(|every| *every >= Duration::seconds(1))?;
                    return Some(Self::EveryOverdue(every));
                }
                let left = text.strip_suffix(" left")?;
                match left.strip_suffix('%') {
                    Some(percent) => Self::ShareLeft(percent.parse().ok().filter(|p| (1..=99).contains(p))?),
                    None => Self::TimeLeft(parse_length(left)?),
                }
            }
        })
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no time for a rung; use `start`, `50% left`, `24h left`, `expiry` or `every 1h overdue`"
            ))
        })
    }
}

/// A rung of one clock, at its instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRung {
    /// Its name: the ladder's words for its time, with a counter for repeats, such as `every 1h overdue #3`,
    /// or `every 1h overdue #3 to #7` for several that were all passed over.
    pub name: String,
    /// When it falls due.
    pub at: Instant,
    /// The teams it reaches.
    pub to: Vec<String>,
}

/// The span a ladder is laid over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// When the clock was first set, which is when the `start` rung falls due.
    pub set_at: Instant,
    /// When the period in law began.
    pub from: Instant,
    /// The limit, or where the law gives none the house's target.
    pub until: Option<Instant>,
}

/// The number of the last repeat of `rung` among those handled; 0 before the first.
fn last_repeat(handled: &BTreeSet<String>, rung: &str) -> i64 {
    let number = |name: &String| {
        let (base, numbers) = name.split_once(" #")?;
        if base == rung { numbers.rsplit('#').next()?.parse().ok() } else { None }
    };
    handled.iter().filter_map(number).max().unwrap_or(0)
}

/// When a rung of a name that [`Ladder::plan`] gave falls due on a clock; of several repeats the last.
/// `None` for what is no rung of any ladder, or has no instant on this clock.
pub fn falls_at(name: &str, span: Span) -> Option<Instant> {
    let (words, number) = match name.split_once(" #") {
        Some((words, numbers)) => (words, numbers.rsplit('#').next()?.parse::<i32>().ok()?),
        None => (name, 1),
    };
    match (When::parse(words)?, span.until) {
        (When::Start, _) => Some(span.set_at),
        (_, None) => None,
        (When::ShareLeft(percent), Some(until)) => Some(share_left(percent, span.from, until)),
        (When::TimeLeft(left), Some(until)) => Some(until - left).filter(|at| *at >= span.from),
        (When::Expiry, until) => until,
        (When::EveryOverdue(every), Some(until)) => Some(until + every * number),
    }
}

/// The instant at which this share of the time is left.
fn share_left(percent: u8, from: Instant, until: Instant) -> Instant {
    until - Duration::milliseconds((until - from).num_milliseconds().max(0) / 100 * i64::from(percent))
}

impl Ladder {
    /// Whether this ladder is for a duty.
    pub fn is_for(&self, duty: &str) -> bool {
        self.duties.iter().any(|wanted| duty == wanted || (wanted.ends_with('.') && duty.starts_with(wanted.as_str())))
    }

    /// Every rung that falls due by `now` and was not handled, and the next one after, in the order of
    /// time. Of the repeats past the limit the last by `now` and the next are named one by one, those
    /// before as one; a repeat never comes after a later one, even when the clock was set back.
    pub fn plan(&self, span: Span, handled: &BTreeSet<String>, now: Instant) -> Vec<PlannedRung> {
        let mut plan: Vec<PlannedRung> = Vec::new();
        for rung in &self.rungs {
            let mut push = |name: String, at: Instant| {
                if !handled.contains(&name) {
                    plan.push(PlannedRung { name, at, to: rung.to.clone() });
                }
            };
            match (rung.when, span.until) {
                (When::Start, _) => push(rung.when.to_string(), span.set_at),
                (_, None) => {}
                (When::ShareLeft(percent), Some(until)) => {
                    push(rung.when.to_string(), share_left(percent, span.from, until));
                }
                // A rung that would fall before the period began is not of this clock.
                (When::TimeLeft(left), Some(until)) if until - left < span.from => {}
                (When::TimeLeft(left), Some(until)) => push(rung.when.to_string(), until - left),
                (When::Expiry, Some(until)) => push(rung.when.to_string(), until),
                (When::EveryOverdue(every), Some(until)) => {
                    let (name, every_ms) = (rung.when.to_string(), every.num_milliseconds().max(1));
                    let at = |number: i64| until + Duration::milliseconds(every_ms * number);
                    let passed = ((now - until).num_milliseconds() / every_ms).max(0);
                    let first = last_repeat(handled, &name) + 1;
                    match passed - first {
                        ..=0 => {}
                        1 => push(format!("{name} #{first}"), at(first)),
                        _ => push(format!("{name} #{first} to #{}", passed - 1), at(first)),
                    }
                    for number in first.max(passed).max(1)..=first.max(passed + 1) {
                        push(format!("{name} #{number}"), at(number));
                    }
                }
            }
        }
        plan.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.name.cmp(&b.name)));
        plan
    }
}
