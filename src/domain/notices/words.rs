//! Values in the words of a letter.

use crate::domain::facts::{Count, FactType, Precision, Value};
use crate::domain::instant::{Instant, NaiveDate, Timelike, Zone};

/// The tongue and zone a notice is written in.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    /// BCP 47, such as `en` or `en-US`; only English words are known.
    pub lang: String,
    /// The zone in which times are told first.
    pub zone: Zone,
}

/// Why a value is no answer.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Text(text) => clean(text).trim().is_empty(),
        Value::ByPlace(places) => places.is_empty(),
        Value::Set(set) => !set.is_empty() && set.iter().all(|word| clean(word).trim().is_empty()),
        _ => false,
    }
}

/// Whether the value is a list that was said to be empty: "none".
pub(super) fn is_none(value: &Value) -> bool {
    matches!(value, Value::Set(set) if set.is_empty())
}

/// Whether any number in the value is an estimate.
pub(super) fn is_approximate(value: &Value) -> bool {
    let rough = |count: &Count| count.precision != Precision::Exact;
    match value {
        Value::Count(count) => rough(count),
        Value::ByPlace(places) => places.values().any(rough),
        _ => false,
    }
}

impl Manner {
    /// A value in words; lines of a text stay lines.
    pub fn value(&self, kind: &FactType, value: &Value) -> String {
        match value {
            Value::YesNo(true) => "yes".into(),
            Value::YesNo(false) => "no".into(),
            Value::Count(count) => self.count(count),
            Value::Instant(instant) => self.when(*instant),
            Value::Date(date) => self.date(*date),
            Value::Text(text) if matches!(kind, FactType::OneOf(_)) => word(text),
            Value::Text(text) => clean(text),
            Value::Set(set) if set.is_empty() => "none".into(),
            Value::Set(_) => joined(&self.parts(kind, value)),
            Value::ByPlace(places) => {
                let words: Vec<String> = places.iter().map(|(place, count)| format!("{place}: {}", self.count(count))).collect();
                words.join("; ")
            }
        }
    }

    /// The parts of a list-like value, each in words; one part for any other value.
    pub fn parts(&self, kind: &FactType, value: &Value) -> Vec<String> {
        match value {
            Value::Set(set) if !set.is_empty() => match kind {
                // In the order of the vocabulary, which is the order of sense; a word it does not list (any more) stays.
                FactType::AnyOf(listed) => {
                    let unlisted = set.iter().filter(|item| !listed.contains(item));
                    listed.iter().filter(|item| set.contains(*item)).chain(unlisted).map(|item| word(item)).collect()
                }
                _ => set.iter().map(|item| clean(item)).collect(),
            },
            Value::ByPlace(places) => places.iter().map(|(place, count)| format!("{place}: {}", self.count(count))).collect(),
            _ => vec![self.value(kind, value)],
        }
    }

    /// A moment: `20 November 2026 at 14:20 Europe/Berlin (13:20 UTC)`. Seconds are told when there are any.
    pub fn when(&self, instant: Instant) -> String {
        let clock = if instant.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
        let civil = self.zone.civil(instant);
        let there = format!("{} at {} {}", self.date(civil.date()), civil.format(clock), self.zone.name());
        let utc = Zone::UTC.civil(instant);
        if self.zone == Zone::UTC {
            there
        } else if utc.date() == civil.date() {
            format!("{there} ({} UTC)", utc.format(clock))
        } else {
            format!("{there} ({} at {} UTC)", self.date(utc.date()), utc.format(clock))
        }
    }

    /// The civil date of a moment in the zone of the notice, or a date as it is.
    pub fn day(&self, value: &Value) -> Option<String> {
        match value {
            Value::Instant(instant) => Some(self.date(self.zone.date_of(*instant))),
            Value::Date(date) => Some(self.date(*date)),
            _ => None,
        }
    }

    /// `20 November 2026`, or `November 20, 2026` in `en-US`.
    pub fn date(&self, date: NaiveDate) -> String {
        let form = if self.lang.eq_ignore_ascii_case("en-US") { "%B %-d, %Y" } else { "%-d %B %Y" };
        date.format(form).to_string()
    }

    fn count(&self, count: &Count) -> String {
        let number = grouped(count.number);
        match count.precision {
            Precision::Exact => number,
            Precision::About => format!("about {number}"),
            Precision::AtLeast => format!("at least {number}"),
        }
    }
}

/// `a`, `a and b`, `a, b and c`; parted by semicolons where a part has a comma, an "and" or an "or" of its own.
fn joined(words: &[String]) -> String {
    let is_long = |word: &String| word.contains([',', ';', '\n']) || word.contains(" and ") || word.contains(" or ");
    match words {
        _ if words.iter().any(is_long) => words.join("; "),
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// Text without characters that have no look of their own or turn the reading order around.
///
/// Joiners stay: Indic scripts need them. Line ends become `\n`.
pub(super) fn clean(text: &str) -> String {
    let unseen = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
            || matches!(c, '\u{202a}'..='\u{202e}')
    };
    let lines = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n").replace('\t', " ");
    lines.chars().filter(|c| !unseen(*c)).collect()
}

/// A word of a closed list, `financial-account`, as it is spoken.
fn word(listed: &str) -> String {
    clean(listed).replace(['-', '_'], " ")
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
