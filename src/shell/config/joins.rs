//! The rules by which reports join an incident of another name.

use super::raw::RawJoin;
use super::{Reader, Source, there_are};
use crate::domain::ids::{OrganisationId, SourceId};
use crate::domain::instant::Duration;
use crate::domain::joining::{JoinRule, Mark};
use std::collections::{BTreeMap, BTreeSet};

/// A rule that reaches further would join what has nothing to do with each other.
const WITHIN_MAX: Duration = Duration::days(30);

impl Reader<'_> {
    /// Every rule, if it can ever join anything.
    pub(super) fn joins(&mut self, raw: &[RawJoin], sources: &BTreeMap<SourceId, Source>) -> Vec<JoinRule> {
        raw.iter().filter_map(|join| self.join(join, sources)).collect()
    }

    fn join(&mut self, raw: &RawJoin, sources: &BTreeMap<SourceId, Source>) -> Option<JoinRule> {
        let known: Vec<&str> = sources.keys().map(SourceId::as_str).collect();
        for name in raw.sources.iter().filter(|name| !known.contains(&name.as_str())) {
            self.fault(name, format!("there is no source `{name}`"), there_are(&known, name));
        }
        for name in raw.same.iter().filter(|name| Mark::named(name).is_none()) {
            self.fault(name, format!("`{name}` is nothing that reports have in common"), format!("name {}", Mark::NAMES));
        }
        let same: Vec<Mark> = raw.same.iter().filter_map(|name| Mark::named(name)).collect();
        let rule =
            JoinRule { sources: raw.sources.iter().map(|name| name.as_str().into()).collect(), same, within: raw.within.0 };
        if raw.sources.is_empty() || raw.same.is_empty() {
            self.fault("join", "a [[join]] needs `sources` and `same`", "an empty list joins nothing");
        }
        if !(Duration::minutes(1)..=WITHIN_MAX).contains(&rule.within) {
            self.fault("within", "a [[join]] reaches from one minute to 30 days", "set `within` to `4h`, for example");
        }
        let of: Vec<BTreeSet<&OrganisationId>> = rule
            .sources
            .iter()
            .filter_map(|name| sources.get(name))
            .map(|source| source.organisations.iter().collect())
            .collect();
        if of.windows(2).any(|pair| pair[0] != pair[1]) {
            let names: Vec<&str> = rule.sources.iter().map(SourceId::as_str).collect();
            let text = format!("the sources {} do not speak for the same organisations", names.join(", "));
            self.fault(names[0], text, "reports are never joined across organisations: write a [[join]] for each");
        }
        Some(rule)
    }
}
