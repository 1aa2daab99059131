//! What a draft still lacks, found from the contents alone so that no template can hide it.

use super::contents::{Combine, Element, Need};
use super::meta::DraftMeta;
use super::sight::{Fact, Seen, Sight};
use super::words::{Manner, is_approximate, is_blank, is_none};
use crate::domain::facts::Value;
use crate::domain::ids::FactKey;
use serde::{Deserialize, Serialize};

/// Something a draft still lacks. Gaps are numbered from 1 in the order of [`Draft::gaps`](super::Draft).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Gap {
    /// The element of the duty; `None` if the law does not ask for it but the template's text has a hole there.
    pub element: Option<String>,
    /// What is asked, in plain words.
    pub says: String,
    /// Where the law asks it; empty without an element.
    pub cite: String,
    /// How firmly it is asked.
    pub need: Need,
    /// The facts that would close it.
    pub missing: Vec<FactKey>,
    /// What is wrong with them.
    pub kind: GapKind,
    /// The differing answers of a dispute, or the estimate, with who gave it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// How to close it: a command for each fact, with an answer of the form that is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub how: Vec<String>,
}

/// What is wrong with the facts of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// Nobody has said.
    Missing,
    /// Different things were said.
    Disputed,
    /// An estimate stands. It is printed and need not hold the notice up; it is to be confirmed.
    Approximate,
}

impl Gap {
    /// What is printed in the place of the answer: `[MISSING: likely consequences (GDPR Art. 33(3)(c))]`.
    pub fn mark(&self) -> String {
        self.mark_for(&self.says)
    }

    pub(super) fn mark_for(&self, says: &str) -> String {
        let word = match self.kind {
            GapKind::Missing => "MISSING",
            GapKind::Disputed => "DISPUTED",
            GapKind::Approximate => "ESTIMATE",
        };
        let says = says.trim().trim_end_matches('?');
        if self.cite.is_empty() { format!("[{word}: {says}]") } else { format!("[{word}: {says} ({})]", self.cite) }
    }

    /// The gap in a list of gaps: `likely consequences (GDPR Art. 33(3)(c))`.
    pub fn in_words(&self) -> String {
        let says = self.says.trim().trim_end_matches('?');
        if self.cite.is_empty() { says.to_owned() } else { format!("{says} ({})", self.cite) }
    }

    /// Whether the notice has a hole: nothing stands where the answer belongs.
    pub fn is_hole(&self) -> bool {
        self.kind != GapKind::Approximate
    }
}

/// What one fact answers to one need.
pub(super) enum Answer<'a> {
    /// This value.
    Value(&'a Value),
    /// It is not known, and the law asks only for what is known.
    NotKnown,
    /// Nothing.
    Missing,
    /// Different things.
    Disputed(&'a [(Value, String)]),
}

/// What a fact answers where the law asks with this need.
pub(super) fn answer(fact: &Fact, need: Need) -> Answer<'_> {
    match &fact.seen {
        Seen::Known { value, .. } if is_blank(value) || (need == Need::Must && is_none(value)) => Answer::Missing,
        Seen::Known { value, .. } => Answer::Value(value),
        Seen::NotKnown { .. } if need != Need::Must => Answer::NotKnown,
        Seen::NotKnown { .. } | Seen::Unknown => Answer::Missing,
        Seen::Disputed(said) => Answer::Disputed(said),
    }
}

/// Every gap of the contents under a sight, in the order of the contents.
pub(super) fn gaps_of(contents: &[Element], sight: &Sight, late: bool, manner: &Manner) -> Vec<Gap> {
    let asked = contents.iter().filter(|element| element.is_asked(sight, late));
    asked.flat_map(|element| gaps_of_element(element, sight, manner)).collect()
}

fn gaps_of_element(element: &Element, sight: &Sight, manner: &Manner) -> Vec<Gap> {
    let mut missing = Gap::of(element, GapKind::Missing);
    let mut disputed = Gap::of(element, GapKind::Disputed);
    let mut approximate = Gap::of(element, GapKind::Approximate);
    let mut any_answer = false;
    for key in &element.facts {
        let Some(fact) = sight.get(key.as_str()) else {
            missing.missing.push(key.clone());
            continue;
        };
        let words = |value: &Value, source: &str| format!("{} ({source})", manner.value(&fact.kind, value));
        match (answer(fact, element.need), &fact.seen) {
            (Answer::Value(value), Seen::Known { source, .. }) if is_approximate(value) => {
                any_answer = true;
                approximate.missing.push(key.clone());
                approximate.said.push(words(value, source));
            }
            (Answer::Value(_) | Answer::NotKnown, _) => any_answer = true,
            (Answer::Disputed(said), _) => {
                disputed.missing.push(key.clone());
                disputed.said.extend(said.iter().map(|(value, source)| words(value, source)));
            }
            (Answer::Missing, _) => missing.missing.push(key.clone()),
        }
    }
    let answered_by_any = element.combine == Combine::Any && any_answer;
    let holes = [missing, disputed].into_iter().filter(|_| !answered_by_any);
    holes.chain([approximate]).filter(|gap| !gap.missing.is_empty()).collect()
}

impl Gap {
    pub(super) fn of(element: &Element, kind: GapKind) -> Self {
        Self {
            element: Some(element.id.clone()),
            says: element.says.clone(),
            cite: element.cite.clone(),
            need: element.need,
            missing: Vec::new(),
            kind,
            said: Vec::new(),
            how: Vec::new(),
        }
    }

    /// Writes down how to close it.
    pub(super) fn explain(&mut self, meta: &DraftMeta, sight: &Sight) {
        self.how = self.missing.iter().filter_map(|key| Some(command(meta, key, sight.get(key.as_str())?))).collect();
    }

    /// A hole in the template's own text that no element of the law accounts for.
    pub(super) fn in_template(says: &str, missing: Vec<FactKey>, kind: GapKind) -> Self {
        Self {
            element: None,
            says: says.into(),
            cite: String::new(),
            need: Need::Must,
            missing,
            kind,
            said: Vec::new(),
            how: Vec::new(),
        }
    }
}

/// The command that answers a fact: `watchbell answer inc-7h3k breach.nature='"words"'`.
fn command(meta: &DraftMeta, key: &FactKey, fact: &Fact) -> String {
    let incident = &meta.incident;
    let example = fact.kind.example();
    let plain = example.chars().all(|c| c.is_ascii_alphanumeric());
    let value = if plain { example } else { format!("'{example}'") };
    let ground = if fact.judgement { " --because \"why\"" } else { "" };
    // What happened is the same for all of them and is answered once.
    let of = meta.answer_for.as_ref().filter(|_| fact.of_each).map(|of| format!(" --for {of}")).unwrap_or_default();
    let or = if fact.of_organisation { "   (or once for all, under [organisation.facts] of the configuration)" } else { "" };
    format!("watchbell answer {incident} {key}={value}{of}{ground}{or}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_the_law_does_not_name_shows_no_empty_citation() {
        let gap = Gap::in_template("postal address of the organisation", Vec::new(), GapKind::Missing);
        assert_eq!(gap.in_words(), "postal address of the organisation");
        let cited = Gap { cite: "45 CFR 164.404(c)".into(), ..gap };
        assert_eq!(cited.in_words(), "postal address of the organisation (45 CFR 164.404(c))");
    }
}
