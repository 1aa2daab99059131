//! The heartbeat the daemon sends, as configured.

use super::Reader;
use super::raw::RawHeartbeat;
use crate::domain::instant::Duration;
use crate::shell::delivery::{Beacon, ChannelFault, HttpSettings};
use secrecy::SecretString;
use std::sync::Arc;

/// A heartbeat sent to somebody who rings when it stops.
pub struct Heartbeat {
    /// Where it goes.
    pub beacon: Arc<Beacon>,
    /// How often.
    pub every: Duration,
}

impl Reader<'_> {
    pub(super) fn heartbeat(&mut self, raw: &RawHeartbeat) -> Option<Heartbeat> {
        let url = match (&raw.url, &raw.url_file) {
            (Some(url), None) => SecretString::from(url.as_str()),
            (None, Some(file)) => self.secret_text(file)?,
            _ => {
                let hint = "a URL with a token in it belongs into a file";
                self.fault("heartbeat", "a heartbeat needs `url` or `url_file`, one of them", hint);
                return None;
            }
        };
        let timeout = raw.timeout.0.to_std().unwrap_or_default();
        match Beacon::new(&HttpSettings { url, allow_private: raw.allow_private, timeout }) {
            Ok(beacon) => Some(Heartbeat { beacon: Arc::new(beacon), every: raw.every.0 }),
            Err(ChannelFault { problem, hint, .. }) => {
                self.fault("heartbeat", format!("[heartbeat]: {problem}"), hint);
                None
            }
        }
    }
}
