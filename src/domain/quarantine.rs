//! Messages that were kept without becoming part of an incident: unreadable ones, and those that by
//! their own word are no incident (samples, passed controls).

use super::instant::Instant;
use serde::{Deserialize, Serialize};

/// What the ids of kept messages begin with.
pub const PREFIX: &str = "qua-";

/// The body format of a kept message in the journal; incidents count from 1.
pub const FORMAT: u16 = 1000;

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
    /// Why it was kept: a stable code.
    pub code: String,
    /// Why, in words.
    pub text: String,
    /// SHA-256 of the message, in hex.
    pub sha256: String,
    /// The message, if it is text.
    pub raw: Option<String>,
    /// The message in base 64, if it is not.
    pub raw_base64: Option<String>,
}

impl Kept {
    /// The message as the journal and the board keep it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings and instants have no failing serialiser")
    }
}
