//! Every fact the law asks for: key, type, and the question in plain words.

use super::{FactType, NoPlace, Places, Value, ValueFault};
use crate::domain::ids::FactKey;
use crate::domain::instant::{Duration, Instant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    /// Its words are codes of this file of the pack, such as `authorities.toml`; any other is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed_in: Option<String>,
    /// It is said of one place, or of one regime of law, at a time, whose code follows the key: `counsel.said.US-TX`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_each_subject: bool,
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
    /// The places there are.
    places: Arc<Places>,
    /// The regimes of law that are known of, by id.
    regimes: BTreeSet<String>,
    /// The words of the facts that take only those of a list.
    listed: BTreeMap<FactKey, BTreeSet<String>>,
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

    /// The places there are.
    pub fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Sets the places there are.
    pub fn set_places(&mut self, places: Places) {
        self.places = Arc::new(places);
    }

    /// Adds a regime of law that facts may be said of.
    pub fn add_regime(&mut self, id: &str) {
        self.regimes.insert(id.to_owned());
    }

    /// Sets the words a fact takes, where it takes only those of a list.
    pub fn set_list(&mut self, key: &FactKey, words: BTreeSet<String>) {
        self.listed.insert(key.clone(), words);
    }

    /// The entry of a key. A fact may be said of one group of people: `risk.level@staff` has the
    /// entry of `risk.level`. One that is said of each place stands with its code: `counsel.said.US-TX`.
    pub fn get(&self, key: &str) -> Option<&FactEntry> {
        match key.split_once('@') {
            None => self.entries.get(key).filter(|entry| !entry.of_each_subject).or_else(|| {
                let (entry, subject) = self.of_each(key)?;
                (self.places.check(subject).is_ok() || self.regimes.contains(subject)).then_some(entry)
            }),
            Some((key, cohort)) => self.entries.get(key).filter(|entry| is_cohort(cohort) && !entry.of_organisation),
        }
    }

    /// The entry of a fact that is said of each place or regime, and what follows it in the key.
    fn of_each<'k>(&self, key: &'k str) -> Option<(&FactEntry, &'k str)> {
        let each = self.entries.values().filter(|entry| entry.of_each_subject);
        each.filter_map(|entry| Some((entry, key.strip_prefix(entry.key.as_str())?.strip_prefix('.')?))).next()
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

    /// Reads a JSON value as the type of a key. A place that does not exist, and a word that is not in the fact's list, is
    /// refused with the nearest that is.
    pub fn read(&self, key: &str, json: &serde_json::Value) -> Result<Value, FactFault> {
        let Some(entry) = self.get(key) else {
            return Err(self.no_key(key));
        };
        if matches!(entry.kind, FactType::Places | FactType::CountByPlace) {
            let words = json.as_array().into_iter().flatten().filter_map(serde_json::Value::as_str);
            let of_counts = json.as_object().into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
            for word in words.chain(of_counts) {
                self.places.check(word).map_err(|fault| FactFault::NoPlace { key: key.into(), fault })?;
            }
        }
        let value = entry.kind.read(json).map_err(|fault| FactFault::WrongType { key: key.into(), fault })?;
        match (&value, self.listed.get(&entry.key)) {
            (Value::Set(words), Some(list)) => match words.iter().find(|word| !list.contains(*word)) {
                Some(word) => Err(self.not_listed(key, entry, word, list)),
                None => Ok(value),
            },
            _ => Ok(value),
        }
    }

    fn no_key(&self, key: &str) -> FactFault {
        if self.entries.get(key).is_some_and(|entry| entry.of_each_subject) {
            return FactFault::OfEach { key: key.to_owned() };
        }
        match self.of_each(key) {
            Some((_, subject)) if !subject.contains('.') => match self.places.check(subject) {
                Err(fault) => FactFault::NoPlace { key: key.into(), fault },
                Ok(()) => FactFault::UnknownKey { key: key.to_owned(), nearest: None },
            },
            Some((entry, subject)) => {
                let likeness = |id: &&String| strsim::jaro_winkler(id, subject);
                let near = self.regimes.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
                let nearest = near.map(|near| FactKey::new(format!("{}.{near}", entry.key)));
                FactFault::UnknownKey { key: key.to_owned(), nearest }
            }
            None => FactFault::UnknownKey { key: key.to_owned(), nearest: self.nearest(key).cloned() },
        }
    }

    fn not_listed(&self, key: &str, entry: &FactEntry, word: &str, list: &BTreeSet<String>) -> FactFault {
        // A place is meant more often than a code that looks alike: `Germany` has a code for each of its authorities.
        let meant = self.places.meant(word).unwrap_or(word);
        let of_place =
            list.iter().find(|code| *code == meant || code.strip_prefix(meant).is_some_and(|rest| rest.starts_with('-')));
        let likeness = |code: &&String| strsim::jaro_winkler(code, meant);
        let alike = list.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|code| likeness(code) > 0.6);
        FactFault::NotListed {
            key: key.into(),
            word: word.to_owned(),
            file: entry.listed_in.clone().unwrap_or_default(),
            nearest: of_place.or(alike).cloned(),
        }
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
    /// A place that does not exist.
    #[error("fact `{key}`: {fault}")]
    NoPlace {
        /// The key.
        key: FactKey,
        /// Why, and what was meant.
        fault: NoPlace,
    },
    /// A word that is not in the list the fact takes its words from.
    #[error("fact `{key}`: `{word}` is not in {file}{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NotListed {
        /// The key.
        key: FactKey,
        /// The word.
        word: String,
        /// The list's file.
        file: String,
        /// The word of the list most like it.
        nearest: Option<String>,
    },
    /// It is said of each place or regime, not of all.
    #[error("`{key}` is said of one place or regime at a time, such as `{key}.US-TX`")]
    OfEach {
        /// The key as given.
        key: String,
    },
}
