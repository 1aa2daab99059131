//! What the law asks a notice to say, as a pack lists it.

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
