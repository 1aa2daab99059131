//! Every fact the law asks for: key, type, and the question in plain words.

use super::{FactType, Value, ValueFault};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Duration, Instant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One fact of the vocabulary, as `rules/facts.toml` and the packs declare it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FactEntry {
    /// The key, such as `people.total`.
    pub key: FactKey,
    /// The type.
    #[serde(rename = "type")]
    pub kind: FactType,
    /// The question a person is asked.
    pub question: String,
    /// What helps to answer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// A judgement: only a named person may state it, with a ground.
    #[serde(default)]
    pub judgement: bool,
    /// A property of the organisation, usually set in the configuration.
    #[serde(default)]
    pub of_organisation: bool,
    /// An instant that may lie ahead, such as an extension granted. Any other is of something that
    /// has happened, and cannot.
    #[serde(default)]
    pub may_lie_ahead: bool,
    /// While nobody has said it, it is at least the sum of this count by place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least_sum_of: Option<FactKey>,
}

impl FactEntry {
    /// Whether each organisation of an incident has an answer of its own: what it is, what it judges, and
    /// when it knew or did something. The event's own instants are the same for all.
    pub fn is_of_each_organisation(&self) -> bool {
        let own_instant = self.kind == FactType::Instant && !self.key.as_str().starts_with("event.");
        self.of_organisation || self.judgement || own_instant
    }
}

/// How far ahead of ours a clock may go before the instants it gives lie in the future.
pub const CLOCK_SKEW: Duration = Duration::minutes(5);

/// All facts by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    entries: BTreeMap<FactKey, FactEntry>,
    /// The counts that are at least the sum of another.
    sums: BTreeMap<FactKey, FactKey>,
}

impl Vocabulary {
    /// Adds an entry; an entry of the same key is given back if there was one.
    pub fn insert(&mut self, entry: FactEntry) -> Option<FactEntry> {
        match &entry.at_least_sum_of {
            Some(parts) => drop(self.sums.insert(entry.key.clone(), parts.clone())),
            None => drop(self.sums.remove(&entry.key)),
        }
        self.entries.insert(entry.key.clone(), entry)
    }

    /// The count by place whose sum a count is at least, if it has one.
    pub fn at_least_sum_of(&self, key: &str) -> Option<&FactKey> {
        self.sums.get(key)
    }

    /// The entry of a key. A fact may be said of one group of people: `risk.level@staff` has the
    /// entry of `risk.level`.
    pub fn get(&self, key: &str) -> Option<&FactEntry> {
        match key.split_once('@') {
            None => self.entries.get(key),
            Some((key, cohort)) => self.entries.get(key).filter(|entry| is_cohort(cohort) && !entry.of_organisation),
        }
    }

    /// The counts that are at least the sum of another.
    pub fn sums(&self) -> impl Iterator<Item = &FactKey> {
        self.sums.keys()
    }

    /// Every entry in the order of keys.
    pub fn iter(&self) -> impl Iterator<Item = &FactEntry> {
        self.entries.values()
    }

    /// The key most like a mistyped one.
    pub fn nearest(&self, key: &str) -> Option<&FactKey> {
        self.entries
            .keys()
            .map(|known| (strsim::jaro_winkler(known.as_str(), key), known))
            .filter(|(likeness, _)| *likeness > 0.75)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known)
    }

    /// The instant of a claimed value that lies in the future, although what it is the time of has happened.
    pub fn future_instant(&self, key: &str, value: &Value, now: Instant) -> Option<Instant> {
        let Value::Instant(at) = value else { return None };
        let may_lie_ahead = self.get(key).is_some_and(|entry| entry.may_lie_ahead);
        (!may_lie_ahead && *at > now + CLOCK_SKEW).then_some(*at)
    }

    /// Reads a JSON value as the type of a key.
    pub fn read(&self, key: &str, json: &serde_json::Value) -> Result<Value, FactFault> {
        let Some(entry) = self.get(key) else {
            return Err(FactFault::UnknownKey { key: key.to_owned(), nearest: self.nearest(key).cloned() });
        };
        entry.kind.read(json).map_err(|fault| FactFault::WrongType { key: key.into(), fault })
    }
}

/// Whether a word can name a group of people: small letters, digits and `-`, at most 40.
pub fn is_cohort(word: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !word.is_empty() && word.len() <= 40 && word.bytes().all(plain)
}

/// A claim the vocabulary does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactFault {
    /// There is no such key.
    #[error("no fact `{key}`{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    UnknownKey {
        /// The key as given.
        key: String,
        /// The key most like it.
        nearest: Option<FactKey>,
    },
    /// The value is of another type.
    #[error("fact `{key}`: {fault}")]
    WrongType {
        /// The key.
        key: FactKey,
        /// What was expected, got, and an example.
        fault: ValueFault,
    },
}
