//! Messages that were kept without becoming part of an incident: unreadable ones, and those that by
//! their own word are no incident (samples, passed controls).

use super::ids::IncidentId;
use super::instant::Instant;
use super::payload::Sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the ids of kept messages begin with.
pub const PREFIX: &str = "qua-";

/// The body format of a kept message in the journal; incidents count from 1.
pub const FORMAT: u16 = 1000;

/// The body format of what became of a kept message.
pub const HANDLED_FORMAT: u16 = 1001;

/// The code of messages that are no incident by their own word: they wait for nobody.
pub const NOTED: &str = "noted";

/// A kept message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The source it was posted to.
    pub source: String,
    /// When it came in.
    pub received_at: Instant,
    /// Its content type, as sent.
    pub content_type: Option<String>,
    /// The headers a mapping may read. Never credentials.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Why it was kept: a stable code.
    pub code: String,
    /// Why, in words.
    pub text: String,
    /// SHA-256 of the message, in hex.
    pub sha256: String,
    /// The message, if it is text, as it was kept before messages were sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The same in base 64, if it is not text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_base64: Option<String>,
    /// The message; on a card only the key it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Sealed>,
    /// What became of it; none while it waits. Recorded apart, and found on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled: Option<Handled>,
}

/// What became of a kept message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Handled {
    /// It was read again, with success.
    Remapped {
        /// Who had it read.
        by: String,
        /// When.
        at: Instant,
        /// What it became part of; empty if by its own word it is no incident.
        incidents: Vec<IncidentId>,
    },
    /// A person looked at it and put it away.
    Dropped {
        /// Who.
        by: String,
        /// When.
        at: Instant,
        /// On what ground.
        because: String,
    },
}

impl Kept {
    /// The message as the journal keeps it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and instants have no failing serialiser")
    }

    /// The message as the board keeps it: without its bytes.
    pub fn card(&self) -> Vec<u8> {
        let sealed = self.sealed.as_ref().map(Sealed::without_text);
        Self { raw: None, raw_base64: None, sealed, ..self.clone() }.encode()
    }

    /// Whether somebody must still look at it.
    pub fn waits(&self) -> bool {
        self.handled.is_none() && self.code != NOTED
    }
}

impl Handled {
    /// As the journal keeps it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and instants have no failing serialiser")
    }
}
