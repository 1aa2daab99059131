//! Whose payload is it? Every mapping is tried, and the one that finds most of what it looks for comes first.
//!
//! A guess is for people at a terminal. A source always names its mapping.

use super::{DeliveryMeta, Mapping, Refusal, Report, dry_run};
use crate::domain::facts::Vocabulary;
use std::collections::BTreeSet;
use std::fmt;

/// A mapping that fits a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// Its place in the list that was given.
    pub nth: usize,
    /// What it found, or why it knows the payload.
    pub why: Why,
}

/// Why a mapping fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// A native event, field by field.
    Native,
    /// The mapping knows it, as something that is no event.
    KnownAsNoEvent,
    /// Parts of a report, and places of the payload, that it found.
    Found {
        /// The parts, by name.
        parts: Vec<&'static str>,
        /// How many places of the payload it used.
        places: usize,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("every field is one of the native event"),
            Self::KnownAsNoEvent => f.write_str("it knows this message, as one that is no event"),
            Self::Found { parts, places } => write!(f, "it finds {} in {places} places of the payload", parts.join(", ")),
        }
    }
}

impl Why {
    fn weight(&self) -> usize {
        match self {
            Self::Native => 10_000,
            Self::KnownAsNoEvent => 5_000,
            Self::Found { parts, places } => 3 * parts.len() + places,
        }
    }
}

/// The mappings that fit a payload, the best first.
pub fn guess(mappings: &[&Mapping], vocabulary: &Vocabulary, delivery: &DeliveryMeta, body: &[u8]) -> Vec<Guess> {
    let fits = mappings.iter().enumerate().filter_map(|(nth, mapping)| {
        let why = match dry_run(mapping, vocabulary, delivery, body) {
            Ok(_) if mapping.is_native() => Why::Native,
            Ok(read) => found(read.reports.first()?)?,
            Err(unreadable) if unreadable.refusal == Refusal::NotAnEvent => Why::KnownAsNoEvent,
            Err(_) => return None,
        };
        Some(Guess { nth, why })
    });
    let mut guesses: Vec<Guess> = fits.collect();
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.why.weight()));
    guesses
}

/// What a mapping found; nothing if it has neither title nor id from the payload.
fn found(report: &Report) -> Option<Why> {
    let parts: Vec<&'static str> = [
        ("id", report.external_id.is_some()),
        ("title", !report.title.ends_with("without a title")),
        ("version", !report.update_id.starts_with("sha256:")),
        ("tenant", report.tenant.is_some()),
        ("severity", report.severity != super::Severity::Unknown),
        ("status", report.status.is_some()),
        ("time of occurrence", report.times.occurred.is_some()),
        ("time of detection", report.times.detected.is_some()),
        ("time of the update", report.times.updated.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect();
    let places: BTreeSet<&String> = report.consumed.iter().collect();
    let known = parts.contains(&"id") || parts.contains(&"title");
    known.then_some(Why::Found { parts, places: places.len() })
}
