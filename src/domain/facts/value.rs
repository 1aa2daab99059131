//! The types a fact can have and the values of those types.

use super::party;
use crate::domain::instant::{Instant, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The type of a fact, as the vocabulary declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FactType {
    /// `true` or `false`.
    YesNo,
    /// A whole number of people or things, exact or approximate.
    Count,
    /// A moment: RFC 3339 with an explicit offset.
    Instant,
    /// A civil date, `2026-11-21`.
    Date,
    /// Words.
    Text,
    /// One of a closed list.
    OneOf(Vec<String>),
    /// Any number of a closed list.
    AnyOf(Vec<String>),
    /// Any number of words outside a closed list.
    Names,
    /// Any number of people or organisations outside the house, each with how to reach it: `{"name": …, "reach": …}`, or
    /// `Name <reach>` in one word.
    Parties,
    /// A count per place; a place is an ISO 3166 code such as `DE` or `US-OH`.
    CountByPlace,
    /// ISO 3166 codes such as `DE` or `US-OH`.
    Places,
    /// An IANA time zone name.
    Zone,
}

/// How well a number is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Counted.
    #[default]
    Exact,
    /// Estimated.
    About,
    /// At least this many; more may come.
    AtLeast,
}

/// A number and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count {
    /// The number.
    pub number: u64,
    /// How well it is known.
    pub precision: Precision,
}

/// An estimate may be off by its tenth, to either side. No law says what one is worth: whoever says "about 480" has
/// rounded to two figures or fewer, which moves no number by more; further off, another number would have been said.
const ESTIMATE_PARTS: u64 = 10;

impl Count {
    /// The fewest it can mean. An estimate of somebody is at least one.
    pub fn least(self) -> u64 {
        match self.precision {
            Precision::Exact | Precision::AtLeast => self.number,
            Precision::About => (self.number - self.number.div_ceil(ESTIMATE_PARTS)).max(self.number.min(1)),
        }
    }

    /// The most it can mean; none where more may come.
    pub fn most(self) -> Option<u64> {
        match self.precision {
            Precision::Exact => Some(self.number),
            Precision::About => Some(self.number.saturating_add(self.number.div_ceil(ESTIMATE_PARTS))),
            Precision::AtLeast => None,
        }
    }
}

/// The value of a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// See [`FactType::YesNo`].
    YesNo(bool),
    /// See [`FactType::Count`].
    Count(Count),
    /// See [`FactType::Instant`].
    Instant(Instant),
    /// See [`FactType::Date`].
    Date(NaiveDate),
    /// See [`FactType::Text`], [`FactType::OneOf`] and [`FactType::Zone`].
    Text(String),
    /// See [`FactType::AnyOf`], [`FactType::Names`], [`FactType::Places`] and [`FactType::Parties`].
    Set(BTreeSet<String>),
    /// See [`FactType::CountByPlace`].
    ByPlace(BTreeMap<String, Count>),
}

/// A value that is not of the type its key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFault {
    /// What the key asks for, in words.
    pub expected: String,
    /// What was given, shortened.
    pub got: String,
    /// A value that would do, as JSON.
    pub example: String,
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got `{}`; for example `{}`", self.expected, self.got, self.example)
    }
}

const COUNT_MAX: u64 = 10_000_000_000;
const TEXT_MAX_CHARS: usize = 20_000;

impl FactType {
    /// What the type asks for, in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::YesNo => "true or false".into(),
            Self::Count => "a whole number, or {\"about\": n}, or {\"at-least\": n}".into(),
            Self::Instant => "an RFC 3339 time with an explicit offset".into(),
            Self::Date => "a date as YYYY-MM-DD".into(),
            Self::Text => "text".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
            Self::AnyOf(words) => format!("a list of any of {}", words.join(", ")),
            Self::Names => "a list of words".into(),
            Self::Parties => "a list of names, each once and with how to reach it".into(),
            Self::CountByPlace => "an object of ISO 3166 codes to numbers".into(),
            Self::Places => "a list of ISO 3166 codes".into(),
            Self::Zone => "an IANA time zone name".into(),
        }
    }

    /// A value of this type, as JSON.
    pub fn example(&self) -> String {
        match self {
            Self::YesNo => "true".into(),
            Self::Count => "512".into(),
            Self::Instant => "\"2026-11-21T09:14:30+05:30\"".into(),
            Self::Date => "\"2026-11-21\"".into(),
            Self::Text => "\"words\"".into(),
            Self::OneOf(words) => format!("\"{}\"", words.first().map_or("", String::as_str)),
            Self::AnyOf(words) => format!("[\"{}\"]", words.first().map_or("", String::as_str)),
            Self::Names => "[\"name\"]".into(),
            Self::Parties => "[{\"name\": \"North Clinic\", \"reach\": \"privacy@north.example\"}]".into(),
            Self::CountByPlace => "{\"US-OH\": 620}".into(),
            Self::Places => "[\"DE\", \"US-OH\"]".into(),
            Self::Zone => "\"Europe/Berlin\"".into(),
        }
    }

    /// Reads a JSON value as this type.
    pub fn read(&self, json: &Json) -> Result<Value, ValueFault> {
        self.try_read(json).ok_or_else(|| {
            let mut got: String = json.to_string().chars().take(60).collect();
            if got.len() < json.to_string().len() {
                got.push('…');
            }
            ValueFault { expected: self.in_words(), got, example: self.example() }
        })
    }

    fn try_read(&self, json: &Json) -> Option<Value> {
        Some(match self {
            Self::YesNo => Value::YesNo(json.as_bool()?),
            Self::Count => Value::Count(read_count(json)?),
            Self::Instant => Value::Instant(crate::domain::instant::parse_rfc3339(json.as_str()?)?),
            Self::Date => Value::Date(json.as_str()?.parse().ok().filter(crate::domain::instant::is_sane_date)?),
            Self::Text => Value::Text(read_text(json)?),
            Self::Zone => {
                let name = json.as_str()?;
                crate::domain::instant::Zone::named(name)?;
                Value::Text(name.to_owned())
            }
            Self::OneOf(words) => {
                let word = json.as_str()?;
                words.iter().any(|w| w == word).then(|| Value::Text(word.to_owned()))?
            }
            Self::AnyOf(words) => {
                let set = read_set(json)?;
                set.iter().all(|w| words.contains(w)).then_some(Value::Set(set))?
            }
            Self::Names => Value::Set(read_set(json)?),
            Self::Parties => Value::Set(party::read_list(json)?),
            Self::Places => {
                let set = read_set(json)?;
                set.iter().all(|p| is_place(p)).then_some(Value::Set(set))?
            }
            Self::CountByPlace => {
                let mut places = BTreeMap::new();
                for (place, count) in json.as_object()? {
                    if !is_place(place) {
                        return None;
                    }
                    places.insert(place.clone(), read_count(count)?);
                }
                Value::ByPlace(places)
            }
        })
    }
}

