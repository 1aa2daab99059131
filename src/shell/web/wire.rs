//! The JSON shapes of requests. Unknown members are refused by name.

use crate::domain::escalation::parse_length;
use crate::domain::instant::{Duration, Instant, parse_rfc3339};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// `POST /v1/incidents/{id}/claims`
#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with `facts`, and perhaps `ground`, `settles`, `organisation` and `although`"
)]
pub struct Answers {
    /// Answers by fact key; `null` says "not known".
    pub facts: BTreeMap<String, serde_json::Value>,
    /// On what judgements among them rest, or why an earlier word was wrong.
    #[serde(default)]
    pub ground: Option<String>,
    /// Whether they settle what is disputed.
    #[serde(default)]
    pub settles: bool,
    /// The organisation of the incident of which they are said, apart from the others.
    #[serde(default)]
    pub organisation: Option<String>,
    /// Why it is so although facts on record speak against it.
    #[serde(default)]
    pub although: Option<String>,
}

/// `POST /v1/clocks/{id}/ack`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object, perhaps with `lease` and `team`")]
pub struct Ack {
    /// For how long: `4h`.
    #[serde(default)]
    pub lease: Option<Length>,
    /// For which team, where several must each acknowledge.
    #[serde(default)]
    pub team: Option<String>,
}

/// `POST /v1/clocks/{id}/hand-over`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `to`")]
pub struct HandOver {
    /// The person who is to take it.
    pub to: String,
}

/// `POST /v1/clocks/{id}/silence`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `reason` and `until`")]
pub struct SilenceClock {
    /// Why nothing is to ring.
    pub reason: String,
    /// Until when.
    pub until: ExplicitInstant,
}

/// `POST /v1/rotas/{name}/overrides`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `who`, `from`, `until` and `because`")]
pub struct StandIn {
    /// Who is on call instead.
    pub who: String,
    /// From when.
    pub from: ExplicitInstant,
    /// Until when.
    pub until: ExplicitInstant,
    /// Why.
    pub because: String,
}

/// `POST /v1/clocks/{id}/meet` and `…/file`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `what` and `filed_at`, and perhaps `reference`, `told` and `although`")]
pub struct Meet {
    /// What was filed or sent.
    pub what: String,
    /// When it was.
    pub filed_at: ExplicitInstant,
    /// The reference the recipient gave.
    #[serde(default)]
    pub reference: Option<String>,
    /// How many people were told.
    #[serde(default)]
    pub told: Option<u64>,
    /// Why it is so although facts on record speak against it.
    #[serde(default)]
    pub although: Option<String>,
}

/// `POST /v1/clocks/{id}/meet-each`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `what` and `each`, and perhaps `although`")]
pub struct MeetEach {
    /// What was sent to each of them.
    pub what: String,
    /// Whom, when, and what they gave in return.
    pub each: Vec<ToldOne>,
    /// Why it is so although facts on record speak against it.
    #[serde(default)]
    pub although: Option<String>,
}

/// One of a list who was told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `who` and `filed_at`, and perhaps `reference`")]
pub struct ToldOne {
    /// The number or the name.
    pub who: String,
    /// When it was.
    pub filed_at: ExplicitInstant,
    /// The reference they gave.
    #[serde(default)]
    pub reference: Option<String>,
}

/// `POST /v1/clocks/{id}/reopen`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `because`")]
pub struct ReopenClock {
    /// Why what had ended the clock is taken back.
    pub because: String,
}

/// `POST /v1/clocks/{id}/determine`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `ground` and `cite`, and perhaps `although`")]
pub struct Determine {
    /// On what ground nothing is owed.
    pub ground: String,
    /// Under which provision.
    pub cite: String,
    /// Why it is so although facts on record speak against it.
    #[serde(default)]
    pub although: Option<String>,
}

/// `POST /v1/clocks/{id}/pause`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `rule`, `official`, `from` and `words`, and perhaps `until`")]
pub struct PauseClock {
    /// The hold of the duty, such as `law-enforcement-oral`.
    pub rule: String,
    /// Who stated it, and for which body.
    pub official: String,
    /// When it was stated.
    pub from: ExplicitInstant,
    /// The first moment at which telling is allowed again, if the statement says.
    #[serde(default)]
    pub until: Option<ExplicitInstant>,
    /// The words, or the document's reference.
    pub words: String,
}

/// `POST /v1/clocks/{id}/resume`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with `hold`, `at` and `ground`")]
pub struct ResumeClock {
    /// The hold, by its place in the clock's list, from 1.
    pub hold: usize,
    /// The first moment at which telling is allowed again.
    pub at: ExplicitInstant,
    /// How that is known.
    pub ground: String,
}

/// A length of time as text.
#[derive(Clone, Copy, Debug)]
pub struct Length(pub Duration);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_length(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is no length of time; write `30m`, `4h`, `2d` or `1d6h`")))
    }
}

/// An instant with an explicit offset; a naive time is refused.
#[derive(Clone, Copy, Debug)]
pub struct ExplicitInstant(pub Instant);

impl<'de> Deserialize<'de> for ExplicitInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_rfc3339(&text).map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no time with an explicit offset; write `2026-11-21T09:14:30+05:30` or `…Z`"
            ))
        })
    }
}
