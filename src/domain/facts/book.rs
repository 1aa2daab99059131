//! Claims weighed: of each key, what stands.

use super::{Claim, ClaimId, Claimant, Rank, Value};
use crate::domain::ids::{FactKey, OrganisationId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// What stands of one key.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing<'a> {
    /// One value stands, carried by this claim.
    Known(&'a Value, &'a Claim),
    /// Nobody has said, or the weightiest word is "not known".
    Unknown,
    /// Claimants of the same weight say different things; none has been settled.
    Disputed(Vec<&'a Claim>),
}

impl<'a> Standing<'a> {
    /// The value, if one stands.
    pub fn value(&self) -> Option<&'a Value> {
        match self {
            Self::Known(value, _) => Some(value),
            Self::Unknown | Self::Disputed(_) => None,
        }
    }
}

/// Every claim of an incident, weighed.
///
/// What stands depends on the set of claims and their own times, never on the order in which they
/// were recorded. Of one claimant the latest word counts; of several, the weightiest rank. Within the rank
/// whoever [`settled`](Claim::settles) it last outweighs all others, whatever they say before or after, until
/// somebody settles it anew; what then still differs is disputed. Instants that products give are evidence, and of evidence the earliest
/// counts, whoever gave it and whatever came after. Nothing is erased.
///
/// What was said of one organisation apart counts for that one alone, and there stands before what was
/// said of none in particular, unless that was said by somebody weightier.
///
/// A claim out of a message that names its own version was said when that version was made, however
/// late it came in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    claims: BTreeMap<FactKey, Vec<(ClaimId, Claim)>>,
    count: ClaimId,
    /// When the version of the report was made in which a claim stood, where the report says so.
    versions: BTreeMap<ClaimId, Instant>,
}

impl Book {
    /// Writes a claim down and gives its number.
    pub fn record(&mut self, claim: Claim) -> ClaimId {
        let id = self.count;
        self.count += 1;
        self.claims.entry(claim.key.clone()).or_default().push((id, claim));
        id
    }

    /// The same for a claim out of a report that was made at `version`, by its sender's clock.
    pub fn record_of_version(&mut self, claim: Claim, version: Option<Instant>) -> ClaimId {
        let id = self.record(claim);
        self.versions.extend(version.map(|version| (id, version)));
        id
    }

    /// The book with those claims alone that are wanted; they keep their numbers.
    pub fn only(&self, wanted: impl Fn(ClaimId, &Claim) -> bool) -> Self {
        let mut book = Self { count: self.count, ..Self::default() };
        for (key, all) in &self.claims {
            let said: Vec<(ClaimId, Claim)> = all.iter().filter(|(id, claim)| wanted(*id, claim)).cloned().collect();
            book.versions.extend(said.iter().filter_map(|(id, _)| Some((*id, self.version(*id)?))));
            if !said.is_empty() {
                book.claims.insert(key.clone(), said);
            }
        }
        book
    }

    /// Every claim with its number, in the order of recording.
    pub fn numbered(&self) -> Vec<&(ClaimId, Claim)> {
        let mut claims: Vec<&(ClaimId, Claim)> = self.claims.values().flatten().collect();
        claims.sort_by_key(|(id, _)| *id);
        claims
    }

    /// Everything that was ever said of a key, in the order of recording.
    pub fn said_of(&self, key: &FactKey) -> impl Iterator<Item = &Claim> {
        self.history(key.as_str()).iter().map(|(_, claim)| claim)
    }

    /// When the version of the report was made in which a claim stood.
    pub fn version(&self, id: ClaimId) -> Option<Instant> {
        self.versions.get(&id).copied()
    }

    /// Whether this very statement already stands as its claimant's last word.
    pub fn has_said(&self, claim: &Claim) -> bool {
        let alike = |said: &Claim| said.organisations == claim.organisations;
        let said = self.history(claim.key.as_str()).iter().filter(|(_, said)| alike(said)).collect::<Vec<_>>();
        self.latest_words(&said)
            .get(&claim.by)
            .is_some_and(|last| last.value == claim.value && last.settles == claim.settles && last.ground == claim.ground)
    }

