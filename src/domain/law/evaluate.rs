//! Three-valued evaluation: truth and its explanation from one recursion.

use super::condition::{Condition, Places, Threshold};
use super::pack::{Pack, Term};
use super::sight::{Known, Sight};
use crate::domain::facts::{Claimant, Count, Value};
use crate::domain::ids::FactKey;
use crate::domain::instant::{NaiveDate, Zone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Truth {
    /// It does not.
    Fails,
    /// It depends on facts nobody has given.
    Open,
    /// It does.
    Holds,
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Holds => "holds",
            Self::Open => "open",
            Self::Fails => "fails",
        })
    }
}

/// A truth and the parts that decided it.
///
/// Only what decides is kept: of an `all` that fails, the part that fails; of one that is open,
/// the open parts; of one that holds, every part.
#[derive(Clone, Debug)]
pub struct Finding<'a> {
    /// Whether it holds.
    pub truth: Truth,
    node: Node<'a>,
    parts: Vec<Finding<'a>>,
}

#[derive(Clone, Debug)]
enum Node<'a> {
    Leaf { condition: &'a Condition, seen: Known<'a> },
    Joint,
    Denied,
    Term(&'a Term),
    UnknownTerm(&'a str),
}

/// Holds a condition of a pack against the facts.
pub fn evaluate<'a>(condition: &'a Condition, pack: &'a Pack, sight: &Sight<'a>) -> Finding<'a> {
    match condition {
        Condition::All(parts) => joint(parts, Truth::Fails, pack, sight),
        Condition::Any(parts) => joint(parts, Truth::Holds, pack, sight),
        Condition::Not(part) => {
            let part = evaluate(part, pack, sight);
            let truth = match part.truth {
                Truth::Holds => Truth::Fails,
                Truth::Open => Truth::Open,
                Truth::Fails => Truth::Holds,
            };
            Finding { truth, node: Node::Denied, parts: vec![part] }
        }
        Condition::Term(id) => match pack.term(id) {
            Some(term) => {
                let part = evaluate(&term.when, pack, sight);
                Finding { truth: part.truth, node: Node::Term(term), parts: vec![part] }
            }
            // The lint refuses such a pack; an open finding keeps the duty alive if one slips by.
            None => Finding { truth: Truth::Open, node: Node::UnknownTerm(id), parts: Vec::new() },
        },
        leaf => {
            let seen = leaf.fact().map_or(Known::Unknown, |fact| sight.known(fact));
            let truth = test(leaf, &seen, pack);
            Finding { truth, node: Node::Leaf { condition: leaf, seen }, parts: Vec::new() }
        }
    }
}

/// `decisive` settles the whole at once: a failing part for `all`, a holding part for `any`.
fn joint<'a>(conditions: &'a [Condition], decisive: Truth, pack: &'a Pack, sight: &Sight<'a>) -> Finding<'a> {
    let mut parts = Vec::new();
    let mut open = false;
    for condition in conditions {
        let part = evaluate(condition, pack, sight);
        if part.truth == decisive {
            parts.clear();
            parts.push(part);
            return Finding { truth: decisive, node: Node::Joint, parts };
        }
        open |= part.truth == Truth::Open;
        parts.push(part);
    }
    if open {
        parts.retain(|part| part.truth == Truth::Open);
        return Finding { truth: Truth::Open, node: Node::Joint, parts };
    }
    let truth = if decisive == Truth::Fails { Truth::Holds } else { Truth::Fails };
    Finding { truth, node: Node::Joint, parts }
}

/// A dispute opens only what its sides would decide differently.
fn test(condition: &Condition, seen: &Known<'_>, pack: &Pack) -> Truth {
    match seen {
        Known::Value(value, _) => test_value(condition, Some(value), pack),
        Known::Unknown => test_value(condition, None, pack),
        Known::Disputed(sides) => {
            let mut truths = sides.iter().map(|(said, _)| test_value(condition, said.as_deref(), pack));
            let first = truths.next().unwrap_or(Truth::Open);
            if truths.all(|truth| truth == first) { first } else { Truth::Open }
        }
    }
}

