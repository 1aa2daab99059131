//! Claims weighed: of each key, what stands.

use super::{Claim, ClaimId, Claimant, Rank, Value};
use crate::domain::ids::FactKey;
use crate::domain::instant::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

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

    /// When the version of the report was made in which a claim stood.
    pub fn version(&self, id: ClaimId) -> Option<Instant> {
        self.versions.get(&id).copied()
    }

    /// Whether this very statement already stands as its claimant's last word.
    pub fn has_said(&self, claim: &Claim) -> bool {
        self.latest_words(claim.key.as_str())
            .get(&claim.by)
            .is_some_and(|last| last.value == claim.value && last.settles == claim.settles && last.ground == claim.ground)
    }

    /// What stands of a key.
    pub fn standing(&self, key: &str) -> Standing<'_> {
        // One word needs no weighing, and most keys have one.
        if let [(_, claim)] = self.history(key) {
            return claim.value.as_ref().map_or(Standing::Unknown, |value| Standing::Known(value, claim));
        }
        let latest = self.latest_words(key);
        let Some(rank) = latest.keys().map(|by| by.rank()).max() else { return Standing::Unknown };
        if rank == Rank::Product
            && let Some((value, claim)) = self.earliest_instant(key)
        {
            return Standing::Known(value, claim);
        }
        let mut words: Vec<&Claim> = latest.into_values().filter(|claim| claim.by.rank() == rank).collect();
        let settlers = self.settlers(key, rank);
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
        let latest = self.latest_words(key);
        let rank = latest.keys().map(|by| by.rank()).max()?;
        let settler = *self.settlers(key, rank).first()?;
        let stands = &latest.get(settler)?.value;
        let differs = latest.iter().any(|(by, claim)| by.rank() == rank && claim.value != *stands);
        differs.then_some(settler)
    }

    /// Who of a rank settled a key last: several only if they did at one instant.
    fn settlers(&self, key: &str, rank: Rank) -> Vec<&Claimant> {
        let settling = || self.history(key).iter().filter(|(_, claim)| claim.settles && claim.by.rank() == rank);
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

    /// The earliest instant anybody gave; `None` if nobody gave one.
    fn earliest_instant(&self, key: &str) -> Option<(&Value, &Claim)> {
        let claims = self.history(key).iter().map(|(_, claim)| claim);
        claims
            .filter_map(|claim| match &claim.value {
                Some(value @ Value::Instant(at)) => Some((*at, &claim.by, claim.at, value, claim)),
                _ => None,
            })
            .min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)))
            .map(|(_, _, _, value, claim)| (value, claim))
    }

    fn latest_words(&self, key: &str) -> BTreeMap<&Claimant, &Claim> {
        let mut latest: BTreeMap<&Claimant, (Instant, &Claim)> = BTreeMap::new();
        for (id, claim) in self.history(key) {
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
