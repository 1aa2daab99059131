//! The places there are: ISO 3166-1, and ISO 3166-2 for the countries whose parts have a law of their own.
//!
//! The list is data, `rules/places.toml`. A word that is not in it names no place, and is refused with the nearest that
//! is: a place that does not exist has no law, and whoever wrote it meant another.

use serde::Deserialize;
use std::collections::BTreeMap;

/// How alike a name must be before it is offered for a mistyped one.
const ALIKE: f64 = 0.88;

/// Every country and every part of one that can be told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// Codes that name the same place as another, which is the one that counts.
    same: BTreeMap<String, String>,
    /// Words that are often written and name no place, with what to write.
    instead: BTreeMap<String, String>,
    /// Countries by their code of two letters: the name in English, the code of three letters.
    countries: BTreeMap<String, (String, String)>,
    /// Parts by country, then by their whole code.
    parts: BTreeMap<String, BTreeMap<String, String>>,
}

/// Why a word names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is {}{}", reason(word, of.as_deref()), nearest.as_ref().map(|near| format!("; {near}")).unwrap_or_default())]
pub struct NoPlace {
    /// The word.
    pub word: String,
    /// The country, where it is only the part that is wrong.
    pub of: Option<String>,
    /// What to write instead, in words.
    pub nearest: Option<String>,
}

fn reason(word: &str, of: Option<&str>) -> String {
    match of {
        Some(country) => format!("no part of {country} that is told apart here"),
        None if word.contains('-') => "no part of any country in ISO 3166-2".into(),
        None => "no country in ISO 3166-1".into(),
    }
}

impl Places {
    /// Whether nothing was read: a rule book of a test, which then takes whatever has the form of a code.
    pub fn is_empty(&self) -> bool {
        self.countries.is_empty()
    }

    /// Whether a word is the code of a place.
    pub fn has(&self, code: &str) -> bool {
        self.name(code).is_some()
    }

    /// The name of a place, in English.
    pub fn name(&self, code: &str) -> Option<&str> {
        match code.split_once('-') {
            None => self.countries.get(code).map(|(name, _)| name.as_str()),
            Some((country, _)) => self.parts.get(country)?.get(code).map(String::as_str),
        }
    }

    /// `Ohio (US-OH)`; the code alone where it has no name.
    pub fn in_words(&self, code: &str) -> String {
        self.name(code).map_or_else(|| code.to_owned(), |name| format!("{name} ({code})"))
    }

    /// Every country, by code.
    pub fn countries(&self) -> impl Iterator<Item = &str> {
        self.countries.keys().map(String::as_str)
    }

    /// The parts of a country, by code; none where its parts are not told apart.
    pub fn parts_of(&self, country: &str) -> impl Iterator<Item = &str> {
        self.parts.get(country).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// The code that counts, where a place has two: `PR` is `US-PR`.
    pub fn canonical<'p>(&'p self, code: &'p str) -> &'p str {
        self.same.get(code).map_or(code, String::as_str)
    }

    /// Whether what is said of `whole` is said of `place` too: the same place, or a part of it.
    pub fn is_within(&self, place: &str, whole: &str) -> bool {
        let (place, whole) = (self.canonical(place), self.canonical(whole));
        place == whole || place.split_once('-').is_some_and(|(country, _)| country == whole)
    }

    /// Whether a word names a place; if not, why, and what was meant.
    pub fn check(&self, word: &str) -> Result<(), NoPlace> {
        if self.has(word) || (self.is_empty() && super::is_place(word)) {
            return Ok(());
        }
        let country = word.split_once('-').map(|(country, _)| country);
        let of = country.filter(|country| self.countries.contains_key(*country)).map(|country| self.in_words(country));
        Err(NoPlace { word: word.to_owned(), of, nearest: self.nearest(word) })
    }

    /// The code a word that is none was meant to be, where only one can be meant.
    pub fn meant(&self, word: &str) -> Option<&str> {
        let plain = word.trim().replace('_', "-").to_uppercase();
        if let Some(code) = self.instead.get(&plain).filter(|code| self.has(code)) {
            return Some(code);
        }
        self.codes().map(|(code, _)| code).find(|code| *code == plain).or_else(|| {
            let of_three = |(code, (name, three)): (&'_ String, &'_ (String, String))| {
                (*three == plain || name.eq_ignore_ascii_case(word.trim())).then(|| code.clone())
            };
            let country = self.countries.iter().find_map(of_three);
            let code = country.or_else(|| {
                let named = |(_, name): &(&str, &str)| name.eq_ignore_ascii_case(word.trim());
                self.codes().find(named).map(|(code, _)| code.to_owned())
            })?;
            self.codes().map(|(known, _)| known).find(|known| *known == code)
        })
    }

    /// What to write instead of a word that is no place, in words.
    fn nearest(&self, word: &str) -> Option<String> {
        if let Some(code) = self.meant(word) {
            return Some(format!("did you mean `{code}` ({})?", self.name(code).unwrap_or_default()));
        }
        if let Some(instead) = self.instead.get(&word.trim().to_uppercase()) {
            return Some(format!("write {instead}"));
        }
        let country = word.split_once('-').map(|(country, _)| country).filter(|country| self.has(country));
        if let Some(country) = country {
            let Some(parts) = self.parts.get(country) else {
                return Some(format!("write `{country}`: the parts of {} are not told apart", self.name(country)?));
            };
            let alike = |code: &str| strsim::normalized_damerau_levenshtein(code, word);
            let (near, name) = parts.iter().max_by(|a, b| alike(a.0).total_cmp(&alike(b.0)))?;
            return Some(format!("did you mean `{near}` ({name})?"));
        }
        let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &word.trim().to_lowercase());
        let by_name = self.codes().map(|(code, name)| (likeness(name), code, name)).filter(|(alike, ..)| *alike > ALIKE);
        if let Some((_, code, name)) = by_name.max_by(|a, b| a.0.total_cmp(&b.0)) {
            return Some(format!("did you mean `{code}` ({name})?"));
        }
        // Of codes of two letters many are one letter away: those are offered together.
        let plain = word.trim().to_uppercase();
        let near = self.countries().filter(|code| plain.len() <= 3 && strsim::damerau_levenshtein(code, &plain) == 1);
        let near: Vec<String> = near.take(4).map(|code| format!("`{code}` ({})", self.name(code).unwrap_or_default())).collect();
        Some(match near.is_empty() {
            true => "write a code such as `DE`, `US-OH` or `IN`".to_owned(),
            false => format!("did you mean {}?", near.join(", ")),
        })
    }

    /// Every code with its name, countries first.
    fn codes(&self) -> impl Iterator<Item = (&str, &str)> {
        let countries = self.countries.iter().map(|(code, (name, _))| (code.as_str(), name.as_str()));
        let parts = self.parts.values().flatten().map(|(code, name)| (code.as_str(), name.as_str()));
        countries.chain(parts)
    }
}
