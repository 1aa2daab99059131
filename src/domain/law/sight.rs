//! What an assessment sees: the incident's facts, the organisation's, and what was already done.

use super::pack::Each;
use super::uncovered::{SINCE, UNCOVERED, Uncovered, standing_claims};
use crate::domain::facts::{Book, Claim, Claimant, Count, FactType, Precision, Standing, Value, Vocabulary};
use crate::domain::ids::{DutyId, FactKey, OrganisationId};
use crate::domain::instant::{Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// The fact key prefix under which the moment a duty was met can be asked: `met.us.hipaa.individuals`.
pub const MET: &str = "met.";

/// The facts one organisation is judged by in one incident, weighed once.
pub struct Sight<'a> {
    vocabulary: &'a Vocabulary,
    incident: &'a Book,
    organisation: Option<(&'a OrganisationId, &'a Book)>,
    met: BTreeMap<&'a DutyId, Instant>,
    /// What stands of each key that anybody spoke of, in the order of [`rank`].
    known: Vec<(&'a str, Known<'a>)>,
    /// What no enabled pack declares of what the facts name.
    uncovered: Vec<Uncovered>,
}

/// What stands of a key, as far as the law cares.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<'a> {
    /// A value, and the claim that carries it where there is one.
    Value(std::borrow::Cow<'a, Value>, Option<&'a Claim>),
    /// Nobody has said.
    Unknown,
    /// It is disputed: what each side says, where one may say that it is not known, and the claim that carries it.
    Disputed(Vec<(Option<std::borrow::Cow<'a, Value>>, &'a Claim)>),
}

impl<'a> Sight<'a> {
    /// The facts of an incident, seen through a vocabulary.
    pub fn new(vocabulary: &'a Vocabulary, incident: &'a Book) -> Self {
        Self::weighed(vocabulary, incident, None, BTreeMap::new(), None)
    }

    /// The same as one organisation has it, with its profile beside it. What is said in the incident
    /// stands before the profile, and what is said of that organisation apart before what is said of none.
    pub fn of_organisation(self, organisation: &'a OrganisationId, profile: &'a Book) -> Self {
        Self::weighed(self.vocabulary, self.incident, Some((organisation, profile)), self.met, None)
    }

    /// The same with the moments at which duties were met.
    pub fn with_met(self, met: BTreeMap<&'a DutyId, Instant>) -> Self {
        Self { met, ..self }
    }

    /// The same for one group of people: what is said of the group stands before what is said of all.
    pub fn of_cohort(&self, cohort: &str) -> Self {
        let sight = Self::weighed(self.vocabulary, self.incident, self.organisation, self.met.clone(), Some(cohort));
        Self { uncovered: self.uncovered.clone(), ..sight }
    }

    /// The same for one place of a count by place: what is counted elsewhere is no answer about this one.
    pub fn of_place(&self, fact: &FactKey, place: &str) -> Self {
        let alone = |value: &Value| match value {
            Value::ByPlace(counts) => {
                std::borrow::Cow::Owned(Value::ByPlace(counts.iter().filter(|(of, _)| *of == place).map(cloned).collect()))
            }
            other => std::borrow::Cow::Owned(other.clone()),
        };
        let narrowed = |(key, known): &(&'a str, Known<'a>)| match known {
            _ if *key != fact.as_str() => (*key, known.clone()),
            Known::Value(value, claim) => (*key, Known::Value(alone(value), *claim)),
            Known::Unknown => (*key, Known::Unknown),
            Known::Disputed(sides) => {
                let side =
                    |(said, claim): &(Option<std::borrow::Cow<'a, Value>>, &'a Claim)| (said.as_deref().map(alone), *claim);
                (*key, Known::Disputed(sides.iter().map(side).collect()))
            }
        };
        Self {
            vocabulary: self.vocabulary,
            incident: self.incident,
            organisation: self.organisation,
            met: self.met.clone(),
            known: self.known.iter().map(narrowed).collect(),
            uncovered: self.uncovered.clone(),
        }
    }

