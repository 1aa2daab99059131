//! The numbers of the method: quarters, the six elements with their steps, the four levels.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A number of quarters, exact. Shown and written as a decimal such as `3.25`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quarters(u8);

impl Quarters {
    /// So many quarters.
    pub const fn of(quarters: u8) -> Self {
        Self(quarters)
    }

    /// Reads what [`Display`](fmt::Display) writes: `3.25`.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.')?;
        let part =
            ["00", "25", "50", "75"].into_iter().zip(0..).find_map(|(known, quarters)| (known == part).then_some(quarters))?;
        let quarters = Self(whole.parse::<u8>().ok()?.checked_mul(4)?.checked_add(part)?);
        // One number, one spelling: no sign, no leading zero.
        (quarters.to_string() == text).then_some(quarters)
    }
}

impl fmt::Display for Quarters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 4, self.0 % 4 * 25)
    }
}

impl Serialize for Quarters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quarters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no decimal in quarters such as `3.25`")))
    }
}

/// Where an element stands in the formula: context × ease + the sum of the circumstances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Term {
    /// What kind of data it is and in which context: 1 to 4, whole steps.
    Context,
    /// How easily somebody can tell whose data it is: 0.25 to 1.
    Ease,
    /// What was lost and whether somebody meant it: each 0 to 0.5.
    Circumstance,
}

/// One thing a person weighs, with the words of its fact and what each counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The fact that states it.
    pub key: &'static str,
    /// Its name in a derivation.
    pub name: &'static str,
    /// Where it stands in the formula.
    pub term: Term,
    /// The fact's words, and what each counts.
    pub steps: &'static [(&'static str, Quarters)],
}

const NONE: Quarters = Quarters::of(0);
const QUARTER: Quarters = Quarters::of(1);
const HALF: Quarters = Quarters::of(2);
const ONE: Quarters = Quarters::of(4);
const TWO: Quarters = Quarters::of(8);
const THREE: Quarters = Quarters::of(12);
const FOUR: Quarters = Quarters::of(16);

/// The elements of ENISA's method of 2013. A kind of data has a base (simple 1, behavioural 2,
/// financial 3, sensitive 4) that a person moves by whole steps; of several kinds the highest counts.
pub const ELEMENTS: [Element; 6] = [
    Element {
        key: "enisa.context",
        name: "context",
        term: Term::Context,
        steps: &[
            ("simple-1", ONE),
            ("simple-2", TWO),
            ("simple-3", THREE),
            ("simple-4", FOUR),
            ("behavioural-1", ONE),
            ("behavioural-2", TWO),
            ("behavioural-3", THREE),
            ("behavioural-4", FOUR),
            ("financial-1", ONE),
            ("financial-2", TWO),
            ("financial-3", THREE),
            ("financial-4", FOUR),
            ("sensitive-1", ONE),
            ("sensitive-2", TWO),
            ("sensitive-3", THREE),
            ("sensitive-4", FOUR),
        ],
    },
    Element {
        key: "enisa.identification",
        name: "ease of identification",
        term: Term::Ease,
        steps: &[("negligible", QUARTER), ("limited", HALF), ("significant", Quarters::of(3)), ("maximum", ONE)],
    },
    Element {
        key: "enisa.confidentiality",
        name: "confidentiality",
        term: Term::Circumstance,
        steps: &[("not-lost", NONE), ("exposed", NONE), ("known-recipients", QUARTER), ("unknown-recipients", HALF)],
    },
    Element {
        key: "enisa.integrity",
        name: "integrity",
        term: Term::Circumstance,
        steps: &[("not-lost", NONE), ("altered", NONE), ("misused-recoverable", QUARTER), ("misused-unrecoverable", HALF)],
    },
    Element {
        key: "enisa.availability",
        name: "availability",
        term: Term::Circumstance,
        steps: &[("not-lost", NONE), ("recoverable", NONE), ("rebuildable", QUARTER), ("unrecoverable", HALF)],
    },
    Element { key: "enisa.malice", name: "malice", term: Term::Circumstance, steps: &[("no", NONE), ("yes", HALF)] },
];

impl Element {
    /// What a word counts; `None` for a word the method does not have.
    pub fn points(&self, word: &str) -> Option<Quarters> {
        self.steps.iter().find_map(|(known, points)| (*known == word).then_some(*points))
    }

    /// The least it can count.
    pub fn least(&self) -> Quarters {
        self.steps.iter().map(|(_, points)| *points).min().unwrap_or(NONE)
    }

    /// The most it can count.
    pub fn most(&self) -> Quarters {
        self.steps.iter().map(|(_, points)| *points).max().unwrap_or(NONE)
    }
}

/// The score: context × ease + circumstances. Exact, for the context counts in whole steps.
pub(super) fn score(weights: impl IntoIterator<Item = (Term, Quarters)>) -> Quarters {
    let (mut context, mut ease, mut circumstances) = (0, 0, 0);
    for (term, Quarters(points)) in weights {
        match term {
            Term::Context => context += points,
            Term::Ease => ease += points,
            Term::Circumstance => circumstances += points,
        }
    }
    Quarters(context / ONE.0 * ease + circumstances)
}

/// The greatest score there is: 6.00.
pub fn greatest() -> Quarters {
    score(ELEMENTS.iter().map(|element| (element.term, element.most())))
}

/// ENISA's level of a severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Below 2: not affected, or a minor inconvenience.
    Low,
    /// From 2, below 3: a notable inconvenience, overcome with some difficulty.
    Medium,
    /// From 3, below 4: serious consequences, overcome with serious difficulty.
    High,
    /// From 4: serious or irreversible consequences, perhaps not overcome.
    VeryHigh,
}

impl Level {
    /// The level of a severity; a bound belongs to the level above it.
    pub fn of(severity: Quarters) -> Self {
        match severity {
            below if below < TWO => Self::Low,
            below if below < THREE => Self::Medium,
            below if below < FOUR => Self::High,
            _ => Self::VeryHigh,
        }
    }

    /// ENISA's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::VeryHigh => "very high",
        }
    }

    /// The word of `risk.level` it suggests: the [house convention](super::CONVENTION), neither
    /// ENISA's text nor law.
    pub fn risk_by_convention(self) -> &'static str {
        match self {
            Self::Low => "unlikely",
            Self::Medium => "risk",
            Self::High | Self::VeryHigh => "high",
        }
    }
}
