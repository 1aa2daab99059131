//! What is known of law that no pack models: `rules/hints/*.toml`.
//!
//! A hint says in words what is known of a place or of a regime of a sector, with its source and how well it was read. It
//! is for the person who asks counsel. It starts no clock, and nothing here is ever counted.

use super::fault::PackFault;
use super::pack::Verification;
use crate::domain::facts::Places;
use crate::domain::instant::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A file of hints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HintFile {
    /// When a person last read the hints against their sources.
    pub reviewed: NaiveDate,
    /// Groups of places, used as `@name` by the regimes of this file.
    #[serde(default)]
    pub groups: BTreeMap<String, BTreeSet<String>>,
    /// What is known of the general law of places.
    #[serde(default, rename = "place")]
    pub places: Vec<PlaceHint>,
    /// Regimes that bind some sectors, or a whole place beside its general law.
    #[serde(default, rename = "regime")]
    pub regimes: Vec<Regime>,
}

/// What is known of the law of a place on telling of breaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlaceHint {
    /// The country or the part of one.
    pub place: String,
    /// The shortest limit that is known, in words, and what else must be known first.
    pub says: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
    /// As far as is known, no duty to tell anybody exists there.
    #[serde(default)]
    pub no_duty: bool,
    /// The law is that of its parts: where the parts are named, the whole adds nothing.
    #[serde(default)]
    pub by_parts: bool,
}

/// A regime of law beside the general one of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Regime {
    /// Its name, such as `eu.nis2`: what a pack declares in `regimes`.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Where it is law, or groups as `@name`.
    pub places: BTreeSet<String>,
    /// The sectors it binds; every organisation of its places when left out.
    #[serde(default)]
    pub sectors: BTreeSet<String>,
    /// The shortest limit that is known, in words, and what else must be known first.
    pub says: String,
    /// Where the law says it.
    pub cite: String,
    /// How well it was checked.
    pub verification: Verification,
}

/// Every hint there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hints {
    places: BTreeMap<String, PlaceHint>,
    regimes: BTreeMap<String, Regime>,
}

impl Hints {
    /// Takes in a file; gives what is wrong with it.
    pub(super) fn read(&mut self, path: &str, text: &str) -> Vec<PackFault> {
        let file: HintFile = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => return vec![PackFault::of_toml(path, &error)],
        };
        let mut faults = Vec::new();
        let mut fault = |word: &str, says: String, hint: &str| faults.push(PackFault::at_word(path, text, word, says).hint(hint));
        for hint in file.places {
            if let Some(before) = self.places.insert(hint.place.clone(), hint) {
                fault(&before.place, format!("two hints are about `{}`", before.place), "keep one of the two");
            }
        }
        for mut regime in file.regimes {
            let mut places = BTreeSet::new();
            for place in &regime.places {
                match place.strip_prefix('@').map(|group| file.groups.get(group)) {
                    None => drop(places.insert(place.clone())),
                    Some(Some(group)) => places.extend(group.iter().cloned()),
                    Some(None) => fault(place, format!("there is no group `{place}`"), "declare it under [groups] of this file"),
                }
            }
            regime.places = places;
            if !regime.id.contains('.') {
                fault(&regime.id, format!("`{}` is no name of a regime", regime.id), "write `<place>.<name>`, such as `eu.nis2`");
            }
            if let Some(before) = self.regimes.insert(regime.id.clone(), regime) {
                fault(&before.id, format!("two regimes are called `{}`", before.id), "keep one of the two");
            }
        }
        faults
    }

    /// What names a place that does not exist, or a sector that no organisation can have.
    pub(super) fn lint(&self, places: &Places, sectors: &BTreeSet<String>) -> Vec<String> {
        let of_places = self.places.keys().map(String::as_str);
        let of_regimes = self.regimes.values().flat_map(|regime| &regime.places).map(String::as_str);
        let unknown = of_places.chain(of_regimes).filter_map(|place| places.check(place).err()).map(|fault| fault.to_string());
        let no_sector = |regime: &Regime| {
            let strangers = regime.sectors.iter().filter(|sector| !sectors.contains(*sector));
            strangers
                .map(|sector| format!("the regime `{}` names the sector `{sector}`, which is none", regime.id))
                .collect::<Vec<_>>()
        };
        unknown.chain(self.regimes.values().flat_map(no_sector)).collect()
    }

    /// What is known of a place: of the part itself, else of its country.
    pub fn of_place(&self, place: &str, places: &Places) -> Option<&PlaceHint> {
        let code = places.canonical(place);
        let whole = code.split_once('-').map(|(country, _)| country);
        [Some(code), Some(place), whole].into_iter().flatten().find_map(|code| self.places.get(code))
    }

    /// Whether the law of a country is that of its parts.
    pub fn is_by_parts(&self, country: &str) -> bool {
        self.places.get(country).is_some_and(|hint| hint.by_parts)
    }

    /// A regime by its name.
    pub fn regime(&self, id: &str) -> Option<&Regime> {
        self.regimes.get(id)
    }

    /// Every regime that is known of.
    pub fn regimes(&self) -> impl Iterator<Item = &Regime> {
        self.regimes.values()
    }
}
