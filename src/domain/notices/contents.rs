//! What the law asks a notice to say, as a pack lists it.

use super::sight::{Seen, Sight};
use crate::domain::facts::Value;
use crate::domain::ids::FactKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing a notice must say, as a duty in `rules/` declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Element {
    /// A short name, unique within the duty: `nature`, `contact`.
    pub id: String,
    /// What the law asks, in plain words: `approximate number of people`.
    pub says: String,
    /// Where the law asks it: `GDPR Art. 33(3)(a)`.
    pub cite: String,
    /// The facts that answer it. With none, the template answers it in fixed words and says so with `covers`.
    #[serde(default)]
    pub facts: Vec<FactKey>,
    /// How firmly the law asks it.
    pub need: Need,
    /// Whether every fact is wanted, or any one of them.
    #[serde(default)]
    pub combine: Combine,
    /// When it is asked for; always, unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// When an element is asked for. What is not asked for is no gap; an answer that was given is printed all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Asked {
    /// Once a limit has passed that the same law sets this organisation.
    Late {},
    /// While a fact is one of these words.
    Is(FactIs),
}

/// A fact and the words it may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FactIs {
    /// The fact.
    pub fact: FactKey,
    /// The words.
    pub of: Vec<String>,
}

impl Element {
    /// Whether the law asks for it of a notice with these facts; `late` says whether a limit has passed.
    pub(super) fn is_asked(&self, sight: &Sight, late: bool) -> bool {
        match &self.asked {
            None => true,
            Some(Asked::Late {}) => late,
            Some(Asked::Is(FactIs { fact, of })) => match sight.get(fact.as_str()).map(|fact| &fact.seen) {
                Some(Seen::Known { value: Value::Text(text), .. }) => of.contains(text),
                Some(Seen::Disputed(said)) => {
                    said.iter().any(|(value, _)| matches!(value, Value::Text(text) if of.contains(text)))
                }
                _ => false,
            },
        }
    }

    /// What is printed where it is not asked for.
    pub(super) fn why_not_asked(&self) -> &'static str {
        match self.asked {
            Some(Asked::Late {}) => "none: this notice is in time",
            Some(Asked::Is(_)) | None => "does not apply",
        }
    }
}

/// How firmly the law asks for an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Without condition. A recorded "not known" does not close its gap.
    Must,
    /// Where possible, as in GDPR Art. 33(3)(a).
    WherePossible,
    /// If known, as for the dates in 45 CFR 164.404(c)(1)(A).
    IfKnown,
    /// If there is any, as for mitigating measures in rule 7 of the DPDP Rules 2025.
    IfAny,
}

impl Need {
    /// The qualifier in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Must => "required",
            Self::WherePossible => "required where possible",
            Self::IfKnown => "required if known",
            Self::IfAny => "required if there is any",
        }
    }
}

/// How several facts answer one element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Each of them is wanted.
    #[default]
    All,
    /// Any one of them will do.
    Any,
}
