//! How incidents hang together: one was found to be the same as another, or to be two.
//!
//! Nothing is moved. The incident that takes another in gets its messages and claims once more, with
//! their claimants and instants; the other keeps its own and points there. Both records say so.

use super::event::ClockKey;
use super::lookalike::Lookalike;
use super::message::Message;
use crate::domain::facts::{Book, Claim, ClaimId};
use crate::domain::ids::{IncidentId, OrganisationId, SourceId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A person who says that incidents belong together or apart, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// Who.
    pub by: String,
    /// On what ground.
    pub because: String,
}

/// Messages and claims of another incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inheritance {
    /// Which incident.
    pub from: IncidentId,
    /// When it was opened.
    pub opened_at: Instant,
    /// Messages; the claims they name are numbered as there.
    pub messages: Vec<Message>,
    /// Claims.
    pub claims: Vec<Inherited>,
    /// Look-alikes that help to answer questions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hints: BTreeSet<Lookalike>,
    /// Oddities in reading the messages.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub remarks: BTreeSet<String>,
    /// Its sides, if it took in others before; their claims are numbered as there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sides: BTreeMap<String, Side>,
    /// The organisations it concerns, where they are fewer than those of the incident that takes it in.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<OrganisationId>,
}

/// A claim of another incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inherited {
    /// Its number there.
    pub was: ClaimId,
    /// What was said, by whom and when.
    pub claim: Claim,
    /// When the version of the report was made in which it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
}

/// What one of several incidents that became one says alone: its own claims, and all since they became one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// When that incident was opened.
    pub opened_at: Instant,
    /// Its own claims.
    pub claims: BTreeSet<ClaimId>,
    /// The first claim since they became one.
    pub since: ClaimId,
    /// The organisations it concerned, where they were fewer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub organisations: BTreeSet<OrganisationId>,
}

impl Side {
    /// Whether that incident concerned an organisation.
    pub fn concerns(&self, organisation: &OrganisationId) -> bool {
        self.organisations.is_empty() || self.organisations.contains(organisation)
    }

    /// Whether a claim counts on this side.
    pub fn sees(&self, id: ClaimId) -> bool {
        id >= self.since || self.claims.contains(&id)
    }
}

/// What is remembered of another incident that was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TakenIn {
    /// The number here of each of its claims.
    pub claims: BTreeMap<ClaimId, ClaimId>,
    /// How many of its messages are here.
    pub messages: usize,
}

/// One line of how an incident hangs together with others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// What happened.
    pub what: RelationKind,
    /// The other incident.
    pub incident: IncidentId,
    /// Who said so.
    pub by: String,
    /// On what ground.
    pub because: String,
    /// When it was recorded.
    pub at: Instant,
    /// The messages it is about, by number in the incident they were split from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<u32>,
}

/// What happened between two incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RelationKind {
    /// The other was merged into this one.
    TookIn,
    /// This one was merged into the other.
    MergedInto,
    /// Messages of this one became the other.
    SplitOff,
    /// This one is of messages of the other.
    SplitFrom,
}

impl RelationKind {
    /// What happened, in words that the other incident's name completes.
    pub fn words(self) -> &'static str {
        match self {
            Self::TookIn => "took in",
            Self::MergedInto => "goes on in",
            Self::SplitOff => "split off to",
            Self::SplitFrom => "split from",
        }
    }
}

/// How an incident hangs together with others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// What happened, in order.
    pub told: Vec<Relation>,
    /// Where it goes on, if it was merged into another.
    pub merged_into: Option<IncidentId>,
    /// Clocks that go on in another incident.
    pub moved: BTreeMap<ClockKey, IncidentId>,
    /// Other incidents that were taken in.
    pub taken_in: BTreeMap<IncidentId, TakenIn>,
    /// What each of the incidents that became this one says alone, by its name.
    pub sides: BTreeMap<String, Side>,
    /// Where further messages of these reports go: source, account, identity there.
    pub rerouted: BTreeMap<(SourceId, String, String), IncidentId>,
}

impl Relations {
    /// Where a message of this report goes, if not here.
    pub fn elsewhere(&self, source: &SourceId, tenant: &str, external_id: &str) -> Option<&IncidentId> {
        let rerouted = self.rerouted.get(&(source.clone(), tenant.to_owned(), external_id.to_owned()));
        rerouted.or(self.merged_into.as_ref())
    }

    /// Writes the claims of a taken-in incident down, and what each of them all says alone from here on.
    pub fn take_in(&mut self, this: (&IncidentId, Instant), book: &mut Book, inheritance: &Inheritance) {
        // What had become that incident's own is here again.
        let is_back =
            |id: &IncidentId| *id == inheritance.from || inheritance.messages.iter().any(|m| m.from.as_ref() == Some(id));
        self.rerouted.retain(|_, there| !is_back(there));
        let before = claims_len(book);
        for side in self.sides.values_mut() {
            side.claims.extend(side.since..before);
        }
        let alone = Side { opened_at: this.1, claims: (0..before).collect(), since: before, organisations: BTreeSet::new() };
        self.sides.insert(format!("{}#{}", this.0, self.told.len()), alone);
        let taken_in = self.taken_in.entry(inheritance.from.clone()).or_default();
        taken_in.messages += inheritance.messages.len();
        for Inherited { was, claim, version } in &inheritance.claims {
            taken_in.claims.insert(*was, book.record_of_version(claim.clone(), *version));
        }
        let numbers = taken_in.claims.clone();
        let after = claims_len(book);
        let of_other = Side {
            opened_at: inheritance.opened_at,
            claims: numbers.values().copied().collect(),
            since: after,
            organisations: inheritance.organisations.clone(),
        };
        self.sides.insert(inheritance.from.to_string(), of_other);
        for (name, side) in &inheritance.sides {
            let claims = numbers.iter().filter(|(was, _)| side.sees(**was)).map(|(_, is)| *is).collect();
            let organisations = if side.organisations.is_empty() { &inheritance.organisations } else { &side.organisations };
            let side = Side { opened_at: side.opened_at, claims, since: after, organisations: organisations.clone() };
            self.sides.insert(format!("{}/{name}", inheritance.from), side);
        }
        self.sides.values_mut().for_each(|side| side.since = after);
    }
}

fn claims_len(book: &Book) -> ClaimId {
    ClaimId::try_from(book.len()).unwrap_or(ClaimId::MAX)
}
