//! What an assessment sees: the incident's facts, the organisation's, and what was already done.

use crate::domain::facts::{Book, Claim, Claimant, Count, Precision, Standing, Value, Vocabulary};
use crate::domain::ids::{DutyId, FactKey};
use crate::domain::instant::{Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

/// The fact key prefix under which the moment a duty was met can be asked: `met.us.hipaa.individuals`.
pub const MET: &str = "met.";

/// The facts one organisation is judged by in one incident.
pub struct Sight<'a> {
    vocabulary: &'a Vocabulary,
    incident: &'a Book,
    organisation: Option<&'a Book>,
    met: BTreeMap<&'a DutyId, Instant>,
    cohort: Option<String>,
}

/// What stands of a key, as far as the law cares.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<'a> {
    /// A value, and the claim that carries it where there is one.
    Value(std::borrow::Cow<'a, Value>, Option<&'a Claim>),
    /// Nobody has said.
    Unknown,
    /// It is disputed.
    Disputed,
}

impl<'a> Sight<'a> {
    /// The facts of an incident, seen through a vocabulary.
    pub fn new(vocabulary: &'a Vocabulary, incident: &'a Book) -> Self {
        Self { vocabulary, incident, organisation: None, met: BTreeMap::new(), cohort: None }
    }

    /// The same with an organisation's profile beside it. What is said in the incident stands before it.
    pub fn of_organisation(self, profile: &'a Book) -> Self {
        Self { organisation: Some(profile), ..self }
    }

    /// The same with the moments at which duties were met.
    pub fn with_met(self, met: BTreeMap<&'a DutyId, Instant>) -> Self {
        Self { met, ..self }
    }

    /// The same for one group of people: what is said of the group stands before what is said of all.
    pub fn of_cohort(&self, cohort: &str) -> Self {
        let cohort = Some(cohort.to_owned());
        Self {
            vocabulary: self.vocabulary,
            incident: self.incident,
            organisation: self.organisation,
            met: self.met.clone(),
            cohort,
        }
    }

    /// The vocabulary.
    pub fn vocabulary(&self) -> &'a Vocabulary {
        self.vocabulary
    }

    /// What stands of a key: the incident's word, else the organisation's, else what follows from
    /// a count by place.
    pub fn known(&self, key: &FactKey) -> Known<'a> {
        if let Some(duty) = key.as_str().strip_prefix(MET) {
            return match self.met.get(&DutyId::from(duty)) {
                Some(at) => Known::Value(std::borrow::Cow::Owned(Value::Instant(*at)), None),
                None => self.said(key),
            };
        }
        match self.said(key) {
            Known::Unknown => self.implied(key),
            // A stated total below the sum of its own parts cannot stand against them.
            Known::Value(stated, claim) => match self.implied(key) {
                Known::Value(sum, by_place) if number(&sum) > number(&stated) => Known::Value(sum, by_place),
                _ => Known::Value(stated, claim),
            },
            Known::Disputed => Known::Disputed,
        }
    }

    fn said(&self, key: &FactKey) -> Known<'a> {
        let of_group = match &self.cohort {
            Some(cohort) => self.incident.standing(&cohort_key(key, cohort)),
            None => Standing::Unknown,
        };
        let standing = match of_group {
            Standing::Unknown => self.incident.standing(key.as_str()),
            standing => standing,
        };
        let standing = match standing {
            Standing::Unknown => self.organisation.map_or(Standing::Unknown, |book| book.standing(key.as_str())),
            standing => standing,
        };
        match standing {
            Standing::Known(value, claim) => Known::Value(std::borrow::Cow::Borrowed(value), Some(claim)),
            Standing::Unknown => Known::Unknown,
            Standing::Disputed(_) => Known::Disputed,
        }
    }

    fn implied(&self, key: &FactKey) -> Known<'a> {
        let Some(parts) = self.vocabulary.at_least_sum_of(key.as_str()) else {
            return Known::Unknown;
        };
        match self.said(parts) {
            Known::Value(value, claim) => match value.as_ref() {
                Value::ByPlace(places) if !places.is_empty() => {
                    let number = places.values().fold(0_u64, |sum, count| sum.saturating_add(count.number));
                    Known::Value(std::borrow::Cow::Owned(Value::Count(Count { number, precision: Precision::AtLeast })), claim)
                }
                _ => Known::Unknown,
            },
            Known::Unknown | Known::Disputed => Known::Unknown,
        }
    }

    /// An instant by which something must be done once it is known. A duty that was met gives its
    /// whole civil day: "together with the letters" is that day, not that second.
    pub fn day_limit(&self, key: &FactKey, zone: Zone) -> Option<Instant> {
        let at = self.instant(key, zone)?;
        Some(if key.as_str().starts_with(MET) { zone.end_of(zone.date_of(at)).0 } else { at })
    }

    /// An instant, if the key is known as one; a date counts from its first moment in `zone`.
    pub fn instant(&self, key: &FactKey, zone: Zone) -> Option<Instant> {
        match self.known(key) {
            Known::Value(value, _) => match value.as_ref() {
                Value::Instant(at) => Some(*at),
                Value::Date(date) => Some(zone.start_of(*date).0),
                _ => None,
            },
            Known::Unknown | Known::Disputed => None,
        }
    }

    /// Who stands behind the present answers to these keys.
    pub fn claimants(&self, keys: &BTreeSet<FactKey>) -> BTreeSet<&'a Claimant> {
        keys.iter()
            .filter_map(|key| match self.known(key) {
                Known::Value(_, claim) => claim.map(|claim| &claim.by),
                Known::Unknown | Known::Disputed => None,
            })
            .collect()
    }
}

/// The key of a fact as said of one group of people: `risk.level@staff`.
pub fn cohort_key(key: &FactKey, cohort: &str) -> String {
    format!("{key}@{cohort}")
}

fn number(value: &Value) -> Option<u64> {
    if let Value::Count(count) = value { Some(count.number) } else { None }
}
