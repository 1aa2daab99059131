//! A helper for the person who judges a risk: ENISA's severity score, in exact decimals.
//!
//! It suggests and never judges. [`suggest`] weighs what named persons said of the facts
//! `enisa.*` and gives a [`Suggestion`] with the source of each input; `risk.level`, which the
//! law asks for, is stated by a named person or not at all. An input nobody stated is not zero:
//! without it there is a range and no score. Nothing here knows duties, clocks or incidents, and
//! no other law's test is scored: the four factors of HIPAA stay words.

mod scale;
mod words;

pub use scale::{ELEMENTS, Element, Level, Quarters, Term, greatest};
pub use words::{CONVENTION, SOURCE};

use crate::domain::facts::{Book, Claim, Claimant, Rank, Value};
use crate::domain::ids::FactKey;
use crate::domain::instant::Instant;
use crate::domain::law::sight::{Known, Sight};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// More people than this raise a flag.
const MANY_PEOPLE: u64 = 100;

/// What the method makes of what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The group of people it is about; none for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<String>,
    /// The score, or the range it must lie in.
    pub severity: Severity,
    /// What was weighed, in the order of the formula.
    pub inputs: Vec<Input>,
    /// What nobody has stated, what is disputed, and what no person has said.
    pub missing: BTreeSet<FactKey>,
    /// What calls for a second look and changes no score.
    pub flags: Vec<Flag>,
}

/// How severe it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Severity {
    /// Every input is known.
    Scored {
        /// The score, 0.25 to 6.00.
        score: Quarters,
        /// ENISA's level of it.
        level: Level,
        /// The word of `risk.level` it suggests, by the house's convention.
        suggests: String,
    },
    /// Inputs are missing: no score, only its bounds.
    Between {
        /// It cannot be less.
        low: Quarters,
        /// It cannot be more.
        high: Quarters,
    },
}

/// A fact that was weighed, and whose word it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The fact, as it was said: of a group, or of all.
    pub key: FactKey,
    /// The value in words.
    pub value: String,
    /// What it counts in the formula; none for a fact behind a flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Quarters>,
    /// Who said it.
    pub by: Claimant,
    /// When it was said.
    pub at: Instant,
}

/// Something outside the score that calls for a second look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// What it says.
    pub sign: Sign,
    /// Whether it is raised; none while that is not known.
    pub raised: Option<bool>,
    /// The facts it rests on. A product's word counts here, for a flag decides nothing.
    pub basis: Vec<Input>,
}

/// What a flag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sign {
    /// More than 100 people are affected. Of a group, the number of all counts where its own is not known.
    #[serde(rename = "more-than-100-people")]
    ManyPeople,
    /// The data was unintelligible to whoever reached it: encrypted, and the key is safe.
    #[serde(rename = "data-unintelligible")]
    Unintelligible,
}

/// Of whom somebody stated an input: of all (`None`), and of single groups of people.
pub fn subjects(book: &Book) -> BTreeSet<Option<String>> {
    let of_element = |key: &FactKey| {
        let (fact, cohort) = match key.as_str().split_once('@') {
            Some((fact, cohort)) => (fact, Some(cohort.to_owned())),
            None => (key.as_str(), None),
        };
        ELEMENTS.iter().any(|element| element.key == fact).then_some(cohort)
    };
    book.keys().filter_map(of_element).collect()
}

/// What the method suggests for one group of people, or for all. For a group, what was said of
/// all stands where nothing was said of the group.
pub fn suggest(sight: &Sight<'_>, cohort: Option<&str>) -> Suggestion {
    let of_group = cohort.map(|cohort| sight.of_cohort(cohort));
    let sight = of_group.as_ref().unwrap_or(sight);
    let weighed: Vec<(&Element, Option<Input>)> = ELEMENTS.iter().map(|element| (element, weigh(element, sight))).collect();
    let missing: BTreeSet<FactKey> =
        weighed.iter().filter(|(_, input)| input.is_none()).map(|(element, _)| element.key.into()).collect();
    let bound = |of_missing: fn(&Element) -> Quarters| {
        scale::score(weighed.iter().map(|(element, input)| {
            let points = input.as_ref().and_then(|input| input.points);
            (element.term, points.unwrap_or_else(|| of_missing(element)))
        }))
    };
    let (low, high) = (bound(Element::least), bound(Element::most));
    let severity = if missing.is_empty() {
        let level = Level::of(low);
        Severity::Scored { score: low, level, suggests: level.risk_by_convention().to_owned() }
    } else {
        Severity::Between { low, high }
    };
    Suggestion {
        cohort: cohort.map(str::to_owned),
        severity,
        inputs: weighed.into_iter().filter_map(|(_, input)| input).collect(),
        missing,
        flags: vec![many_people(sight), unintelligible(sight)],
    }
}

/// One element as a person stated it; a product's word is no judgement.
fn weigh(element: &Element, sight: &Sight<'_>) -> Option<Input> {
    let (value, claim) = said(sight, element.key)?;
    let points = element.points(&value.to_string()).filter(|_| claim.by.rank() == Rank::Person)?;
    Some(Input { points: Some(points), ..input(&value, claim) })
}

fn many_people(sight: &Sight<'_>) -> Flag {
    let people = said(sight, "people.total");
    let raised = people.as_ref().and_then(|(value, _)| match value {
        Value::Count(count) if count.least() > MANY_PEOPLE => Some(true),
        Value::Count(count) if count.most().is_some_and(|most| most <= MANY_PEOPLE) => Some(false),
        // "At least 80" may be 800, and "about 100" one more.
        _ => None,
    });
    Flag { sign: Sign::ManyPeople, raised, basis: people.iter().map(|(value, claim)| input(value, claim)).collect() }
}

fn unintelligible(sight: &Sight<'_>) -> Flag {
    let parts = ["data.encrypted", "data.key-safe"].map(|key| said(sight, key));
    let answers = parts.each_ref().map(|part| part.as_ref().map(|(value, _)| *value == Value::YesNo(true)));
    let raised = match answers {
        [Some(true), Some(true)] => Some(true),
        [Some(false), _] | [_, Some(false)] => Some(false),
        _ => None,
    };
    let basis = parts.iter().flatten().map(|(value, claim)| input(value, claim)).collect();
    Flag { sign: Sign::Unintelligible, raised, basis }
}

fn said<'a>(sight: &Sight<'a>, key: &str) -> Option<(Value, &'a Claim)> {
    match sight.known(&key.into()) {
        Known::Value(value, Some(claim)) => Some((value.into_owned(), claim)),
        Known::Value(_, None) | Known::Unknown | Known::Disputed(_) => None,
    }
}

fn input(value: &Value, claim: &Claim) -> Input {
    Input { key: claim.key.clone(), value: value.to_string(), points: None, by: claim.by.clone(), at: claim.at }
}