fn read_count(json: &Json) -> Option<Count> {
    let (number, precision) = match json {
        Json::Number(number) => (number.as_u64()?, Precision::Exact),
        Json::Object(map) if map.len() == 1 => {
            let (word, number) = map.iter().next()?;
            let precision = match word.as_str() {
                "exact" => Precision::Exact,
                "about" => Precision::About,
                "at-least" => Precision::AtLeast,
                _ => return None,
            };
            (number.as_u64()?, precision)
        }
        _ => return None,
    };
    (number <= COUNT_MAX).then_some(Count { number, precision })
}

fn read_text(json: &Json) -> Option<String> {
    let text = json.as_str()?;
    let plain = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
    let short = text.len() <= TEXT_MAX_CHARS || text.chars().count() <= TEXT_MAX_CHARS;
    (plain && short).then(|| text.to_owned())
}

fn read_set(json: &Json) -> Option<BTreeSet<String>> {
    json.as_array()?.iter().map(read_text).collect()
}

/// Whether a word has the form of an ISO 3166 country or subdivision code.
pub fn is_place(word: &str) -> bool {
    let (country, part) = match word.split_once('-') {
        Some((country, part)) => (country, Some(part)),
        None => (word, None),
    };
    country.len() == 2
        && country.bytes().all(|b| b.is_ascii_uppercase())
        && part.is_none_or(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()))
}

impl Value {
    /// The value as JSON, in the form [`FactType::read`] takes.
    pub fn to_json(&self) -> Json {
        match self {
            Self::YesNo(yes) => Json::Bool(*yes),
            Self::Count(count) => count.to_json(),
            Self::Instant(instant) => Json::String(crate::domain::instant::rfc3339(*instant)),
            Self::Date(date) => Json::String(date.to_string()),
            Self::Text(text) => Json::String(text.clone()),
            Self::Set(set) => set.iter().cloned().map(Json::String).collect(),
            Self::ByPlace(places) => Json::Object(places.iter().map(|(p, c)| (p.clone(), c.to_json())).collect()),
        }
    }
}

impl Count {
    fn to_json(self) -> Json {
        match self.precision {
            Precision::Exact => Json::from(self.number),
            Precision::About => serde_json::json!({ "about": self.number }),
            Precision::AtLeast => serde_json::json!({ "at-least": self.number }),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.precision {
            Precision::Exact => write!(f, "{}", self.number),
            Precision::About => write!(f, "about {}", self.number),
            Precision::AtLeast => write!(f, "at least {}", self.number),
        }
    }
}

/// The value in words, for reasons and notices.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YesNo(true) => f.write_str("yes"),
            Self::YesNo(false) => f.write_str("no"),
            Self::Count(count) => count.fmt(f),
            Self::Instant(instant) => f.write_str(&crate::domain::instant::rfc3339(*instant)),
            Self::Date(date) => date.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Set(set) => {
                let words: Vec<&str> = set.iter().map(String::as_str).collect();
                f.write_str(&words.join(", "))
            }
            Self::ByPlace(places) => {
                let words: Vec<String> = places.iter().map(|(p, c)| format!("{p}: {c}")).collect();
                f.write_str(&words.join(", "))
            }
        }
    }
}

/// Values are journaled in their tagged form so that they read back without a vocabulary.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stored {
    YesNo(bool),
    Count(u64, Precision),
    Instant(Instant),
    Date(NaiveDate),
    Text(String),
    Set(BTreeSet<String>),
    ByPlace(BTreeMap<String, (u64, Precision)>),
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::YesNo(yes) => Stored::YesNo(yes),
            Self::Count(c) => Stored::Count(c.number, c.precision),
            Self::Instant(instant) => Stored::Instant(instant),
            Self::Date(date) => Stored::Date(date),
            Self::Text(text) => Stored::Text(text),
            Self::Set(set) => Stored::Set(set),
            Self::ByPlace(places) => Stored::ByPlace(places.into_iter().map(|(p, c)| (p, (c.number, c.precision))).collect()),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::YesNo(yes) => Self::YesNo(yes),
            Stored::Count(number, precision) => Self::Count(Count { number, precision }),
            Stored::Instant(instant) => Self::Instant(instant),
            Stored::Date(date) => Self::Date(date),
            Stored::Text(text) => Self::Text(text),
            Stored::Set(set) => Self::Set(set),
            Stored::ByPlace(places) => {
                Self::ByPlace(places.into_iter().map(|(p, (number, precision))| (p, Count { number, precision })).collect())
            }
        })
    }
}
