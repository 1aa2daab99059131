//! How a deadline was found, step by step, for a person with a paper calendar.

use crate::domain::instant::TZ_VERSION;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The steps from the start to the deadline and what was assumed on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Derivation {
    /// In the order they were taken.
    pub steps: Vec<Step>,
    /// The version of the time zone data, such as `2025b`.
    pub tz_version: String,
    /// What was taken for granted because no data said otherwise; each towards the earlier date where that can be known.
    pub assumptions: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was done, in plain words.
    pub text: String,
    /// What came out, mostly an instant or a date in words.
    pub result: String,
    /// The rule or list this rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
}

impl Derivation {
    /// A derivation with nothing in it.
    pub(super) fn new() -> Self {
        Self { steps: Vec::new(), tz_version: TZ_VERSION.to_owned(), assumptions: Vec::new() }
    }

    /// Writes further steps down.
    pub(super) fn scribe(&mut self) -> Scribe<'_> {
        Scribe(Some(self))
    }

    fn assume(&mut self, assumption: String) {
        if !self.assumptions.contains(&assumption) {
            self.assumptions.push(assumption);
        }
    }
}

/// Who writes the steps of a count down; nobody, when only the instant is asked for. Words that
/// nobody will read are then not even put together.
pub(super) struct Scribe<'d>(Option<&'d mut Derivation>);

impl Scribe<'_> {
    /// Nobody.
    pub(super) fn none() -> Self {
        Self(None)
    }

    pub(super) fn step(&mut self, text: impl fmt::Display, result: impl fmt::Display) {
        if let Some(derivation) = &mut self.0 {
            derivation.steps.push(Step { text: text.to_string(), result: result.to_string(), cite: None });
        }
    }

    pub(super) fn cited(&mut self, text: impl fmt::Display, result: impl fmt::Display, cite: &str) {
        if let Some(derivation) = &mut self.0 {
            derivation.steps.push(Step { text: text.to_string(), result: result.to_string(), cite: Some(cite.to_owned()) });
        }
    }

    /// Adds the steps of a part that was counted on its own.
    pub(super) fn append(&mut self, part: Derivation) {
        if let Some(derivation) = &mut self.0 {
            derivation.steps.extend(part.steps);
            for assumption in part.assumptions {
                derivation.assume(assumption);
            }
        }
    }

    /// Records an assumption once.
    pub(super) fn assume(&mut self, assumption: impl fmt::Display) {
        if let Some(derivation) = &mut self.0 {
            derivation.assume(assumption.to_string());
        }
    }
}

/// One numbered line per step, then the assumptions and the version of the zone data.
impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            write!(f, "{}. {}: {}", index + 1, step.text, step.result)?;
            if let Some(cite) = &step.cite {
                write!(f, " [{cite}]")?;
            }
            writeln!(f)?;
        }
        for assumption in &self.assumptions {
            writeln!(f, "assumed: {assumption}")?;
        }
        write!(f, "time zone data {}", self.tz_version)
    }
}
