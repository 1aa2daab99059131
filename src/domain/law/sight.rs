//! What an assessment sees: the incident's facts, the organisation's, and what was already done.

use crate::domain::facts::{Book, Claim, Claimant, Count, Precision, Standing, Value, Vocabulary};
use crate::domain::ids::{DutyId, FactKey};
use crate::domain::instant::{Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// The fact key prefix under which the moment a duty was met can be asked: `met.us.hipaa.individuals`.
pub const MET: &str = "met.";

/// The facts one organisation is judged by in one incident, weighed once.
pub struct Sight<'a> {
    vocabulary: &'a Vocabulary,
    incident: &'a Book,
    organisation: Option<&'a Book>,
    met: BTreeMap<&'a DutyId, Instant>,
    /// What stands of each key that anybody spoke of, in the order of [`rank`].
    known: Vec<(&'a str, Known<'a>)>,
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

    /// The same with an organisation's profile beside it. What is said in the incident stands before it.
    pub fn of_organisation(self, profile: &'a Book) -> Self {
        Self::weighed(self.vocabulary, self.incident, Some(profile), self.met, None)
    }

    /// The same with the moments at which duties were met.
    pub fn with_met(self, met: BTreeMap<&'a DutyId, Instant>) -> Self {
        Self { met, ..self }
    }

    /// The same for one group of people: what is said of the group stands before what is said of all.
    pub fn of_cohort(&self, cohort: &str) -> Self {
        Self::weighed(self.vocabulary, self.incident, self.organisation, self.met.clone(), Some(cohort))
    }

    fn weighed(
        vocabulary: &'a Vocabulary,
        incident: &'a Book,
        organisation: Option<&'a Book>,
        met: BTreeMap<&'a DutyId, Instant>,
        cohort: Option<&str>,
    ) -> Self {
        let mut sight = Self { vocabulary, incident, organisation, met, known: Vec::new() };
        let spoken = incident.keys().chain(organisation.into_iter().flat_map(Book::keys)).map(FactKey::as_str);
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
        match self.known.binary_search_by_key(&rank(key), |(known, _)| rank(known)) {
            Ok(index) => self.known[index].1.clone(),
            Err(_) => Known::Unknown,
        }
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
        let of_group = cohort.map_or(Standing::Unknown, |cohort| self.incident.standing(&cohort_key(key, cohort)));
        let of_incident = or(of_group, &|| self.incident.standing(key));
        let of_organisation = || self.organisation.map_or(Standing::Unknown, |book| book.standing(key));
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
                    let number = places.values().fold(0_u64, |sum, count| sum.saturating_add(count.number));
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