fn test_value(condition: &Condition, value: Option<&Value>, pack: &Pack) -> Truth {
    let value = match (condition, value) {
        (Condition::Unanswered(_), value) => return truth(value.is_none()),
        (Condition::Said(_), value) => return truth(value == Some(&Value::YesNo(true))),
        (_, Some(value)) => value,
        (_, None) => return Truth::Open,
    };
    match (condition, value) {
        (Condition::Yes(_), Value::YesNo(yes)) => truth(*yes),
        (Condition::No(_), Value::YesNo(yes)) => truth(!*yes),
        (Condition::Known(_), Value::Set(set)) => truth(!set.is_empty()),
        (Condition::Known(_), Value::Text(text)) => truth(!text.trim().is_empty()),
        (Condition::Known(_), _) => Truth::Holds,
        (Condition::Is(words), Value::Text(text)) => truth(words.of.iter().any(|word| is_word(text, word, pack))),
        (Condition::Has(words), Value::Set(set)) => truth(set.iter().any(|said| lies_in_any(said, &words.of, pack))),
        (Condition::Has(words), Value::ByPlace(places)) => {
            truth(places.iter().any(|(place, count)| count.number > 0 && lies_in_any(place, &words.of, pack)))
        }
        (Condition::Only(words), Value::Set(set)) => truth(set.iter().all(|said| lies_in_any(said, &words.of, pack))),
        (Condition::AtLeast(Threshold { number, .. }), Value::Count(count)) => reaches(*count, *number),
        (Condition::MoreThan(Threshold { number, .. }), Value::Count(count)) => reaches(*count, number.saturating_add(1)),
        (Condition::FewerThan(Threshold { number, .. }), Value::Count(count)) => match reaches(*count, *number) {
            Truth::Holds => Truth::Fails,
            Truth::Open => Truth::Open,
            Truth::Fails => Truth::Holds,
        },
        (Condition::AnyPlace(places), Value::ByPlace(counts)) => {
            let mut best = Truth::Fails;
            for (place, count) in counts {
                if in_scope(place, places, pack) {
                    best = best.max(reaches(*count, places.at_least));
                }
            }
            best
        }
        (Condition::Together(places), Value::ByPlace(counts)) => {
            let counts = || counts.iter().filter(|(place, _)| in_scope(place, places, pack)).map(|(_, count)| *count);
            let least = counts().map(Count::least).fold(0, u64::saturating_add);
            let most = counts().map(Count::most).try_fold(0_u64, |sum, most| Some(sum.saturating_add(most?)));
            reaches_between(least, most, places.at_least)
        }
        (Condition::OnOrAfter(day), value) => utc_date(value).map_or(Truth::Open, |date| truth(date >= day.date)),
        (Condition::Before(day), value) => utc_date(value).map_or(Truth::Open, |date| truth(date < day.date)),
        // The lint refuses a test that does not fit the fact's type.
        _ => Truth::Open,
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::Holds } else { Truth::Fails }
}

/// Whether a count reaches a number. "At least n" below it stays open, as more may come, and so does an estimate near it.
fn reaches(count: Count, number: u64) -> Truth {
    reaches_between(count.least(), count.most(), number)
}

fn reaches_between(least: u64, most: Option<u64>, number: u64) -> Truth {
    match (least >= number, most.is_none_or(|most| most >= number)) {
        (true, _) => Truth::Holds,
        (false, true) => Truth::Open,
        (false, false) => Truth::Fails,
    }
}

/// Whether a word is this one, or of the group that `@name` stands for.
fn is_word(said: &str, word: &str, pack: &Pack) -> bool {
    match word.strip_prefix('@') {
        Some(name) => pack.head.groups.get(name).is_some_and(|group| group.contains(said)),
        None => said == word,
    }
}

/// Whether a word is one of these, or a subdivision of one: `US-OH` lies in `US`.
fn lies_in_any(said: &str, words: &[String], pack: &Pack) -> bool {
    let country = country_of(said);
    let mut words = words.iter();
    words.any(|word| is_word(said, word, pack) || country.is_some_and(|country| is_word(country, word, pack)))
}

/// The country of a subdivision.
pub(super) fn country_of(place: &str) -> Option<&str> {
    if place.len() > 3 && place.as_bytes()[2] == b'-' { place.get(..2) } else { None }
}

fn in_scope(place: &str, places: &Places, pack: &Pack) -> bool {
    places.within.is_empty() || lies_in_any(place, &places.within, pack)
}

/// The places in scope that reach the number by themselves, or may.
pub fn places_with_enough(counts: &BTreeMap<String, Count>, places: &Places, pack: &Pack) -> Vec<String> {
    let enough = |(place, count): &(&String, &Count)| {
        count.number > 0 && in_scope(place, places, pack) && reaches(**count, places.at_least) != Truth::Fails
    };
    counts.iter().filter(enough).map(|(place, _)| place.clone()).collect()
}

fn utc_date(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::Instant(at) => Some(Zone::UTC.date_of(*at)),
        Value::Date(date) => Some(*date),
        _ => None,
    }
}

