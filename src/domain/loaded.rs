//! Which configuration and rules were loaded, and who could then do what: a stream of its own in the
//! journal, beside the incidents.
//!
//! It names people and what they may do, organisations and packs. It never holds a token, an address or
//! anything of which a digest could be guessed.

use super::ids::{IncidentId, OrganisationId, PackId};
use super::instant::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the stream.
pub const STREAM: &str = "cfg-house";

/// The body format of its entries in the journal; incidents count from 1, kept messages and overrides from 1000.
pub const FORMAT: u16 = 1002;

/// So many digits of a digest tell it from others in a line.
const DIGITS: usize = 12;

/// The stream's name as the journal takes it.
pub fn stream() -> IncidentId {
    IncidentId::from(STREAM)
}

/// A configuration and the rules it was loaded with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The version of the program.
    pub program: String,
    /// The version of the time zone data.
    pub zones: String,
    /// SHA-256 of the configuration file, in hex, as `sha256sum` gives it.
    pub config_sha256: String,
    /// The environment's variables that were laid over the file; their names alone.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environment: BTreeSet<String>,
    /// SHA-256 over law, policy, zones and program as they were meant, in hex.
    pub in_use_sha256: String,
    /// The packs in use.
    pub packs: BTreeMap<PackId, LoadedPack>,
    /// The organisations, by id, with their names.
    pub organisations: BTreeMap<OrganisationId, String>,
    /// The people, by name, and what they may do.
    pub people: BTreeMap<String, BTreeSet<String>>,
}

/// A pack that is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedPack {
    /// Its version.
    pub version: String,
    /// SHA-256 over its files, in hex, as incidents record it.
    pub sha256: String,
}

/// A configuration and when it was loaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadedAt {
    /// When.
    pub at: Instant,
    /// What.
    pub loaded: Loaded,
}

impl Loaded {
    /// The bytes of an entry.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings have no failing serialiser")
    }

    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// All of it, a line for each part.
    pub fn in_lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("program {}, time zones {}", self.program, self.zones),
            format!("configuration sha256 {}", short(&self.config_sha256)),
        ];
        if !self.environment.is_empty() {
            lines.push(format!("laid over it by the environment: {}", joined(&self.environment)));
        }
        let organisations: Vec<String> = self.organisations.iter().map(|(id, name)| format!("{name} ({id})")).collect();
        lines.push(format!("organisations: {}", or_none(&organisations)));
        let people: Vec<String> = self.people.iter().map(|(name, may)| format!("{name} may {}", rights(may))).collect();
        lines.push(format!("people: {}", or_none(&people)));
        let packs: Vec<String> = self.packs.iter().map(|(id, pack)| format!("{id} {}", pack.in_words())).collect();
        lines.push(format!("packs: {}", or_none(&packs)));
        lines
    }

    /// What is different from an earlier one, a line each.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut differs = |what: &str, was: &str, is: &str| {
            if was != is {
                lines.push(format!("{what} {is}, was {was}"));
            }
        };
        differs("program", &before.program, &self.program);
        differs("time zones", &before.zones, &self.zones);
        differs("configuration sha256", short(&before.config_sha256), short(&self.config_sha256));
        differs("laid over it by the environment:", &or_none(before.environment.iter()), &or_none(self.environment.iter()));
        let named = |id: &OrganisationId, name: &String| format!("organisation {name} ({id})");
        each_change(&before.organisations, &self.organisations, named, |name| format!("called {name}"), &mut lines);
        each_change(&before.people, &self.people, |name, _| name.clone(), |may| format!("may {}", rights(may)), &mut lines);
        each_change(&before.packs, &self.packs, |id, _| format!("pack {id}"), LoadedPack::in_words, &mut lines);
        if lines.is_empty() {
            lines.push(format!("law and policy as meant: {}, were {}", short(&self.in_use_sha256), short(&before.in_use_sha256)));
        }
        lines
    }
}

impl LoadedPack {
    fn in_words(&self) -> String {
        format!("{} ({})", self.version, short(&self.sha256))
    }
}

/// What each of several entries came to: gone, there since now, or something else than before.
fn each_change<K: Ord, V: PartialEq>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    name: impl Fn(&K, &V) -> String,
    says: impl Fn(&V) -> String,
    lines: &mut Vec<String>,
) {
    for (key, was) in before.iter().filter(|(key, _)| !after.contains_key(key)) {
        lines.push(format!("{}: gone, was: {}", name(key, was), says(was)));
    }
    for (key, is) in after {
        match before.get(key) {
            None => lines.push(format!("{}: added: {}", name(key, is), says(is))),
            Some(was) if was != is => lines.push(format!("{}: {}, was: {}", name(key, is), says(is), says(was))),
            Some(_) => {}
        }
    }
}

/// The first digits of a digest.
pub fn short(digest: &str) -> &str {
    digest.get(..DIGITS).unwrap_or(digest)
}

fn rights(may: &BTreeSet<String>) -> String {
    if may.is_empty() { "do nothing".to_owned() } else { joined(may) }
}

fn joined(words: &BTreeSet<String>) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn or_none<'a>(words: impl IntoIterator<Item = &'a String>) -> String {
    let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
    if words.is_empty() { "none".to_owned() } else { words.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(people: &[(&str, &[&str])]) -> Loaded {
        let rights = |may: &[&str]| may.iter().map(|word| (*word).to_owned()).collect();
        Loaded {
            program: "1.0.0".into(),
            zones: "2026a".into(),
            config_sha256: "a".repeat(64),
            environment: BTreeSet::new(),
            in_use_sha256: "b".repeat(64),
            packs: BTreeMap::from([("eu-gdpr".into(), LoadedPack { version: "2026.11.28".into(), sha256: "c".repeat(64) })]),
            organisations: BTreeMap::from([("mercy".into(), "Mercy Hospital".to_owned())]),
            people: people.iter().map(|(name, may)| ((*name).to_owned(), rights(may))).collect(),
        }
    }

    #[test]
    fn a_change_of_who_may_do_what_is_told_by_name() {
        let before = loaded(&[("Ada", &["act", "read"]), ("Bob", &["act"])]);
        let after = Loaded { config_sha256: "d".repeat(64), ..loaded(&[("Ada", &["read"]), ("Grace", &["read"])]) };
        let expected = [
            "configuration sha256 dddddddddddd, was aaaaaaaaaaaa",
            "Bob: gone, was: may act",
            "Ada: may read, was: may act, read",
            "Grace: added: may read",
        ];
        assert_eq!(after.changes_since(&before), expected);
        assert_eq!(Loaded::decode(&after.encode()).ok(), Some(after));
    }

    #[test]
    fn what_was_loaded_first_is_told_whole() {
        let lines = loaded(&[("Ada", &["act", "read"]), ("Eve", &[])]).in_lines();
        assert!(lines.contains(&"people: Ada may act, read; Eve may do nothing".to_owned()), "{lines:?}");
        assert!(lines.contains(&"organisations: Mercy Hospital (mercy)".to_owned()), "{lines:?}");
        assert!(lines.contains(&"packs: eu-gdpr 2026.11.28 (cccccccccccc)".to_owned()), "{lines:?}");
    }
}
