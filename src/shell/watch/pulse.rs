//! A heartbeat to a service that rings when it stops, after the convention of healthchecks.io: a request to
//! the address says that all is well, one to `/fail` below it that something is not.

use crate::domain::instant::{Duration, Instant};
use crate::shell::config::Heartbeat;
use crate::shell::delivery::Beacon;
use crate::shell::telemetry::{HeartbeatLabels, Metrics};
use crate::shell::wall_clock;
use std::sync::{Arc, Mutex, PoisonError};

/// The heart, and when it last beat.
pub struct Pulse {
    beacon: Arc<Beacon>,
    every: Duration,
    last: Mutex<Option<(tokio::time::Instant, bool)>>,
}

impl Pulse {
    /// A heart that has not beaten yet.
    pub fn new(heartbeat: &Heartbeat) -> Self {
        Self { beacon: Arc::clone(&heartbeat.beacon), every: heartbeat.every, last: Mutex::default() }
    }

    /// Beats, if it is time or if there is trouble now where there was none, or the other way round.
    pub async fn beat(&self, trouble: Option<String>, metrics: &Metrics, now: Instant) {
        let well = trouble.is_none();
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let fresh = |(at, was_well): (tokio::time::Instant, bool)| {
                was_well == well && at.elapsed() < self.every.to_std().unwrap_or_default()
            };
            if last.is_some_and(fresh) {
                return;
            }
            *last = Some((wall_clock::stopwatch(), well));
        }
        let outcome = match self.beacon.ping(trouble.as_deref(), now).await {
            Ok(()) if well => "well",
            Ok(()) => "trouble",
            Err(text) => {
                tracing::warn!(text, "the heartbeat could not be sent");
                "unsent"
            }
        };
        metrics.heartbeats_total.get_or_create(&HeartbeatLabels { outcome }).inc();
    }
}
