//! Overrides as the journal keeps them: a stream each, beside the incidents.

use super::rota::Override;
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};

/// What the ids of overrides begin with.
pub const OVERRIDE_PREFIX: &str = "ovr-";

/// The body format of an override in the journal; incidents count from 1, kept messages from 1000.
pub const OVERRIDE_FORMAT: u16 = 1001;

/// An override and what became of it. Each entry of its stream, and its card, is the whole of it as it
/// was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOverride {
    /// What was recorded.
    pub stands_in: Override,
    /// Who took it back, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<(String, Instant)>,
}

impl RecordedOverride {
    /// The bytes of an entry.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and instants have no failing serialiser")
    }

    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