    /// The same for one of those a duty has a clock each for, where the facts tell them apart.
    pub fn towards(&self, each: Option<&Each>, target: Option<&str>) -> Option<Self> {
        match (each?, target?) {
            (Each::Cohort {}, cohort) => Some(self.of_cohort(cohort)),
            (Each::Place(places), place) => Some(self.of_place(&places.fact, place)),
            (Each::Of(_) | Each::Listed(_), _) => None,
        }
    }

    /// Sets what no enabled pack declares of what these facts name, so that a duty can ask for it.
    pub fn set_uncovered(&mut self, uncovered: Vec<Uncovered>) {
        self.uncovered = uncovered;
    }

    /// What no enabled pack declares and nobody has closed yet.
    pub fn still_uncovered(&self) -> impl Iterator<Item = &Uncovered> {
        self.uncovered.iter().filter(|uncovered| uncovered.is_open())
    }

    fn weighed(
        vocabulary: &'a Vocabulary,
        incident: &'a Book,
        organisation: Option<(&'a OrganisationId, &'a Book)>,
        met: BTreeMap<&'a DutyId, Instant>,
        cohort: Option<&str>,
    ) -> Self {
        let mut sight = Self { vocabulary, incident, organisation, met, known: Vec::new(), uncovered: Vec::new() };
        let spoken = incident.keys().chain(organisation.into_iter().flat_map(|(_, profile)| profile.keys())).map(FactKey::as_str);
        // A fact said of a group may be said of nobody else.
        let plain = |key: &'a str| cohort.and_then(|cohort| key.strip_suffix(cohort)?.strip_suffix('@')).unwrap_or(key);
        let mut keys: Vec<&'a str> = spoken.map(plain).chain(vocabulary.sums().map(FactKey::as_str)).collect();
        keys.sort_unstable_by_key(|key| rank(key));
        keys.dedup();
        sight.known.reserve_exact(keys.len());
        for key in keys {
            let known = sight.weigh(key, cohort);
            sight.known.push((key, known));
        }
        sight
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &'a Vocabulary {
        self.vocabulary
    }

