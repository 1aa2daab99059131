//! Random ids and tokens. The only user of the system's randomness.

use crate::domain::escalation::OVERRIDE_PREFIX;
use crate::domain::ids::{AlertId, IncidentId};
use crate::domain::quarantine;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What the ids of incidents begin with.
pub const INCIDENT_PREFIX: &str = "inc-";

/// A new incident's id: 80 random bits.
pub fn incident_id() -> IncidentId {
    IncidentId::new(format!("{INCIDENT_PREFIX}{}", word()))
}

/// A new kept message's id.
pub fn quarantine_id() -> IncidentId {
    IncidentId::new(format!("{}{}", quarantine::PREFIX, word()))
}

/// A new override's id.
pub fn override_id() -> IncidentId {
    IncidentId::new(format!("{OVERRIDE_PREFIX}{}", word()))
}

/// The id of a drill's alert.
pub fn drill_id() -> AlertId {
    AlertId::new(format!("drill-{}", word()))
}

/// A new API token: 256 random bits.
pub fn token() -> String {
    format!("wbt_{}", URL_SAFE_NO_PAD.encode(random::<32>()))
}

/// A new key for the links in alerts.
pub fn link_key() -> [u8; 32] {
    random()
}

/// A new key for a day's messages.
pub fn payload_key() -> [u8; 32] {
    random()
}

/// What no two messages under one key may have in common.
pub fn payload_nonce() -> [u8; 12] {
    random()
}

/// A new Standard Webhooks secret: 256 random bits.
pub fn webhook_secret() -> String {
    format!("whsec_{}", STANDARD.encode(random::<32>()))
}

fn word() -> String {
    random::<16>().iter().map(|byte| char::from(CROCKFORD[usize::from(byte & 31)])).collect()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness; without it no id would be unique");
    bytes
}
