//! A message as the record keeps it: sealed under the key of the day on which it was recorded.
//!
//! The record cannot be changed, so a message in it is forgotten by destroying the key of its day: the
//! chain still verifies, and the message can be read by nobody.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A sealed message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The UTC day whose key opens it: `2026-11-22`.
    pub under: String,
    /// The nonce, 24 hexadecimal digits.
    pub nonce: String,
    /// ChaCha20-Poly1305 of the message (RFC 8439), in base 64; empty on a card.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The rules of redaction by which something in it was replaced before it was sealed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub redacted: BTreeSet<String>,
}

impl Sealed {
    /// Which key it needs, without the message.
    pub fn without_text(&self) -> Self {
        Self { text: String::new(), ..self.clone() }
    }
}
