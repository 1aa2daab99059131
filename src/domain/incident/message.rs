//! A message about an incident, as the incident remembers it.

use super::event::Received;
use crate::domain::facts::ClaimId;
use crate::domain::ids::{IncidentId, SourceId};
use crate::domain::instant::Instant;
use serde::{Deserialize, Serialize};

/// One message, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// From where.
    pub source: SourceId,
    /// The identity of the incident at the sender.
    pub external_id: String,
    /// The sender's account, workspace or manager; empty if it names none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// The id of this version of the report.
    pub update_id: String,
    /// When it was recorded.
    pub at: Instant,
    /// When it came in, if that was long before it was recorded here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub came_at: Option<Instant>,
    /// When this version of the report was made, by the sender's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Instant>,
    /// Whether a newer version of the same report had come before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// The rule by which it joined, if it is of another name than the incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// Its own title, if it joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The sender's word for its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// SHA-256 of the message, in hex.
    pub sha256: String,
    /// The incident in which it was recorded first, if that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<IncidentId>,
    /// What it claimed, by number in the book.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimId>,
}

impl Message {
    /// A message that was recorded at `at` in an incident opened as `opened_as` at its sender.
    pub fn of(received: &Received, opened_as: &str, at: Instant) -> Self {
        Self {
            source: received.source.clone(),
            external_id: received.external_id.clone().unwrap_or_else(|| opened_as.to_owned()),
            tenant: received.tenant.clone().unwrap_or_default(),
            update_id: received.update_id.clone(),
            at,
            came_at: received.came_at,
            version: received.version,
            late: received.late,
            joined: received.joined.clone(),
            title: received.title.clone(),
            status: received.status.clone(),
            sha256: received.sha256.clone(),
            from: None,
            claims: Vec::new(),
        }
    }

    /// When it came in.
    pub fn came_in(&self) -> Instant {
        self.came_at.unwrap_or(self.at)
    }

    /// When it was said: by the sender's clock where it says, else when it came in.
    pub fn said_at(&self) -> Instant {
        self.version.unwrap_or_else(|| self.came_in())
    }

    /// Whether both are versions of one report.
    pub fn is_of(&self, source: &SourceId, tenant: &str, external_id: &str) -> bool {
        self.source == *source && self.tenant == tenant && self.external_id == external_id
    }
}
