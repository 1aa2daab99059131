//! What must be so: a tree of tests on facts, as packs write it in TOML.
//!
//! ```toml
//! arises = { all = [
//!   { term = "personal-data-breach" },
//!   { at-least = { fact = "people.total", number = 500 } },
//! ] }
//! ```

use crate::domain::ids::FactKey;
use crate::domain::instant::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A condition of the law; its truth is three-valued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Condition {
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A condition the pack has given a name and a citation.
    Term(String),
    /// A yes-or-no fact is `true`.
    Yes(FactKey),
    /// A yes-or-no fact is `false`.
    No(FactKey),
    /// Somebody with standing has said `true`; silence counts as not (yet). Only for the question
    /// that opens an incident to the law: until it is answered a triage clock rings instead.
    Said(FactKey),
    /// Nobody has answered yet. Never open.
    Unanswered(FactKey),
    /// A one-of fact is one of these words.
    Is(Words),
    /// An any-of, names or places fact has at least one of these words. A country code also
    /// matches its subdivisions.
    Has(Words),
    /// An any-of or names fact has none outside these words.
    Only(Words),
    /// A count is this or more.
    AtLeast(Threshold),
    /// A count is more than this.
    MoreThan(Threshold),
    /// A count is less than this.
    FewerThan(Threshold),
    /// In a count by place, some single place has enough.
    AnyPlace(Places),
    /// In a count by place, the places together have enough.
    Together(Places),
    /// An instant or date is on or after a date (UTC).
    OnOrAfter(Day),
    /// An instant or date is before a date (UTC).
    Before(Day),
    /// A list or text fact is known and not empty.
    Known(FactKey),
}

/// A fact and words it is compared with; a word `@name` stands for a group of the pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Words {
    /// The fact.
    pub fact: FactKey,
    /// The words.
    pub of: Vec<String>,
}

/// A fact and the number it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Threshold {
    /// The fact, a count.
    pub fact: FactKey,
    /// The number.
    pub number: u64,
}

/// A count by place, the places that matter, and how many it takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Places {
    /// The fact, a count by place.
    pub fact: FactKey,
    /// ISO 3166 codes; a country also stands for its subdivisions, `@name` for a group of the
    /// pack. Empty means everywhere.
    #[serde(default)]
    pub within: Vec<String>,
    /// This many or more.
    #[serde(default)]
    pub at_least: u64,
}

/// A fact and the date it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Day {
    /// The fact, an instant or a date.
    pub fact: FactKey,
    /// The date.
    pub date: NaiveDate,
}

impl Condition {
    /// The facts this condition looks at itself, not those of its parts.
    pub fn fact(&self) -> Option<&FactKey> {
        match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Term(_) => None,
            Self::Yes(fact) | Self::No(fact) | Self::Said(fact) | Self::Unanswered(fact) | Self::Known(fact) => Some(fact),
            Self::Is(words) | Self::Has(words) | Self::Only(words) => Some(&words.fact),
            Self::AtLeast(t) | Self::MoreThan(t) | Self::FewerThan(t) => Some(&t.fact),
            Self::AnyPlace(places) | Self::Together(places) => Some(&places.fact),
            Self::OnOrAfter(day) | Self::Before(day) => Some(&day.fact),
        }
    }

    /// The conditions this one is made of.
    pub fn parts(&self) -> &[Condition] {
        match self {
            Self::All(parts) | Self::Any(parts) => parts,
            Self::Not(part) => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// Calls `visit` on this condition and, downwards, on all its parts.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Condition)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }

    /// What a test asks of its fact, in words: `500 or more`. Nothing for a condition that is no test.
    pub fn asked(&self) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Term(_) => Ok(()),
            Self::Yes(_) | Self::Said(_) => f.write_str("yes"),
            Self::No(_) => f.write_str("no"),
            Self::Unanswered(_) => f.write_str("no answer yet"),
            Self::Known(_) => f.write_str("stated"),
            Self::Is(words) => list(f, "", &words.of, " or "),
            Self::Has(words) => list(f, "any of ", &words.of, ", "),
            Self::Only(words) => list(f, "only ", &words.of, ", "),
            Self::AtLeast(threshold) => write!(f, "{} or more", threshold.number),
            Self::MoreThan(threshold) => write!(f, "more than {}", threshold.number),
            Self::FewerThan(threshold) => write!(f, "fewer than {}", threshold.number),
            Self::AnyPlace(places) => {
                write!(f, "{} or more in one place", places.at_least)?;
                within(f, places)
            }
            Self::Together(places) => {
                write!(f, "{} or more together", places.at_least)?;
                within(f, places)
            }
            Self::OnOrAfter(day) => write!(f, "on or after {}", day.date),
            Self::Before(day) => write!(f, "before {}", day.date),
        })
    }
}

fn list(f: &mut fmt::Formatter<'_>, before: &str, words: &[String], between: &str) -> fmt::Result {
    f.write_str(before)?;
    for (index, word) in words.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { between })?;
        f.write_str(word)?;
    }
    Ok(())
}

fn within(f: &mut fmt::Formatter<'_>, places: &Places) -> fmt::Result {
    if places.within.is_empty() { Ok(()) } else { list(f, " within ", &places.within, ", ") }
}
