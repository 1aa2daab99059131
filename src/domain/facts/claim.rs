//! Somebody's word for one fact.

use super::Value;
use crate::domain::ids::{FactKey, OrganisationId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The number of a claim within its incident, in the order of recording.
pub type ClaimId = u32;

/// Who said it. The order is the order of trust: a person outweighs a policy, a policy a product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claimant {
    /// A product's payload, by source name.
    Product(String),
    /// The house's own configuration, by the place in it.
    Policy(String),
    /// A person, by the name that authentication gave.
    Person(String),
}

/// How much a claimant weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A payload.
    Product,
    /// The configuration.
    Policy,
    /// A person.
    Person,
}

impl Claimant {
    /// The weight of this claimant's word.
    pub fn rank(&self) -> Rank {
        match self {
            Self::Product(_) => Rank::Product,
            Self::Policy(_) => Rank::Policy,
            Self::Person(_) => Rank::Person,
        }
    }

    /// The claimant's name alone.
    pub fn name(&self) -> &str {
        match self {
            Self::Product(name) | Self::Policy(name) | Self::Person(name) => name,
        }
    }
}

/// Somebody said a fact.
///
/// `value: None` is a statement too: this claimant says it is not known (any more).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The fact.
    pub key: FactKey,
    /// What was said of it; `None` says "not known".
    pub value: Option<Value>,
    /// Who said it.
    pub by: Claimant,
    /// When it was said.
    pub at: Instant,
    /// Where in the payload it stood, as a JSON Pointer, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// The ground given: why the earlier word was wrong, or on what a judgement rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// An assumption made in reading it, such as the zone of a naive time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Whether it settles a dispute: it outweighs every earlier word of the same rank or below.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub settles: bool,
    /// The organisations of whom it was said, apart from the others of the incident; without any, it
    /// counts for each of them that has no word of its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<OrganisationId>,
}

impl Claim {
    /// A plain word: without pointer, ground or assumption, settling nothing, and counting for every organisation.
    pub fn of(key: impl Into<FactKey>, value: Option<Value>, by: Claimant, at: Instant) -> Self {
        Self {
            key: key.into(),
            value,
            by,
            at,
            pointer: None,
            ground: None,
            assumed: None,
            settles: false,
            organisations: BTreeSet::new(),
        }
    }

    /// The same, where its key names an organisation: `aware.at@clinic` is `aware.at`, said of the clinic.
    pub fn addressed(mut self, is_organisation: impl Fn(&str) -> bool) -> Self {
        if let Some((key, word)) = self.key.as_str().split_once('@').filter(|(_, word)| is_organisation(word)) {
            self.organisations.insert(word.into());
            self.key = key.into();
        }
        self
    }
}