    /// What stands of a key where no organisation in particular is meant.
    pub fn standing(&self, key: &str) -> Standing<'_> {
        // One word needs no weighing, and most keys have one.
        match self.history(key) {
            [] => Standing::Unknown,
            [(_, claim)] if claim.organisations.is_empty() => stands_alone(claim),
            history => self.weighed(&history.iter().filter(|(_, claim)| claim.organisations.is_empty()).collect::<Vec<_>>()),
        }
    }

    /// What stands of a key for one organisation.
    pub fn standing_for(&self, organisation: &OrganisationId, key: &str) -> Standing<'_> {
        match self.history(key) {
            history if history.iter().all(|(_, claim)| claim.organisations.is_empty()) => self.standing(key),
            _ => self.weighed(&self.counting_for(organisation, key)),
        }
    }

    /// Whether anything was said of an organisation apart.
    pub fn speaks_apart(&self, organisation: &OrganisationId, key: &str) -> bool {
        self.history(key).iter().any(|(_, claim)| claim.organisations.contains(organisation))
    }

    /// The book as one organisation reads it: of each key the words that count for it.
    pub fn read_for(&self, organisation: &OrganisationId) -> Self {
        let counting: BTreeSet<ClaimId> =
            self.keys().flat_map(|key| self.counting_for(organisation, key.as_str())).map(|(id, _)| *id).collect();
        let mut book = self.only(|id, _| counting.contains(&id));
        book.claims.values_mut().flatten().for_each(|(_, claim)| claim.organisations.clear());
        book
    }

    /// The words about a key that count for an organisation.
    fn counting_for(&self, organisation: &OrganisationId, key: &str) -> Vec<&(ClaimId, Claim)> {
        let history = self.history(key).iter();
        let mut apart: Vec<_> = history.clone().filter(|(_, claim)| claim.organisations.contains(organisation)).collect();
        let mut of_all: Vec<_> = history.filter(|(_, claim)| claim.organisations.is_empty()).collect();
        let weight = |words: &[&(ClaimId, Claim)]| words.iter().map(|(_, claim)| claim.by.rank()).max();
        let (own, common) = (weight(&apart), weight(&of_all));
        if own.is_none() || own < common {
            return of_all;
        }
        // Instants of products are evidence, of which the earliest counts.
        let is_instant = |(_, claim): &&(ClaimId, Claim)| matches!(claim.value, Some(Value::Instant(_)));
        if own == Some(Rank::Product) && of_all.iter().any(is_instant) {
            apart.append(&mut of_all);
        }
        apart
    }

    fn weighed<'a>(&self, said: &[&'a (ClaimId, Claim)]) -> Standing<'a> {
        if let [(_, claim)] = said {
            return stands_alone(claim);
        }
        let latest = self.latest_words(said);
        let Some(rank) = latest.keys().map(|by| by.rank()).max() else { return Standing::Unknown };
        if rank == Rank::Product
            && let Some((value, claim)) = earliest_instant(said)
        {
            return Standing::Known(value, claim);
        }
        let mut words: Vec<&Claim> = latest.into_values().filter(|claim| claim.by.rank() == rank).collect();
        let settlers = self.settlers(said, rank);
        if !settlers.is_empty() {
            words.retain(|claim| settlers.contains(&&claim.by));
        }
        let mut values: Vec<&Option<Value>> = words.iter().map(|claim| &claim.value).collect();
        values.sort();
        values.dedup();
        match values.as_slice() {
            [None] | [] => Standing::Unknown,
            [Some(value)] => Standing::Known(value, words[0]),
            _ => Standing::Disputed(words),
        }
    }

    /// Who settled a key, where somebody of the same weight says something else since, or did before; none where
    /// nobody settled it or nobody differs.
    pub fn settled_by(&self, key: &str) -> Option<&Claimant> {
        let said: Vec<_> = self.history(key).iter().filter(|(_, claim)| claim.organisations.is_empty()).collect();
        let latest = self.latest_words(&said);
        let rank = latest.keys().map(|by| by.rank()).max()?;
        let settler = *self.settlers(&said, rank).first()?;
        let stands = &latest.get(settler)?.value;
        let differs = latest.iter().any(|(by, claim)| by.rank() == rank && claim.value != *stands);
        differs.then_some(settler)
    }

    /// Who of a rank settled a key last: several only if they did at one instant.
    fn settlers<'a>(&self, said: &[&'a (ClaimId, Claim)], rank: Rank) -> Vec<&'a Claimant> {
        let settling = || said.iter().copied().filter(|(_, claim)| claim.settles && claim.by.rank() == rank);
        let said_at = |(id, claim): &(ClaimId, Claim)| self.version(*id).unwrap_or(claim.at);
        let last = settling().map(said_at).max();
        let mut settlers: Vec<&Claimant> =
            settling().filter(|entry| Some(said_at(entry)) == last).map(|(_, claim)| &claim.by).collect();
        settlers.sort();
        settlers.dedup();
        settlers
    }

    /// Every claim, by key, then in the order of recording.
    pub fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.claims.values().flatten().map(|(_, claim)| claim)
    }

    /// Every key somebody spoke of.
    pub fn keys(&self) -> impl Iterator<Item = &FactKey> {
        self.claims.keys()
    }

    /// Every claim about a key, in the order of recording.
    pub fn history(&self, key: &str) -> &[(ClaimId, Claim)] {
        self.claims.get(key).map_or(&[], Vec::as_slice)
    }

    /// How many claims the book holds.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether nobody has said anything.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn latest_words<'a>(&self, said: &[&'a (ClaimId, Claim)]) -> BTreeMap<&'a Claimant, &'a Claim> {
        let mut latest: BTreeMap<&Claimant, (Instant, &Claim)> = BTreeMap::new();
        for (id, claim) in said {
            let said_at = self.version(*id).unwrap_or(claim.at);
            latest
                .entry(&claim.by)
                .and_modify(|(last_at, last)| {
                    // Of one version that came twice the later receipt counts. Two words of one mouth at
                    // one instant: the order of recording must not matter, so the larger value stands.
                    if (said_at, claim.at, claim.settles, &claim.value) > (*last_at, last.at, last.settles, &last.value) {
                        (*last_at, *last) = (said_at, claim);
                    }
                })
                .or_insert((said_at, claim));
        }
        latest.into_iter().map(|(by, (_, claim))| (by, claim)).collect()
    }
}

fn stands_alone(claim: &Claim) -> Standing<'_> {
    claim.value.as_ref().map_or(Standing::Unknown, |value| Standing::Known(value, claim))
}

/// The earliest instant anybody gave; `None` if nobody gave one.
fn earliest_instant<'a>(said: &[&'a (ClaimId, Claim)]) -> Option<(&'a Value, &'a Claim)> {
    said.iter()
        .filter_map(|(_, claim)| match &claim.value {
            Some(value @ Value::Instant(at)) => Some((*at, &claim.by, claim.at, value, claim)),
            _ => None,
        })
        .min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)))
        .map(|(_, _, _, value, claim)| (value, claim))
}

impl FromIterator<Claim> for Book {
    fn from_iter<I: IntoIterator<Item = Claim>>(claims: I) -> Self {
        let mut book = Self::default();
        for claim in claims {
            book.record(claim);
        }
        book
    }
}

/// A book is written as its list of claims, in the order of recording, so that their numbers come back.
impl Serialize for Book {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.numbered().into_iter().map(|(_, claim)| claim))
    }
}

impl<'de> Deserialize<'de> for Book {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Claim>::deserialize(deserializer).map(Self::from_iter)
    }
}