    /// What stands of a key: the incident's word, else the organisation's, else what follows from
    /// a count by place.
    pub fn known(&self, key: &FactKey) -> Known<'a> {
        let key = key.as_str();
        if let Some(duty) = key.strip_prefix(MET)
            && let Some(at) = self.met.get(&DutyId::from(duty))
        {
            return Known::Value(std::borrow::Cow::Owned(Value::Instant(*at)), None);
        }
        if let UNCOVERED | SINCE = key {
            return self.of_the_border(key);
        }
        match self.known.binary_search_by_key(&rank(key), |(known, _)| rank(known)) {
            Ok(index) => self.known[index].1.clone(),
            Err(_) => Known::Unknown,
        }
    }

    /// What is uncovered, or since when; on the word of whoever closed the last of it.
    fn of_the_border(&self, key: &str) -> Known<'a> {
        let value = match key {
            UNCOVERED => Value::Set(self.still_uncovered().map(|uncovered| uncovered.subject.clone()).collect()),
            _ => match self.still_uncovered().filter_map(|uncovered| uncovered.since).min() {
                Some(since) => Value::Instant(since),
                None => return Known::Unknown,
            },
        };
        let words = self.incident.keys().filter(|key| key.as_str().starts_with(super::uncovered::COUNSEL));
        let last = words.flat_map(|key| self.standing_claims(key.as_str())).max_by_key(|claim| claim.at);
        Known::Value(std::borrow::Cow::Owned(value), last)
    }

    /// Every claim of a key, of the incident and of the organisation.
    pub fn history(&self, key: &str) -> impl Iterator<Item = &'a Claim> {
        let of_another = |claim: &Claim| {
            let of = self.organisation.map(|(organisation, _)| organisation);
            !claim.organisations.is_empty() && of.is_some_and(|of| !claim.organisations.contains(of))
        };
        let profile = self.organisation.map(|(_, profile)| profile.history(key)).unwrap_or_default();
        let claims = self.incident.history(key).iter().chain(profile).map(|(_, claim)| claim);
        claims.filter(|claim| !of_another(claim)).collect::<Vec<_>>().into_iter()
    }

    /// What the incident says of a key, to the organisation if it is one's.
    fn in_incident(&self, key: &str) -> Standing<'a> {
        match self.organisation {
            Some((organisation, _)) => self.incident.standing_for(organisation, key),
            None => self.incident.standing(key),
        }
    }

    /// The claims that stand of a key: one, or those in dispute. What is said in the incident stands before the rest.
    pub fn standing_claims(&self, key: &str) -> Vec<&'a Claim> {
        match standing_claims(self.in_incident(key)) {
            none if none.is_empty() => {
                self.organisation.map(|(_, profile)| standing_claims(profile.standing(key))).unwrap_or_default()
            }
            claims => claims,
        }
    }

    /// Every place that a fact names, with the fact and the claim; of a dispute what each side names. Where nobody is, is
    /// not named.
    pub fn places_named(&self) -> Vec<(&'a str, &'a str, &'a Claim)> {
        let of_places = |key: &&str| {
            let kind = self.vocabulary.get(key).map(|entry| &entry.kind);
            matches!(kind, Some(FactType::Places | FactType::CountByPlace))
        };
        let keys: BTreeSet<&'a str> = self
            .incident
            .keys()
            .chain(self.organisation.into_iter().flat_map(|(_, profile)| profile.keys()))
            .map(FactKey::as_str)
            .collect();
        let claims = keys
            .into_iter()
            .filter(of_places)
            .flat_map(|key| self.standing_claims(key).into_iter().map(move |claim| (key, claim)));
        claims.flat_map(|(key, claim)| places_of(claim).into_iter().map(move |place| (key, place, claim))).collect()
    }

    /// When a fact first named a place, or a list a word.
    pub fn first_named(&self, key: &str, word: &str) -> Option<Instant> {
        self.history(key).filter(|claim| places_of(claim).contains(&word)).map(|claim| claim.at).min()
    }

    fn weigh(&self, key: &str, cohort: Option<&str>) -> Known<'a> {
        match self.said(key, cohort) {
            Known::Unknown => self.implied(key, cohort),
            // A stated total below the sum of its own parts cannot stand against them.
            Known::Value(stated, claim) => match self.implied(key, cohort) {
                Known::Value(sum, by_place) if number(&sum) > number(&stated) => Known::Value(sum, by_place),
                _ => Known::Value(stated, claim),
            },
            Known::Disputed(mut sides) => {
                if let Known::Value(sum, _) = self.implied(key, cohort) {
                    let below = |said: &Option<_>| said.as_deref().is_none_or(|said| number(said) < number(&sum));
                    sides.iter_mut().filter(|(said, _)| below(said)).for_each(|(said, _)| *said = Some(sum.clone()));
                }
                Known::Disputed(sides)
            }
        }
    }

    fn said(&self, key: &str, cohort: Option<&str>) -> Known<'a> {
        let or = |standing: Standing<'a>, other: &dyn Fn() -> Standing<'a>| match standing {
            Standing::Unknown => other(),
            standing => standing,
        };
        let of_group = cohort.map_or(Standing::Unknown, |cohort| self.in_incident(&cohort_key(key, cohort)));
        let of_incident = or(of_group, &|| self.in_incident(key));
        let of_organisation = || self.organisation.map_or(Standing::Unknown, |(_, profile)| profile.standing(key));
        match or(of_incident, &of_organisation) {
            Standing::Known(value, claim) => Known::Value(std::borrow::Cow::Borrowed(value), Some(claim)),
            Standing::Unknown => Known::Unknown,
            Standing::Disputed(claims) => {
                let side = |claim: &'a Claim| (claim.value.as_ref().map(std::borrow::Cow::Borrowed), claim);
                Known::Disputed(claims.into_iter().map(side).collect())
            }
        }
    }

    fn implied(&self, key: &str, cohort: Option<&str>) -> Known<'a> {
        let Some(parts) = self.vocabulary.at_least_sum_of(key) else {
            return Known::Unknown;
        };
        match self.said(parts.as_str(), cohort) {
            Known::Value(value, claim) => match value.as_ref() {
                Value::ByPlace(places) if !places.is_empty() => {
                    let number = places.values().map(|count| count.least()).fold(0, u64::saturating_add);
                    Known::Value(std::borrow::Cow::Owned(Value::Count(Count { number, precision: Precision::AtLeast })), claim)
                }
                _ => Known::Unknown,
            },
            Known::Unknown | Known::Disputed(_) => Known::Unknown,
        }
    }

    /// An instant by which something must be done once it is known. A duty that was met gives its
    /// whole civil day: "together with the letters" is that day, not that second.
    pub fn day_limit(&self, key: &FactKey, zone: Zone) -> Option<Instant> {
        let at = self.instant(key, zone).or_else(|| self.earliest_side(key, zone))?;
        Some(if key.as_str().starts_with(MET) { zone.end_of(zone.date_of(at)).0 } else { at })
    }

    /// An instant, if the key is known as one; a date counts from its first moment in `zone`.
    pub fn instant(&self, key: &FactKey, zone: Zone) -> Option<Instant> {
        match self.known(key) {
            Known::Value(value, _) => instant_of(&value, zone),
            Known::Unknown | Known::Disputed(_) => None,
        }
    }

    /// The earliest instant that any side of a dispute about a key gives.
    pub fn earliest_side(&self, key: &FactKey, zone: Zone) -> Option<Instant> {
        match self.known(key) {
            Known::Disputed(sides) => sides.iter().filter_map(|(said, _)| instant_of(said.as_deref()?, zone)).min(),
            Known::Value(..) | Known::Unknown => None,
        }
    }

    /// Who stands behind the present answers to these keys.
    pub fn claimants(&self, keys: &BTreeSet<FactKey>) -> BTreeSet<&'a Claimant> {
        keys.iter()
            .filter_map(|key| match self.known(key) {
                Known::Value(_, claim) => claim.map(|claim| &claim.by),
                Known::Unknown | Known::Disputed(_) => None,
            })
            .collect()
    }
}

/// The order in which keys are kept: by length first, so that most of a search compares numbers.
fn rank(key: &str) -> (usize, &str) {
    (key.len(), key)
}

/// The key of a fact as said of one group of people: `risk.level@staff`.
pub fn cohort_key(key: &str, cohort: &str) -> String {
    format!("{key}@{cohort}")
}

fn cloned((place, count): (&String, &Count)) -> (String, Count) {
    (place.clone(), *count)
}

fn instant_of(value: &Value, zone: Zone) -> Option<Instant> {
    match value {
        Value::Instant(at) => Some(*at),
        Value::Date(date) => Some(zone.start_of(*date).0),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u64> {
    if let Value::Count(count) = value { Some(count.number) } else { None }
}

/// The places a claim names, or the words of a list. A place with exactly nobody in it is not named.
fn places_of(claim: &Claim) -> Vec<&str> {
    match &claim.value {
        Some(Value::Set(words)) => words.iter().map(String::as_str).collect(),
        Some(Value::ByPlace(counts)) => {
            let anybody = |count: &Count| count.number > 0 || count.precision != Precision::Exact;
            counts.iter().filter(|(_, count)| anybody(count)).map(|(place, _)| place.as_str()).collect()
        }
        _ => Vec::new(),
    }
}