impl<'a> Finding<'a> {
    /// The facts that would settle an open finding.
    pub fn missing(&self) -> BTreeSet<&'a FactKey> {
        let mut missing = BTreeSet::new();
        self.add_missing(&mut missing);
        missing
    }

    /// Adds the facts that would settle an open finding.
    pub(super) fn add_missing(&self, missing: &mut BTreeSet<&'a FactKey>) {
        // What is not open keeps no open part.
        if self.truth == Truth::Open {
            self.visit_leaves(&mut |condition, _, truth| {
                missing.extend(condition.fact().filter(|_| truth == Truth::Open));
            });
        }
    }

    /// The facts that decided it.
    pub fn decided_by(&self) -> BTreeSet<&'a FactKey> {
        let mut facts = BTreeSet::new();
        self.visit_leaves(&mut |condition, _, _| facts.extend(condition.fact()));
        facts
    }

    /// Who said what decided it.
    pub fn said_by(&self) -> BTreeSet<&'a Claimant> {
        let mut claimants = BTreeSet::new();
        self.visit_leaves(&mut |_, seen, _| match seen {
            Known::Value(_, claim) => claimants.extend(claim.map(|claim| &claim.by)),
            Known::Disputed(sides) => claimants.extend(sides.iter().map(|(_, claim)| &claim.by)),
            Known::Unknown => {}
        });
        claimants
    }

    /// Every test of the finding, with what was seen and whether it held.
    fn visit_leaves(&self, visit: &mut dyn FnMut(&'a Condition, &Known<'a>, Truth)) {
        if let Node::Leaf { condition, seen } = &self.node {
            visit(condition, seen, self.truth);
        }
        for part in &self.parts {
            part.visit_leaves(visit);
        }
    }

    /// The reasons, one line each, in the order of the law; a line is indented under the notion it belongs to.
    pub fn reasons(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.each_reason(0, &mut |line| lines.push(line.to_string()));
        lines
    }

    /// Shows the reasons to `tell`, line by line, from an indentation on.
    pub fn each_reason(&self, depth: usize, tell: &mut dyn FnMut(&dyn fmt::Display)) {
        const BLANK: &str = "                                ";
        let (indent, truth) = (&BLANK[..BLANK.len().min(2 * depth)], self.truth);
        let deeper = match &self.node {
            Node::Joint => depth,
            Node::Denied => {
                tell(&format_args!("{indent}the contrary {truth}:"));
                depth + 1
            }
            Node::Term(term) => {
                tell(&format_args!("{indent}{} ({}): {truth}", term.title, term.cite));
                depth + 1
            }
            Node::UnknownTerm(id) => {
                tell(&format_args!("{indent}no term `{id}` in the pack: open"));
                depth
            }
            Node::Leaf { condition, seen } => {
                tell(&format_args!("{indent}{}", LeafInWords { condition, seen, truth }));
                depth
            }
        };
        for part in &self.parts {
            part.each_reason(deeper, tell);
        }
    }
}

/// What a test asks of a fact, what stands of it, and who said so.
struct LeafInWords<'f> {
    condition: &'f Condition,
    seen: &'f Known<'f>,
    truth: Truth,
}

impl fmt::Display for LeafInWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fact) = self.condition.fact() {
            f.write_str(fact.as_str())?;
            f.write_str(" is ")?;
        }
        match self.seen {
            Known::Value(value, None) => write!(f, "{value}")?,
            Known::Value(value, Some(claim)) => write!(f, "{value}, said by {}", claim.by.name())?,
            Known::Unknown => f.write_str("not known")?,
            Known::Disputed(sides) => {
                f.write_str("disputed: ")?;
                for (nth, (said, claim)) in sides.iter().enumerate() {
                    let and = if nth > 0 { "; " } else { "" };
                    match said {
                        Some(said) => write!(f, "{and}{said}, said by {}", claim.by.name())?,
                        None => write!(f, "{and}not known, said by {}", claim.by.name())?,
                    }
                }
            }
        }
        write!(f, "; asked: {}: {}", self.condition.asked(), self.truth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Precision;

    #[test]
    fn an_estimate_within_its_tenth_of_a_number_is_open_whichever_way_the_question_is_put() {
        let about = |number| Count { number, precision: Precision::About };
        for (number, wanted) in [
            (0, Truth::Fails),
            (449, Truth::Fails),
            (455, Truth::Open),
            (499, Truth::Open),
            (500, Truth::Open),
            (501, Truth::Open),
            (555, Truth::Open),
            (560, Truth::Holds),
            (u64::MAX, Truth::Holds),
        ] {
            assert_eq!(reaches(about(number), 500), wanted, "about {number}");
        }
        assert_eq!(reaches(about(1), 1), Truth::Holds, "about one is somebody");
        assert_eq!(reaches(Count { number: 500, precision: Precision::Exact }, 500), Truth::Holds);
        assert_eq!(reaches(Count { number: 499, precision: Precision::AtLeast }, 500), Truth::Open);
    }
}
