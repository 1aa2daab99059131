//! Rules by which reports of different names are about one incident.
//!
//! A rule says of which sources reports are joined, what must be the same, and within what time of
//! the last one. Knows no incident: it makes the keys under which a store finds one again. Time is
//! cut into windows as long as the rule's; who holds the window of a moment or the one before it was
//! heard of at most two windows ago, and the caller looks how long exactly.

use super::ids::{OrganisationId, SourceId};
use super::instant::{Duration, Instant, length_in_words};
use std::collections::BTreeSet;
use std::fmt;

/// No report has more ways to match one rule; the first ones count.
const COMBINATIONS_MAX: usize = 16;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinRule {
    /// Whose reports are joined.
    pub sources: BTreeSet<SourceId>,
    /// What must be the same, all of it.
    pub same: Vec<Mark>,
    /// How long after the last report of an incident another one joins it.
    pub within: Duration,
}

/// Something two reports may have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The value of a hint of this label; of several, any.
    Hint(String),
    /// The identity at the sender.
    ExternalId,
    /// The sender's account.
    Tenant,
    /// The title.
    Title,
}

impl Mark {
    /// The marks a rule may name, for messages.
    pub const NAMES: &'static str = "hint:<label>, external-id, tenant, title";

    /// Reads a mark as a rule names it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "external-id" => Some(Self::ExternalId),
            "tenant" => Some(Self::Tenant),
            "title" => Some(Self::Title),
            name => name.strip_prefix("hint:").filter(|label| !label.trim().is_empty()).map(|label| Self::Hint(folded(label))),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hint(label) => write!(f, "hint:{label}"),
            Self::ExternalId => f.write_str("external-id"),
            Self::Tenant => f.write_str("tenant"),
            Self::Title => f.write_str("title"),
        }
    }
}

/// What a report has of the things rules look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// The identity at the sender.
    pub external_id: Option<String>,
    /// The sender's account.
    pub tenant: Option<String>,
    /// The title.
    pub title: String,
    /// Label and value of each hint.
    pub hints: Vec<(String, String)>,
}

impl JoinRule {
    /// The rule as the record names it: `same hint:asset within 4 h 0 min`.
    pub fn in_words(&self) -> String {
        let same: Vec<String> = self.same.iter().map(ToString::to_string).collect();
        format!("same {} within {}", same.join(" and "), length_in_words(self.within))
    }

    /// What a report matches other reports by: each way is a list of values, one for each mark. None if it lacks one.
    pub fn ways(&self, report: &Marked) -> Vec<Vec<String>> {
        let mut ways: Vec<Vec<String>> = vec![Vec::new()];
        for mark in &self.same {
            let values = values(mark, report);
            let longer = |way: &Vec<String>| {
                let way = way.clone();
                values.iter().map(move |value| [way.as_slice(), std::slice::from_ref(value)].concat()).collect::<Vec<_>>()
            };
            ways = ways.iter().flat_map(longer).take(COMBINATIONS_MAX).collect();
        }
        if self.same.is_empty() { Vec::new() } else { ways }
    }

    /// The window of a moment.
    pub fn window(&self, at: Instant) -> i64 {
        at.timestamp().div_euclid(self.within.num_seconds().max(1))
    }

    /// What makes the key of a window; reports of other organisations or under another rule have another.
    pub fn key_parts(&self, organisations: &BTreeSet<&OrganisationId>, way: &[String], window: i64) -> Vec<String> {
        let sources: Vec<&str> = self.sources.iter().map(SourceId::as_str).collect();
        let organisations: Vec<&str> = organisations.iter().map(|id| id.as_str()).collect();
        let same: Vec<String> = self.same.iter().map(ToString::to_string).collect();
        let within_s = self.within.num_seconds().to_string();
        let mut parts = vec![same.join("\n"), within_s, sources.join("\n"), organisations.join("\n"), window.to_string()];
        parts.extend_from_slice(way);
        parts
    }

    /// Whether a report at `at` still joins an incident whose first and last reports came in at these moments.
    pub fn reaches(&self, first: Instant, last: Instant, at: Instant) -> bool {
        at <= last + self.within && at >= first - self.within
    }
}

fn values(mark: &Mark, report: &Marked) -> Vec<String> {
    let found: Vec<&str> = match mark {
        Mark::Hint(label) => {
            let of_label = report.hints.iter().filter(|(known, _)| folded(known) == *label);
            of_label.map(|(_, value)| value.as_str()).collect()
        }
        Mark::ExternalId => report.external_id.as_deref().into_iter().collect(),
        Mark::Tenant => report.tenant.as_deref().into_iter().collect(),
        Mark::Title => vec![report.title.as_str()],
    };
    let values: BTreeSet<String> = found.into_iter().map(folded).filter(|value| !value.is_empty()).collect();
    values.into_iter().collect()
}

/// Words compare without regard to case and to white space around them.
fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::instant::parse_rfc3339;

    fn rule(same: &[&str]) -> JoinRule {
        let same = same.iter().map(|name| Mark::named(name).expect("a mark")).collect();
        JoinRule { sources: BTreeSet::from(["wazuh".into(), "edr".into()]), same, within: Duration::hours(4) }
    }

    fn report(hints: &[(&str, &str)]) -> Marked {
        let hints = hints.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect();
        Marked { title: "Ransom note".into(), hints, ..Marked::default() }
    }

    #[test]
    fn case_and_white_space_make_no_difference_and_a_missing_mark_matches_nothing() {
        let rule = rule(&["hint:Asset", "title"]);
        assert_eq!(rule.ways(&report(&[("asset", " PACS-01 ")])), [["pacs-01", "ransom note"]]);
        assert!(rule.ways(&report(&[("user", "ada")])).is_empty());
        assert!(rule.ways(&report(&[("asset", "  ")])).is_empty(), "nothing is not the same as nothing");
    }

    #[test]
    fn any_of_several_values_matches() {
        let ways = rule(&["hint:asset"]).ways(&report(&[("asset", "b"), ("asset", "a"), ("asset", "A")]));
        assert_eq!(ways, [["a"], ["b"]]);
    }

    #[test]
    fn the_window_rolls_and_the_reach_is_exact() {
        let rule = rule(&["title"]);
        let at = |text| parse_rfc3339(text).expect("an instant");
        let (first, last) = (at("2026-11-21T03:59:00Z"), at("2026-11-21T04:01:00Z"));
        assert_eq!(rule.window(first) + 1, rule.window(last), "four o'clock divides two windows");
        assert!(rule.reaches(first, last, at("2026-11-21T08:01:00Z")));
        assert!(!rule.reaches(first, last, at("2026-11-21T08:01:01Z")));
        assert!(rule.window(at("2026-11-21T08:01:00Z")) - rule.window(last) <= 1, "so two windows are enough to look at");
    }

    #[test]
    fn reports_of_other_organisations_have_other_keys() {
        let rule = rule(&["title"]);
        let (ours, theirs): (OrganisationId, OrganisationId) = ("mercy".into(), "grace".into());
        let key = |ids: &[&OrganisationId]| rule.key_parts(&ids.iter().copied().collect(), &["x".into()], 1);
        assert_ne!(key(&[&ours]), key(&[&theirs]));
        assert_ne!(key(&[&ours]), key(&[&ours, &theirs]));
    }

    #[test]
    fn only_marks_that_are_known_can_be_named() {
        for name in ["hint:", "hostname", "", "hint: "] {
            assert_eq!(Mark::named(name), None, "{name}");
        }
    }
}
